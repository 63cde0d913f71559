"""Mesos's durations (whole nanoseconds) as ``timedelta`` (whole microseconds)."""

from __future__ import annotations

from datetime import timedelta

from mesos_proto.mesos.v1.mesos_pb2 import DurationInfo


def duration_of(proto: DurationInfo) -> timedelta:
    """Rounded down to a microsecond."""
    return timedelta(microseconds=proto.nanoseconds // 1000)


def duration_proto(duration: timedelta) -> DurationInfo:
    """A message of a duration."""
    return DurationInfo(nanoseconds=duration // timedelta(microseconds=1) * 1000)
