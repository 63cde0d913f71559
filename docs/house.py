"""The picture of the house: ``python -m docs.house`` draws ``docs/pictures/house.svg``, floors and their rooms.

A test compares it with the contracts in ``pyproject.toml``, so that it cannot show a house that was rebuilt since.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

PICTURE = Path(__file__).parent / "pictures" / "house.svg"


class Room(NamedTuple):
    """What is written on a room's door; `width` in shares of its floor."""

    name: str
    lines: tuple[str, ...]
    width: float = 1.0
    outside: bool = False


class Floor(NamedTuple):
    number: str
    title: str
    rooms: tuple[Room, ...]


ATTIC = Room("simulation", ("whole clusters, faults, virtual time",))

FLOORS = (
    Floor(
        "4",
        "apps",
        (
            Room("marathon", ("model · plan · deployment and step actors", "HTTP API · the marathon command"), 3),
            Room("examples", ("programs to copy",), 1, outside=True),
        ),
    ),
    Floor(
        "3",
        "clusters",
        (
            Room("mesos", ("detector · driver · events", "scheduler and executor, operator"), 1),
            Room("cluster", ("members · leases · singleton", "sharding · publish/subscribe"), 1),
        ),
    ),
    Floor(
        "2",
        "with actors",
        (
            Room("patterns", ("routers, FSM,", "streams, retry")),
            Room("persistence", ("journals,", "event sourcing")),
            Room("remote", ("refs to other", "processes")),
            Room("testkit", ("virtual time,", "probes")),
            Room("observability", ("metrics,", "traces"), 1.2),
            Room("observer", ("the actors'", "inspector")),
            Room("local_mesos", ("embedded master", "and agents"), 1.15),
        ),
    ),
    Floor(
        "1",
        "ground",
        (
            Room("core", ("actors, supervision, watch, ask, timers", "the standard library alone"), 3),
            Room("page", ("files of /ui/",)),
            Room("http", ("one way", "onto a port")),
            Room("configuration", ("settings,", "--config"), 1.35),
            Room("zookeeper", ("one session",)),
            Room("mesos_proto", ("messages, resources", "no actors"), 1.5),
        ),
    ),
)

WIDTH, LEFT, RIGHT = 1080, 120, 1050
TOP, ROOF, HEIGHT, GAP, WALL = 16, 104, 92, 14, 10

STYLE = """
    svg { font-family: system-ui, -apple-system, "Segoe UI", sans-serif }
    .ground { fill: #f7f9fc } .wall { fill: #ffffff; stroke: #4a5568 } .roof { fill: #eef1f6; stroke: #4a5568 }
    .room { fill: #eef4ff; stroke: #3b6fd4 } .outside { fill: none; stroke: #3b6fd4; stroke-dasharray: 5 4 }
    .name { fill: #1a202c; font-size: 15px; font-weight: 600; text-anchor: middle }
    .what { fill: #4a5568; font-size: 12px; text-anchor: middle }
    .floor { fill: #1a202c; font-size: 14px; font-weight: 600 } .side { fill: #4a5568; font-size: 12px }
    .uses { fill: none; stroke: #b7651b; stroke-width: 2; marker-end: url(#head) } .head { fill: #b7651b }
    .loud { fill: #9a5212; font-size: 12px; font-weight: 600 }
    @media (prefers-color-scheme: dark) {
      .ground { fill: #12161c } .wall { fill: #1a2029; stroke: #8b97a8 } .roof { fill: #222936; stroke: #8b97a8 }
      .room { fill: #1d2a44; stroke: #6fa8f5 } .outside { fill: none; stroke: #6fa8f5 }
      .name, .floor { fill: #e6ebf2 } .what, .side { fill: #a9b4c3 }
      .uses { stroke: #e8a55c } .head { fill: #e8a55c } .loud { fill: #e8a55c }
    }"""


def _text(x: float, y: float, kind: str, words: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}">{escape(words)}</text>'


def _room(room: Room, x: float, y: float, width: float, height: float) -> Iterator[str]:
    kind = "outside" if room.outside else "room"
    yield f'<rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{height:.0f}" rx="6"/>'
    middle, first = x + width / 2, y + height / 2 - 8 * len(room.lines) + 4
    yield _text(middle, first, "name", room.name)
    for number, line in enumerate(room.lines, 1):
        yield _text(middle, first + 17 * number + 1, "what", line)


def _floor(floor: Floor, y: float) -> Iterator[str]:
    yield f'<rect class="wall" x="{LEFT}" y="{y}" width="{RIGHT - LEFT}" height="{HEIGHT}" rx="4"/>'
    yield _text(24, y + HEIGHT / 2 - 4, "floor", f"floor {floor.number}")
    yield _text(24, y + HEIGHT / 2 + 14, "side", floor.title)
    share = (RIGHT - LEFT - WALL * (len(floor.rooms) + 1)) / sum(room.width for room in floor.rooms)
    x = float(LEFT + WALL)
    for room in floor.rooms:
        yield from _room(room, x, y + WALL, share * room.width, HEIGHT - 2 * WALL)
        x += share * room.width + WALL


def drawn() -> str:
    """The SVG. It follows the reader's light or dark colours."""
    parts: list[str] = []
    eaves = TOP + ROOF
    middle = (LEFT + RIGHT) / 2
    parts.append(f'<path class="roof" d="M{LEFT - 20} {eaves} L{middle} {TOP} L{RIGHT + 20} {eaves} Z"/>')
    parts += [_text(middle, eaves - 34, "name", ATTIC.name), _text(middle, eaves - 16, "what", ATTIC.lines[0])]
    y = eaves + GAP
    for number, floor in enumerate(FLOORS):
        parts += _floor(floor, y)
        if number < len(FLOORS) - 1:
            parts.append(f'<path class="uses" d="M34 {y + HEIGHT - 20}V{y + HEIGHT + GAP + 24}"/>')
        y += HEIGHT + GAP
    parts.append(
        _text(LEFT, y + 8, "loud", "A room uses the rooms below it, never one above: an import contract holds it.")
    )
    words = "The house: simulation below the roof; " + "; ".join(
        f"floor {floor.number}: {', '.join(room.name for room in floor.rooms)}" for floor in FLOORS
    )
    head = '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
    body = "\n  ".join(parts)
    size = f'viewBox="0 0 {WIDTH} {y + 24}"'
    return f"""<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{escape(words)}">
  <style>{STYLE}
  </style>
  <defs>{head}<path class="head" d="M0 0 8 4 0 8z"/></marker></defs>
  <rect class="ground" width="{WIDTH}" height="{y + 24}" rx="10"/>
  {body}
</svg>
"""


if __name__ == "__main__":
    PICTURE.write_text(drawn())
