"""From actors to ``async for``: what actors tell a ref, a coroutine iterates over.

`stream_of(producer, request)` is an ask with many answers; `ActorStream` is the ref and the iterator behind it, for
those who bring their own producers (subscribe its ref to the event stream, say).

    producer                        stream.ref                      async for element in stream
    --------                        ----------                      ---------------------------
    tell(element) ────────────────► buffer ───────────────────────► element
            ◄─────────────────────  ack, if there is one, once the element was taken: demand for one more
    tell(Completed()) ────────────► what is in the buffer, then ──► the end
    tell(Failure(error)) ─────────► at once, the buffer is gone ──► raises error
    stops (watched) ──────────────► what is in the buffer, then ──► raises ProducerStopped
    Terminated(stream.ref) ◄──────  stops                   ◄─────  leaves the loop and closes

Back-pressure: with an `ack`, a producer may have `buffer` elements under way that were not acknowledged (1 makes it
Akka's one at a time). Each ack is demand for one more. Who sends more than that is stopped with `StreamOverflow`.
Without an ack, `overflow` says what a full buffer does: fail, or drop the oldest, the newest, or all of it.

One consumer at a time. Cancelling the wait for an element loses none. A stream that is left early must be closed:
``async with`` does that for an `ActorStream`, `contextlib.aclosing` for a `stream_of` (a plain ``async for`` that is
left by ``break`` closes it as soon as nobody holds the generator any more).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, get_args

from actors.core import Actor, ActorError, ActorRef, ActorSystem, Failure, Props, Terminated

from ._durations import at_least

__all__ = ["ActorStream", "Completed", "Overflow", "ProducerStopped", "StreamOverflow", "StreamStopped", "stream_of"]

#: What a full buffer does with one more element: `drop_head` drops the oldest, `drop_tail` the newest of the buffer.
Overflow = Literal["fail", "drop_head", "drop_tail", "drop_buffer"]


class StreamOverflow(ActorError):
    """More elements came than the buffer holds, or than were acknowledged."""


class ProducerStopped(ActorError):
    """The producer stopped before it said `Completed`."""


class StreamStopped(ActorError):
    """The stream's own actor was stopped, by a `PoisonPill` or with its system, before anyone said `Completed`."""


@dataclass(frozen=True, slots=True)
class Completed:
    """Told to a stream: there is no more."""


@dataclass(frozen=True, slots=True)
class _Watch:
    ref: ActorRef[Any]


class ActorStream(AsyncIterator[Any]):
    """See the head of this module.

    :param buffer: elements that may wait for the consumer, at least 1.
    :param overflow: what happens to one more; see `Overflow`.
    :param ack: told to the sender of each element that was taken; with it, `overflow` must be "fail".
    :ivar ref: what producers tell; an actor, which can be watched.
    :ivar dropped: how many elements `overflow` dropped.
    :raises ValueError: for values that do not go together.
    """

    def __init__(self, system: ActorSystem, *, buffer: int = 16, overflow: Overflow = "fail", ack: Any = None) -> None:
        if overflow not in get_args(Overflow):
            raise ValueError(f"overflow must be one of {', '.join(get_args(Overflow))}, not {overflow!r}")
        if ack is not None and overflow != "fail":
            raise ValueError(f"overflow={overflow!r} does not go with an ack: what is dropped is never acknowledged")
        self._system = system
        self._capacity = at_least("buffer", buffer, 1)
        self._overflow = overflow
        self._ack = ack
        self._elements: deque[tuple[Any, ActorRef[Any] | None]] = deque()
        self._end: BaseException | None = None
        self._getter: asyncio.Future[None] | None = None
        self.dropped = 0
        self.ref: ActorRef[Any] = system.spawn(Props(_Inlet, self).with_dispatcher("run_queue"))

    def watch(self, producer: ActorRef[Any]) -> None:
        """End the stream with `ProducerStopped` when `producer` stops."""
        self.ref.tell(_Watch(producer))

    # The consumer's side

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._elements:
            if self._end is not None:
                error, self._end = self._end, StopAsyncIteration()
                raise error
            if self._getter is not None:
                raise RuntimeError(f"the stream of {self.ref.path} has a consumer already; an element goes to one only")
            self._getter = asyncio.get_running_loop().create_future()
            try:
                await self._getter
            finally:
                self._getter = None
        element, sender = self._elements.popleft()
        if self._ack is not None and sender is not None:
            sender.tell(self._ack, self.ref)
        return element

    async def aclose(self) -> None:
        """End it: whoever watches its ref is told, later elements are dead letters. A second time changes nothing."""
        self._elements.clear()
        self._end = StopAsyncIteration()
        self._wake()
        self._system.stop(self.ref)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    # The inlet's side, on the same loop

    def put(self, element: Any, sender: ActorRef[Any] | None) -> bool:
        """Keep `element`; False when that ended the stream."""
        if len(self._elements) >= self._capacity:
            if self._overflow == "fail":
                what = "unacknowledged elements" if self._ack is not None else "elements that wait"
                self.fail(StreamOverflow(f"{self.ref.path} has {self._capacity} {what}, and one more came: it ends"))
                return False
            if self._overflow == "drop_buffer":
                self.dropped += len(self._elements)
                self._elements.clear()
            else:
                self.dropped += 1
                self._elements.popleft() if self._overflow == "drop_head" else self._elements.pop()
        self._elements.append((element, sender))
        self._wake()
        return True

    def complete(self, error: BaseException | None = None) -> None:
        """End, or raise `error`, after what is buffered."""
        self._finish(error or StopAsyncIteration())

    def fail(self, error: BaseException) -> None:
        """Raise `error` at once."""
        self._elements.clear()
        self._finish(error)

    def _finish(self, end: BaseException) -> None:
        if self._end is None:
            self._end = end
        self._wake()

    def _wake(self) -> None:
        if self._getter is not None and not self._getter.done():
            self._getter.set_result(None)


class _Inlet(Actor[Any]):
    """The stream's actor: it puts what it is told into the buffer. Its end is the end of the stream."""

    def __init__(self, stream: ActorStream) -> None:
        self._stream = stream

    def receive(self, message: Any) -> None:
        stream = self._stream
        match message:
            case _Watch(ref):
                self.context.watch(ref)
                return
            case Completed():
                stream.complete()
            case Failure(error) | (BaseException() as error):
                stream.fail(error)
            case Terminated(ref, reason=reason):
                why = "" if reason is None else f", for {reason!r}"
                stream.complete(ProducerStopped(f"{ref.path} has stopped{why} before it said Completed()"))
            case _:
                if stream.put(message, self.sender):
                    return
        self.context.stop(self.ref)

    def post_stop(self) -> None:
        self._stream.complete(StreamStopped(f"{self.ref.path} was stopped before anyone told it Completed()"))


async def stream_of(
    producer: ActorRef[Any], request: Any, *, buffer: int = 16, overflow: Overflow = "fail", ack: Any = None
) -> AsyncIterator[Any]:
    """Tell `producer` the `request`; iterate over what it sends to the request's sender, until it says `Completed`.

    Nothing is sent before the first element is asked for. A parameter means what it means to `ActorStream`.

    :raises ProducerStopped: when the producer stops before that.
    :raises StreamOverflow: see the head of this module.
    :raises Exception: the error that the producer sent, as it is or in a `Failure`.
    """
    async with ActorStream(producer.system, buffer=buffer, overflow=overflow, ack=ack) as stream:
        stream.watch(producer)
        producer.tell(request, stream.ref)
        async for element in stream:
            yield element
