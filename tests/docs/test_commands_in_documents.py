"""The commands in README.md and docs/ are there, with their options: each is parsed as the command itself would.

They are not run: what they do is tested where they live.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from actors.local_mesos.command import main as mesos_local
from actors.marathon.commands import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ("command-line.md", "operate.md", "high-availability.md")
INLINE = re.compile(r"`(marathon [a-z]+[^`…]*)`")


class Typed(NamedTuple):
    where: str
    words: tuple[str, ...]


def typed() -> list[Typed]:
    found = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for block in CONSOLE.findall(page.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("$ "):
                    found += [Typed(page.name, words) for words in _commands(line[2:])]
    return found


def _commands(line: str) -> list[tuple[str, ...]]:
    """The simple commands of a line of shell that are ours."""
    lexer = shlex.shlex(re.sub(r"\$\(([^()]*)\)", "VALUE", line), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    commands: list[list[str]] = [[]]
    try:
        for word in lexer:
            if set(word) <= set("|&;<>()"):
                commands.append([])
            else:
                commands[-1].append(word)
    except ValueError:  # a quotation over several lines
        return []
    started = [words[words.index("do") + 1 :] if words[:1] == ["do"] else words for words in commands]
    return [tuple(words) for words in started if words and words[0] in ("marathon", "mesos-local")]


def test_there_are_commands_to_parse() -> None:
    assert len(typed()) > 30


@pytest.mark.parametrize("line", typed(), ids=lambda line: f"{line.where}: {' '.join(line.words)}"[:90])
def test_the_command_is_there_with_its_options(line: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for word in line.words:
        if word.endswith(".toml"):
            (tmp_path / Path(word).name).write_text("")
    monkeypatch.setattr(click.Command, "invoke", lambda command, context: None)  # groups still find their commands
    command = cli if line.words[0] == "marathon" else mesos_local
    command.main(list(line.words[1:]), prog_name=line.words[0], standalone_mode=False)


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md"))]
)
def test_commands_that_are_spoken_of_are_there(page: str) -> None:
    named = {words.split()[1] for words in INLINE.findall((ROOT / page).read_text())}
    assert named <= set(COMMANDS)


def test_the_documents_name_every_command() -> None:
    text = "".join((ROOT / "docs" / page).read_text() for page in PAGES)
    named = set(re.findall(r"(?<=[` ])([a-z]+)(?=[` \n])", text))
    assert set(COMMANDS) <= named
