"""What happens to a cell between its start and its end: the signals.

    signal                        the cell                                             its parent
    ------                        --------                                             ----------
    start ──────────────────────► __init__, pre_start; takes mail
    suspend ────────────────────► blocked, its descendants too
    resume ─────────────────────► takes mail again, its descendants too
    restart ────────────────────► timers and errands end, pre_restart,
                                  waits for the children that are being stopped,
                                  __init__, post_restart, the other children restart;
                                  takes mail
    stop ───────────────────────► unwatches, timers and errands end, the children stop,
                                  waits for them, post_stop, mailbox to dead letters
                                  stopped ───────────────────────────────────────────► child_stopped
                                  Terminated to its watchers

Each blocking of a cell (a failure, a suspension by an ancestor) is taken back by exactly one resume or restart.
A stop or restart that finds a handler waiting lets it finish for `Settings.stop_grace`, then cancels it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextvars import Context
from threading import get_ident
from typing import TYPE_CHECKING, Any

from . import _failure as failure
from ._errands import cancel_pipes
from ._stash import unstash_all
from ._state import RESTARTING, RUNNING, STOPPED, STOPPING
from .context import ActorContext
from .errors import ActorInitializationError, PostRestartError
from .messages import ActorIdentity, DeadLetter, Identify, Terminated

if TYPE_CHECKING:
    from ._cell import Cell
    from ._failure import Failed

Hook = Awaitable[None] | None

#: Of those that have stopped. They may be in a queue yet, for a batch in which nothing is left to do.
NO_VARIABLES = Context()

#: Children that are told to stop in one go.
CHILDREN_AT_ONCE = 1000


def no_receive(message: Any) -> None:
    """What handles messages while there is no instance: nothing, since such a cell is blocked."""
    raise AssertionError(f"a message ({type(message).__name__}) came to an actor without an instance")


# Start


def start(cell: Cell, _: None) -> Hook:
    cell.system.population.started()
    if cell.stop_requested:
        return None  # told to stop before it started: no instance, no hooks
    try:
        actor = _new_instance(cell)
        result = actor.pre_start()
        if result is not None:
            return _finish_start(cell, result)
    except Exception as error:
        raise _initialization_error(cell, error) from error
    cell.state = RUNNING
    return None


async def _finish_start(cell: Cell, hook: Awaitable[None]) -> None:
    try:
        await hook
    except (Exception, asyncio.CancelledError) as error:
        if cell.stop_requested and isinstance(error, asyncio.CancelledError):
            raise
        raise _initialization_error(cell, error) from error
    cell.state = RUNNING


def _new_instance(cell: Cell) -> Any:
    props = cell.props
    actor: Any = props.cls.__new__(props.cls)
    actor.context = ActorContext(cell)
    cell.behaviors = None
    actor.__init__(*props.args, **props.kwargs)
    cell.actor = actor
    cell.install()
    return actor


def _initialization_error(cell: Cell, error: BaseException) -> ActorInitializationError:
    where = "pre_start" if cell.actor is not None else "__init__"
    return ActorInitializationError(f"{cell.ref.path} ({cell.props.cls.__name__}) failed in {where}: {error!r}")


#: The first signal of every cell.
START = (start, None)


def suspend(cell: Cell, _: Any = None) -> None:
    cell.blocked += 1
    for child in (cell.children or {}).values():
        child.signal(suspend)


def resume(cell: Cell, failed: Failed | None) -> Hook:
    """Go on: the verdict on `failed`, or with None the end of an ancestor's suspension."""
    if failed is not None:
        if cell.failure is not failed:
            return None  # restarted since
        if cell.actor is None:  # it failed before it had a state to go on with
            return restart(cell, (failed.error, failed))
        cell.failure = None
        if failed.escalated is not None:  # the verdict is for the child that it came from, too
            child, of_child = failed.escalated
            child.signal(resume, of_child)
    cell.blocked -= 1
    _resume_children(cell, 1)
    return None


def _resume_children(cell: Cell, times: int) -> None:
    for _ in range(times):
        for child in (cell.children or {}).values():
            child.signal(resume, None)


