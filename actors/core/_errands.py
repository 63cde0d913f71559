"""Errands: what an actor awaits beside its handlers. They end with the instance that started them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from threading import get_ident
from typing import TYPE_CHECKING, Any

from .messages import Failure

if TYPE_CHECKING:
    from ._cell import Cell
    from .ref import ActorRef

__all__ = ["cancel_pipes", "pipe_to"]


def pipe_to(cell: Cell, awaitable: Awaitable[Any], to: ActorRef[Any], sender: ActorRef[Any] | None) -> None:
    if get_ident() != cell.dispatcher.thread:
        cell.dispatcher.loop.call_soon_threadsafe(pipe_to, cell, awaitable, to, sender)
        return
    task = asyncio.ensure_future(awaitable)
    if cell.is_stopped:  # its handler went on in a thread
        task.cancel()
        return
    if cell.pipes is None:
        cell.pipes = set()
    pipes = cell.pipes
    pipes.add(task)

    def deliver(done: asyncio.Future[Any]) -> None:
        owned = done in pipes
        pipes.discard(done)
        error: BaseException | None
        if done.cancelled():
            error = asyncio.CancelledError()
        else:
            error = done.exception()
        if not owned:  # the actor has stopped or restarted since: it no longer waits for this
            return
        if error is None and done.result() is None:
            error = TypeError(f"what {cell.ref.path} pipes to {to.path} came out as None, which cannot be told")
        to.tell(done.result() if error is None else Failure(error), sender)

    task.add_done_callback(deliver)


def cancel_pipes(cell: Cell) -> None:
    if cell.pipes:
        pipes, cell.pipes = cell.pipes, None
        tasks = list(pipes)
        pipes.clear()
        for task in tasks:
            task.cancel()
