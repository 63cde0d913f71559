"""kazoo's client, with two things that ZooKeeper has and kazoo does not tell, and with less patience.

*The granted timeout.* A server grants a session 2 to 20 of its ticks, whatever it is asked for, and may grant another
time after each reconnection. kazoo uses the answer for its own pings and keeps it to itself. Who takes the time asked
for to be the session's would believe in a lease that another has been given.

*Reading many nodes with one request* (ZooKeeper 3.6's ``multiRead``). Each request of kazoo's goes through its threads
by itself, which takes half a millisecond.

*Giving up a call that nobody answers.* A ZooKeeper that has just bound its port may take a connection and forget it: of
one that comes while it reads its files it never hears, and never closes it (3.8.0's `NIOServerCnxn`). kazoo shares the
session's time among its servers, so with one of them this attempt takes all of it, and the session is over. Here an
attempt takes a third at most, as it does with three servers: the next one finds the session alive.

All touch kazoo's inside: tests/zookeeper/test_client.py and tests/integration/test_zookeeper.py hold each version of it
to that.
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
_ATTEMPTS: Final = 3  # to connect that fit into a session's time


class Client(KazooClient):  # type: ignore[misc]
    """`granted`: seconds that the session outlives its connection, before `CONNECTED` is told; None before any."""

    granted: float | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        connection = self._connection
        invoke = connection._invoke

        def establishing(timeout: float, request: Any, xid: int | None = None) -> Any:
            if not isinstance(request, Connect):
                return invoke(timeout, request, xid)
            answer = invoke(min(timeout, request.time_out / 1000 / _ATTEMPTS), request, xid)
            if answer[0].time_out > 0:
                self.granted = answer[0].time_out / 1000
            return answer

        connection._invoke = establishing

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
