"""An Apache Mesos in one process, for developing and testing frameworks: a master with its three HTTP APIs, and agents
whose tasks are real processes or simulated.

    local = await LocalMesos.start(system, port=0, agents=2)
    print(local.url)                       # frameworks subscribe at {url}/api/v1/scheduler
    await local.stop()

The command ``mesos-local`` starts it alone. Names are loaded when first used: the command's ``--help`` needs none.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.local_mesos.agent import CheckpointBroken
    from actors.local_mesos.local import LocalMesos, RunnerFactory
    from actors.local_mesos.master import MasterServer, MasterSettings, start_master
    from actors.local_mesos.offered import OfferedError
    from actors.local_mesos.process_runner import ProcessRunner
    from actors.local_mesos.simulated_runner import Fate, Script, SimulatedRunner, always, as_written, at_random
    from actors.local_mesos.task_runner import RunnerUnusable, TaskCommand, TaskRunner
    from actors.local_mesos.work_dir import WorkDirHeld, WorkDirUnusable

__all__ = [
    "CheckpointBroken",
    "Fate",
    "LocalMesos",
    "MasterServer",
    "MasterSettings",
    "OfferedError",
    "ProcessRunner",
    "RunnerFactory",
    "RunnerUnusable",
    "Script",
    "SimulatedRunner",
    "TaskCommand",
    "TaskRunner",
    "WorkDirHeld",
    "WorkDirUnusable",
    "always",
    "as_written",
    "at_random",
    "start_master",
]

_HOMES = {
    "agent": ("CheckpointBroken",),
    "local": ("LocalMesos", "RunnerFactory"),
    "master": ("MasterServer", "MasterSettings", "start_master"),
    "offered": ("OfferedError",),
    "process_runner": ("ProcessRunner",),
    "simulated_runner": ("Fate", "Script", "SimulatedRunner", "always", "as_written", "at_random"),
    "task_runner": ("RunnerUnusable", "TaskCommand", "TaskRunner"),
    "work_dir": ("WorkDirHeld", "WorkDirUnusable"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
