"""The service's event stream, for the commands: ``(type, data)`` by and by, over a connection that may break.

A break is told as `BREAK`: what happened meanwhile is lost, and whoever shows a state asks for it again.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from ._client import Client, CommandFailed, Lines, Unreachable

__all__ = ["BREAK", "Event", "Feed", "follow_events"]

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


def follow_events(client: Client, types: tuple[str, ...] = ()) -> Iterator[Event]:
    """Every event from now on, or those of `types`: it listens once this has returned.

    Raises what `Client.lines` does when it cannot begin. A break after that is told, and the connection made again.
    """
    return _from(client.lines("/v2/events", _query(types)), client, types)


def _from(lines: Lines, client: Client, types: tuple[str, ...]) -> Iterator[Event]:
    while True:
        try:
            yield from parse(lines)
        except Unreachable:
            pass  # told as a break below
        finally:
            lines.close()
        yield BREAK
        lines = _again(client, types)


def _again(client: Client, types: tuple[str, ...]) -> Lines:
    while True:
        time.sleep(RETRY)
        try:
            return client.lines("/v2/events", _query(types))
        except Unreachable:
            continue


class Feed:
    """Events as they come, beside what the command does: read by a thread, taken with a time-out.

    It listens once the constructor has returned, so that nothing is missed of a change that is sent afterwards.
    """

    def __init__(self, client: Client, types: tuple[str, ...]) -> None:
        self._events: SimpleQueue[Event] = SimpleQueue()
        threading.Thread(target=self._read, args=(follow_events(client, types),), daemon=True).start()

    def _read(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                self._events.put(event)
        except CommandFailed:
            self._events.put(BREAK)  # whoever takes the events asks the service, too, and will be told why

    def take(self, timeout: float) -> Iterator[Event]:
        """What has come; waits up to `timeout` seconds for the first."""
        try:
            yield self._events.get(timeout=timeout)
            while True:
                yield self._events.get_nowait()
        except Empty:
            return
