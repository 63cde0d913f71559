"""`Codec`: what messages look like between two systems. Only registered classes cross, by name; nothing is pickled.

    @message("shop.order", version=2)
    @dataclass(frozen=True, slots=True)
    class Order:
        item: str
        count: int

    @upcast("shop.order", 1)                    # what version 1 said, as version 2 would have
    def one_of_it(fields):
        return fields | {"count": 1}

What crosses by itself: None, bool, int, float, str, bytes, list, tuple, dict, set, frozenset, datetime, date,
timedelta, Decimal, UUID, refs, and exceptions (those of Python and of `actors` as themselves, others as
`RemoteFailure`). What must be registered: dataclasses, enums and subclasses of str (`message`; `actors.mesos` does it
for Mesos's ids), protobuf messages (`register`), and any other class with two functions of its own
(`register(cls, "name", to_wire, from_wire)`).

A class is known to the other side as *name@version* with the names of its fields, which the sender tells once per
connection. Equal versions must have equal fields. An older version is brought up, step by step, by upcasters; a newer
one than the receiver knows is refused there, so receivers are upgraded before senders send.

How it is written down: `actors.remote._format`.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from actors.core import ActorIdentity, Failure, Identify, Kill, PoisonPill, Terminated

from .errors import MessageRefused

__all__ = ["Codec", "Definition", "Known", "default_codec", "message", "upcast"]

C = TypeVar("C", bound=type)
Fields = dict[str, Any]
Upcaster = Callable[[Fields], Mapping[str, Any]]


class Definition(NamedTuple):
    """What a sender says of a class before it sends one."""

    number: int
    name: str
    version: int
    fields: tuple[str, ...]


class Known(NamedTuple):
    """A registered class: how its instances become a list of values, and how they are made of one, or of fields."""

    definition: Definition
    cls: type
    take_apart: Callable[[Any], list[Any]]
    put_together: Callable[[list[Any]], Any]
    of_fields: Callable[[Mapping[str, Any]], Any]


#: Every system says these.
_CORE = (PoisonPill, Kill, Identify, ActorIdentity, Failure, Terminated)


class Codec:
    """See the head of this module. `default_codec` is the one that `message` and `upcast` fill."""

    def __init__(self) -> None:
        self.by_class: dict[type, Known] = {}
        self._by_name: dict[str, Known] = {}
        self._upcasters: dict[tuple[str, int], Upcaster] = {}
        self.definitions: list[Definition] = []
        for cls in _CORE:
            self.message(f"actors.{cls.__name__}")(cls)

    # registering

    def message(self, name: str, version: int = 1) -> Callable[[C], C]:
        """Register the decorated dataclass, enum or kind of text under a name that stays when the class is moved.

        :raises ValueError: when the name is taken.
        :raises TypeError: when it is neither dataclass, nor enum, nor a subclass of str.
        """

        def register(cls: C) -> C:
            if issubclass(cls, enum.Enum):
                self._add_by_value(name, version, cls, attrgetter("name"), lambda member: cls[member])
            elif dataclasses.is_dataclass(cls):
                self._add_dataclass(name, version, cls)
            elif issubclass(cls, str) and cls is not str:
                self._add_by_value(name, version, cls, str.__str__, cls)
            else:
                raise TypeError(
                    f"{cls.__qualname__} is neither a dataclass, nor an enum, nor a kind of text: put @message above"
                    " @dataclass, or register it with two functions"
                )
            return cls

        return register

    def register(
        self,
        cls: type,
        name: str | None = None,
        to_wire: Callable[[Any], Any] | None = None,
        from_wire: Callable[[Any], Any] | None = None,
        *,
        version: int = 1,
    ) -> None:
        """Register a protobuf message's class, or any class with what turns it into something that crosses and back.

        :param name: that of the protobuf message, when None.
        """
        if to_wire is None or from_wire is None:
            descriptor = getattr(cls, "DESCRIPTOR", None)
            if descriptor is None:
                raise TypeError(f"{cls.__qualname__} is no protobuf message: give to_wire and from_wire")
            made: Any = cls
            name = name or descriptor.full_name
            to_wire, from_wire = made.SerializeToString, made.FromString
        elif name is None:
            raise TypeError(f"{cls.__qualname__} needs a name to be known by")
        self._add_by_value(name, version, cls, to_wire, from_wire)

    def upcast(self, name: str, version: int) -> Callable[[Upcaster], Upcaster]:
        """Register the decorated function, which makes the fields of the next version of those that ``version`` had."""

        def register(upcaster: Upcaster) -> Upcaster:
            if (name, version) in self._upcasters:
                raise ValueError(f"there is an upcaster of {name}@{version} already")
            self._upcasters[name, version] = upcaster
            return upcaster

        return register

    def _add_dataclass(self, name: str, version: int, cls: Any) -> None:
        fields = [each for each in dataclasses.fields(cls) if each.init]
        names = tuple(each.name for each in fields)

        def of_fields(given: Mapping[str, Any]) -> Any:
            return cls(**{name: given[name] for name in names if name in given})  # the others have defaults, or fail

        def by_name(values: list[Any]) -> Any:
            return cls(**dict(zip(names, values, strict=True)))

        def by_place(values: list[Any]) -> Any:
            return cls(*values)

        put_together = by_name if any(each.kw_only for each in fields) else by_place
        self._add(Known(self._next(name, version, names), cls, _taker(names), put_together, of_fields))

    def _add_by_value(
        self, name: str, version: int, cls: type, to_wire: Callable[[Any], Any], from_wire: Callable[[Any], Any]
    ) -> None:
        self._add(
            Known(
                self._next(name, version, ("value",)),
                cls,
                lambda value: [to_wire(value)],
                lambda values: from_wire(values[0]),
                lambda fields: from_wire(fields["value"]),
            )
        )

    def _next(self, name: str, version: int, fields: tuple[str, ...]) -> Definition:
        if version < 1:
            raise ValueError(f"the version of {name!r} must be at least 1, not {version}")
        return Definition(len(self.definitions), name, version, fields)

    def _add(self, known: Known) -> None:
        name, cls = known.definition.name, known.cls
        if name in self._by_name:
            raise ValueError(f"the name {name!r} is taken, by {self._by_name[name].cls.__qualname__}")
        if cls in self.by_class:
            raise ValueError(f"{cls.__qualname__} is registered already, as {self.by_class[cls].definition.name!r}")
        self.definitions.append(known.definition)
        self._by_name[name] = self.by_class[cls] = known

    # for the encoder and the decoder

    def reader(self, definition: Definition) -> Callable[[list[Any]], Any]:
        """What makes an instance of the values that a sender with this definition sends. It raises `MessageRefused`."""
        known = self._by_name.get(definition.name)
        if known is None:
            return self._late(definition)
        ours = known.definition
        if definition.version > ours.version:
            return _refusing(
                f"a message {_versioned(definition)} came from a newer program; this one knows version {ours.version}:"
                " upgrade the receivers before the senders"
            )
        if definition.version == ours.version:
            if definition.fields == ours.fields:
                return known.put_together
            return _refusing(
                f"a message {_versioned(definition)} came with the fields {', '.join(definition.fields)}; here that"
                f" version has {', '.join(ours.fields)}: a change of the fields needs a new version, and an upcaster"
            )
        return self._upcasting(definition, known)

    def _late(self, definition: Definition) -> Callable[[list[Any]], Any]:
        """A class that is not known yet: its module may be imported after the connection is made."""

        def read(values: list[Any]) -> Any:
            if definition.name in self._by_name:
                return self.reader(definition)(values)
            raise MessageRefused(
                f"a message {_versioned(definition)} came, whose class is not registered here; import the module that"
                " registers it, in this program too"
            )

        return read

    def _upcasting(self, definition: Definition, known: Known) -> Callable[[list[Any]], Any]:
        ours = known.definition
        steps = [self._upcasters.get((ours.name, version)) for version in range(definition.version, ours.version)]
        if None in steps:
            missing = definition.version + steps.index(None)
            return _refusing(
                f"a message {_versioned(definition)} came from an older program, and there is no upcaster of"
                f" {ours.name}@{missing}: register one with @upcast({ours.name!r}, {missing})"
            )

        def read(values: list[Any]) -> Any:
            fields: Mapping[str, Any] = dict(zip(definition.fields, values, strict=True))
            for step in steps:
                assert step is not None
                fields = step(dict(fields))
            return known.of_fields(fields)

        return read


def _taker(names: tuple[str, ...]) -> Callable[[Any], list[Any]]:
    """What makes a list of the values of these attributes."""
    if not names:
        return lambda _: []
    get: Callable[[Any], Any] = attrgetter(*names)
    if len(names) == 1:
        return lambda value: [get(value)]
    return lambda value: [*get(value)]


def _versioned(definition: Definition) -> str:
    return f"{definition.name}@{definition.version}"


def _refusing(text: str) -> Callable[[list[Any]], Any]:
    def refuse(_: list[Any]) -> Any:
        raise MessageRefused(text)

    return refuse


#: What `message` and `upcast` fill, and systems use that are given no other.
default_codec = Codec()
message = default_codec.message
upcast = default_codec.upcast
