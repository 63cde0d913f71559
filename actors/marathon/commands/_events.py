"""The service's event stream, for the commands: ``(type, data)`` by and by, over a connection that may break.

A break is told as `BREAK`: what happened meanwhile is lost, and whoever shows a state asks for it again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from ._client import Client, CommandFailed, Lines, Unreachable

__all__ = ["BREAK", "Event", "Events", "Feed"]

Event: TypeAlias = tuple[str, dict[str, Any]]

BREAK: Event = ("", {})
RETRY = 1.0
"""Seconds before a connection that broke, or could not be made, is tried again."""


def parse(lines: Lines) -> Iterator[Event]:
    """The events of a ``text/event-stream``. Empty lines alone are heartbeats."""
    name, data = "", []
    for line in lines:
        if line:
            field, _, value = line.partition(":")
            if field == "event":
                name = value.strip()
            elif field == "data":
                data.append(value.strip())
        elif data:
            yield name, json.loads("\n".join(data))
            name, data = "", []


def _query(types: tuple[str, ...]) -> dict[str, Any]:
    return {"plan-format": "light", **({"event_type": types} if types else {})}


class Events(Iterator[Event]):
    """Every event from now on, or those of `types`: it listens once it is made.

    Raises what `Client.lines` does when it cannot begin. A break after that is told, and the connection made again.
    `close` ends it, from any thread.
    """

    def __init__(self, client: Client, types: tuple[str, ...] = ()) -> None:
        self._client, self._types = client, types
        self._closed = threading.Event()
        self._lines = self._connect()
        self._events = self._all()

    def __next__(self) -> Event:
        return next(self._events)

    def close(self) -> None:
        self._closed.set()
        self._lines.interrupt()  # whoever reads them closes them

    def _connect(self) -> Lines:
        return self._client.lines("/v2/events", _query(self._types))

    def _all(self) -> Iterator[Event]:
        while not self._closed.is_set():
            with suppress(Unreachable):  # told as a break
                yield from parse(self._lines)
            self._lines.close()
            if not self._closed.is_set():
                yield BREAK
            while not self._closed.wait(RETRY):
                with suppress(Unreachable):
                    self._lines = self._connect()
                    break
        self._lines.close()


class Feed:
    """Events as they come, beside what the command does: read by a thread, taken with a time-out.

    It listens once the constructor has returned, so that nothing is missed of a change that is sent afterwards.
    """

    def __init__(self, client: Client, types: tuple[str, ...]) -> None:
        self._queue: SimpleQueue[Event] = SimpleQueue()
        self._events = Events(client, types)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            for event in self._events:
                self._queue.put(event)
        except CommandFailed:
            self._queue.put(BREAK)  # whoever takes the events asks the service, too, and will be told why

    def take(self, timeout: float) -> Iterator[Event]:
        """What has come; waits up to `timeout` seconds for the first."""
        try:
            yield self._queue.get(timeout=timeout)
            while True:
                yield self._queue.get_nowait()
        except Empty:
            return

    def close(self) -> None:
        self._events.close()
        self._reader.join()
