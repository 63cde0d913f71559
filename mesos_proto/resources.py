"""What an agent has, an offer holds, a task needs: amounts of kinds of resources, with exact arithmetic.

    offer = Resources(offer_proto.resources)
    task = Resources.parse("cpus:0.1;mem:64")
    if offer.contains(task):
        rest = offer - task

Scalars are whole thousandths, ranges and sets are sets, and different kinds (another role, another disk, …) never mix:
see ``resource.py``. Nothing is ever negative: subtracting what is not there takes what there is, as in Mesos.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from mesos_proto import _resource_text
from mesos_proto._reservation_format import set_older_format, set_stack, stack_of
from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.ranges import Ranges
from mesos_proto.resource import Amount, Resource, ResourceError
from mesos_proto.roles import UNRESERVED, is_within
from mesos_proto.scalars import from_thousandths
from mesos_proto.wire import delimited


class _Entry(NamedTuple):
    resource: Resource
    copies: int  # of a whole thing: its users when shared; always 1 where amounts add up


class Resources:
    """An immutable collection of resources.

    Args:
        protos: messages, in either of Mesos's two formats for reservations; those of nothing (``cpus:0``) are dropped.

    Raises:
        ResourceError: a message breaks a rule of Mesos's; in Mesos's words.
    """

    __slots__ = ("_entries", "_hash", "_wire")

    def __init__(self, protos: Iterable[mesos_pb2.Resource] = ()) -> None:
        self._entries: dict[Any, _Entry] = {}
        self._hash: int | None = None
        self._wire: tuple[bytes, bytes] | None = None
        for proto in protos:
            _add(self._entries, Resource(proto), 1)

    @classmethod
    def parse(cls, text: str, role: str = UNRESERVED) -> Resources:
        """Reads ``cpus:4;mem:4096;ports:[31000-31999]``; ``cpus(web):4`` is reserved statically. JSON lists too.

        Raises:
            ResourceError: in Mesos's words.
        """
        try:
            return cls(_resource_text.parse_resources(text, role))
        except ResourceError:
            raise
        except ValueError as error:
            raise ResourceError(str(error)) from None

    def to_protos(self, refined_format: bool | None = None) -> list[mesos_pb2.Resource]:
        """As messages; a shared volume once per user.

        Args:
            refined_format: how reservations are written: True as a stack (``reservations``, for frameworks with the
                capability RESERVATION_REFINEMENT), False as ``role`` and ``reservation``, None as they came.

        Raises:
            ResourceError: a stack of two or more reservations cannot be written in the older format.
        """
        protos = []
        for resource, count in self._entries.values():
            proto = resource.to_proto()
            if refined_format:
                set_stack(proto, resource.reservations)
            elif refined_format is False:
                _set_older_format(proto)
            protos += [proto] * count
        return protos

    def to_wire(self, field: bytes) -> bytes:
        """The same in the repeated field with this tag. What thousands of tasks take is written once."""
        if self._wire is None or self._wire[0] != field:
            self._wire = field, b"".join(delimited(field, each.SerializeToString()) for each in self.to_protos())
        return self._wire[1]

    def __iter__(self) -> Iterator[Resource]:
        for resource, count in self._entries.values():
            for _ in range(count):
                yield resource

    def __bool__(self) -> bool:
        return bool(self._entries)

    # Arithmetic

    def __add__(self, other: Resources) -> Resources:
        if not isinstance(other, Resources):
            return NotImplemented
        entries = dict(self._entries)
        for resource, count in other._entries.values():
            _add(entries, resource, count)
        return _made(entries)

    def __sub__(self, other: Resources) -> Resources:
        if not isinstance(other, Resources):
            return NotImplemented
        entries = dict(self._entries)
        for key, (resource, count) in other._entries.items():
            there = entries.get(key)
            if there is not None:
                _take(entries, key, there, resource.amount, count)
        return _made(entries)

    def contains(self, other: Resources) -> bool:
        """Whether all of ``other`` is in here, of the same kinds."""
        for key, (resource, count) in other._entries.items():
            there = self._entries.get(key)
            if there is None or there.copies < count or not _covers(there.resource.amount, resource.amount):
                return False
        return True

    # How much

    def scalar(self, name: str) -> float:
        """How much of ``name`` there is over all kinds; 0.0 when none."""
        return from_thousandths(
            sum(
                resource.amount * count
                for resource, count in self._entries.values()
                if resource.kind.name == name and isinstance(resource.amount, int)
            )
        )

    def ranges(self, name: str) -> Ranges:
        """The numbers of ``name`` over all kinds."""
        total = Ranges()
        for resource, _ in self._entries.values():
            if resource.kind.name == name and isinstance(resource.amount, Ranges):
                total += resource.amount
        return total

    @property
    def cpus(self) -> float:
        """CPUs, in cores."""
        return self.scalar("cpus")

    @property
    def mem(self) -> float:
        """Memory, in MB."""
        return self.scalar("mem")

    @property
    def disk(self) -> float:
        """Disk, in MB."""
        return self.scalar("disk")

    @property
    def gpus(self) -> float:
        """GPUs, whole ones."""
        return self.scalar("gpus")

    @property
    def ports(self) -> Ranges:
        """TCP and UDP ports."""
        return self.ranges("ports")

    # Parts

    def filter(self, keep: Callable[[Resource], bool]) -> Resources:
        """Those for which ``keep`` says True."""
        return _made({key: entry for key, entry in self._entries.items() if keep(entry.resource)})

    def unreserved(self) -> Resources:
        """Those reserved for nobody."""
        return self.filter(lambda resource: not resource.is_reserved)

    def reserved(self, role: str | None = None) -> Resources:
        """Those reserved for ``role``, or for anybody."""
        return self.filter(lambda resource: resource.is_reserved and role in (None, resource.role))

    def shared(self) -> Resources:
        """Those that any number of tasks may use at once."""
        return self.filter(lambda resource: resource.is_shared)

    def unshared(self) -> Resources:
        """Those that are one user's alone."""
        return self.filter(lambda resource: not resource.is_shared)

    def reservations(self) -> dict[str, Resources]:
        """The reserved ones, by role."""
        return {role: self.reserved(role) for role in {each.role for each in self if each.is_reserved}}

    def allocatable_to(self, role: str) -> Resources:
        """Those that may be offered to ``role``: unreserved, or reserved for it or for a role above it."""
        return self.filter(lambda resource: not resource.is_reserved or is_within(role, resource.role))

    def allocations(self) -> dict[str | None, Resources]:
        """By the role to which they are allocated; None: to none."""
        return {role: self._allocated_to(role) for role in {each.allocation_role for each in self}}

    def _allocated_to(self, role: str | None) -> Resources:
        return self.filter(lambda resource: resource.allocation_role == role)

    # Made into others

    def allocated(self, role: str) -> Resources:
        """The same, allocated to ``role``."""
        return self._of_kinds(role)

    def unallocated(self) -> Resources:
        """The same, allocated to nobody."""
        return self._of_kinds(None)

    def push_reservation(self, reservation: mesos_pb2.Resource.ReservationInfo) -> Resources:
        """The same, reserved once more.

        Raises:
            ResourceError: the reservation breaks a rule, or refines nothing that is there.
        """

        def push(proto: mesos_pb2.Resource) -> None:
            set_stack(proto, [*stack_of(proto), reservation])

        return self._changed(push)

    def pop_reservation(self) -> Resources:
        """The same without the last reservation.

        Raises:
            ResourceError: one of them is not reserved.
        """

        def pop(proto: mesos_pb2.Resource) -> None:
            stack = stack_of(proto)
            if not stack:
                raise ResourceError(f"Resource '{_resource_text.describe(proto)}' is not reserved")
            set_stack(proto, stack[:-1])

        return self._changed(pop)

    def to_unreserved(self) -> Resources:
        """The same, reserved for nobody."""

        def clear(proto: mesos_pb2.Resource) -> None:
            set_stack(proto, ())
            proto.role = UNRESERVED

        return self._changed(clear)

    def _of_kinds(self, role: str | None) -> Resources:
        # No message is made: thousands of offers a second are of the same few kinds.
        entries: dict[Any, _Entry] = {}
        for resource, count in self._entries.values():
            _add(entries, Resource.of(resource.kind.allocated_to(role), resource.amount), count)
        return _made(entries)

    def _changed(self, change: Callable[[mesos_pb2.Resource], None]) -> Resources:
        entries: dict[Any, _Entry] = {}
        for resource, count in self._entries.values():
            proto = resource.to_proto()
            change(proto)
            _add(entries, Resource(proto), count)
        return _made(entries)

    # Values

    def __eq__(self, other: object) -> bool:
        return self._entries == other._entries if isinstance(other, Resources) else NotImplemented

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._entries.values()))
        return self._hash

    def __str__(self) -> str:
        texts = [
            f"{resource}<{count}>" if resource.is_shared else str(resource)
            for resource, count in self._entries.values()
        ]
        return "; ".join(texts) or "{}"

    def __repr__(self) -> str:
        return f"<Resources {self}>"


