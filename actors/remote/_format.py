"""How values are written down: MessagePack, with extensions for what it lacks.

A connection carries entries, each a list whose first element is its kind:

    TELL      target, sender | nil, number of the class | nil, values…
    DEFINE    number, name, version, fields            what a number means, before it is first used
    WATCH     target                                   tell me when it stops
    UNWATCH   target
    NOTICE    target, existed, reason                  it has stopped
    UNHEARD   asker                                    nobody is there to answer its ask
    PING                                               a sign of life; each side gives its own
    BYE       reason                                   this system ends in order

A ref in a value is its full name, ``actors://SYSTEM@HOST:PORT/user/…/NAME#UID``; targets are without the address.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import msgpack

from actors import core
from actors.core import ActorRef

from .codec import Codec, Definition
from .errors import MessageRefused, RemoteFailure

__all__ = ["BYE", "DEFINE", "NOTICE", "PING", "TELL", "UNHEARD", "UNWATCH", "WATCH", "Decoder", "Encoder"]

TELL: Final = 0
DEFINE: Final = 1
WATCH: Final = 2
UNWATCH: Final = 3
NOTICE: Final = 4
UNHEARD: Final = 5
PING: Final = 6
BYE: Final = 7

# Extensions
_OBJECT: Final = 1  # of a registered class: number, then its values
_TUPLE: Final = 2
_SET: Final = 3
_FROZENSET: Final = 4
_DATETIME: Final = 5
_DATE: Final = 6
_TIMEDELTA: Final = 7
_DECIMAL: Final = 8
_UUID: Final = 9
_REF: Final = 10
_ERROR: Final = 11
_INTEGER: Final = 12  # of more than 64 bits


class Encoder:
    """Turns values into bytes.

    ``name_of``: the wire's name of a ref.
    """

    def __init__(self, codec: Codec, name_of: Callable[[ActorRef[Any]], str]) -> None:
        self._by_class = codec.by_class
        self._name_of = name_of
        self._pack = msgpack.Packer(default=self._extension, strict_types=True).pack

    def tell(self, target: str, sender: str | None, message: Any) -> bytes:
        """The bytes of a `TELL`: target, sender, the number of the message's class (None for plain values), its values.

        :raises MessageRefused: when some part of the message cannot cross.
        """
        known = self._by_class.get(type(message))
        try:
            if known is not None:
                return self._pack([TELL, target, sender, known[0][0], *known[2](message)])  # type: ignore[no-any-return]
            return self._pack([TELL, target, sender, None, message])  # type: ignore[no-any-return]
        except (ValueError, OverflowError, TypeError, RecursionError) as error:
            why = str(error) if isinstance(error, MessageRefused) else repr(error)
            raise MessageRefused(f"a {type(message).__name__} cannot be sent to another system: {why}") from error

    def _extension(self, value: Any) -> Any:
        cls = type(value)
        known = self._by_class.get(cls)
        if known is not None:
            return self._nested(_OBJECT, [known.definition.number, *known.take_apart(value)])
        if isinstance(value, ActorRef):
            return msgpack.ExtType(_REF, self._name_of(value).encode())
        if isinstance(value, BaseException):
            text = value.args[0] if len(value.args) == 1 and isinstance(value.args[0], str) else str(value)
            return self._nested(_ERROR, [cls.__name__, text])
        plain = _PLAIN.get(cls)
        if plain is not None:
            code, to_wire = plain
            return self._nested(code, to_wire(value))
        if cls is int:
            return msgpack.ExtType(_INTEGER, str(value).encode())
        raise MessageRefused(
            f'{cls.__module__}.{cls.__qualname__} is not registered; put @message("…") above its @dataclass, or'
            " register it with the codec"
        )

    def _nested(self, code: int, value: Any) -> Any:
        # A packer is not to be entered again while it packs, and this is called by one that does.
        return msgpack.ExtType(code, msgpack.packb(value, default=self._extension, strict_types=True))


class Decoder:
    """Turns bytes into values. Never raises for a part: the first thing wrong is in ``error`` until `check`.

    ``ref_of``: the ref of a wire's name.
    """

    def __init__(self, codec: Codec, ref_of: Callable[[str], ActorRef[Any]]) -> None:
        self._codec = codec
        self._ref_of = ref_of
        self.readers: list[Callable[[list[Any]], Any]] = []
        self.error: Exception | None = None

    def define(self, number: int, name: str, version: int, fields: list[str]) -> None:
        """The other side will send classes of this number."""
        if number != len(self.readers):
            raise MessageRefused(f"class number {number} was defined after {len(self.readers)} others")
        self.readers.append(self._codec.reader(Definition(number, name, version, tuple(fields))))

    def message(self, number: int | None, values: list[Any]) -> Any:
        """What `Encoder.tell` was given. Raises `MessageRefused`."""
        self.check()
        if number is None:
            return values[0]
        try:
            return self.readers[number](values)
        except Exception as error:
            raise _refused(error) from error

    def check(self) -> None:
        """Raise `MessageRefused` when an extension of the entry that was just read made no sense."""
        if self.error is not None:
            error, self.error = self.error, None
            raise _refused(error) from error

    def extension(self, code: int, data: bytes) -> Any:
        try:
            if code == _REF:
                return self._ref_of(data.decode())
            if code == _INTEGER:
                return int(data)
            value = msgpack.unpackb(data, ext_hook=self.extension, strict_map_key=False, use_list=True)
            if code == _OBJECT:
                return self.readers[value[0]](value[1:])
            if code == _ERROR:
                return _error(*value)
            return _FROM_WIRE[code](value)
        except Exception as error:  # noqa: BLE001 - told with the whole message, which it belongs to
            self.error = self.error or error
            return None


def _refused(error: Exception) -> MessageRefused:
    understood = isinstance(error, MessageRefused)
    return MessageRefused(str(error) if understood else f"a message came that cannot be understood here: {error!r}")


def _datetime_to(value: datetime) -> list[Any]:
    offset = value.utcoffset()
    return [value.replace(tzinfo=None).isoformat(), None if offset is None else offset.total_seconds(), value.fold]


def _datetime_from(value: list[Any]) -> datetime:
    text, offset, fold = value
    moment = datetime.fromisoformat(text).replace(fold=fold)
    if offset is None:
        return moment
    return moment.replace(tzinfo=UTC if offset == 0 else timezone(timedelta(seconds=offset)))


_PLAIN: dict[type, tuple[int, Callable[[Any], Any]]] = {
    tuple: (_TUPLE, list),
    set: (_SET, list),
    frozenset: (_FROZENSET, list),
    datetime: (_DATETIME, _datetime_to),
    date: (_DATE, date.isoformat),
    timedelta: (_TIMEDELTA, lambda value: [value.days, value.seconds, value.microseconds]),
    Decimal: (_DECIMAL, str),
    UUID: (_UUID, lambda value: value.bytes),
}

_FROM_WIRE: dict[int, Callable[[Any], Any]] = {
    _TUPLE: tuple,
    _SET: set,
    _FROZENSET: frozenset,
    _DATETIME: _datetime_from,
    _DATE: date.fromisoformat,
    _TIMEDELTA: lambda value: timedelta(*value),
    _DECIMAL: Decimal,
    _UUID: lambda value: UUID(bytes=value),
}


def _is_made_of_a_text(error: Any) -> bool:
    try:
        return isinstance(error, type) and issubclass(error, Exception) and error("text").args == ("text",)
    except TypeError:
        return False


#: Errors that are made again as themselves.
_ERRORS: dict[str, type[Exception]] = {
    name: error for module in (builtins, core) for name, error in vars(module).items() if _is_made_of_a_text(error)
}


def _error(name: str, text: str) -> BaseException:
    known = _ERRORS.get(name)
    return RemoteFailure(f"{name}: {text}") if known is None else known(text)