# Restart


async def restart(cell: Cell, argument: tuple[BaseException, Failed | None]) -> None:
    """Begin anew: the verdict on a failure of its own; or, with None for that, along with its parent or sibling."""
    cause, failed = argument
    if cell.stop_requested or (failed is not None and cell.failure is not failed):
        return
    message = None if cell.failure is None else cell.failure.message
    # Each suspension and each failure of this cell has suspended its children once; the restart takes back one of each.
    taken_back = (failed is None) + (cell.failure is not None)
    cell.blocked -= taken_back
    cell.failure = None
    if cell.state is RESTARTING:  # it has begun already, and waits for children to stop
        _resume_children(cell, taken_back)
        return
    _resume_children(cell, taken_back - 1)
    cell.state = RESTARTING
    cell.restart_cause = cause
    cell.blocked += 1
    _end_errands(cell)
    unstash_all(cell)
    if cell.actor is not None:
        await _call_hook(cell, "pre_restart", cause, message)
    if not any(child.stop_requested for child in (cell.children or {}).values()):
        await _recreate(cell, cause)


async def _recreate(cell: Cell, cause: BaseException) -> None:
    survivors = list((cell.children or {}).values())
    cell.state = RUNNING
    cell.restart_cause = None
    cell.blocked -= 1
    cell.actor = None
    try:
        actor = _new_instance(cell)
        hook = actor.post_restart(cause)
        if hook is not None:
            await hook
    except (Exception, asyncio.CancelledError) as error:
        if cell.stop_requested and isinstance(error, asyncio.CancelledError):
            raise
        where = "post_restart" if cell.actor is not None else "__init__"
        wrapped = PostRestartError(
            f"{cell.ref.path} ({cell.props.cls.__name__}) failed in {where} of a restart: {error!r}"
        )
        wrapped.__cause__ = error
        failure.fail(cell, wrapped, suspend_children=False)
        return
    cell.restarts += 1
    for child in survivors:
        child.signal(restart, (cause, None))
    instrument = cell.system.instrument
    if instrument is not None:
        instrument.restarted(cell.ref)


async def _call_hook(cell: Cell, name: str, *args: Any) -> None:
    """Call a hook whose failure changes nothing but the log."""
    try:
        result = getattr(cell.actor, name)(*args)
        if result is not None:
            await result
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the stop or restart goes on, whatever it is
        cell.logger().error("%s failed: %r", name, error, exc_info=error)


def _end_errands(cell: Cell) -> None:
    """Timers and piped tasks do not outlive the instance that started them."""
    if cell.timers is not None:
        cell.timers.cancel_all()
    cancel_pipes(cell)


# Stop


def request_stop(cell: Cell, reason: BaseException | None = None) -> None:
    """Have `cell` stop after its current message. From any thread."""
    if cell.stop_requested:
        return
    if get_ident() != cell.dispatcher.thread:
        cell.dispatcher.loop.call_soon_threadsafe(request_stop, cell, reason)
        return
    cell.stop_requested = True
    cell.signal_here(stop, reason)
    if cell.driver is not None:
        hurry(cell)


def hurry(cell: Cell) -> None:
    """A handler that still waits after the grace is cancelled, again and again, and named."""
    if cell.is_waiting and cell.grace is None and cell.state is not STOPPING:
        seconds = cell.system.settings.stop_grace
        cell.grace = cell.system.clock.call_later(seconds, _cut_short, cell, cell.envelope, seconds)


def _cut_short(cell: Cell, envelope: Any, waited: float) -> None:
    cell.grace = None
    if not cell.is_waiting or cell.envelope is not envelope or cell.state in (STOPPING, STOPPED):
        return
    doing = "a hook" if envelope is None else f"the handler of {type(envelope[0]).__name__}"
    cell.logger().warning("is to stop or restart, but %s has waited %g s more: it is cancelled", doing, waited)
    cell.dispatcher.cancel(cell)
    seconds = cell.system.settings.stop_grace
    cell.grace = cell.system.clock.call_later(seconds, _cut_short, cell, envelope, waited + seconds)


