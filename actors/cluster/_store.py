"""What coordinators share: the calls that a folder, a memory or a ZooKeeper must offer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from actors.cluster.coordinator import Holder, Member
from actors.core.clock import Clock

__all__ = ["BlockingStore", "Change", "OffTheLoop", "Store"]

T = TypeVar("T")


class Change(Protocol):
    """What a look at the store is followed by. Made before the look, so that no change falls in between."""

    async def wait(self) -> None:
        """Return when the store may have changed."""
        ...


class Store(Protocol):
    """What coordinators share. Each call is atomic against those of other processes."""

    async def claim(self, name: str, data: Mapping[str, str], now: float, ttl: float) -> int | Holder:
        """A new epoch, when nobody holds the lease or its holder is dead or silent for ``ttl``; else the holder."""
        ...

    async def renew(self, name: str, epoch: int, now: float) -> bool:
        """Note that the holder lives; False when a later epoch was given away."""
        ...

    async def release(self, name: str, epoch: int) -> None: ...

    async def holder(self, name: str, now: float, ttl: float) -> Holder | None: ...

    async def announce(self, name: str, data: Mapping[str, str], now: float) -> Member: ...

    async def refresh(self, member: Member, now: float, ttl: float) -> str | None:
        """Note that the member lives. Why it has been no member meanwhile, if so: it is one again, unless expelled."""
        ...

    async def withdraw(self, member: Member) -> None:
        """The member goes, of its own will or, when another calls this, expelled."""
        ...

    async def members(self, now: float, ttl: float) -> tuple[Member, ...]: ...

    def next_change(self, clock: Clock, seconds: float) -> Change:
        """Waits for a change; for at most ``seconds`` where the store tells of none."""
        ...

    def describe(self) -> str:
        """Where it is, for messages."""
        ...


class BlockingStore(Protocol):
    """A `Store` whose calls block shortly: see `OffTheLoop`."""

    def claim(self, name: str, data: Mapping[str, str], now: float, ttl: float) -> int | Holder: ...
    def renew(self, name: str, epoch: int, now: float) -> bool: ...
    def release(self, name: str, epoch: int) -> None: ...
    def holder(self, name: str, now: float, ttl: float) -> Holder | None: ...
    def announce(self, name: str, data: Mapping[str, str], now: float) -> Member: ...
    def refresh(self, member: Member, now: float, ttl: float) -> str | None: ...
    def withdraw(self, member: Member) -> None: ...
    def members(self, now: float, ttl: float) -> tuple[Member, ...]: ...
    def describe(self) -> str: ...


class OffTheLoop:
    """A `Store` over a blocking one, whose calls are made in the loop's executor. It is looked at again and again."""

    def __init__(self, store: BlockingStore) -> None:
        self._store = store

    async def call(self, method: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, method, *arguments)

    async def claim(self, name: str, data: Mapping[str, str], now: float, ttl: float) -> int | Holder:
        return await self.call(self._store.claim, name, data, now, ttl)

    async def renew(self, name: str, epoch: int, now: float) -> bool:
        return await self.call(self._store.renew, name, epoch, now)

    async def release(self, name: str, epoch: int) -> None:
        await self.call(self._store.release, name, epoch)

    async def holder(self, name: str, now: float, ttl: float) -> Holder | None:
        return await self.call(self._store.holder, name, now, ttl)

    async def announce(self, name: str, data: Mapping[str, str], now: float) -> Member:
        return await self.call(self._store.announce, name, data, now)

    async def refresh(self, member: Member, now: float, ttl: float) -> str | None:
        return await self.call(self._store.refresh, member, now, ttl)

    async def withdraw(self, member: Member) -> None:
        await self.call(self._store.withdraw, member)

    async def members(self, now: float, ttl: float) -> tuple[Member, ...]:
        return await self.call(self._store.members, now, ttl)

    def next_change(self, clock: Clock, seconds: float) -> Change:
        return _Pause(clock, seconds)

    def describe(self) -> str:
        return self._store.describe()


class _Pause:
    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds

    async def wait(self) -> None:
        await self._clock.sleep(self._seconds)
