"""`MemoryCoordinator`: processes that coordinate within one loop, for tests and simulated worlds."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from actors.cluster._coordination import StoreCoordinator
from actors.cluster._store import OffTheLoop
from actors.cluster.coordinator import Holder, Member

__all__ = ["MemoryCluster", "MemoryCoordinator"]

T = TypeVar("T")
LOOKS_EVERY = 1.0  # seconds between a frozen process's looks at whether it is thawed


@dataclass(slots=True)
class _Claim:
    epoch: int
    data: Mapping[str, str]
    renewed_at: float
    released: bool = False


@dataclass(slots=True)
class MemoryCluster:
    """What the coordinators of one simulated cluster share."""

    claims: dict[str, _Claim] = field(default_factory=dict)
    present: dict[str, tuple[Member, float]] = field(default_factory=dict)
    number: int = 0

    def claim(self, name: str, data: Mapping[str, str], now: float, ttl: float) -> int | Holder:
        last = self.claims.get(name)
        if last and not last.released and now < last.renewed_at + ttl:
            return Holder(last.epoch, os.getpid(), last.data)
        epoch = last.epoch + 1 if last else 1
        self.claims[name] = _Claim(epoch, data, now)
        return epoch

    def renew(self, name: str, epoch: int, now: float) -> bool:
        claim = self.claims[name]
        if claim.epoch != epoch or claim.released:
            return False
        claim.renewed_at = now
        return True

    def release(self, name: str, epoch: int) -> None:
        if self.claims[name].epoch == epoch:
            self.claims[name].released = True

    def holder(self, name: str, now: float, ttl: float) -> Holder | None:
        claim = self.claims.get(name)
        if claim is None or claim.released or now >= claim.renewed_at + ttl:
            return None
        return Holder(claim.epoch, os.getpid(), claim.data)

    def announce(self, name: str, data: Mapping[str, str], now: float) -> Member:
        self.number += 1
        member = Member(f"{name}-{self.number}", name, os.getpid(), now, data)
        self.present[member.id] = (member, now)
        return member

    def refresh(self, member: Member, now: float, ttl: float) -> str | None:
        if member.id not in self.present:
            return "it was expelled"
        _, seen = self.present[member.id]
        self.present[member.id] = (member, now)
        return f"it was silent for {now - seen:.1f} s" if now >= seen + ttl else None

    def withdraw(self, member: Member) -> None:
        self.present.pop(member.id, None)

    def members(self, now: float, ttl: float) -> tuple[Member, ...]:
        return tuple(member for member, seen in self.present.values() if now < seen + ttl)

    def describe(self) -> str:
        return "the in-memory cluster"


class MemoryCoordinator(StoreCoordinator):
    """A `Coordinator` in memory: pass one `MemoryCluster` to all that belong together. Times are seconds.

    ``freeze`` and ``thaw`` stand for SIGSTOP and SIGCONT of the process, or for its being cut off from the coordinator:
    frozen, it renews nothing.
    """

    def __init__(self, cluster: MemoryCluster | None = None, *, ttl: float = 5.0, heartbeat: float = 1.0) -> None:
        self._view = _View(MemoryCluster() if cluster is None else cluster)
        super().__init__(self._view, ttl=ttl, heartbeat=heartbeat)

    def freeze(self) -> None:
        self._view.frozen = True

    def thaw(self) -> None:
        self._view.frozen = False

    def crash(self) -> None:
        """As ``kill -9``: what it held and was is free at once, and it says and hears nothing more."""
        for lease in self._leases.values():
            self._view.memory.release(lease.name, lease.epoch)
        if self._member is not None:
            self._view.memory.withdraw(self._member)
        self._view.crashed = True


class _View(OffTheLoop):
    """One process's way to the memory that all share."""

    frozen = crashed = False

    def __init__(self, memory: MemoryCluster) -> None:
        super().__init__(memory)
        self.memory = memory

    async def call(self, method: Callable[..., T], *arguments: Any) -> T:
        if self.crashed:
            raise OSError("this process is dead")
        while self.frozen:  # noqa: ASYNC110 - what stands still hears of nothing
            await asyncio.sleep(LOOKS_EVERY)
        return await super().call(method, *arguments)
