"""Holds the lease of a singleton, and the singleton while it does. One on each node of the role."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef, Failure, Props, Terminated

from .cluster import Cluster
from .coordinator import Lease
from .events import SelfRemoved

__all__ = ["Manager"]

_RETRY = 1.0  # seconds until a lease is claimed again that was given up for the singleton's failures


@dataclass(frozen=True, slots=True)
class _Granted:
    lease: Lease


@dataclass(frozen=True, slots=True)
class _Lost:
    lease: Lease
    reason: str


@dataclass(frozen=True, slots=True)
class _HandOver:
    """This node leaves. Answered when nothing of the singleton is here any more."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """It is time to claim the lease again."""


class Manager(Actor[Any]):
    """See `actors.cluster.singleton`."""

    def __init__(
        self, cluster: Cluster, lease_name: str, recipe: Props[Any] | Callable[[Lease], Props[Any]], last_word: Any
    ) -> None:
        self._cluster = cluster
        self._lease_name = lease_name
        self._recipe = recipe
        self._last_word = last_word
        self._lease: Lease | None = None
        self._singleton: ActorRef[Any] | None = None
        self._waiting: list[ActorRef[Any]] = []  # for the hand-over
        self._is_leaving = False
        self._claiming: asyncio.Task[None] | None = None

    def pre_start(self) -> None:
        self._cluster.on_leaving(self.ref.name, self._hand_over)
        self._cluster.subscribe(self.ref, SelfRemoved, initial="nothing")
        self._claim()

    async def post_stop(self) -> None:
        self._cancel_claim()
        if self._lease is not None:
            await self._lease.release()

    async def _hand_over(self) -> None:
        if not self.ref.is_terminated:
            await self.ref.ask(_HandOver(), 60)

    def receive(self, message: Any) -> Any:
        match message:
            case _Granted(lease):
                return self._begin(lease)
            case _Lost(lease, reason):
                self._lost(lease, reason)
            case Terminated(ref, _, reason) if ref is self._singleton:
                return self._ended(reason)
            case SelfRemoved():
                self.context.stop(self.ref)  # and with it the singleton: whoever is a member may have it
            case _HandOver():
                return self._leave()
            case _Claim():
                self._claim()
            case Failure(error):
                self.log.error("the lease %s could not be claimed: %r", self._lease_name, error)
                self.context.timers.start_single("claim", _Claim(), _RETRY)
            case _:
                self.unhandled(message)
        return None

    def _claim(self) -> None:
        if not self._is_leaving:
            self._claiming = self.context.system.loop.create_task(self._wait_for_lease(), name=self._lease_name)

    async def _wait_for_lease(self) -> None:
        try:
            self.ref.tell(_Granted(await self._cluster.coordinator.lease(self._lease_name)))
        except Exception as error:  # noqa: BLE001 - the manager tells and tries again
            self.ref.tell(Failure(error))

    def _cancel_claim(self) -> None:
        """(One that is under way bars nobody afterwards.)"""
        self.context.timers.cancel("claim")
        if self._claiming is not None:
            self._claiming.cancel()

    async def _begin(self, lease: Lease) -> None:
        if self._is_leaving:
            await lease.release()
            self._is_gone()
            return
        self._lease = lease
        self.context.pipe_to(self._until_lost(lease))
        props = self._recipe if isinstance(self._recipe, Props) else self._recipe(lease)
        self._singleton = self.context.watch(self.context.spawn(props, "singleton"))
        self.log.info("the singleton starts here, in epoch %d", lease.epoch)

    async def _until_lost(self, lease: Lease) -> _Lost:
        return _Lost(lease, await lease.lost())

    def _lost(self, lease: Lease, reason: str) -> None:
        if lease is not self._lease:
            return
        self._lease = None
        if self._singleton is None:
            self._claim()
            return
        self.log.error("the singleton stops at once, its lease is lost: %s", reason)
        self.context.stop(self._singleton)  # its end is followed by a claim

    async def _ended(self, reason: BaseException | None) -> None:
        self._singleton = None
        if self._is_leaving:
            await self._release()
            self._is_gone()
        elif self._lease is None:
            self._claim()
        elif reason is not None:
            self.log.error("the singleton was stopped for its failures (%r): another node may try", reason)
            await self._release()
            self.context.timers.start_single("claim", _Claim(), _RETRY)
        else:
            self.log.info("the singleton has stopped by itself; it is not started again while this node is a member")

    async def _leave(self) -> None:
        if self.sender is not None:
            self._waiting.append(self.sender)
        self._is_leaving = True
        if self._singleton is not None:
            self._singleton.tell(self._last_word)
        else:
            self._cancel_claim()
            await self._release()
            self._is_gone()

    async def _release(self) -> None:
        lease, self._lease = self._lease, None
        if lease is not None:
            await lease.release()

    def _is_gone(self) -> None:
        for waiting in self._waiting:
            waiting.tell("handed over")
        self._waiting.clear()
