"""`TestProbe`: an actor that a test speaks through, and whose mail the test waits for.

    test                                      probe                         actor under test
    ----                                      -----                         ----------------
    probe.send(actor, Ping())             →   tell, with itself as sender →  receive
    await probe.expect_msg(Pong())        ←   queue  ←  auto-pilot, ignore ← reply
    async with probe.within(5): …             bounds every wait inside
    await probe.expect_terminated(actor)  →   watches                     →  stops

Rules of time, from Akka: a wait that names no time takes 3 s, or what is left of the enclosing `within`; times that are
named are multiplied by the kit's ``time_factor``, but for `expect_no_message` and `receive_one`. `expect_no_message`
sees what was queued before it. What fails is an ``AssertionError`` that says what came instead, and what came before.
"""

from __future__ import annotations

import asyncio
import enum
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from actors.core import Actor, ActorRef, ActorSystem, Props, Terminated

__all__ = ["AutoPilot", "Fishing", "TestProbe"]

T = TypeVar("T")
DEFAULT_SECONDS = 3.0
NO_MESSAGE_SECONDS = 0.1
REMEMBERED = 10


class AutoPilot(enum.Enum):
    """What an auto-pilot returns, unless it returns its successor."""

    KEEP = "keep"
    """It handles the next message too."""
    STOP = "stop"
    """It is done; messages only queue from now on."""


class Fishing(enum.Enum):
    """What a fisher says of a message."""

    COMPLETE = "complete"
    CONTINUE = "continue"
    FAIL = "fail"


Pilot = Callable[[ActorRef[Any] | None, Any], Any]


@dataclass(frozen=True, slots=True)
class _Watch:
    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class _Unwatch:
    ref: ActorRef[Any]


class _Inbox:
    """What the probe's actor and the test share: mail that was not taken yet."""

    def __init__(self) -> None:
        self.mail: deque[tuple[Any, ActorRef[Any] | None]] = deque()
        self.waiting: asyncio.Future[None] | None = None
        self.pilot: Pilot | None = None
        self.ignored: Callable[[Any], bool] | None = None

    def put(self, message: Any, sender: ActorRef[Any] | None) -> None:
        if self.pilot is not None:
            successor = self.pilot(sender, message)
            if successor is AutoPilot.STOP:
                self.pilot = None
            elif successor is not AutoPilot.KEEP:
                self.pilot = successor
        if self.ignored is not None and self.ignored(message):
            return
        self.mail.append((message, sender))
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)


class _ProbeActor(Actor[Any]):
    def __init__(self, inbox: _Inbox) -> None:
        self._inbox = inbox

    def receive(self, message: Any) -> None:
        match message:
            case _Watch(ref):
                self.context.watch(ref)
            case _Unwatch(ref):
                self.context.unwatch(ref)
            case _:
                self._inbox.put(message, self.sender)


