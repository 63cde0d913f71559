"""Messages as bytes between two processes of this machine, which trust each other: pickle, with two exceptions.

Refs cross as numbers (see `_link`). Errors, wherever they are in a message, take their traceback along as text, and
become a `RemoteError` where their class cannot be pickled or imported.
"""

from __future__ import annotations

import io
import pickle
import traceback
from collections.abc import Callable
from typing import Any

from actors.core import ActorRef

from .errors import RemoteError, RemoteTraceback

__all__ = ["dumps", "loads"]


def dumps(value: Any, name_of: Callable[[ActorRef[Any]], Any]) -> bytes:
    """`value` as bytes; `name_of` says what stands for a ref. Raises what pickle raises: almost anything."""
    buffer = io.BytesIO()
    _Pickler(buffer, name_of).dump(value)
    return buffer.getvalue()


def loads(data: bytes, ref_of: Callable[[Any], ActorRef[Any]]) -> Any:
    """The value; `ref_of` gives the ref for what stands for it."""
    return _Unpickler(io.BytesIO(data), ref_of).load()


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, name_of: Callable[[ActorRef[Any]], Any]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._name_of = name_of

    def persistent_id(self, value: Any) -> Any:
        return self._name_of(value) if isinstance(value, ActorRef) else None

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, BaseException):
            return NotImplemented
        try:
            data = pickle.dumps(value)
        except Exception:  # noqa: BLE001 - a class that cannot be pickled may raise anything
            data = b""
        kind = type(value)
        said = f"{kind.__module__}.{kind.__qualname__}: {value}"
        return _rebuilt, (data, said, "".join(traceback.format_exception(value)) if value.__traceback__ else "")


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, ref_of: Callable[[Any], ActorRef[Any]]) -> None:
        super().__init__(file)
        self._ref_of = ref_of

    def persistent_load(self, name: Any) -> ActorRef[Any]:
        return self._ref_of(name)


def _rebuilt(data: bytes, said: str, trace: str) -> BaseException:
    try:
        error = pickle.loads(data) if data else None
    except Exception:  # noqa: BLE001 - a constructor that wants other arguments, a module that is not here
        error = None
    if not isinstance(error, BaseException):
        error = RemoteError(said)
    if trace:
        error.__cause__ = RemoteTraceback(trace)
    return error