def stop(cell: Cell, reason: BaseException | None) -> Hook:
    if cell.state in (STOPPING, STOPPED):
        return None
    cell.state = STOPPING
    cell.stop_reason = reason
    cell.blocked += 1
    if cell.timers is not None or cell.pipes is not None:
        _end_errands(cell)
    if cell.idle_timer is not None:
        cell.idle_timer.cancel()
        cell.idle_timer = None
    if cell.watching:
        for ref in cell.watching:
            ref._unwatched_by(cell.ref)
        cell.watching = None
    if not cell.children:
        return _finish(cell)
    if len(cell.children) > CHILDREN_AT_ONCE:
        return _stop_many(cell)
    for child in list(cell.children.values()):
        request_stop(child)
    return None


async def _stop_many(cell: Cell) -> None:
    """Stop the children without holding the loop; those that end meanwhile are heard of when all were told to."""
    for number, child in enumerate(list((cell.children or {}).values()), 1):
        request_stop(child)
        if not number % CHILDREN_AT_ONCE:
            await asyncio.sleep(0)


def child_stopped(cell: Cell, child: Cell) -> Hook:
    children = cell.children
    if children is None or children.get(child.name) is not child:
        return None
    del children[child.name]
    child.bury()  # here and not at its own end, where the dispatcher is about to look at it again
    if not children:
        cell.children = None
    if cell.state is STOPPING:
        return _finish(cell) if not children else None
    if cell.state is RESTARTING and not any(each.stop_requested for each in children.values()):
        assert cell.restart_cause is not None
        return _recreate(cell, cell.restart_cause)
    return None


def _finish(cell: Cell) -> Hook:
    """The children are gone: the last hook, then the end."""
    actor = cell.actor
    if actor is not None:
        try:
            result = actor.post_stop()
        except Exception as error:  # noqa: BLE001 - the stop goes on, whatever it is
            cell.logger().error("post_stop failed: %r", error, exc_info=error)
        else:
            if result is not None:
                return _finish_later(cell, result)
    _conclude(cell)
    return None


async def _finish_later(cell: Cell, hook: Awaitable[None]) -> None:
    try:
        await hook
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the stop or restart goes on, whatever it is
        cell.logger().error("post_stop failed: %r", error, exc_info=error)
    _conclude(cell)


def _conclude(cell: Cell) -> None:
    cell.state = STOPPED
    cell.is_stopped = True
    if cell.timers is not None or cell.pipes is not None:
        _end_errands(cell)
    if cell.grace is not None:
        cell.grace.cancel()
        cell.grace = None
    cell.envelope = None
    cell.actor = None
    cell.receive = no_receive
    cell.behaviors = None
    cell.timers = None
    cell.variables = NO_VARIABLES
    if cell.stash is not None:
        unstash_all(cell)
    if cell.mailbox:
        drain(cell)
    if cell.parent is None:
        cell.system.root_stopped()
    else:
        cell.parent.signal_here(child_stopped, cell)
        cell.system.population.stopped(cell)
    if cell.watchers is not None:
        notice = Terminated(cell.ref, True, cell.stop_reason)
        for watcher in cell.watchers:
            watcher._notice_death(notice)
        cell.watchers = None
    if cell.props.dispatcher is not None:
        cell.dispatcher.retire(cell)
    cell.dispatcher = cell.system.graveyard
    instrument = cell.system.instrument
    if instrument is not None:
        instrument.stopped(cell.ref)


def drain(cell: Cell) -> None:
    """What is in the mailbox of a stopped actor becomes dead letters; an ask of it fails at once."""
    from ._auto_received import INTERNAL
    from .ask import Reply, target_stopped

    mailbox = cell.mailbox
    while mailbox:
        message, sender = cell.enveloped(mailbox.popleft())
        if type(message) in INTERNAL:
            continue
        if type(message) is Identify and sender is not None:
            sender.tell(ActorIdentity(message.correlation, None))
        if type(sender) is Reply and sender.target is cell.ref:
            sender.fail(target_stopped(sender))
        cell.system.publish_dead_letter(DeadLetter(message, sender, cell.ref))
