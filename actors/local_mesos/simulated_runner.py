"""Tasks as figures: a ``TaskRunner`` whose commands only seem to run, on the system's clock and its seeded chance.

A *script* says how each command fares: how long until it starts, how long it runs, how it ends, what it does on
SIGTERM. Three are here; any function of (command, random) is one::

    SimulatedRunner(system.clock, system.random)                            # as_written: reads simple commands
    SimulatedRunner(system.clock, system.random, always(Fate(runs=60.0)))
    SimulatedRunner(system.clock, system.random, at_random(runs=(60, 600), failing=0.01, start=(0.1, 2)))

The runner object stands for the machine: an agent that is started again and given the same object finds its
containers as the next service finds those of a real runner process.
"""

from __future__ import annotations

import asyncio
import random
import re
import signal
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from actors.core import Clock
from actors.local_mesos.task_runner import Exited, Listener, Refused, RunnerEvent, Started, TaskCommand, Usage
from mesos_proto import mesos_pb2

__all__ = ["Fate", "Script", "SimulatedRunner", "always", "as_written", "at_random"]

FIRST_PID = 100_000


@dataclass(frozen=True, slots=True)
class Fate:
    """How one command fares; times in seconds.

    ``runs`` None: until it is killed. ``status`` is a wait status (``exit_status(3)``, or a signal's number).
    ``terminates`` is how long it lives on after SIGTERM, None if it ignores it. ``refused`` is the reason why it
    does not start at all. ``memory`` is in bytes.
    """

    starts_after: float = 0.0
    runs: float | None = None
    status: int = 0
    terminates: float | None = 0.0
    refused: str | None = None
    memory: int = 0


Script = Callable[[TaskCommand, random.Random], Fate]


def exit_status(code: int) -> int:
    """The wait status of a process that exited with ``code``."""
    return code << 8


def always(fate: Fate) -> Script:
    return lambda command, chance: fate


def at_random(
    *,
    runs: tuple[float, float],
    failing: float = 0.0,
    start: tuple[float, float] = (0.0, 0.0),
    terminates: tuple[float, float] = (0.0, 0.0),
) -> Script:
    """Lifetimes drawn evenly between two bounds, in seconds; ``failing`` is the share that ends with status 1."""

    def script(command: TaskCommand, chance: random.Random) -> Fate:
        return Fate(
            starts_after=chance.uniform(*start),
            runs=chance.uniform(*runs),
            status=exit_status(1) if chance.random() < failing else 0,
            terminates=chance.uniform(*terminates),
        )

    return script


def as_written(command: TaskCommand, chance: random.Random) -> Fate:
    """Follow what the command says, as far as it is made of ``sleep N``, ``true``, ``false``, ``exit N`` and
    ``trap '' TERM``, joined by ``;`` or ``&&``. Anything else is taken for a server that runs until it is killed.
    """
    text = command.shell if command.shell is not None else " ".join(command.argv[1:] or command.argv)
    runs, code = 0.0, 0
    terminates: float | None = 0.0
    for step in re.split(r";|&&", text):
        match step.split():
            case ["sleep", seconds] if re.fullmatch(r"\d+(\.\d+)?", seconds):
                runs, code = runs + float(seconds), 0
            case ["true"] | []:
                code = 0
            case ["false"]:
                code = 1
            case ["exit", status] if status.isdigit():
                return Fate(runs=runs, status=exit_status(int(status)), terminates=terminates)
            case ["trap", "''", "TERM"]:
                terminates = None
            case _:
                return Fate(terminates=terminates)
    return Fate(runs=runs, status=exit_status(code), terminates=terminates)


@dataclass(slots=True)
class _Container:
    fate: Fate
    event: RunnerEvent | None = None  # None until it has started
    next: asyncio.TimerHandle | None = None  # its start or its end
    kill: asyncio.TimerHandle | None = None  # SIGKILL, at the end of the grace period
    kill_at: float | None = None
    terminated: bool = False

    @property
    def over(self) -> bool:
        return self.event is not None and not isinstance(self.event, Started)


class SimulatedEngine:
    """Figures need no image: their commands fare as the script says."""

    async def contain(self, command: TaskCommand, task: mesos_pb2.TaskInfo, sandbox: str) -> TaskCommand:
        return command

    def clean_up(self, command: TaskCommand) -> None:
        return None

    def inside(self, command: TaskCommand, check: TaskCommand) -> TaskCommand:
        return check

    def failed(self, exit_code: int) -> None:
        return None


