"""`pipe_to`: from an async iterator to an actor, no faster than the actor handles it.

With an `ack`, the actor says itself when it wants the next element:

    elements                pipe_to                                 actor
    --------                -------                                 -----
                            init, if there is one ────────────────► sets up
                                                  ◄──────────────── ack
    anext   ◄─────────────  demand for one
    x1 ───────────────────► x1 ───────────────────────────────────► works on it, however long
                                                  ◄──────────────── ack
    … the end ────────────► complete, if there is one ────────────►
    … raises, cancelled ──► failed(error), if given ──────────────►

Without an `ack` any actor will do: it needs not know about this. Mailboxes have no bound, so the pipe stays at most
`ahead` elements ahead of what was handled, and finds out how far that is by an `Identify`, which every actor answers in
its turn:

    up to `ahead` elements  tell, tell, … ────────────────────────► handles them in order
                            Identify ─────────────────────────────► answered once all before it are handled
    the next ones ◄───────  waits                 ◄──────────────── ActorIdentity

A bounded mailbox slows the sending down by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable
from typing import Any, TypeVar

from actors.core import ActorRef, ActorSystem, AskTimeout, Identify

from ._durations import at_least
from .actor_stream import ActorStream, ProducerStopped

__all__ = ["pipe_to"]

T = TypeVar("T")

_PATIENCE = 60.0


async def pipe_to(
    elements: AsyncIterable[T],
    ref: ActorRef[Any],
    *,
    sender: ActorRef[Any] | None = None,
    ack: Any = None,
    init: Any = None,
    complete: Any = None,
    failed: Callable[[BaseException], Any] | None = None,
    handled: Callable[[T], object] | None = None,
    ahead: int = 100,
) -> None:
    """Send `elements` to `ref` until either ends; see the head of this module.

    Returns when the elements are at their end and sent, or `ref` has stopped. In an actor:
    ``self.context.pipe_to(consume())`` with a coroutine that awaits this one.

    :param sender: who is said to send them; with an `ack`, what takes the acks is the sender.
    :param ack: the actor's word (compared with ``==``) for "the next one, please"; other answers mean nothing.
    :param init: sent before the first element; waits for an ack too.
    :param complete: sent after the last one.
    :param failed: makes the message that tells of an error of `elements`, or of the cancellation of the pipe.
    :param handled: called with each element when the actor is past it; lets the pipe be one element ahead only.
    :param ahead: how many elements may be under way, without an `ack`.
    :raises ValueError: when both `sender` and `ack` are given.
    :raises Exception: what `elements` raises, or what the actor answered in place of an ack.
    """
    if ack is not None and sender is not None:
        raise ValueError("pipe_to takes a sender or an ack, not both: the acks go to the sender")
    try:
        if ack is not None:
            arrived = await _acknowledged(elements, ref, ack, init, handled)
        else:
            if init is not None:
                await ref.send(init, sender)
            arrived = await _ahead(elements, ref, sender, handled, 1 if handled else at_least("ahead", ahead, 1))
    except BaseException as error:
        if failed is not None:
            ref.tell(failed(error), sender)
        raise
    if arrived and complete is not None:
        ref.tell(complete, sender)


class _Acks(ActorStream):
    """What the actor answers: only its acks and its failures are kept."""

    def __init__(self, system: ActorSystem, wanted: Any) -> None:
        super().__init__(system, overflow="drop_head")
        self._wanted = wanted

    def put(self, element: Any, sender: ActorRef[Any] | None) -> bool:
        return element != self._wanted or super().put(element, sender)


async def _acknowledged(
    elements: AsyncIterable[T], ref: ActorRef[Any], ack: Any, init: Any, handled: Callable[[T], object] | None
) -> bool:
    async with _Acks(ref.system, ack) as answers:
        answers.watch(ref)

        async def acknowledged(message: Any) -> bool:
            await ref.send(message, answers.ref)
            try:
                await anext(answers)
            except ProducerStopped:
                return False
            return True

        if init is not None and not await acknowledged(init):
            return False
        async for element in elements:
            if not await acknowledged(element):
                return False
            if handled is not None:
                handled(element)
    return True


async def _ahead(
    elements: AsyncIterable[T],
    ref: ActorRef[Any],
    sender: ActorRef[Any] | None,
    handled: Callable[[T], object] | None,
    ahead: int,
) -> bool:
    under_way = 0
    async for element in elements:
        await ref.send(element, sender)
        under_way += 1
        if under_way >= ahead:
            if not await _past(ref):
                return False
            under_way = 0
            if handled is not None:
                handled(element)
    return True


async def _past(ref: ActorRef[Any]) -> bool:
    """Wait until the actor has handled all that was sent before; False when it has stopped instead."""
    while not ref.is_terminated:
        try:
            await ref.ask(Identify(), _PATIENCE)
        except AskTimeout:
            continue  # a handler may well take longer: that is what is waited for
        return True
    return False
