"""Pictures of what happened, as SVG: lines and stacked areas over time. Any browser shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, inf, log10
from pathlib import Path

COLOURS = ("#3b6fb6", "#d9822b", "#4c9f70", "#b6557c", "#8a6fbf", "#8c8c3c")
WIDTH, HEIGHT, LEFT, TOP, GAP = 720, 130, 60, 34, 46
HEADROOM = 1.08


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram. ``series``: values by name, one for each of ``times`` (seconds); None where there is none.

    :ivar stacked: areas upon each other instead of lines.
    :ivar marks: levels, such as thresholds, by name.
    :ivar ceiling: what is above is drawn there.
    """

    title: str
    times: Sequence[float]
    series: Mapping[str, Sequence[float | None]]
    stacked: bool = False
    marks: Mapping[str, float] | None = None
    ceiling: float = inf

    @property
    def end(self) -> float:
        """The moment until which the last values hold: as long as those before them did."""
        before, last = ([0.0, 0.0, *self.times])[-2:]
        return last + (last - before if self.stacked and len(self.times) > 1 else 0.0)

    def top(self) -> float:
        """The largest value to be shown."""
        values = [[value or 0.0 for value in each] for each in self.series.values()]
        heights = (
            [sum(column) for column in zip(*values, strict=True)]
            if self.stacked
            else [value for each in values for value in each]
        )
        return max(min(max(heights, default=0.0), self.ceiling), *(self.marks or {}).values(), 1e-9) * HEADROOM


def draw(path: Path, title: str, panels: Sequence[Panel]) -> None:
    """Write the panels below each other, over the same time."""
    width, height = LEFT + WIDTH + 20, TOP + len(panels) * (HEIGHT + GAP) + 10
    end = max([panel.end for panel in panels], default=1.0) or 1.0
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14">{escape(title)}</text>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, TOP + 20 + number * (HEIGHT + GAP), end)
    path.write_text("\n".join([*parts, "</svg>"]) + "\n")


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where a panel shows a moment, and a value."""

    y0: float
    end: float
    top: float

    def x(self, seconds: float) -> float:
        return round(LEFT + seconds / self.end * WIDTH, 1)

    def y(self, value: float) -> float:
        return round(self.y0 + HEIGHT - min(value / self.top, 1.0) * HEIGHT, 1)

    def lines(self, times: Sequence[float], values: Sequence[float | None]) -> Iterator[str]:
        """The points of lines, which end where there is no value."""
        line: list[str] = []
        for at, value in [*zip(times, values, strict=True), (0.0, None)]:
            if value is not None:
                line.append(f"{self.x(at)},{self.y(value)}")
            elif line:
                yield " ".join(line)
                line = []

    def steps(self, times: Sequence[float], values: Sequence[float], end: float) -> list[str]:
        """The points of an edge that stays as it is until it changes."""
        points: list[str] = []
        for at, until, value in zip(times, [*times[1:], end], values, strict=True):
            points += [f"{self.x(at)},{self.y(value)}", f"{self.x(until)},{self.y(value)}"]
        return points


def _panel(panel: Panel, y0: float, end: float) -> list[str]:
    scale = _Scale(y0, end, panel.top())
    parts = [f'<text x="{LEFT}" y="{y0 - 6}" fill="#333333">{escape(panel.title)}</text>', *_grid(scale)]
    for name, level in (panel.marks or {}).items():
        y = scale.y(level)
        parts.append(f'<path d="M{LEFT} {y}h{WIDTH}" stroke="#c0392b" stroke-dasharray="4 3"/>')
        parts.append(f'<text x="{LEFT + WIDTH}" y="{y - 3}" text-anchor="end" fill="#c0392b">{escape(name)}</text>')
    below = [0.0] * len(panel.times)
    for number, values in enumerate(panel.series.values()):
        colour = COLOURS[number % len(COLOURS)]
        if panel.stacked:
            above = [low + (value or 0.0) for low, value in zip(below, values, strict=True)]
            edges = scale.steps(panel.times, above, panel.end) + scale.steps(panel.times, below, panel.end)[::-1]
            parts.append(f'<polygon points="{" ".join(edges)}" fill="{colour}" fill-opacity="0.75"/>')
            below = above
        else:
            for points in scale.lines(panel.times, values):
                parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
    return [*parts, *_legend(list(panel.series), y0)]


def _grid(scale: _Scale) -> Iterator[str]:
    for level in _round_steps(scale.top / HEADROOM, 4):
        y = scale.y(level)
        yield f'<path d="M{LEFT} {y}h{WIDTH}" stroke="#dddddd"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end" fill="#666666">{level:g}</text>'
    for moment in _round_steps(scale.end, 8):
        place = f'x="{scale.x(moment)}" y="{scale.y0 + HEIGHT + 14}" text-anchor="middle" fill="#666666"'
        yield f"<text {place}>{moment:g} s</text>"


def _round_steps(end: float, at_most: int) -> Iterator[float]:
    """Round numbers from 0 to ``end``, at most so many after the first."""
    power = 10.0 ** floor(log10(end / at_most))
    step = next(step for step in (power, 2 * power, 5 * power, 10 * power) if end / step <= at_most)
    for number in range(int(end / step) + 1):
        yield round(number * step, 9)


def _legend(names: Sequence[str], y0: float) -> Iterator[str]:
    x = LEFT + WIDTH - sum(_width(name) for name in names)
    for number, name in enumerate(names):
        yield f'<rect x="{x}" y="{y0 - 15}" width="10" height="10" fill="{COLOURS[number % len(COLOURS)]}"/>'
        yield f'<text x="{x + 14}" y="{y0 - 6}" fill="#333333">{escape(name)}</text>'
        x += _width(name)


def _width(name: str) -> int:
    """Of its place in the legend."""
    return 7 * len(name) + 26