def _made(entries: dict[Any, _Entry]) -> Resources:
    made = Resources.__new__(Resources)
    made._entries, made._hash, made._wire = entries, None, None
    return made


def _add(entries: dict[Any, _Entry], resource: Resource, count: int) -> None:
    if not resource.amount:
        return
    key = resource.key
    there = entries.get(key)
    if there is None:
        entries[key] = _Entry(resource, count)
    elif resource.kind.is_whole:
        entries[key] = _Entry(there.resource, there.copies + count)
    else:
        entries[key] = _Entry(Resource.of(there.resource.kind, _sum(there.resource.amount, resource.amount)), 1)


def _take(entries: dict[Any, _Entry], key: Any, there: _Entry, amount: Amount, count: int) -> None:
    if there.resource.kind.is_whole:
        left = _Entry(there.resource, there.copies - count)
        gone = left.copies <= 0
    else:
        rest = _difference(there.resource.amount, amount)
        left = _Entry(Resource.of(there.resource.kind, rest), 1)
        gone = not rest
    if gone:
        del entries[key]
    else:
        entries[key] = left


# Amounts under one key have one type: the type is part of the key.


def _sum(one: Amount, other: Amount) -> Amount:
    if isinstance(one, frozenset):
        return one | other  # type: ignore[operator]
    return one + other  # type: ignore[operator]


def _difference(one: Amount, other: Amount) -> Amount:
    if isinstance(one, int):
        return max(0, one - other)  # type: ignore[operator]
    return one - other  # type: ignore[operator]


def _covers(one: Amount, other: Amount) -> bool:
    return other <= one  # type: ignore[operator]


def _set_older_format(proto: mesos_pb2.Resource) -> None:
    try:
        set_older_format(proto)
    except ValueError as error:
        raise ResourceError(f"Resource '{_resource_text.describe(proto)}' cannot be written: {error}") from None
