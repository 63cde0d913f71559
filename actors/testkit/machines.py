"""`Machine`: programs that are cut off in the middle of a line, stand still, and start again on the same address.

    test                                   machine "10.0.0.1"
    ----                                   ------------------
    machine = Machine(loop, "10.0.0.1")
    machine.start(main)              →     await main(), with `HERE` set: what it listens on is at that address
    machine.kill()                   →     as ``kill -9``: not one more line of it runs, no ``finally`` either;
                                           its connections are reset, its listeners are gone
    machine.kill(silently=True)      →     as a power cut: its peers learn nothing until they send to it once it is back
    machine.pause(), .resume()       →     as SIGSTOP and SIGCONT: its bytes, timers and turns wait meanwhile
    machine.drift(1.01)              →     its clock runs 1 % fast
    machine.start(main)              →     the next *life*: another process of the same program

Each start is a `Life`, carried by a context variable: every callback, timer and task that comes of it bears it, however
indirectly. What is to outlive a process (a disk, the tasks of an agent) is made by the test, outside of any life, and
calls back with ``life.call_soon``, so that nothing of a dead process runs again.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from actors.testkit._transport import HERE, LIFE

if TYPE_CHECKING:
    from actors.testkit.virtual_loop import VirtualLoop

__all__ = ["Life", "Machine"]


class Life:
    """One run of a program, from its start to its end or death."""

    def __init__(self, loop: VirtualLoop, address: str) -> None:
        self.loop = loop
        self.address = address
        self.running = True  # neither dead nor paused
        self.dead = False
        self.kept: list[asyncio.Handle] = []  # what waits for `resume`, or for ever
        self.graves: list[Any] = []  # what must not be collected: that would run its ``finally`` blocks
        self.context = contextvars.copy_context()
        self.context.run(HERE.set, address)
        self.context.run(LIFE.set, self)

    def call_soon(self, callback: Callable[..., object], *args: Any) -> None:
        """Call it as part of this life; never, when that is over."""
        self.loop.call_soon(callback, *args, context=self.context.copy())


class Machine:
    """See the head of this module. ``address`` is an IPv4 address; give it a name in ``loop.network.names``."""

    def __init__(self, loop: VirtualLoop, address: str) -> None:
        self.loop = loop
        self.address = address
        self.life: Life | None = None
        self.task: asyncio.Task[Any] | None = None

    @property
    def is_up(self) -> bool:
        """Whether its program was started and has not been killed."""
        return self.life is not None and not self.life.dead

    def start(self, main: Callable[[], Coroutine[Any, Any, Any]]) -> Life:
        """Begin another life; raises `RuntimeError` while one is under way."""
        if self.is_up:
            raise RuntimeError(f"machine {self.address} runs already; kill it first")
        self.life = life = Life(self.loop, self.address)
        self.loop.network.gone.discard(self.address)
        # In its context already when the coroutine is made.
        coroutine = life.context.run(main)
        self.task = self.loop.create_task(coroutine, name=f"main of {self.address}", context=life.context)
        return life

    def kill(self, *, silently: bool = False) -> None:
        """End the life under way between two lines; see the head of this module."""
        if self.life is not None and not self.life.dead:
            self.life.dead = True
            self.loop.withhold(self.life)
            self.loop.network.vanish(self.address, silently=silently)

    def pause(self) -> None:
        """Let the life under way stand still."""
        if self.life is not None and self.life.running:
            self.loop.withhold(self.life)

    def resume(self) -> None:
        """Let a paused life go on; what became due meanwhile is due at once."""
        if self.life is not None and not self.life.dead and not self.life.running:
            self.loop.release(self.life)

    def drift(self, rate: float) -> None:
        """Let its clock go ``rate`` times as fast as the world's from now on."""
        self.loop.drift(self.address, rate)
