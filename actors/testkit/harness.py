"""`ActorHarness`: one actor alone, called synchronously, with what it does recorded instead of done.

    test                                  harness                       actor
    ----                                  -------                       -----
    harness = ActorHarness(Cart, 3)   →   a context that records    →   __init__, pre_start
    harness.run(Add("tea"), sender)   →                             →   receive
    harness.take(Spawned).name        ←   effects, in order         ←   self.context.spawn, watch, stop, timers, …
    sender.expect(Added("tea"))       ←   inboxes in place of refs  ←   reply, tell
    harness.advance(30)               →   timers that are due       →   receive

Nothing runs beside it: no loop, no mailbox, no supervision (what the actor raises comes out of `run`), children are
recorded, not made. A handler may await what is ready at once; one that waits is a case for `TestProbe` and a system.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from actors.core import Actor, ActorRef, ReceiveTimeout
from actors.testkit._recording import RecordingContext
from actors.testkit.effects import InboxRef

__all__ = ["ActorHarness"]

M = TypeVar("M")
E = TypeVar("E")


class ActorHarness(Generic[M]):
    """See the head of this module.

    ``actor``: the actor itself, whose attributes a test may look at. ``effects``: what it did and no `take` took.
    """

    def __init__(self, cls: type[Actor[M]], *args: Any, seed: int = 0, **kwargs: Any) -> None:
        self._context = RecordingContext(f"actors://harness/user/{cls.__name__}", seed)
        self.actor = cls.__new__(cls)
        self.actor.context = self._context  # type: ignore[assignment]
        self.actor.__init__(*args, **kwargs)  # type: ignore[misc]
        self._context.behaviours.append(self.actor.receive)
        _drive(self.actor.pre_start(), "pre_start")

    @property
    def ref(self) -> InboxRef:
        """The actor's ref; what it tells itself waits there for `run_one`."""
        return self._context.self_ref

    @property
    def parent(self) -> InboxRef:
        return self._context.parent

    @property
    def effects(self) -> list[Any]:
        return self._context.effects

    @property
    def published(self) -> list[Any]:
        """What it published on the event stream."""
        return self._context.system.event_stream.published

    @property
    def dead_letters(self) -> InboxRef:
        """Where replies went whose message had no sender."""
        return self._context.system.dead_letters

    def inbox(self, name: str = "sender") -> InboxRef:
        """A ref to stand for somebody else."""
        return InboxRef(f"actors://harness/user/{name}")

    def run(self, message: M, sender: ActorRef[Any] | None = None) -> None:
        """Let the actor handle ``message``. What it raises is raised."""
        context = self._context
        context.message, context.sender = message, sender
        try:
            _drive(context.behaviours[-1](message), f"the handler of {type(message).__name__}")
        finally:
            context.message = context.sender = None

    def run_one(self) -> None:
        """Let it handle the oldest message that it told itself, or that came out of its stash."""
        if not self.ref.inbox:
            raise AssertionError(f"{self.ref.path} has not told itself anything")
        message, sender = self.ref.inbox.popleft()
        self.run(message, sender)

    def advance(self, seconds: float) -> None:
        """Let time pass; the timers that become due are handled in the order of their times."""
        clock, timers = self._context.system.clock, self._context.timers.active
        end = clock.seconds + seconds
        while timers:
            key, timer = min(timers.items(), key=lambda item: item[1].due)
            if timer.due > end:
                break
            clock.seconds = max(clock.seconds, timer.due)
            if timer.interval is None:
                del timers[key]
            else:
                timer.due += timer.interval
            self.run(timer.message)
        clock.seconds = end

    def receive_timeout(self) -> None:
        """Let the receive timeout strike, which must be set."""
        if self._context.receive_timeout is None:
            raise AssertionError(f"{self.ref.path} has set no receive timeout")
        self.run(ReceiveTimeout())  # type: ignore[arg-type]

    def stop(self) -> None:
        """Call `post_stop`."""
        self._context.timers.active.clear()
        _drive(self.actor.post_stop(), "post_stop")

    def take(self, kind: type[E]) -> E:
        """The oldest effect of a class, taken out of `effects`."""
        for index, effect in enumerate(self.effects):
            if isinstance(effect, kind):
                del self.effects[index]
                return effect
        raise AssertionError(f"{self.ref.path} has no effect {kind.__name__}; it has {self.effects!r}")

    def expect(self, effect: Any) -> None:
        """The oldest effect of this class must equal ``effect``; it is taken."""
        found = self.take(type(effect))
        if found != effect:
            raise AssertionError(f"{self.ref.path} was to do {effect!r}, but did {found!r}")


def _drive(result: Any, what: str) -> None:
    if result is None:
        return
    waiting = result.__await__()
    try:
        for _ in range(1000):
            yielded = next(waiting)
            if yielded is not None:  # a bare None is `sleep(0)`
                break
    except StopIteration:
        return
    waiting.close()
    raise AssertionError(f"{what} waits for something; a harness runs nothing beside it: use TestProbe and a system")
