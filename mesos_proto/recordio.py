"""RecordIO: how Mesos puts many messages on one HTTP body.

    record  = length "\\n" bytes          length: the number of bytes, in decimal, at most 20 digits
    stream  = record*                    HTTP chunks cut it anywhere

Mesos's documents, "Scheduler HTTP API", section "RecordIO response format".
"""

from __future__ import annotations

from typing import Final

DEFAULT_MAX_RECORD_BYTES: Final = 64 * 1024 * 1024
"""What one record may hold unless told otherwise: the offers of some 50,000 agents; also what a liar makes us keep."""

MAX_LENGTH_DIGITS: Final = 20
"""As many as the largest 64-bit length has."""


class RecordIOError(ValueError):
    """The stream is not RecordIO, or asks for more than the limit. Nothing after this point can be trusted: close it.

    Attributes:
        records: the whole records that stood before the fault in what was fed.
    """

    def __init__(self, message: str, records: tuple[bytes, ...] = ()) -> None:
        super().__init__(message)
        self.records = records


def encode(record: bytes) -> bytes:
    """One record as it stands on the wire."""
    return b"%d\n%b" % (len(record), record)


class Decoder:
    """Cuts a stream that arrives in arbitrary pieces into records.

    Keeps at most one unfinished record, and looks at it again only when its last byte is there, so that a large record
    in small pieces costs no more than the same bytes in small records.

    Args:
        max_record_bytes: a longer record is refused when its length is read, before any of it is kept.
    """

    __slots__ = ("_failure", "_max_record_bytes", "_needed", "_unfinished")

    def __init__(self, max_record_bytes: int = DEFAULT_MAX_RECORD_BYTES) -> None:
        if max_record_bytes < 0:
            raise ValueError(f"max_record_bytes is {max_record_bytes}, but must not be negative")
        self._max_record_bytes = max_record_bytes
        self._unfinished = bytearray()
        self._needed = 0  # bytes that it must have before looking at it again is of use
        self._failure: str | None = None

    @property
    def at_boundary(self) -> bool:
        """Whether the stream may end here: no record is unfinished."""
        return not self._unfinished

    def feed(self, data: bytes) -> list[bytes]:
        """The records that ``data`` completes, in order; empty when there are none yet.

        Raises:
            RecordIOError: a length is not a number, has too many digits, or is over the limit; from then on, always.
        """
        if self._failure is not None:
            raise RecordIOError(self._failure)
        if self._unfinished:
            self._unfinished += data
            if len(self._unfinished) < self._needed:
                return []
            data = bytes(self._unfinished)
            self._unfinished.clear()
        records: list[bytes] = []
        limit = self._max_record_bytes
        start, size = 0, len(data)
        while start < size:
            newline = data.find(b"\n", start, start + MAX_LENGTH_DIGITS + 1)
            digits = data[start : newline if newline >= 0 else start + MAX_LENGTH_DIGITS + 1]
            if not digits.isdigit() or len(digits) > MAX_LENGTH_DIGITS:
                self._fail(f"a record's length reads {digits!r}, not 1 to {MAX_LENGTH_DIGITS} digits", records)
            if newline < 0:
                self._keep(data, start, needed=size - start + 1)
                break
            length = int(digits)
            if length > limit:
                self._fail(f"a record of {length} bytes is over the limit of {limit} (max_record_bytes)", records)
            end = newline + 1 + length
            if end > size:
                self._keep(data, start, needed=end - start)
                break
            records.append(data[newline + 1 : end])
            start = end
        return records

    def _keep(self, data: bytes, start: int, needed: int) -> None:
        self._unfinished += data[start:]
        self._needed = needed

    def _fail(self, message: str, records: list[bytes]) -> None:
        self._failure = message
        raise RecordIOError(message, tuple(records))
