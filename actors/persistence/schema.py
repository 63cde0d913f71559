"""`EventSchema`: how classes are stored as events, and how what older versions stored becomes today's classes.

    schema = EventSchema()

    @schema.event(version=2)
    @dataclass(frozen=True, slots=True)
    class Deposited:
        amount: int
        currency: str

    @schema.upcast("Deposited", 1)                    # what version 1 stored, as version 2 would have
    def add_currency(payload):
        return payload | {"currency": "EUR"}

An upcaster returns the payload of the next version, or an `Event` of another kind or version, or a list of such (one
event became several), or None (the event means nothing any more). Upcasters run one after the other until a class of
today fits. Fields are converted by their annotations (pydantic): nested dataclasses, enums, dates, tuples and sets come
back as they were; fields that the class does not know are ignored.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from actors.persistence.journal import Event

__all__ = ["EventSchema", "SchemaError"]

C = TypeVar("C", bound=type)
Upcaster = Callable[[dict[str, Any]], Mapping[str, Any] | Event | Sequence[Event] | None]


class SchemaError(Exception):
    """An event cannot be stored, or what was stored cannot be understood; the text says what is missing."""


class EventSchema:
    """The events (and states) of one kind of entity. ``classes`` are registered under their names, as version 1."""

    def __init__(self, *classes: type) -> None:
        self._by_kind: dict[str, tuple[int, TypeAdapter[Any]]] = {}
        self._by_class: dict[type, tuple[str, int, TypeAdapter[Any]]] = {}
        self._upcasters: dict[tuple[str, int], Upcaster] = {}
        for cls in classes:
            self._register(cls, cls.__name__, 1)

    def event(self, kind: str | None = None, version: int = 1) -> Callable[[C], C]:
        """Register the decorated class. ``kind``: the name it is stored under, its own when None."""

        def register(cls: C) -> C:
            self._register(cls, kind or cls.__name__, version)
            return cls

        return register

    def upcast(self, kind: str, version: int) -> Callable[[Upcaster], Upcaster]:
        """Register the decorated function for what ``version`` of ``kind`` stored."""

        def register(upcaster: Upcaster) -> Upcaster:
            if (kind, version) in self._upcasters:
                raise ValueError(f"there is an upcaster of version {version} of {kind!r} already")
            self._upcasters[kind, version] = upcaster
            return upcaster

        return register

    def knows(self, cls: type) -> bool:
        """Whether instances of ``cls`` can be stored."""
        return cls in self._by_class

    def encode(self, value: Any) -> Event:
        """What is stored for ``value``; raises `SchemaError` when its class was not registered."""
        known = self._by_class.get(type(value))
        if known is None:
            raise SchemaError(
                f"{type(value).__name__} is not in the schema, which knows {', '.join(self._by_kind) or 'nothing'}; "
                "register it with @schema.event()"
            )
        kind, version, adapter = known
        return Event(kind, version, adapter.dump_python(value, mode="json"))

    def decode(self, stored: Event) -> list[Any]:
        """The values that a stored event means today: usually one; raises `SchemaError` when it is not understood."""
        found: list[Any] = []
        waiting = deque([stored])
        while waiting:
            event = waiting.popleft()
            upcaster = self._upcasters.get((event.kind, event.version))
            if upcaster is not None:
                waiting.extendleft(reversed(_normal(upcaster(dict(event.payload)), event)))
                continue
            known = self._by_kind.get(event.kind)
            if known is None or known[0] != event.version:
                raise SchemaError(_why_unknown(event, known[0] if known else 0))
            try:
                found.append(known[1].validate_python(event.payload))
            except ValidationError as error:
                raise SchemaError(
                    f"what was stored as {event.kind!r} version {event.version} does not fit its class: {error}; a "
                    "change of a class's fields needs a new version, and an upcaster of the old one"
                ) from error
        return found

    def _register(self, cls: type, kind: str, version: int) -> None:
        if kind in self._by_kind:
            raise ValueError(f"the schema has an event of kind {kind!r} already")
        if cls in self._by_class:
            raise ValueError(f"{cls.__name__} is in the schema already, as {self._by_class[cls][0]!r}")
        if version < 1:
            raise ValueError(f"the version of {kind!r} must be at least 1, not {version}")
        adapter: TypeAdapter[Any] = TypeAdapter(cls)
        self._by_kind[kind] = (version, adapter)
        self._by_class[cls] = (kind, version, adapter)


def _normal(result: Mapping[str, Any] | Event | Sequence[Event] | None, old: Event) -> list[Event]:
    if result is None:
        return []
    if isinstance(result, Event):
        return [result]
    if isinstance(result, Mapping):
        return [Event(old.kind, old.version + 1, result)]
    return list(result)


def _why_unknown(event: Event, known_version: int) -> str:
    what = f"an event of kind {event.kind!r}, version {event.version}"
    if not known_version:
        return f"{what}, was stored, but the schema has no such kind; register its class, or an upcaster that drops it"
    if event.version > known_version:
        return f"{what}, was stored by a newer version of this program; this one knows version {known_version}"
    return f"{what}, was stored, but there is no upcaster from it towards version {known_version}"
