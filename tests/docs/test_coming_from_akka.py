"""Every name that the guide for Akka's users points to is there, and public."""

import importlib
import re
from pathlib import Path
from typing import NamedTuple

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coming-from-akka.md"


class Name(NamedTuple):
    module: str
    name: str


def names() -> list[Name]:
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if len(cells) == 6 and cells[2].startswith("`actors"):
            found += [Name(cells[2].strip("`"), name) for name in re.findall(r"`([^`]+)`", cells[3])]
    return found


def test_the_page_has_its_tables() -> None:
    assert len(names()) > 100


@pytest.mark.parametrize("name", sorted(set(names())), ids=lambda name: f"{name.module}.{name.name}")
def test_the_name_is_there_and_public(name: Name) -> None:
    module = importlib.import_module(name.module)
    first, *rest = name.name.split(".")
    assert first in module.__all__
    found = getattr(module, first)
    for part in rest:
        found = getattr(found, part)
