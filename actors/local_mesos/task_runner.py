"""The seam between an agent and the machine that its tasks run on.

Two twins keep the same promises (``tests/local_mesos/agent/test_task_runner.py`` holds both to them):
``ProcessRunner`` has real processes, ``SimulatedRunner`` has figures with scripted or random lifetimes.

::

    agent                                   runner
    attach(listener)                  ──►   one event for each container it holds: what an earlier agent left
    fetch(sandbox, uris)              ──►   files are in the sandbox when it returns
    launch(TaskCommand)               ──►   at once if it can
          ◄──  Started                      the command runs
          ◄──  Refused                      it could not be started; nothing runs
    kill(container_id, grace)         ──►   SIGTERM to all of it, SIGKILL after ``grace`` seconds
          ◄──  Exited                       it ended, by itself or not; nothing of it is left
          ◄──  Lost                         it ended unseen: its runner was killed
    forget(container_ids)             ──►   the agent stored how they ended: keep no more of them
    detach() | stop(grace)            ──►   tasks go on | tasks and runner end

Each container has exactly one of ``Refused`` or ``Started``, and after ``Started`` exactly one of ``Exited`` or
``Lost``; they are kept, and told to the next listener, until they are forgotten. Events are told from the event
loop, never from within ``launch`` or ``kill``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mesos_proto import mesos_pb2

__all__ = [
    "ContainerEngine",
    "Exited",
    "FetchFailed",
    "Listener",
    "Lost",
    "NoContainerEngine",
    "Refused",
    "RunnerEvent",
    "RunnerLost",
    "RunnerUnusable",
    "RunnerWarning",
    "Started",
    "TaskCommand",
    "TaskRunner",
    "Uncontainable",
    "Usage",
]


@dataclass(frozen=True, slots=True)
class TaskCommand:
    """What to start. Either ``shell``, for ``/bin/sh -c``, or ``argv``: the program's file, then its arguments
    counted from ``argv[0]`` (the file itself if there are none), as ``CommandInfo`` has them.

    ``sandbox`` is the run's folder, relative to the agent's; the runner adds ``MESOS_SANDBOX`` and
    ``MESOS_DIRECTORY`` to ``environment``, and both lie over the service's own environment. It works there, and its
    outputs are there, or in the folder ``outputs`` of it.
    """

    container_id: str
    sandbox: str
    shell: str | None = None
    argv: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    outputs: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    container_id: str
    pid: int
    at: float  # seconds since the epoch, as in all events


@dataclass(frozen=True, slots=True)
class Refused:
    container_id: str
    error: str
    at: float


@dataclass(frozen=True, slots=True)
class Exited:
    """``status`` is a wait status: ``os.WIFEXITED``, ``os.WTERMSIG`` and so on read it."""

    container_id: str
    status: int
    at: float


@dataclass(frozen=True, slots=True)
class Lost:
    container_id: str
    at: float


@dataclass(frozen=True, slots=True)
class RunnerWarning:
    """Something that the agent's log should have."""

    text: str


@dataclass(frozen=True, slots=True)
class RunnerLost:
    """The runner itself is gone. ``attach`` again starts another, which tells ``Lost`` of what it had."""

    reason: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What a running container uses: seconds of CPU, bytes of memory."""

    user: float
    system: float
    memory: int
    processes: int
    threads: int


RunnerEvent = Started | Refused | Exited | Lost | RunnerWarning | RunnerLost
Listener = Callable[[RunnerEvent], None]


class RunnerUnusable(RuntimeError):
    """The runner can neither be reached nor started. The message says why and what to do."""


class FetchFailed(Exception):
    """A URI could not be brought into the sandbox. The message says which, and why."""


class NoContainerEngine(Exception):
    """Nothing here can run a task's image. The message says why, and what to do."""


class Uncontainable(Exception):
    """A ``ContainerInfo`` asks for what the engine cannot do. The message says what."""


class ContainerEngine(Protocol):
    """What makes a container of a command. Its containers are the task runner's like any other's, by their ids."""

    async def contain(self, command: TaskCommand, task: mesos_pb2.TaskInfo, sandbox: str) -> TaskCommand:
        """What to launch in place of ``command``; ``sandbox`` is its folder here. Raises ``Uncontainable``."""

    def clean_up(self, command: TaskCommand) -> TaskCommand | None:
        """What to launch once that has ended; its exit status is 0 if the container ran out of memory."""

    def inside(self, command: TaskCommand, check: TaskCommand) -> TaskCommand:
        """What to launch to have ``check`` run in the container of ``command``."""

    def failed(self, exit_code: int) -> str | None:
        """What to say if a container's exit status is the engine's own failure."""


class TaskRunner(Protocol):
    async def attach(self, listener: Listener) -> tuple[RunnerEvent, ...]:
        """Become the one whom events are told; starts the runner if there is none.

        Returns the last event of each container that was not forgotten. Raises ``RunnerUnusable``.
        """

    async def fetch(self, sandbox: str, uris: Sequence[mesos_pb2.CommandInfo.URI]) -> None:
        """Bring what a command needs into the folder that it will have. Raises ``FetchFailed``."""

    async def share(self, sandbox: str, volumes: Mapping[str, str]) -> None:
        """Let each path in the folder that a command will have be one of the folders of its executor's sandbox.

        Raises ``Uncontainable``.
        """

    async def container_engine(self) -> ContainerEngine:
        """For tasks with an image. Raises ``NoContainerEngine``."""

    def launch(self, command: TaskCommand) -> None: ...

    def kill(self, container_id: str, grace: float) -> None:
        """``grace`` is in seconds; a second kill can only shorten it. An unknown or ended container: nothing."""

    def forget(self, container_ids: Iterable[str]) -> None: ...

    @property
    def has_usage(self) -> bool:
        """Whether there may be anything to measure: of the thousands of figures of a simulation there is not."""

    async def usage(self, exact: Collection[str] = ()) -> Mapping[str, Usage]:
        """Of each container that runs. Memory shared between processes counts once for each of them, but is shared
        out for the containers in ``exact``, which costs more. Raises ``RunnerUnusable`` without a runner.
        """

    def sandbox_path(self, sandbox: str) -> str:
        """Where on this machine that folder is."""

    async def remove_sandboxes(self, older_than: float, keep: Collection[str]) -> int:
        """Delete the folders of runs untouched for ``older_than`` seconds, but for the containers in ``keep``.

        Returns how many.
        """

    async def detach(self) -> None:
        """Stop listening; tasks and runner go on. Nothing is told after it returns."""

    async def stop(self, grace: float) -> None:
        """End every task, within ``grace`` seconds or by SIGKILL, then the runner. The listener is told of each
        end before this returns.
        """