class TestProbe:
    """See the head of this module. All times are seconds."""

    __test__ = False  # pytest: not a class of tests

    def __init__(self, system: ActorSystem, name: str | None = None, *, time_factor: float = 1.0) -> None:
        self._inbox = _Inbox()
        self._system = system
        self._factor = time_factor
        self._deadlines: list[float] = []
        self._last: tuple[Any, ActorRef[Any] | None] | None = None
        self._seen: deque[Any] = deque(maxlen=REMEMBERED)
        self._skip_end_check = False
        self.ref: ActorRef[Any] = system.spawn(Props(_ProbeActor, self._inbox).with_dispatcher("run_queue"), name)

    # speaking

    def send(self, target: ActorRef[Any], message: Any) -> None:
        """Tell ``target``, with the probe as the sender."""
        target.tell(message, self.ref)

    def reply(self, message: Any) -> None:
        """Tell the sender of the message taken last."""
        self.sender.tell(message, self.ref)

    def forward(self, target: ActorRef[Any]) -> None:
        """Tell ``target`` the message taken last, with its sender."""
        target.tell(self.last_message, self._taken()[1])

    @property
    def sender(self) -> ActorRef[Any]:
        """The sender of the message taken last."""
        message, sender = self._taken()
        if sender is None:
            raise AssertionError(f"{message!r}, taken last by {self.ref.path}, came without a sender")
        return sender

    @property
    def last_message(self) -> Any:
        """The message taken last."""
        return self._taken()[0]

    def watch(self, ref: ActorRef[Any]) -> None:
        """Get ``Terminated(ref)`` when it stops."""
        self.ref.tell(_Watch(ref))

    def unwatch(self, ref: ActorRef[Any]) -> None:
        """Get it no longer."""
        self.ref.tell(_Unwatch(ref))

    def set_auto_pilot(self, pilot: Pilot) -> None:
        """Call ``pilot(sender, message)`` for each message, before it is ignored or queued.

        It returns `AutoPilot.KEEP`, `AutoPilot.STOP`, or the pilot of the next message.
        """
        self._inbox.pilot = pilot

    def ignore(self, predicate: Callable[[Any], bool] | None) -> None:
        """Drop messages of which ``predicate`` is true; None ignores none."""
        self._inbox.ignored = predicate

    # waiting

    async def receive_one(self, timeout: float | None = None) -> Any | None:
        """The next message, or None when none came in time. ``timeout`` is taken as it is; 0 polls."""
        limit = self._limit(None) if timeout is None else timeout
        return await self._next(limit)

    async def expect_msg(self, expected: T, timeout: float | None = None) -> T:
        """The next message must equal ``expected``."""
        message = await self._must(timeout, lambda: repr(expected))
        if message != expected:
            raise AssertionError(f"{self.ref.path} expected {expected!r}, but got {message!r}{self._before()}")
        return message  # type: ignore[no-any-return]

    async def expect_msg_class(self, *classes: type[T], timeout: float | None = None) -> T:
        """The next message must be of one of these classes; returned."""
        names = " or ".join(cls.__name__ for cls in classes)
        message = await self._must(timeout, lambda: f"a message of class {names}")
        if not isinstance(message, classes):
            raise AssertionError(
                f"{self.ref.path} expected a message of class {names}, but got {message!r}{self._before()}"
            )
        return message

    async def expect_any_of(self, *expected: T, timeout: float | None = None) -> T:
        """The next message must equal one of these; returned."""
        message = await self._must(timeout, lambda: f"one of {expected!r}")
        if message not in expected:
            raise AssertionError(f"{self.ref.path} expected one of {expected!r}, but got {message!r}{self._before()}")
        return message  # type: ignore[no-any-return]

    async def expect_all_of(self, *expected: T, timeout: float | None = None) -> list[T]:
        """The next messages must be these, in any order; returned in the order they came."""
        missing = list(expected)
        found: list[T] = []
        async with self._deadline(timeout):
            while missing:
                message = await self._must(None, lambda: f"still {missing!r}")
                if message not in missing:
                    raise AssertionError(f"{self.ref.path} expected still {missing!r}, but got {message!r}")
                missing.remove(message)
                found.append(message)
        return found

    async def expect_msg_that(
        self, predicate: Callable[[Any], bool], timeout: float | None = None, hint: str = "a message the test describes"
    ) -> Any:
        """The next message must make ``predicate`` true; returned. ``hint`` says in words what is expected."""
        message = await self._must(timeout, lambda: hint)
        if not predicate(message):
            raise AssertionError(f"{self.ref.path} expected {hint}, but got {message!r}{self._before()}")
        return message

    async def expect_no_message(self, duration: float | None = None) -> None:
        """Nothing may be queued or come for ``duration`` (100 ms times the time factor when not named)."""
        limit = NO_MESSAGE_SECONDS * self._factor if duration is None else duration
        message = await self._next(min(limit, self.remaining(limit)))
        self._skip_end_check = True
        if message is not None:
            raise AssertionError(
                f"{self.ref.path} expected no message for {limit:g} s, but got {message!r}{self._before()}"
            )

    async def receive_n(self, count: int, timeout: float | None = None) -> list[Any]:
        """The next ``count`` messages."""
        found: list[Any] = []
        async with self._deadline(timeout):
            while len(found) < count:
                found.append(await self._must(None, lambda: f"{count} messages ({len(found)} have come)"))
        return found

    async def receive_while(
        self, predicate: Callable[[Any], bool], *, idle: float | None = None, timeout: float | None = None
    ) -> list[Any]:
        """Messages as long as ``predicate`` is true and they come within ``idle``; the first other one is put back."""
        found: list[Any] = []
        end = self._now() + self._limit(timeout)
        while (left := end - self._now()) >= 0:
            message = await self._next(left if idle is None else min(idle, left))
            if message is None:
                break
            if not predicate(message):
                self._inbox.mail.appendleft(self._taken())
                break
            found.append(message)
        self._skip_end_check = True
        return found

    async def fish_for(
        self, fisher: Callable[[Any], Fishing | bool], timeout: float | None = None, hint: str = "the fished message"
    ) -> Any:
        """Take messages until ``fisher`` says COMPLETE (or True) of one; returned. CONTINUE (False) drops a message."""
        async with self._deadline(timeout):
            while True:
                message = await self._must(None, lambda: hint)
                outcome = fisher(message)
                if outcome is Fishing.FAIL:
                    raise AssertionError(f"{self.ref.path} fished for {hint}, but got {message!r}{self._before()}")
                if outcome is Fishing.COMPLETE or outcome is True:
                    return message

    async def expect_terminated(self, ref: ActorRef[Any], timeout: float | None = None) -> Terminated:
        """``ref`` must stop (or be dead already). It is watched by this call, if it was not before."""
        self.watch(ref)
        message = await self._must(timeout, lambda: f"Terminated({ref.path})")
        if not (isinstance(message, Terminated) and message.ref == ref):
            raise AssertionError(
                f"{self.ref.path} expected Terminated({ref.path}), but got {message!r}{self._before()}"
            )
        return message

    async def await_assert(
        self, check: Callable[[], T | Awaitable[T]], timeout: float | None = None, interval: float = 0.1
    ) -> T:
        """Call ``check`` every ``interval`` until it raises no AssertionError; its value, or else its last error."""
        end = self._now() + self._limit(timeout)
        while True:
            try:
                result = check()
                return await result if isinstance(result, Awaitable) else result
            except AssertionError:
                if self._now() + interval > end:
                    raise
            await self._system.clock.sleep(interval)

    @asynccontextmanager
    async def within(self, maximum: float, minimum: float = 0.0) -> AsyncIterator[None]:
        """The block must take at most ``maximum`` (times the time factor) and at least ``minimum`` seconds.

        Waits inside get what is left; of nested blocks the smaller bound counts. The upper bound is not checked after
        a last `expect_no_message` or `receive_while`, which use the time up on purpose.
        """
        began = self._now()
        limit = min(maximum * self._factor, self.remaining(float("inf")))
        self._deadlines.append(began + limit)
        self._skip_end_check = False
        try:
            yield
        finally:
            self._deadlines.pop()
        took = self._now() - began
        if took < minimum:
            raise AssertionError(f"the block took {took:.3f} s, but should take at least {minimum:g} s")
        if took > limit and not self._skip_end_check:
            raise AssertionError(f"the block took {took:.3f} s, but should take at most {limit:g} s")

    def remaining(self, otherwise: float = DEFAULT_SECONDS) -> float:
        """Seconds left of the innermost `within`; ``otherwise`` outside of any."""
        return max(0.0, self._deadlines[-1] - self._now()) if self._deadlines else otherwise

    def stop(self) -> None:
        """Stop the probe's actor."""
        self._system.stop(self.ref)

    # inside

    def _now(self) -> float:
        return self._system.clock.time()

    def _limit(self, timeout: float | None) -> float:
        if timeout is None:
            return self.remaining(DEFAULT_SECONDS * self._factor)
        return min(timeout * self._factor, self.remaining(float("inf")))

    @asynccontextmanager
    async def _deadline(self, timeout: float | None) -> AsyncIterator[None]:
        self._deadlines.append(self._now() + self._limit(timeout))
        try:
            yield
        finally:
            self._deadlines.pop()

    async def _must(self, timeout: float | None, what: Callable[[], str]) -> Any:
        limit = self._limit(timeout)
        message = await self._next(limit)
        if message is None:
            raise AssertionError(
                f"{self.ref.path} expected {what()} within {limit:g} s, but nothing came{self._before()}"
            )
        return message

    async def _next(self, seconds: float) -> Any | None:
        """The next message, or None; once ``seconds`` have passed it looks one last time."""
        inbox = self._inbox
        end = self._now() + seconds
        if not inbox.mail and seconds <= 0:
            await asyncio.sleep(0)
        while not inbox.mail and (left := end - self._now()) > 0:
            inbox.waiting = asyncio.get_running_loop().create_future()
            await asyncio.wait([inbox.waiting], timeout=left)
        if not inbox.mail:
            return None
        if self._last is not None:
            self._seen.append(self._last[0])
        self._last = inbox.mail.popleft()
        return self._last[0]

    def _taken(self) -> tuple[Any, ActorRef[Any] | None]:
        if self._last is None:
            raise AssertionError(f"{self.ref.path} has not taken a message yet")
        return self._last

    def _before(self) -> str:
        came = "".join(f"\n    {message!r}" for message in self._seen)
        queued = "".join(f"\n    {message!r}" for message, _ in list(self._inbox.mail)[:REMEMBERED])
        return (f"\n  before it came:{came}" if came else "") + (f"\n  queued behind it:{queued}" if queued else "")
