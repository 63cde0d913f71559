"""Hands messages on to the singleton, wherever it is, and keeps them while that is not known."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorIdentity, ActorRef, DeadLetter, DeadLetterSuppression, Failure, Identify, Terminated
from actors.remote import MessageRefused, Remote

from .cluster import Cluster
from .coordinator import Holder

__all__ = ["Proxy"]

_LOOK = 0.25  # seconds between looks for a singleton that is not known
_PATIENCE = 1.0  # seconds that whoever holds the lease is given to answer


@dataclass(frozen=True, slots=True)
class _Look(DeadLetterSuppression):
    pass


@dataclass(frozen=True, slots=True)
class _Found(DeadLetterSuppression):
    ref: ActorRef[Any] | None


class Proxy(Actor[Any]):
    """See `actors.cluster.singleton`. ``where``: the singleton's path in its system."""

    def __init__(self, cluster: Cluster, lease_name: str, where: str, capacity: int) -> None:
        self._cluster = cluster
        self._lease_name = lease_name
        self._where = where
        self._capacity = capacity
        self._remote = Remote.of(cluster.system)
        self._singleton: ActorRef[Any] | None = None
        self._buffer: deque[tuple[Any, ActorRef[Any] | None]] = deque()

    def pre_start(self) -> None:
        self._look()

    def receive(self, message: Any) -> None:
        match message:
            case _Look():
                self._look()
            case _Found(ref):
                self._found(ref)
            case Terminated(ref) if ref is self._singleton:
                self._singleton = None
                self._look()
            case _ if self._singleton is not None:
                self._hand_on(message, self.sender)
            case _:
                self._keep(message, self.sender)

    def _look(self) -> None:
        if self._singleton is None:
            self.context.pipe_to(self._find())

    async def _find(self) -> _Found:
        try:
            holder = await self._cluster.coordinator.holder(self._lease_name)
        except OSError as error:
            self.log.warning("who holds %s is not known at present: %s", self._lease_name, error)
            return _Found(None)
        return _Found(None if holder is None else await self._at(holder))

    async def _at(self, holder: Holder) -> ActorRef[Any] | None:
        try:
            there = self._remote.ref(f"{holder.data['address']}{self._where}")
            identity: ActorIdentity = await there.ask(Identify(), _PATIENCE)
        except TimeoutError:
            return None
        return identity.ref

    def _found(self, ref: ActorRef[Any] | None) -> None:
        if ref is None:
            self._look_later()
            return
        self._singleton = self.context.watch(ref)
        while self._buffer:
            self._hand_on(*self._buffer.popleft())

    def _look_later(self) -> None:
        self.context.timers.start_single("look", _Look(), _LOOK)

    def _hand_on(self, message: Any, sender: ActorRef[Any] | None) -> None:
        assert self._singleton is not None
        try:
            self._singleton.tell(message, sender)
        except MessageRefused as error:  # is the sender's, not ours
            self.log.error("%s", error)
            if sender is not None:
                sender.tell(Failure(error))

    def _keep(self, message: Any, sender: ActorRef[Any] | None) -> None:
        self._buffer.append((message, sender))
        if len(self._buffer) > self._capacity:
            oldest, its_sender = self._buffer.popleft()
            self.context.system.publish_dead_letter(DeadLetter(oldest, its_sender, self.ref))

    def post_stop(self) -> None:
        for message, sender in self._buffer:
            self.context.system.publish_dead_letter(DeadLetter(message, sender, self.ref))
