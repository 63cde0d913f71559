"""`World`: hosts that run unmodified programs over one in-memory network, in virtual time, decided by one seed.

    scenario                                       world
    --------                                       -----
    host = world.host("framework")                 an address, and a name that all others can resolve
    host.run(main)                           →     the program starts, as deployed; again a second after it ended or
                                                   was killed, as a supervisor of processes would have it
    world.never("two live tasks", check)           looked at after each thing that is told of
    world.happened("launch", who, what)      →     a line of the trace; faults that hang on it strike
    await world.soon("one runs", check, 60)        must come to pass within so many virtual seconds
    world.violated(name, text)               →     the run ends with `Violation`: the first one counts

Everything that happens is a line of `trace`; the same seed and the same steps give the same trace, byte for byte.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.core import ActorSystem, Instrument, Settings
from actors.core.branches import count_branches
from actors.simulation.faults import known
from actors.testkit import Machine, VirtualLoop, seeded_settings

if TYPE_CHECKING:
    from actors.simulation.faults import Befallen
    from actors.simulation.steps import Step

__all__ = ["Host", "Line", "Violation", "World"]

RESTART_AFTER = 1.0
"""Seconds after which a program that ended is started again."""


class Violation(AssertionError):
    """What must always, or at last, hold did not: the invariant's name, the moment, and what was seen."""

    def __init__(self, invariant: str, at: float, text: str) -> None:
        super().__init__(f"{invariant}: {text} (at {at:.3f} s)")
        self.invariant, self.at, self.text = invariant, at, text


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: when (virtual seconds), on which host, what; whether it was one of our faults."""

    at: float
    who: str
    what: str
    fault: bool = False

    def __str__(self) -> str:
        return f"{self.at:9.3f}  {self.who:<10}  {'✂ ' if self.fault else ''}{self.what}"


class Host:
    """A machine with a name, whose program is started again when it ends. Made by `World.host`."""

    def __init__(self, world: World, name: str, address: str) -> None:
        self.world, self.name, self.address = world, name, address
        self.machine = Machine(world.loop, address)
        self.starts = 0
        self._main: Callable[[], Coroutine[Any, Any, Any]] | None = None
        self._held_down = False

    def run(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        """Run ``main()`` here, now and after each end of it."""
        self._main = main
        self.start()

    def start(self) -> None:
        """Start the program unless it runs."""
        self._held_down = False
        if self._main is None or self.machine.is_up:
            return
        self.starts += 1
        if self.starts > 1:
            self.world.happened("start", self.name, "starts again")
        life = self.machine.start(self._main)
        assert self.machine.task is not None
        self.machine.task.add_done_callback(lambda task: self._ended(task, life))

    def kill(self, *, silently: bool = False, down_for: float | None = RESTART_AFTER) -> None:
        """End it as ``kill -9`` or a power cut (``silently``) does; ``down_for`` seconds, or until `start` (None)."""
        if not self.machine.is_up:
            return
        self.machine.kill(silently=silently)
        if down_for is None:
            self._held_down = True
        else:
            self.world.later(down_for, self._start_again)

    def system(self, **settings: Any) -> ActorSystem:
        """An actor system for the program that runs here, its order and its draws decided by the world's seed."""
        return ActorSystem(self.name, self.settings(**settings))

    def settings(self, **settings: Any) -> Settings:
        """Settings of such a system, for programs that make their own."""
        seed = self.world.seed * 1_000_003 + self.starts * 101 + int(self.address.rpartition(".")[2])
        return seeded_settings(seed + 1, **{"slow_handler": 3600.0, "log_dead_letters": 0} | settings)

    def _start_again(self) -> None:
        if not self._held_down:
            self.start()

    def _ended(self, task: asyncio.Task[Any], life: Any) -> None:
        if life.dead or task.cancelled() or self.world.over:
            return
        error = task.exception()
        self.world.happened("end", self.name, f"ended: {error!r}" if error else "ended")
        if error is not None and not isinstance(error, Exception | asyncio.CancelledError):
            raise error
        self.world.later(0.0, self.kill)


