"""Routers over the cluster: one ref before the actors that are registered under a key, on whichever node.

    workers = system.spawn(service_group("workers"), "workers")
    workers = system.spawn(service_group("workers", ConsistentHashing(…)), "by-customer")

It follows the `Receptionist`: actors that register, stop, or whose nodes come, go or cannot be reached, become routees
and cease to be. All logics of `actors.patterns` serve; `Broadcast`, `GetRoutees` and the other messages for the router
itself are handed on. Before the first listing, messages wait; after it, a message for nobody is a dead letter.

Routers on two nodes may hash a key to different routees: what must have one home in the whole cluster is an entity of
`actors.cluster.sharding`.
"""

from __future__ import annotations

from typing import Any

from actors.core import Actor, ActorRef, Props
from actors.patterns import AddRoutee, RemoveRoutee, RoundRobin, group
from actors.patterns.routing_logic import RoutingLogic

from .receptionist import Listing, Receptionist

__all__ = ["service_group"]


def service_group(key: str, logic: RoutingLogic | None = None) -> Props[Any]:
    """Props of a router before the actors that are registered under ``key``. `RoundRobin()` when ``logic`` is None."""
    return Props(_ServiceGroup, key, logic or RoundRobin())


class _ServiceGroup(Actor[Any]):
    def __init__(self, key: str, logic: RoutingLogic) -> None:
        self._key = key
        self._router = self.context.spawn(group((), logic), "router")
        self._routees: dict[ActorRef[Any], None] = {}
        self._listed = False

    async def pre_start(self) -> None:
        await Receptionist(self.context.system).subscribe(self._key, self.ref)

    def receive(self, message: Any) -> None:
        match message:
            case Listing(key, refs) if key == self._key:
                self._follow(refs)
                if not self._listed:
                    self._listed = True
                    self.context.unstash_all()
            case _ if not self._listed:
                self.context.stash()
            case _:
                self._router.tell(message, self.sender)

    def _follow(self, refs: tuple[ActorRef[Any], ...]) -> None:
        for ref in refs:
            if ref not in self._routees:
                self._router.tell(AddRoutee(ref))
        for ref in self._routees:
            if ref not in refs:
                self._router.tell(RemoveRoutee(ref))
        self._routees = dict.fromkeys(refs)
