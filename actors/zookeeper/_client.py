"""kazoo's client, with two things that ZooKeeper has and kazoo does not tell.

*The granted timeout.* A server grants a session 2 to 20 of its ticks, whatever it is asked for, and may grant another
time after each reconnection. kazoo uses the answer for its own pings and keeps it to itself. Who takes the time asked
for to be the session's would believe in a lease that another has been given.

*Reading many nodes with one request* (ZooKeeper 3.6's ``multiRead``). Each request of kazoo's goes through its threads
by itself, which takes half a millisecond.

Both touch kazoo's inside: tests/integration/test_zookeeper.py holds each version of it to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from kazoo.client import KazooClient
from kazoo.exceptions import EXCEPTIONS, NoNodeError
from kazoo.protocol.serialization import Connect, GetData, MultiHeader, int_struct, read_buffer, stat_struct
from kazoo.protocol.states import ZnodeStat

__all__ = ["Client"]

_END: Final[bytearray] = MultiHeader(-1, True, -1).serialize()
_ERROR: Final = -1


class Client(KazooClient):  # type: ignore[misc]
    """`granted`: seconds that the session outlives its connection, before `CONNECTED` is told; None before any."""

    granted: float | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        connection = self._connection
        invoke = connection._invoke

        def noting(timeout: float, request: Any, xid: int | None = None) -> Any:
            answer = invoke(timeout, request, xid)
            if isinstance(request, Connect) and answer[0].time_out > 0:
                self.granted = answer[0].time_out / 1000
            return answer

        connection._invoke = noting

    def get_many_async(self, paths: Sequence[str]) -> Any:
        """Its value: for each path data and stat, or None where there is no node.

        Fails with kazoo's error for a node that may not be read, and with `UnimplementedError` before ZooKeeper 3.6,
        which then closes the connection.
        """
        result = self.handler.async_result()
        self._call(_MultiRead(tuple(paths)), result)
        return result


class _MultiRead(NamedTuple):
    """A request of kazoo's kind."""

    paths: tuple[str, ...]
    type: int = 22

    def serialize(self) -> bytearray:
        header: bytearray = MultiHeader(GetData.type, False, -1).serialize()
        packed = bytearray()
        for path in self.paths:
            packed += header
            packed += GetData(path, None).serialize()
        return packed + _END

    @staticmethod
    def deserialize(data: bytes, offset: int) -> list[tuple[bytes, ZnodeStat] | None]:
        found: list[tuple[bytes, ZnodeStat] | None] = []
        while True:
            header, offset = MultiHeader.deserialize(data, offset)
            if header.done:
                return found
            if header.type == _ERROR:
                (code,) = int_struct.unpack_from(data, offset)
                offset += int_struct.size
                if code != NoNodeError.code:
                    raise EXCEPTIONS[code]()
                found.append(None)
            else:
                content, offset = read_buffer(data, offset)
                found.append((content, ZnodeStat._make(stat_struct.unpack_from(data, offset))))
                offset += stat_struct.size
