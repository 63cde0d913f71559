"""Folders that the tasks of a group share in the sandbox of their executor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from actors.local_mesos.shared_volumes import link_shared, shared_folder, shared_volumes
from actors.local_mesos.task_runner import Uncontainable
from mesos_proto import mesos_pb2 as pb

Source = pb.Volume.Source


@pytest.fixture
def sandboxes(tmp_path: Path) -> tuple[str, str]:
    made = [tmp_path / "containers" / name for name in ("a", "b")]
    for one in made:
        one.mkdir(parents=True)
    return str(made[0]), str(made[1])


def test_only_volumes_of_the_executors_sandbox_are_shared() -> None:
    container = pb.ContainerInfo(type=pb.ContainerInfo.MESOS)
    for path, kind in (("mine", Source.SandboxPath.SELF), ("ours", Source.SandboxPath.PARENT)):
        volume = container.volumes.add(container_path=path, mode=pb.Volume.RW)
        volume.source.type = Source.SANDBOX_PATH
        volume.source.sandbox_path.type, volume.source.sandbox_path.path = kind, f"volumes/{path}"
    container.volumes.add(container_path="host", host_path="/", mode=pb.Volume.RW)
    assert shared_volumes(container) == {"ours": "volumes/ours"}


def test_what_one_writes_the_other_reads(sandboxes: tuple[str, str], tmp_path: Path) -> None:
    first, second = sandboxes
    link_shared(first, {"out": "volumes/v"})
    link_shared(second, {"deep/in": "volumes/v"})
    link_shared(second, {"deep/in": "volumes/v"})  # a task that is prepared again
    Path(first, "out", "file").write_text("said")
    assert Path(second, "deep", "in", "file").read_text() == "said"
    assert os.listdir(tmp_path / "volumes" / "v") == ["file"]


@pytest.mark.parametrize("path", ["../outside", "volumes/../../x", "/etc", "."])
def test_no_folder_outside_of_the_executors_sandbox_is_reached(sandboxes: tuple[str, str], path: str) -> None:
    with pytest.raises(Uncontainable, match="leads out of the sandbox"):
        shared_folder(sandboxes[0], path)


@pytest.mark.parametrize("path", ["/absolute", "../b/x", "."])
def test_without_an_image_a_volume_stands_in_the_sandbox(sandboxes: tuple[str, str], path: str) -> None:
    with pytest.raises(Uncontainable, match="must be at a path in the sandbox"):
        link_shared(sandboxes[0], {path: "volumes/v"})