class World:
    """See the head of this module."""

    def __init__(
        self, seed: int, *, latency: tuple[float, float] = (0.0005, 0.01), replay: Sequence[Step] | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, VirtualLoop):
            raise RuntimeError("a world needs a VirtualLoop: use actors.simulation.simulate, or the test kit's plugin")
        self.loop = loop
        self.seed = seed
        self.chance = random.Random(f"world {seed}")
        self.network = loop.network
        self.network.latency = latency
        self.trace: list[Line] = []
        self.counts: Counter[str] = Counter()
        self.hosts: dict[str, Host] = {}
        self.over = False
        self.violation: Violation | None = None
        self.expected: dict[str, Callable[[], Any] | None] = {}
        self.replay = replay
        self.steps: tuple[Step, ...] | None = None
        self.befallen: Befallen | None = None
        self._stopped = asyncio.Event()
        self._context = contextvars.copy_context()
        self._never: list[tuple[str, Callable[[], Any]]] = []
        self._triggers: dict[tuple[str, int], list[Callable[[], None]]] = {}
        count_branches(self._branch)

    # what runs

    def host(self, name: str) -> Host:
        """A new host, reached by its name."""
        address = f"10.0.0.{len(self.hosts) + 1}"
        self.network.names[name] = address
        self.hosts[name] = made = Host(self, name, address)
        return made

    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Do it after so many seconds, unless the run is over by then."""

        def act() -> None:
            if not self.over:
                action()

        # As the world itself: whoever's line it was that this came of may be dead by then.
        self._context.copy().run(self.loop.call_later, seconds, act)

    def at(self, seconds: float, fault: str | Callable[..., object], *arguments: Any) -> None:
        """A story by script: so many seconds from now the fault of that name strikes, or ``fault()`` is called.

        A name is one of `actors.simulation.faults.FAULTS`, and what it befalls is that of the world's `Trouble`.
        Arguments that are left out are the mildest: the first host, the shortest time.
        """
        if not isinstance(fault, str):
            self.later(seconds, partial(fault, *arguments))
        elif self.befallen is None:
            raise RuntimeError(
                f"world.at({seconds:g}, {fault!r}): nobody said what that befalls; "
                "make a Trouble(world, mesos, hosts, most=0) before"
            )
        else:
            known(fault)
            self.later(seconds, partial(self.befallen.strike, fault, *arguments))

    # what happens

    def happened(self, kind: str, who: str, what: str, *, fault: bool = False) -> None:
        """Put a line into the trace, look at what must never be, and let what hangs on it strike."""
        if self.over:
            return
        self.trace.append(Line(self.loop._now, who, what, fault))
        self.moment(kind)
        for name, check in self._never:
            if found := check():
                self.violated(name, str(found) if found is not True else "it was so")
        for name, seen in self.expected.items():
            if seen is not None and seen():
                self._branch(name)

    def moment(self, kind: str) -> None:
        """Let what hangs on it strike, without a line in the trace."""
        self.counts[kind] += 1
        for action in self._triggers.pop((kind, self.counts[kind]), ()):
            action()

    def fault(self, kind: str, who: str, what: str) -> None:
        """A fault strikes."""
        self.happened(f"fault: {kind}", who, what, fault=True)

    def sometimes(self, name: str, check: Callable[[], Any] | None = None) -> None:
        """Count a rare branch that was taken: over all seeds none may be without a count.

        With ``check``, it is taken whenever that is truthy, looked at after each thing that is told of. Code that knows
        nothing of a world calls `actors.sometimes`.
        """
        if check is None:
            self._branch(name)
        else:
            self.expected[name] = check

    def _branch(self, name: str) -> None:
        self.counts[f"branch: {name}"] += 1

    def when(self, kind: str, count: int, action: Callable[[], None]) -> None:
        """Do it in the very moment in which ``kind`` happens for the ``count``-th time from now on."""
        self._triggers.setdefault((kind, self.counts[kind] + count), []).append(action)

    # what must hold

    def never(self, name: str, check: Callable[[], Any]) -> None:
        """``check()`` must be falsy at all times; what it gives else is told."""
        self._never.append((name, check))

    def violated(self, name: str, text: str) -> None:
        """An invariant does not hold: the run ends."""
        if self.violation is None and not self.over:
            self.violation = Violation(name, self.loop._now, text)
            self._stopped.set()

    async def run(self, seconds: float) -> None:
        """Let time pass; raises the `Violation` that ended it early."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)
        if self.violation is not None:
            raise self.violation

    async def soon(self, name: str, check: Callable[[], Any | Awaitable[Any]], seconds: float) -> float:
        """Wait until ``check()`` gives None or True; what it gives else is what is still wrong. Returns the seconds."""
        began = self.loop._now
        while True:
            found = check()
            if asyncio.iscoroutine(found):
                found = await found
            if found is None or found is True:
                return self.loop._now - began
            if self.loop._now >= began + seconds:
                self.violated(name, f"after {seconds:g} s without faults {found or 'it is not so'}")
            await self.run(0.5)

    def end(self) -> None:
        """Nothing more is told or checked; every host is off."""
        self.over = True
        count_branches(None)
        for host in self.hosts.values():
            host.machine.kill()


class Watching(Instrument):
    """Shows each message to ``look`` before the actor handles it; only those to actors of these ``names``, if given."""

    def __init__(self, look: Callable[[Any], None], *names: str) -> None:
        self._look = look
        self._names = names

    def handler(self, ref: Any, handler: Any) -> Any:
        look = self._look
        if self._names and ref.name not in self._names:
            return handler

        def watched(message: Any) -> Any:
            look(message)
            return handler(message)

        return watched
