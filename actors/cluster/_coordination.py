"""What the coordinators over a shared store have in common: renewal, waiting, watching.

StoreCoordinator                              Store
----------------                              -----
lease(): at each change until it is ours  →   claim: a new epoch, or who holds it
every ``heartbeat`` seconds               →   renew: still the newest epoch? then note the time
held(): renewed within 2/3 of the ttl?        others claim after ``ttl`` without a renewal

A store that cannot be reached raises `OSError`: what is held is held until its time is over, what is waited for is
waited for, and nothing is known meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Self, TypeVar

from actors.cluster._store import Change, Store
from actors.cluster.coordinator import CoordinationError, Holder, Lease, LeaseHeld, Member
from actors.core.clock import Clock

log = logging.getLogger("actors.cluster")

T = TypeVar("T")
DOUBT = 2 / 3  # of the time to live: from then on the holder stops; the rest is for what is under way to end
POLLS_PER_HEARTBEAT = 4
RELEASED = "released"


class HeldLease:
    """A `Lease` that is renewed by a task of its own."""

    def __init__(self, owner: StoreCoordinator, name: str, epoch: int, claimed_at: float) -> None:
        self._owner = owner
        self._name = name
        self._epoch = epoch
        self._renewed_at = claimed_at
        self._over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep the lease {name!r}")

    @property
    def name(self) -> str:
        return self._name

    @property
    def epoch(self) -> int:
        return self._epoch

    def held(self) -> bool:
        if not self._over.done() and self._owner.now() >= self._renewed_at + self._owner.ttl * DOUBT:
            self._end(f"it was not renewed for {self._owner.now() - self._renewed_at:.1f} s")
        return not self._over.done()

    async def lost(self) -> str:
        return await asyncio.shield(self._over)

    async def release(self) -> None:
        self._end(RELEASED)
        # A store that is away is told when it is back; whoever releases need not wait so long.
        await asyncio.wait([self._keeper], timeout=self._owner.ttl)

    def abandon(self) -> None:
        """Try no longer to tell the store of the end."""
        self._keeper.cancel()

    async def _keep(self) -> None:
        owner = self._owner
        while self.held():
            await asyncio.wait([self._over], timeout=owner.heartbeat)
            now = owner.now()
            if not self.held():  # released, or the loop itself stood still
                break
            try:  # at most until it is too late: a store that hangs must not hide that
                async with asyncio.timeout(self._renewed_at + owner.ttl * DOUBT - now):
                    ours = await owner.store.renew(self._name, self._epoch, now)
            except OSError as error:  # TimeoutError is one
                log.warning("the lease %r at %s could not be renewed: %s", self._name, owner.store.describe(), error)
                continue
            if not ours:
                self._end("another process was given it")
            elif not self._over.done():
                self._renewed_at = now
        while True:
            try:  # so that others need not wait for the ttl, or for the end of a session that outlived the lease
                await owner.store.release(self._name, self._epoch)
                return
            except OSError as error:
                log.warning("the lease %r at %s could not be released: %s", self._name, owner.store.describe(), error)
                await owner.sleep(owner.heartbeat)

    def _end(self, reason: str) -> None:
        if self._over.done():
            return
        self._over.set_result(reason)
        self._owner.forget(self)
        if reason != RELEASED:
            log.error("the lease %r (epoch %d) is lost: %s", self._name, self._epoch, reason)


class StoreCoordinator:
    """A `Coordinator` over a store. ``ttl``: seconds without a renewal after which a lease or member is given up.

    ``heartbeat``: seconds between renewals; must be below a third of ``ttl``.
    """

    def __init__(self, store: Store, *, ttl: float, heartbeat: float) -> None:
        if not 0 < heartbeat < ttl / 3:
            raise ValueError(f"heartbeat must be above 0 and below a third of ttl ({ttl} s), not {heartbeat} s")
        self.store = store
        self._ttl = ttl
        self._heartbeat = heartbeat
        self._clock: Clock | None = None
        self._leases: dict[str, HeldLease] = {}
        self._member: Member | None = None
        self._data: Mapping[str, str] = {}
        self._refresher: asyncio.Task[None] | None = None
        self._removed: asyncio.Future[str]
        self._ending: list[HeldLease] = []
        self._closed = False

    @property
    def ttl(self) -> float:
        """Seconds without a renewal after which others may take what this one holds."""
        return self._ttl

    @property
    def heartbeat(self) -> float:
        return self._heartbeat

    async def join(self, name: str, data: Mapping[str, str] | None = None) -> Member:
        if self._member is not None:
            raise ValueError(f"this coordinator has joined already, as {self._member.name!r}")
        self._data = dict(data or {})
        self._removed = asyncio.get_running_loop().create_future()
        self._member = member = await self.store.announce(name, self._data, self.now())
        self._refresher = asyncio.create_task(self._refresh(member), name=f"keep member {name!r}")
        return member

    async def leave(self) -> None:
        member, self._member = self._member, None
        if self._refresher:
            self._refresher.cancel()
        if member:
            await self.store.withdraw(member)

    async def removed(self) -> str:
        if self._member is None:
            raise ValueError("this coordinator has not joined: nobody can remove it")
        return await asyncio.shield(self._removed)

    async def expel(self, member: Member) -> None:
        await self.store.withdraw(member)

    async def members(self) -> tuple[Member, ...]:
        return await self.store.members(self.now(), self.ttl)

    async def watch(self) -> AsyncIterator[tuple[Member, ...]]:
        known: tuple[Member, ...] | None = None
        while True:
            change = self._next_change()
            try:
                members = await self.members()
            except OSError as error:
                log.warning("the members at %s are not known at present: %s", self.store.describe(), error)
            else:
                if members != known:
                    known = members
                    yield members
            await change.wait()

    async def lease(self, name: str, *, wait: bool = True) -> Lease:
        if self._closed:
            raise RuntimeError("this coordinator is closed")
        if (lease := self._leases.get(name)) is not None and lease.held():
            return lease
        while True:
            change = self._next_change()
            now = self.now()
            try:
                claimed = await self._claim(name, now)
            except OSError as error:
                if not wait:
                    raise CoordinationError(f"nobody can say who holds the lease {name!r}: {error}") from error
                log.warning("the lease %r cannot be had at present: %s", name, error)
                await self.sleep(self.heartbeat)
                continue
            if isinstance(claimed, int):
                lease = self._leases[name] = HeldLease(self, name, claimed, now)
                return lease
            if not wait:
                who = "this process itself" if claimed.pid == os.getpid() else f"process {claimed.pid}"
                raise LeaseHeld(
                    f"{self.store.describe()} is in use: {who} holds its lease {name!r} (epoch {claimed.epoch}). End "
                    "that process, or use another place (--work-dir)."
                )
            await change.wait()

    async def _claim(self, name: str, now: float) -> int | Holder:
        claiming = asyncio.ensure_future(self.store.claim(name, self._data, now, self.ttl))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            # A claim under way cannot be called back; one that nobody will renew must not bar others for its ttl.
            with contextlib.suppress(OSError):
                claimed = await claiming
                if isinstance(claimed, int):
                    await self.store.release(name, claimed)
            raise

    async def holder(self, name: str) -> Holder | None:
        return await self.store.holder(name, self.now(), self.ttl)

    async def close(self) -> None:
        self._closed = True
        for lease in list(self._leases.values()):
            await lease.release()
        for lease in self._ending:  # those that were lost: the store is away, or has given them to others
            lease.abandon()
        try:
            await self.leave()
        except OSError as error:
            log.warning("%s could not be left in order: %s", self.store.describe(), error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def forget(self, lease: HeldLease) -> None:
        """The lease is over."""
        if self._leases.get(lease.name) is lease:
            del self._leases[lease.name]
            self._ending.append(lease)

    def now(self) -> float:
        """Seconds on the clock that all processes of the machine share."""
        return self._time().time()

    async def sleep(self, seconds: float) -> None:
        await self._time().sleep(seconds)

    def _next_change(self) -> Change:
        return self.store.next_change(self._time(), self.heartbeat / POLLS_PER_HEARTBEAT)

    def _time(self) -> Clock:
        if self._clock is None:
            self._clock = Clock(asyncio.get_running_loop())
        return self._clock

    async def _refresh(self, member: Member) -> None:
        while True:
            await self.sleep(self.heartbeat)
            try:
                why = await self.store.refresh(member, self.now(), self.ttl)
            except OSError as error:
                log.warning("member %r could not be refreshed at %s: %s", member.name, self.store.describe(), error)
                continue
            if why is not None and not self._removed.done():
                log.warning("member %r was removed from %s: %s", member.name, self.store.describe(), why)
                self._removed.set_result(why)
