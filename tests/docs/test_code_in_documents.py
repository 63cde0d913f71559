"""The code in README.md and docs/ is run, so that it stays true.

Each fenced ``python`` block is a whole program and runs in a process of its own. When the next block is fenced
``text``, that is what the program prints, to the letter. Blocks in other languages (``console``, ``json``, ``scala``)
are not run.
"""

import os
import re
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Program(NamedTuple):
    where: str
    source: str
    prints: str | None


def programs() -> list[Program]:
    found = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        if "_build" in page.parts:
            continue
        text = page.read_text()
        blocks = list(FENCE.finditer(text))
        for block, following in zip_longest(blocks, blocks[1:]):
            if block[1] == "python":
                line = text.count("\n", 0, block.start()) + 1
                prints = following[2] if following is not None and following[1] == "text" else None
                found.append(Program(f"{page.relative_to(ROOT)}:{line}", block[2], prints))
    return found


def test_there_is_code_to_run() -> None:
    assert any(program.where.startswith("README.md") for program in programs())


@pytest.mark.parametrize("program", programs(), ids=lambda program: program.where)
def test_the_program_runs_and_prints_what_the_page_says(program: Program, tmp_path: Path) -> None:
    with TemporaryDirectory() as short:  # below tmp_path a socket's name would be too long
        done = subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-c", program.source],
            capture_output=True, text=True, timeout=240, cwd=tmp_path, env={**os.environ, "TMPDIR": short},
        )  # fmt: skip
    assert done.returncode == 0, f"{program.where} failed:\n{done.stderr}"
    if program.prints is not None:
        assert done.stdout == program.prints, program.where
