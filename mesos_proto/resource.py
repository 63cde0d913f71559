"""One kind of resource and how much of it: what a ``Resources`` is made of.

Two resources are of one kind when all but the amount is equal: name, type, reservations, allocation, disk, provider,
revocable. Amounts of one kind add up, except where the thing is one thing: a persistent volume and a disk of its own
(MOUNT, BLOCK, RAW) are whole or not at all, and a shared volume is counted by its users. ``disk.volume`` says how a
task uses a disk and not which disk it is, a volume's principal who made it: neither tells kinds apart.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from mesos_proto._reservation_format import set_stack, stack_of
from mesos_proto._resource_rules import fault_of
from mesos_proto._resource_text import describe
from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.mesos.v1.mesos_pb2 import Value
from mesos_proto.ranges import Ranges
from mesos_proto.scalars import from_thousandths, to_thousandths

Amount: TypeAlias = int | Ranges | frozenset[str]
"""Thousandths of a scalar, ranges, or a set."""

_VALUES: Final = ("scalar", "ranges", "set")
_WHOLE_DISKS: Final = frozenset(
    (
        mesos_pb2.Resource.DiskInfo.Source.MOUNT,
        mesos_pb2.Resource.DiskInfo.Source.BLOCK,
        mesos_pb2.Resource.DiskInfo.Source.RAW,
    )
)
_KINDS_KEPT: Final = 10_000
_ROLES_KEPT: Final = 100
_kinds: dict[bytes, Kind] = {}


class ResourceError(ValueError):
    """A resource breaks a rule of Mesos's, or a text is none; the message is Mesos's."""


class Kind:
    """All of a resource but its amount."""

    __slots__ = ("_allocated", "allocation_role", "form", "is_whole", "key", "name", "reservations", "role", "type")

    def __init__(self, form: mesos_pb2.Resource) -> None:
        self.form: Final = form
        """The message without its value, in the format in which it came."""
        self.name: Final = form.name
        self.type: Final = form.type
        self.reservations: Final = tuple(stack_of(form))
        self.role: Final = self.reservations[-1].role if self.reservations else "*"
        self.allocation_role: Final = form.allocation_info.role if form.HasField("allocation_info") else None
        disk = form.disk
        self.is_whole: Final = form.HasField("shared") or (
            form.HasField("disk") and (disk.HasField("persistence") or disk.source.type in _WHOLE_DISKS)
        )
        self.key: Final = _key_of(form)
        self._allocated: dict[str | None, Kind] = {}

    def allocated_to(self, role: str | None) -> Kind:
        """The kind of the same, allocated to ``role``; None: to nobody."""
        if role == self.allocation_role:
            return self
        kind = self._allocated.get(role)
        if kind is None:
            form = mesos_pb2.Resource()
            form.CopyFrom(self.form)
            form.ClearField("allocation_info")
            if role is not None:
                form.allocation_info.role = role
            if len(self._allocated) >= _ROLES_KEPT:
                self._allocated.clear()
            kind = self._allocated[role] = _kind_of(form)
        return kind


def _key_of(form: mesos_pb2.Resource) -> bytes:
    """Equal for forms that are of one kind, whichever format they are in."""
    bare = mesos_pb2.Resource()
    bare.CopyFrom(form)
    set_stack(bare, stack_of(form))
    if bare.HasField("disk"):
        bare.disk.ClearField("volume")
    if bare.disk.HasField("persistence"):
        bare.disk.persistence.ClearField("principal")
    return bare.SerializeToString(deterministic=True)


def _kind_of(proto: mesos_pb2.Resource) -> Kind:
    form = mesos_pb2.Resource()
    form.CopyFrom(proto)
    for name in _VALUES:
        form.ClearField(name)
    written = form.SerializeToString(deterministic=True)
    kind = _kinds.get(written)
    if kind is None:
        # Volumes bring endless kinds; forgetting them all now and then keeps the memory bounded.
        if len(_kinds) >= _KINDS_KEPT:
            _kinds.clear()
        kind = _kinds[written] = Kind(form)
    return kind


class Resource:
    """An immutable amount of one kind.

    Args:
        proto: a message that is valid by Mesos's rules; a copy is kept.

    Raises:
        ResourceError: it is not: ``Resource 'cpus(allocated: *):-1' is invalid: Invalid scalar resource: value <= 0``.
    """

    __slots__ = ("amount", "kind")

    kind: Kind
    amount: Amount

    def __init__(self, proto: mesos_pb2.Resource) -> None:
        fault = fault_of(proto)
        if fault:
            raise ResourceError(f"Resource '{describe(proto)}' is invalid: {fault}")
        self.kind = _kind_of(proto)
        self.amount = _amount_of(proto)

    @classmethod
    def of(cls, kind: Kind, amount: Amount) -> Resource:
        """Another amount of a known kind."""
        made = cls.__new__(cls)
        made.kind, made.amount = kind, amount
        return made

    @property
    def name(self) -> str:
        """``cpus``, ``mem`` …"""
        return self.kind.name

    @property
    def role(self) -> str:
        """For whom it is reserved (the last of its reservations); ``*`` when for nobody."""
        return self.kind.role

    @property
    def reservations(self) -> tuple[mesos_pb2.Resource.ReservationInfo, ...]:
        """The stack of reservations, the first made first."""
        return self.kind.reservations

    @property
    def allocation_role(self) -> str | None:
        """The role to which it is allocated."""
        return self.kind.allocation_role

    @property
    def disk(self) -> mesos_pb2.Resource.DiskInfo | None:
        """Which disk it is of."""
        return self.kind.form.disk if self.kind.form.HasField("disk") else None

    @property
    def provider_id(self) -> str | None:
        """The resource provider that it comes from; None: the agent itself."""
        return self.kind.form.provider_id.value if self.kind.form.HasField("provider_id") else None

    @property
    def is_reserved(self) -> bool:
        """Whether somebody has reserved it."""
        return bool(self.kind.reservations)

    @property
    def is_dynamically_reserved(self) -> bool:
        """Whether the last reservation can be taken back."""
        stack = self.kind.reservations
        return bool(stack) and stack[-1].type == mesos_pb2.Resource.ReservationInfo.DYNAMIC

    @property
    def is_persistent_volume(self) -> bool:
        """Whether it is a volume that outlives tasks."""
        return self.kind.form.HasField("disk") and self.kind.form.disk.HasField("persistence")

    @property
    def is_revocable(self) -> bool:
        """Whether tasks on it may be killed at any time."""
        return self.kind.form.HasField("revocable")

    @property
    def is_shared(self) -> bool:
        """Whether several tasks may use it at once."""
        return self.kind.form.HasField("shared")

    @property
    def key(self) -> Any:
        """Equal keys: amounts add up, or it is the same whole thing."""
        return (self.kind.key, self.amount) if self.kind.is_whole else self.kind.key

    def to_proto(self) -> mesos_pb2.Resource:
        """As a message, in the format in which its kind came."""
        proto = mesos_pb2.Resource()
        proto.CopyFrom(self.kind.form)
        if isinstance(self.amount, int):
            proto.scalar.value = from_thousandths(self.amount)
        elif isinstance(self.amount, Ranges):
            proto.ranges.CopyFrom(self.amount.to_proto())
        else:
            proto.set.item.extend(sorted(self.amount))
        return proto

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Resource):
            return NotImplemented
        return self.kind.key == other.kind.key and self.amount == other.amount

    def __hash__(self) -> int:
        return hash((self.kind.key, self.amount))

    def __str__(self) -> str:
        return describe(self.to_proto())

    def __repr__(self) -> str:
        return f"<Resource {self}>"


def _amount_of(proto: mesos_pb2.Resource) -> Amount:
    if proto.type == Value.SCALAR:
        return to_thousandths(proto.scalar.value)
    if proto.type == Value.RANGES:
        return Ranges.from_proto(proto.ranges)
    return frozenset(proto.set.item)
