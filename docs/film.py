"""A film of the terminal: ``python -m docs.film`` makes ``docs/pictures/terminal.svg``, and one picture out of it.

A shell on a pseudo-terminal is typed into while a service runs behind it; every change of its screen is a frame. What
is seen is therefore what the commands print. Browsers play it by CSS; who wants no motion sees its end.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from tests.integration.ports import free_port
from tests.integration.service import Service
from tests.terminal import Terminal

PICTURES = Path(__file__).parent / "pictures"
COLUMNS, LINES = 96, 16
CELL, LINE, SIZE = 8.4, 19, 14  # pixels: a character's width, a line's height, the font
GROUND, TEXT = "#14181f", "#d7dde6"
COLOURS = {
    "black": "#5c6675", "red": "#f2777a", "green": "#7bd88f", "brown": "#e8c468", "blue": "#6fa8f5",
    "magenta": "#c792ea", "cyan": "#68c7d9", "white": TEXT, "default": TEXT,
}  # fmt: skip

Cells = list[list[tuple[str, str, bool]]]


def check(name: str) -> dict[str, Any]:
    """Healthy once the app has run for a while."""
    command = {"value": f"test -e up-{name}"}
    fields = {"protocol": "COMMAND", "command": command, "delaySeconds": 0, "intervalSeconds": 1}
    return {**fields, "gracePeriodSeconds": 300, "maxConsecutiveFailures": 1000}


def shop() -> dict[str, Any]:
    def part(name: str, seconds: float, *needs: str, **fields: Any) -> dict[str, Any]:
        cmd = f"sleep {seconds}; touch up-{name}; exec sleep 1000"
        checks, needed = [check(name)], [f"/shop/{need}" for need in needs]
        return {
            "id": name,
            "cmd": cmd,
            "cpus": 0.1,
            "mem": 32,
            "dependencies": needed,
            "healthChecks": checks,
            **fields,
        }

    return {
        "id": "/shop",
        "apps": [
            part("database", 3.0),
            part("cache", 1.0, instances=2),
            part("orders", 1.5, "database", instances=2),
            part("cart", 1.0, "cache", instances=3),
            part("front", 1.0, "orders", "cart", instances=3),
        ],
    }


@dataclass(frozen=True)
class Frame:
    at: float
    cells: Cells


def record(terminal: Terminal, folder: Path) -> list[Frame]:
    """What is seen while the story is typed."""
    frames: list[Frame] = []
    began = time.monotonic()

    def look(seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            terminal.look(min(left, 0.05))
            if not frames or frames[-1].cells != terminal.cells:
                frames.append(Frame(time.monotonic() - began, terminal.cells))

    def type_line(text: str) -> None:
        for character in text:
            terminal.type(character)
            look(0.045)
        look(0.3)
        terminal.type("\n")

    def until(shown: str, pause: float) -> None:
        for _ in range(400):
            look(0.05)
            if shown in terminal.text:
                break
        look(pause)

    look(0.6)
    type_line("marathon plan shop.json")
    until("does it", 2.0)
    type_line("clear; marathon deploy shop.json")
    until("done:", 2.5)
    type_line("marathon scale /shop/front 5 && marathon diff /shop/front")
    until("~ instances", 2.5)
    return frames


def thinned(frames: list[Frame], apart: float = 0.09) -> list[Frame]:
    """Frames that are seen long enough to be seen; the last one of all is kept."""
    kept: list[Frame] = []
    for frame, following in zip(frames, [*frames[1:], None], strict=True):
        if following is None or following.at - frame.at >= apart or not kept or frame.at - kept[-1].at >= apart:
            kept.append(frame)
    return kept


def runs(line: list[tuple[str, str, bool]]) -> Iterator[tuple[int, str, str, bool]]:
    """(column, text, colour, bold) of each stretch of one look."""
    column = 0
    for (colour, bold), cells in itertools.groupby(line, key=lambda cell: cell[1:]):
        text = "".join(cell[0] for cell in cells)
        if text.strip():
            lead = len(text) - len(text.lstrip())
            yield column + lead, text.strip(), colour, bold
        column += len(text)


def drawn(cells: Cells) -> str:
    parts = []
    for number, line in enumerate(cells):
        for column, text, colour, bold in runs(line):
            fill = COLOURS.get(colour, colour if len(colour) != 6 else f"#{colour}")
            weight = ' font-weight="bold"' if bold else ""
            parts.append(
                f'<text x="{16 + column * CELL:.1f}" y="{52 + number * LINE}" fill="{fill}"{weight} '
                f'textLength="{len(text) * CELL:.1f}" xml:space="preserve">{escape(text)}</text>'
            )
    return "".join(parts)


def svg(frames: list[Frame], title: str) -> str:
    """One frame is a picture, several are a film that begins anew some seconds after its end."""
    lines = max(number for frame in frames for number, line in enumerate(frame.cells, 1) if any(runs(line)))
    width, height = 32 + COLUMNS * CELL, 58 + lines * LINE
    length = frames[-1].at + 4.0
    styles, groups = [], []
    for number, frame in enumerate(frames):
        last = number == len(frames) - 1
        begin, end = 100 * frame.at / length, 100 * (length if last else frames[number + 1].at) / length
        if len(frames) > 1:
            styles.append(
                f"@keyframes f{number}{{0%{{visibility:{'visible' if number == 0 else 'hidden'}}}"
                f"{begin:.3f}%{{visibility:visible}}{end:.3f}%{{visibility:{'visible' if last else 'hidden'}}}}}"
                f"#f{number}{{animation:f{number} {length:.2f}s step-end infinite}}"
            )
        hidden = "" if last else ' visibility="hidden"'
        groups.append(f'<g id="f{number}"{hidden}>{drawn(frame.cells)}</g>')
    motion = f"@media (prefers-reduced-motion: no-preference){{{''.join(styles)}}}" if styles else ""
    lights = ("#f2777a", "#e8c468", "#7bd88f")
    dots = "".join(f'<circle cx="{20 + 18 * n}" cy="18" r="5.5" fill="{each}"/>' for n, each in enumerate(lights))
    fonts = "ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', monospace"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" role="img" '
        f'aria-label="{escape(title, quote=True)}" font-family="{fonts}" font-size="{SIZE}"><style>{motion}</style>'
        f'<rect width="100%" height="100%" rx="10" fill="{GROUND}"/>{dots}{"".join(groups)}</svg>\n'
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "shop.json").write_text(json.dumps(shop(), indent=2))
        (folder / "bashrc").write_text("PS1='\\[\\e[36m\\]$\\[\\e[0m\\] '\n")
        options = ("--port", str(free_port()), "--mesos-port", "0", "--work-dir", str(folder / "work"))
        with Service("up", *options) as service:
            environment = {
                "MARATHON_URL": service.url, "NO_COLOR": "", "CLICOLOR": "1",
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            }  # fmt: skip
            shell = ["bash", "--noprofile", "--rcfile", str(folder / "bashrc"), "-i"]
            with Terminal(shell, environment, cwd=folder, columns=COLUMNS, lines=LINES) as terminal:
                frames = thinned(record(terminal, folder))
            for app in shop()["apps"]:
                service.delete(f"/v2/apps/shop/{app['id']}?force=true")
    title = "A deployment on a terminal: each app begins when those that it waits for have said that they are ready"
    (PICTURES / "terminal.svg").write_text(svg(frames, title))
    at_work = [frame for frame in frames if _in_the_midst(frame.cells)]
    chosen = at_work[len(at_work) * 2 // 3] if at_work else frames[-1]
    (PICTURES / "terminal-deploy.svg").write_text(svg([chosen], title))
    sys.stdout.write(f"{PICTURES / 'terminal.svg'}: {len(frames)} frames, {frames[-1].at:.0f} s\n")


def _in_the_midst(cells: Cells) -> bool:
    text = "\n".join("".join(cell[0] for cell in line) for line in cells)
    return all(symbol in text for symbol in ("✓", "●", "○"))


if __name__ == "__main__":
    main()
