"""Folders that the tasks of a group share: volumes of ``SANDBOX_PATH`` in the sandbox of their executor.

A task of the default executor has its sandbox at ``containers/…`` in the executor's. Without an image, the volume is a
link in the task's own sandbox (as by Mesos's ``volume/sandbox_path`` isolator); with one, the engine mounts the folder.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from actors.local_mesos.task_runner import Uncontainable
from mesos_proto import mesos_pb2

__all__ = ["link_shared", "shared_folder", "shared_volumes"]


def shared_volumes(container: mesos_pb2.ContainerInfo) -> dict[str, str]:
    """Per path in the container the folder of the executor's sandbox that is there."""
    source = mesos_pb2.Volume.Source
    return {
        volume.container_path: volume.source.sandbox_path.path
        for volume in container.volumes
        if volume.source.type == source.SANDBOX_PATH and volume.source.sandbox_path.type == source.SandboxPath.PARENT
    }


def shared_folder(sandbox: str, path: str) -> str:
    """Where `path` of the executor's sandbox is, for a task with this `sandbox`. Raises `Uncontainable`."""
    executors = os.path.dirname(os.path.dirname(sandbox))
    folder = os.path.normpath(os.path.join(executors, path))
    if not folder.startswith(executors + os.sep):
        raise Uncontainable(f"the volume's path {path} leads out of the sandbox of its executor")
    return folder


def link_shared(sandbox: str, volumes: Mapping[str, str]) -> None:
    """Make the folders and the links to them; those that are there stay. Raises `Uncontainable`."""
    for container_path, path in volumes.items():
        link = os.path.normpath(os.path.join(sandbox, container_path))
        if os.path.isabs(container_path) or not link.startswith(sandbox + os.sep):
            raise Uncontainable(f"without an image, the volume at {container_path} must be at a path in the sandbox")
        folder = shared_folder(sandbox, path)
        os.makedirs(folder, exist_ok=True)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        if not os.path.islink(link):
            os.symlink(folder, link)
