"""Failures: how a cell reports one, and what the parent makes of it.

    child                                          parent
    -----                                          ------
    an error leaves a handler, hook or signal
    fail: blocked; its children suspended
    ─────────────────────────────────────────────► child_failed: the strategy of the parent's instance decides
    resume(failed) ◄──────────────────────────────   RESUME
    restart((error, failed)) ◄────────────────────   RESTART, within the limit; siblings too when all-for-one
    stop(error) ◄─────────────────────────────────   STOP, or no restart left
                                                     ESCALATE: the parent fails, with the same error

A verdict names the failure that it is for: one that comes after a restart for another reason is void.
A second failure before the verdict on the first is logged, and not sent up again.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from . import _lifecycle as lifecycle
from ._state import STOPPED, STOPPING
from .supervision import Directive, SupervisorStrategy

if TYPE_CHECKING:
    from ._cell import Cell

__all__ = ["Failed", "child_failed", "fail", "handler_failed", "returned_a_value"]


class Failed:
    """A failure that waits for its verdict; `escalated` is the child's failure that it comes from."""

    __slots__ = ("error", "escalated", "message")

    def __init__(self, error: BaseException, message: Any, escalated: tuple[Cell, Failed] | None) -> None:
        self.error = error
        self.message = message
        self.escalated = escalated


def handler_failed(cell: Cell, error: BaseException, result: Any) -> None:
    """An error left a handler, a hook or a signal."""
    cell.forget_cancellation()
    if isinstance(error, GeneratorExit):
        raise error
    if isinstance(error, asyncio.CancelledError) and cell.stop_requested:
        return  # cancelled because it is being stopped
    if isinstance(error, AttributeError) and result is not None and not inspect.isawaitable(result):
        error = returned_a_value(cell, result)
    fail(cell, error)
    if isinstance(error, KeyboardInterrupt | SystemExit):
        raise error


def returned_a_value(cell: Cell, value: Any) -> TypeError:
    """The error of a handler that returned something to nobody."""
    return TypeError(
        f"the handler of {cell.ref.path} returned {value!r}: it must return None or an awaitable"
        " (answers are sent with self.reply)"
    )


def fail(
    cell: Cell,
    error: BaseException,
    *,
    escalated: tuple[Cell, Failed] | None = None,
    suspend_children: bool = True,
) -> None:
    """Stop taking mail until the parent has decided."""
    if cell.state in (STOPPING, STOPPED):
        cell.logger().error("failed while stopping: %r", error, exc_info=error)
        return
    if cell.failure is not None:
        cell.logger().error("failed again, before its parent decided about %r", cell.failure.error, exc_info=error)
        return
    cell.failure = Failed(error, None if cell.envelope is None else cell.envelope[0], escalated)
    cell.blocked += 1
    if suspend_children:
        for child in (cell.children or {}).values():
            child.signal(lifecycle.suspend)
    instrument = cell.system.instrument
    if instrument is not None:
        instrument.failed(cell.ref, error)
    if cell.parent is None:
        cell.system.root_failed(error)
    else:
        cell.parent.signal(child_failed, (cell, cell.failure))


def child_failed(cell: Cell, argument: tuple[Cell, Failed]) -> None:
    child, failed = argument
    if cell.state in (STOPPING, STOPPED) or cell.actor is None or child.failure is not failed:
        return  # the child is being stopped, or was restarted since
    error = failed.error
    strategy = cell.actor.supervisor_strategy
    directive = strategy.decide(error)
    log = cell.logger()
    if directive is Directive.RESUME:
        log.warning("%s failed with %r; it is resumed", child.ref.path, error)
        child.signal(lifecycle.resume, failed)
    elif directive is Directive.ESCALATE:
        fail(cell, error, escalated=(child, failed))
    elif directive is Directive.STOP:
        log.error("%s failed and is stopped: %r", child.ref.path, error, exc_info=error)
        for each in _concerned(cell, child, strategy.all_for_one):
            lifecycle.request_stop(each, error)
    else:
        _restart(cell, child, failed, strategy)


def _restart(cell: Cell, child: Cell, failed: Failed, strategy: SupervisorStrategy) -> None:
    error = failed.error
    now = cell.system.clock.time()
    concerned = _concerned(cell, child, strategy.all_for_one)
    histories = [(each, strategy.allows_restart(each.history, now)) for each in concerned]
    if any(history is None for _, history in histories):
        cell.logger().error(
            "%s failed and is stopped, since it may be restarted at most %s times in %s s: %r",
            child.ref.path, strategy.max_restarts, strategy.within, error, exc_info=error,
        )  # fmt: skip
        for each in concerned:
            lifecycle.request_stop(each, error)
        return
    cell.logger().error("%s failed and is restarted: %r", child.ref.path, error, exc_info=error)
    for each, history in histories:
        assert history is not None
        each.history = history
        if each is child:
            each.signal(lifecycle.restart, (error, failed))
        else:
            each.signal(lifecycle.suspend)
            each.signal(lifecycle.restart, (error, None))
            lifecycle.hurry(each)


def _concerned(cell: Cell, child: Cell, all_for_one: bool) -> list[Cell]:
    if not all_for_one:
        return [child]
    return [each for each in (cell.children or {}).values() if not each.stop_requested]
