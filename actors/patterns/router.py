"""Routers: one ref before many actors.

    system.spawn(pool(Worker, 5), "workers")                            five children, one after the other
    system.spawn(pool(Worker, 5, SmallestMailbox()), "workers")         to the least busy of them
    system.spawn(group(["/user/a", other_ref], BroadcastRouting()))     actors that somebody else made

Contract. What is told to the router goes to a routee, chosen by its `RoutingLogic` in the caller (see
`actors.patterns._routing_mailbox`), with the sender it had. These are for the router itself:

| message | pool | group |
|---|---|---|
| `Broadcast(m)` | m to every routee | the same |
| `GetRoutees()` | `Routees` to the sender | the same |
| `AddRoutee(r)`, `RemoveRoutee(r)` | removed children get a `PoisonPill` 100 ms later | removed ones live on |
| `AdjustPoolSize(n)` | n more or less | unhandled |
| `PoisonPill()` | the router and its children stop after their current message | the router stops |
| `Kill()` | the router fails; its parent decides | the same |

A routee that is a ref is watched and leaves when it stops; one that is a path is looked up for each message, and is
never missed. A message for nobody becomes a dead letter, and the sender of a logic that owes it an answer gets
`Failure(NoRoutees)`.

A pool's children are judged by the pool's *parent*: their failures are escalated, and a verdict of RESTART restarts the
pool with all its children (give `pool` a strategy of its own to restart only one). When the last child has gone, the
pool stops, unless it has a `Resizer`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar

from actors.core import Actor, ActorRef, Directive, OneForOneStrategy, PoisonPill, Props, SupervisorStrategy, Terminated

from ._durations import at_least
from ._routing_mailbox import Claim, NoRoutees, Resize, RoutingMailbox
from .resizer import Resizer
from .router_messages import AddRoutee, AdjustPoolSize, Broadcast, GetRoutees, RemoveRoutee, Routees
from .router_messages import RouterManagementMessage as Management
from .routing_logic import RoundRobin, RoutingLogic, glance

__all__ = ["NoRoutees", "group", "pool"]

M = TypeVar("M")

#: Seconds between a routee's removal and its PoisonPill: callers that had chosen it have then told it.
_LAST_MESSAGES = 0.1

_ESCALATE = OneForOneStrategy(decider=lambda _: Directive.ESCALATE)


def pool(
    routee: Props[M] | type[Actor[M]],
    size: int = 1,
    logic: RoutingLogic | None = None,
    *,
    resizer: Resizer | None = None,
    supervisor_strategy: SupervisorStrategy | None = None,
) -> Props[M | Broadcast | Management]:
    """Props of a router that spawns its routees, `size` of them at first.

    :param logic: `RoundRobin()` when None.
    :param resizer: keeps the number of routees to what there is to do.
    :param supervisor_strategy: for the routees; always escalate when None.
    :raises ValueError: for a size below 1.
    """
    props = routee if isinstance(routee, Props) else Props(routee)
    strategy = supervisor_strategy or _ESCALATE
    resize_every = 0 if resizer is None else resizer.messages_per_resize
    made: Props[Any] = Props(_PoolRouter, props, at_least("size", size, 1), resizer, strategy)
    return made.with_dispatcher("run_queue").with_mailbox(partial(RoutingMailbox, logic or RoundRobin(), resize_every))


def group(routees: Iterable[ActorRef[M] | str], logic: RoutingLogic | None = None) -> Props[M | Broadcast | Management]:
    """Props of a router before actors that exist already.

    :param routees: refs, or paths such as ``/user/workers/*`` (relative ones begin at the router).
    :param logic: `RoundRobin()` when None.
    """
    if isinstance(routees, str):
        raise TypeError(f"group takes several refs or paths: write group([{routees!r}])")
    made: Props[Any] = Props(_GroupRouter, tuple(routees))
    return made.with_dispatcher("run_queue").with_mailbox(partial(RoutingMailbox, logic or RoundRobin(), 0))


class _Router(Actor[Any]):
    """What pool and group have in common."""

    def __init__(self) -> None:
        claim = Claim()
        self.ref.tell(claim)
        mailbox = claim.mailbox
        if mailbox is None:
            raise TypeError(
                "a router's mailbox is what routes, and cannot be replaced: give with_mailbox to the routees' Props"
            )
        self._mailbox = mailbox
        self._table = mailbox.table

    def first_routees(self) -> tuple[Any, ...]:
        raise TypeError(f"{type(self).__name__} must say who its first routees are")

    def pre_start(self) -> None:
        for routee in self.first_routees():
            self._add(routee)
        self._table.is_open = True

    def pre_restart(self, cause: BaseException, message: Any | None) -> None:
        """The routees stay, and so does the table: callers go on routing."""

    def post_restart(self, cause: BaseException) -> None:
        if not self._table.is_open:
            self.pre_start()

    def post_stop(self) -> None:
        self._table.is_open = False

    def receive(self, message: Any) -> None:
        match message:
            case GetRoutees():
                self.reply(Routees(self._table.routees))
            case AddRoutee(routee):
                self._add(routee)
            case RemoveRoutee(routee):
                self._remove(routee)
            case Terminated(ref):
                self._gone(ref)
            case Management():
                self.unhandled(message)
            case _:  # it came before the router had started, or behind a management message
                self._table.send(message, self.sender)
                self._mailbox.count_one()

    def _add(self, routee: Any) -> None:
        if routee not in self._table.routees:
            if isinstance(routee, ActorRef):
                self.context.watch(routee)
            self._table.routees += (routee,)

    def _remove(self, routee: Any) -> None:
        self._table.routees = tuple(each for each in self._table.routees if each != routee)
        if isinstance(routee, ActorRef):
            self.context.unwatch(routee)

    def _gone(self, ref: ActorRef[Any]) -> None:
        self._remove(ref)


class _GroupRouter(_Router):
    def __init__(self, routees: tuple[ActorRef[Any] | str, ...]) -> None:
        super().__init__()
        self._routees = routees

    def first_routees(self) -> tuple[Any, ...]:
        select = self.context.actor_selection
        return tuple(select(each) if isinstance(each, str) else each for each in self._routees)


class _PoolRouter(_Router):
    def __init__(
        self, routee: Props[Any], size: int, resizer: Resizer | None, supervisor_strategy: SupervisorStrategy
    ) -> None:
        super().__init__()
        self._routee = routee
        self._size = size
        self._resizer = resizer
        self._strategy = supervisor_strategy

    @property
    def supervisor_strategy(self) -> SupervisorStrategy:  # type: ignore[override]
        return self._strategy

    def first_routees(self) -> tuple[Any, ...]:
        more = 0 if self._resizer is None else self._resizer.bounded(self._size, 0)
        return tuple(self.context.spawn(self._routee) for _ in range(self._size + more))

    def receive(self, message: Any) -> None:
        match message:
            case AdjustPoolSize(change):
                size = len(self._table.routees)
                self._resize(change if self._resizer is None else self._resizer.bounded(size, change))
            case Resize() if self._resizer is not None:
                self._resize(self._resizer.change(map(glance, self._table.routees)))
            case _:
                super().receive(message)

    def _resize(self, change: int) -> None:
        for _ in range(change):
            self._add(self.context.spawn(self._routee))
        if change < 0:
            for routee in self._table.routees[change:]:
                self._remove(routee)

    def _remove(self, routee: Any) -> None:
        super()._remove(routee)
        if isinstance(routee, ActorRef) and not routee.is_terminated and routee in self.context.children:
            self.context.system.clock.call_later(_LAST_MESSAGES, routee.tell, PoisonPill())  # a restart keeps it
        if not self._table.routees and self._resizer is None:
            self.context.stop(self.ref)
