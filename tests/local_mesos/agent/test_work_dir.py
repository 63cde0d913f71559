"""One process at a time in a work dir."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.local_mesos.work_dir import WorkDir, WorkDirHeld, WorkDirUnusable


def test_a_second_holder_is_told_who_has_it_and_what_to_do(tmp_path: Path) -> None:
    held = WorkDir.hold(tmp_path / "work")
    with pytest.raises(WorkDirHeld, match=rf"process {os.getpid()}.*--work-dir") as raised:
        WorkDir.hold(tmp_path / "work")
    assert raised.value.pid == os.getpid()
    held.release()
    WorkDir.hold(tmp_path / "work").release()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkDirUnusable, match="file/work cannot be used"):
        WorkDir.hold(tmp_path / "file" / "work")
