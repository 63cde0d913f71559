"""What journals that gather the calls of many share: each call as one operation, to go into the next commit.

append(), save_snapshot(), delete(), fence()  →  checked and encoded on the loop  →  one `Operation` for `_do`
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from actors.persistence.journal import Append, check_name, encode_events, encode_payload

__all__ = [
    "AppendOperation",
    "DeleteOperation",
    "EncodedEvents",
    "FenceOperation",
    "GatheringJournal",
    "Operation",
    "SnapshotOperation",
]

EncodedEvents = Sequence[tuple[str, int, bytes]]


@dataclass(frozen=True, slots=True)
class AppendOperation:
    """The writes of one call: ``(stream, expected, events)`` each."""

    writes: Sequence[tuple[str, int | None, EncodedEvents]]


@dataclass(frozen=True, slots=True)
class SnapshotOperation:
    stream: str
    seq: int
    version: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class DeleteOperation:
    stream: str


@dataclass(frozen=True, slots=True)
class FenceOperation:
    epoch: int


Operation = AppendOperation | SnapshotOperation | DeleteOperation | FenceOperation


class GatheringJournal(ABC):
    """The writing half of a `Journal`, over `_do`."""

    @abstractmethod
    async def _opened(self) -> Any:
        """Open it, unless it is open."""

    @abstractmethod
    async def _do(self, operation: Operation) -> None:
        """Hand an operation to the next commit, and wait for it."""

    @abstractmethod
    async def close(self) -> None: ...

    async def open(self) -> Self:
        """Open it now, so that what is wrong with it is known at once."""
        await self._opened()
        return self

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def append(self, writes: Sequence[Append]) -> None:
        await self._do(AppendOperation([(write.stream, write.expected, encode_events(write)) for write in writes]))

    async def save_snapshot(self, stream: str, seq: int, payload: Mapping[str, Any], version: int = 1) -> None:
        check_name(stream)
        encoded = encode_payload(payload, f"the snapshot of stream {stream!r}")
        await self._do(SnapshotOperation(stream, seq, version, encoded))

    async def delete(self, stream: str) -> None:
        check_name(stream)
        await self._do(DeleteOperation(stream))

    async def fence(self, epoch: int) -> None:
        await self._do(FenceOperation(epoch))
