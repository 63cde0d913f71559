"""What the master's HTTP front asks the master, and what comes back.

::

    HTTP front                                       master
    Subscribe(call, stream)                  ──►     SUBSCRIBED or ERROR to the stream; watches it
    SchedulerCall(call, stream_id)           ──►     does what it says
          ◄──  Answer(202 | 4xx | 501)
    SchedulerCalls(calls)                    ──►     does each
          ◄──  [Answer, …]
    OperatorCall(call)                       ──►
          ◄──  Answer, or a master_pb2.Response
    OperatorSubscribe(stream)                ──►     SUBSCRIBED with the whole state, then every change
    LegacyQuery(path, query)                 ──►
          ◄──  a JSON value, or Answer

A stream is an actor (``stream.py``) that takes ``SendEvent`` and ``EndStream``; the master watches it, so that a
client that went away is noticed like any other actor's end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef
from mesos_proto import master_pb2, scheduler_pb2

__all__ = [
    "ACCEPTED",
    "Answer",
    "LegacyQuery",
    "OperatorCall",
    "OperatorSubscribe",
    "SchedulerCall",
    "SchedulerCalls",
    "Subscribe",
]


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the text to it (none: an empty body)."""

    status: int
    text: str = ""


ACCEPTED = Answer(202)
"""It was done, or refused in events: 202 does not say with what success."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """A valid SUBSCRIBE; events go to ``stream``, whose calls carry ``stream_id``."""

    call: scheduler_pb2.Call
    stream: ActorRef[Any]
    stream_id: str


@dataclass(frozen=True, slots=True)
class SchedulerCall:
    """Any other valid call. ``stream_id`` is the header's, None when there is none."""

    call: scheduler_pb2.Call
    stream_id: str | None
    principal: str | None = None


@dataclass(frozen=True, slots=True)
class SchedulerCalls:
    """Some of one connection, in their order. Answered by a list with an `Answer` to each, when all are done."""

    calls: tuple[SchedulerCall, ...]


@dataclass(frozen=True, slots=True)
class OperatorCall:
    call: master_pb2.Call
    principal: str | None = None


@dataclass(frozen=True, slots=True)
class OperatorSubscribe:
    stream: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class LegacyQuery:
    """One of the older endpoints: ``path`` without ``/master``."""

    path: str
    query: Mapping[str, str]
