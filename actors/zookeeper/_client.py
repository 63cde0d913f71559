"""kazoo's client, which also says for how long the server keeps the session.

A server grants 2 to 20 of its ticks, whatever it is asked for, and may grant another time after each reconnection.
kazoo uses the answer for its own pings and keeps it to itself. Who takes the time asked for to be the session's would
believe in a lease that another has been given.
"""

from __future__ import annotations

from typing import Any

from kazoo.client import KazooClient
from kazoo.protocol.serialization import Connect

__all__ = ["Client"]


class Client(KazooClient):  # type: ignore[misc]
    """`granted`: seconds that the session outlives its connection, before `CONNECTED` is told; None before any."""

    granted: float | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        connection = self._connection  # of kazoo's inside: tests/integration/test_zookeeper.py holds each version to it
        invoke = connection._invoke

        def noting(timeout: float, request: Any, xid: int | None = None) -> Any:
            answer = invoke(timeout, request, xid)
            if isinstance(request, Connect) and answer[0].time_out > 0:
                self.granted = answer[0].time_out / 1000
            return answer

        connection._invoke = noting
