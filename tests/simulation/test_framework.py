"""What somebody sees who simulates a framework of his own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"


def test_a_failure_is_found_and_told_and_nothing_else_is_said(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert example is not None
    program = example[1].partition('print("reconciling')[0] + "print(naive)\n"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert ended.stderr == ""
    lines = ended.stdout.splitlines()
    assert lines[0] == "the naive one: a task runs"
    assert re.match(r"seed \d+ \(\d+ held before it\): a task runs: after 300 s without faults", lines[1])
    assert any("✂" in line for line in lines)
    assert any("one-1 is launched" in line for line in lines)
