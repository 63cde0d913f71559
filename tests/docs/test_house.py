"""The picture of the house shows the rooms that there are, on the floors on which the import contract has them."""

import tomllib
from itertools import pairwise
from pathlib import Path

from docs.house import ATTIC, FLOORS, PICTURE, drawn

ROOT = Path(__file__).resolve().parents[2]


def test_the_picture_is_the_one_that_is_drawn_today() -> None:
    assert PICTURE.read_text() == drawn()


def test_every_package_has_its_room() -> None:
    there = {path.parent.name for path in (ROOT / "actors").glob("*/__init__.py")} | {"mesos_proto", "examples"}
    assert {ATTIC.name} | {room.name for floor in FLOORS for room in floor.rooms} == there


def test_no_room_stands_above_one_that_the_contract_has_below_it() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    height = {room.name: int(floor.number) for floor in FLOORS for room in floor.rooms} | {ATTIC.name: 5}
    heights = [[height[name.strip().removeprefix("actors.")] for name in layer.split(":")] for layer in layers]
    assert all(min(above) >= max(below) for above, below in pairwise(heights))
