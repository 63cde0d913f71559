"""`ClusterSingleton`: one actor in the whole cluster, on one of the nodes of a role.

    singletons = ClusterSingleton(system)
    autoscaler = singletons.start(Props(Autoscaler), "autoscaler", role="master", termination_message=End())
    autoscaler.tell(…)                       a proxy: finds it wherever it is

    coordinator                  manager, on each node of the role             singleton
    -----------                  ---------------------------------             ---------
    lease singleton/NAME    →    granted, with an epoch                   →    spawned
                                 this node leaves                         →    termination message
                                 released                                 ←    has stopped
    the next one's claim    →    granted, with a greater epoch            →    spawned there
    (a holder dies)         →    the next one's claim, at once or after the lease's time to live
    (a lease is in doubt)   →    stopped, without another message

Never two at once, as far as this can be promised: a holder stops its singleton before anybody else can have the lease,
by its own clock. Nobody can promise that of a process that stands still in the middle of a line and goes on later. So
whatever outlives the actor must carry the *epoch*, a number that grows with each lease: give a function instead of
Props, and it is handed the lease:

    singletons.start(lambda lease: Props(Bank, SqliteJournal(path, epoch=lease.epoch)), "bank")

A journal refuses epochs older than one it has seen; `lease.held()` tells, without waiting, whether it is safe to act.

A singleton that stops by itself is not started again as long as its node holds the lease. One that supervision stopped
for its failures gives the lease to whoever is next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.core import ActorRef, ActorSystem, PoisonPill, Props

from ._singleton_manager import Manager
from ._singleton_proxy import Proxy
from .cluster import Cluster
from .coordinator import Lease

__all__ = ["ClusterSingleton"]


class ClusterSingleton:
    """The singletons of a system that has joined a cluster. Start each on all nodes alike: name, role, recipe."""

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self._cluster = Cluster(system)

    def start(
        self,
        singleton: Props[Any] | Callable[[Lease], Props[Any]],
        name: str,
        *,
        role: str | None = None,
        termination_message: Any = None,
        buffer: int = 1000,
    ) -> ActorRef[Any]:
        """Let the singleton live here when this node has ``role`` and gets the lease; a proxy for it, in any case.

        :param singleton: how it is made; or what makes that of the lease, with its `epoch` and `held()`.
        :param name: unique in the cluster.
        :param role: of the nodes that it may live on; any for None.
        :param termination_message: what it is told when this node leaves, and must stop upon; a `PoisonPill` when None.
            It has 8 s; what it was told and has not handled by then is lost.
        :param buffer: see `proxy`.
        """
        if self._cluster.own.has_role(role):
            message = PoisonPill() if termination_message is None else termination_message
            manager = Props(Manager, self._cluster, lease_name(name, role), singleton, message)
            self._system.spawn_system(manager, manager_name(name))
        return self.proxy(name, role=role, buffer=buffer)

    def proxy(self, name: str, *, role: str | None = None, buffer: int = 1000) -> ActorRef[Any]:
        """A ref of the singleton, wherever it is: messages are handed on with their senders.

        While there is none, or it is not known where, they wait; of more than ``buffer`` the oldest become dead
        letters. What is told between the end of one singleton and the news of it is lost.

        :param role: as given to `start`.
        """
        where = f"/system/{manager_name(name)}/singleton"
        props = Props(Proxy, self._cluster, lease_name(name, role), where, buffer)
        return self._system.spawn_system(props, f"singleton-proxy-{name}")


def lease_name(name: str, role: str | None) -> str:
    return f"singleton/{name}" if role is None else f"singleton/{name}/{role}"


def manager_name(name: str) -> str:
    return f"singleton-{name}"
