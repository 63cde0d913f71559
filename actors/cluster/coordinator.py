"""The coordinator: who is there, and who leads.

    process A                           coordinator                      process B
    ---------                           -----------                      ---------
    join("a", {"url": …})           →   members: a                   →   watch(): (a,)
    lease("leader")                 →   nobody holds it
    Lease(epoch=1)                  ←
    renews while it lives           →                                ←   lease("leader"): waits
    dies, or is stopped             ✗   after the time to live, at
                                        once when it is seen to die  →   Lease(epoch=2)
    (wakes) lease.held() is False; its writes carry epoch 1 and are refused wherever 2 was seen

What holds for every coordinator (``tests/cluster/test_coordinator_contract.py`` runs each through it):

- At most one lease of a name is *new*: each has a greater epoch than all before it. Nobody can promise that a stopped
  process knows that its lease is over; so what it writes carries the epoch, and `actors.persistence.Journal` refuses
  older ones. `Lease.held` turns False before anyone else can have been given the lease, by the holder's own clock.
- A holder that cannot renew in time has lost the lease for good, even if nobody else wanted it meanwhile.
- Members that died or were stopped longer than the time to live are no members. One that was stopped learns from
  `removed` that it was gone for the others.
- While the coordinator itself cannot be reached, nobody joins and nobody gets a lease; a lease that is held ends when
  its time is over, and `watch` stays silent. What raises meanwhile raises `OSError`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

__all__ = ["CoordinationError", "Coordinator", "Holder", "Lease", "LeaseHeld", "Member"]


class CoordinationError(Exception):
    """Base of what a coordinator raises."""


class LeaseHeld(CoordinationError):
    """Somebody else holds the lease, and the caller did not want to wait."""


@dataclass(frozen=True, slots=True)
class Member:
    """A process that joined. ``data`` is what it says of itself (its URL, its roles); ``pid`` of its process."""

    id: str
    name: str
    pid: int
    joined_at: float
    data: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease. ``data`` is what the holder told of itself when it joined."""

    epoch: int
    pid: int
    data: Mapping[str, str] = field(default_factory=dict, hash=False)


class Lease(Protocol):
    """The right to lead, until it is lost or released."""

    @property
    def name(self) -> str:
        """What it is a lease of."""
        ...

    @property
    def epoch(self) -> int:
        """Greater than that of every earlier lease of this name; from 1."""
        ...

    def held(self) -> bool:
        """Whether it is certainly still ours. Once False it stays False. Never waits."""
        ...

    async def lost(self) -> str:
        """Wait until it is no longer ours; returns why ("released" when `release` was called)."""
        ...

    async def release(self) -> None:
        """Give it up; others get it at once. Twice does nothing."""
        ...


@runtime_checkable
class Coordinator(Protocol):
    """See the head of this module."""

    async def join(self, name: str, data: Mapping[str, str] | None = None) -> Member:
        """Become a member. Raises `ValueError` when this coordinator has joined already."""
        ...

    async def leave(self) -> None:
        """Be a member no longer. Not having joined does nothing."""
        ...

    async def removed(self) -> str:
        """Wait until this process was no member for a while other than by `leave`; returns why.

        One that was only late (stopped, or without the coordinator) is a member again, one that was expelled is not.
        Raises `ValueError` when it has not joined.
        """
        ...

    async def expel(self, member: Member) -> None:
        """Make another a member no longer: it learns of it from `removed`, within its heartbeat."""
        ...

    async def members(self) -> tuple[Member, ...]:
        """All living members, the oldest first."""
        ...

    def watch(self) -> AsyncIterator[tuple[Member, ...]]:
        """The members now, and again after each change."""
        ...

    async def lease(self, name: str, *, wait: bool = True) -> Lease:
        """Get the lease; the same one again while we hold it. ``wait=False`` raises `LeaseHeld` when it is taken."""
        ...

    async def holder(self, name: str) -> Holder | None:
        """Who holds the lease, as far as can be seen; None when nobody does."""
        ...

    async def close(self) -> None:
        """Leave, and release all leases."""
        ...