class SimulatedRunner:
    """A ``TaskRunner`` without processes. ``script`` is asked once for each command."""

    def __init__(self, clock: Clock, chance: random.Random, script: Script = as_written) -> None:
        self._clock = clock
        self._random = chance
        self._script = script
        self._listener: Listener | None = None
        self._containers: dict[str, _Container] = {}
        self._with_memory: set[str] = set()
        self._next_pid = FIRST_PID

    async def attach(self, listener: Listener) -> tuple[RunnerEvent, ...]:
        self._listener = listener
        return tuple(container.event for container in self._containers.values() if container.event is not None)

    async def fetch(self, sandbox: str, uris: Sequence[mesos_pb2.CommandInfo.URI]) -> None:
        return

    async def share(self, sandbox: str, volumes: Mapping[str, str]) -> None:
        return

    async def container_engine(self) -> SimulatedEngine:
        return SimulatedEngine()

    def launch(self, command: TaskCommand) -> None:
        if command.container_id in self._containers:
            return
        container = _Container(self._script(command, self._random))
        self._containers[command.container_id] = container
        if container.fate.memory:
            self._with_memory.add(command.container_id)
        container.next = self._clock.call_later(
            container.fate.starts_after, self._start, command.container_id, container
        )

    def kill(self, container_id: str, grace: float) -> None:
        container = self._containers.get(container_id)
        if container is None or container.over:
            return
        at = self._clock.time() + grace
        if container.kill_at is not None and at >= container.kill_at:
            return
        if container.kill is not None:
            container.kill.cancel()
        container.kill_at = at
        container.kill = self._clock.call_later(grace, self._exit, container_id, container, int(signal.SIGKILL))
        if grace > 0 and not container.terminated and isinstance(container.event, Started):
            self._terminate(container_id, container)

    def forget(self, container_ids: Iterable[str]) -> None:
        for container_id in container_ids:
            if container_id in self._containers and self._containers[container_id].over:
                del self._containers[container_id]
                self._with_memory.discard(container_id)

    @property
    def has_usage(self) -> bool:
        return bool(self._with_memory)

    async def usage(self, exact: Collection[str] = ()) -> Mapping[str, Usage]:
        """Figures use what their fate says."""
        return {
            name: Usage(0.0, 0.0, container.fate.memory, 1, 1)
            for name, container in self._containers.items()
            if isinstance(container.event, Started)
        }

    def sandbox_path(self, sandbox: str) -> str:
        return f"/simulated/{sandbox}"

    async def remove_sandboxes(self, older_than: float, keep: Collection[str]) -> int:
        return 0

    async def detach(self) -> None:
        self._listener = None

    async def stop(self, grace: float) -> None:
        for container_id in list(self._containers):
            self.kill(container_id, grace)
        while due := [c.kill_at for c in self._containers.values() if c.kill_at is not None and not c.over]:
            await self._clock.sleep(max(0.0, min(due) - self._clock.time()))
        self._listener = None

    # -- what happens ----------------------------------------------------------------------------------------------

    def _start(self, container_id: str, container: _Container) -> None:
        container.next = None
        fate = container.fate
        if fate.refused is not None:
            self._tell(container, Refused(container_id, fate.refused, self._clock.wall()))
            return
        self._next_pid += 1
        self._tell(container, Started(container_id, self._next_pid, self._clock.wall()))
        if fate.runs is not None:
            container.next = self._clock.call_later(fate.runs, self._exit, container_id, container, fate.status)
        if container.kill_at is not None:
            self._terminate(container_id, container)

    def _terminate(self, container_id: str, container: _Container) -> None:
        """SIGTERM."""
        container.terminated = True
        if container.fate.terminates is not None:
            if container.next is not None:
                container.next.cancel()
            container.next = self._clock.call_later(
                container.fate.terminates, self._exit, container_id, container, int(signal.SIGTERM)
            )

    def _exit(self, container_id: str, container: _Container, status: int) -> None:
        if container.over:
            return
        if container.event is None:  # SIGKILL before it started
            self._tell(container, Started(container_id, 0, self._clock.wall()))
        for timer in (container.next, container.kill):
            if timer is not None:
                timer.cancel()
        self._tell(container, Exited(container_id, status, self._clock.wall()))

    def _tell(self, container: _Container, event: RunnerEvent) -> None:
        container.event = event
        if self._listener is not None:
            self._listener(event)
