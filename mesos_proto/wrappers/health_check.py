"""How an agent finds out whether a task is well."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final, NamedTuple

from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.wrappers._wrapper import Wrapper
from mesos_proto.wrappers.command_info import CommandInfo


class CheckTimes(NamedTuple):
    """When a check runs and what its failures mean; the defaults are Mesos's."""

    delay: timedelta = timedelta(seconds=15)
    """Before the first check."""
    interval: timedelta = timedelta(seconds=10)
    """From the end of one to the start of the next."""
    timeout: timedelta = timedelta(seconds=20)
    """After which a check has failed."""
    consecutive_failures: int = 3
    """After as many the task is killed."""
    grace_period: timedelta = timedelta(seconds=10)
    """From the start of the task; until it is over or the first check succeeds, failures do not count."""


DEFAULT_TIMES: Final = CheckTimes()


class HealthCheck(Wrapper[mesos_pb2.HealthCheck]):
    """A check that an agent makes of a running task; made by `http`, `tcp` or `command`."""

    __match_args__ = ("type", "port")

    @classmethod
    def http(
        cls,
        port: int,
        path: str = "/",
        *,
        scheme: str = "http",
        statuses: Iterable[int] = (),
        times: CheckTimes = DEFAULT_TIMES,
    ) -> HealthCheck:
        """GET a path of the task; 200 to 399 are well, or what ``statuses`` lists."""
        proto = _proto(mesos_pb2.HealthCheck.HTTP, times)
        proto.http.port = port
        proto.http.path = path
        proto.http.scheme = scheme
        proto.http.statuses.extend(statuses)
        return cls.from_proto(proto)

    @classmethod
    def tcp(cls, port: int, *, times: CheckTimes = DEFAULT_TIMES) -> HealthCheck:
        """Connect to a port of the task."""
        proto = _proto(mesos_pb2.HealthCheck.TCP, times)
        proto.tcp.port = port
        return cls.from_proto(proto)

    @classmethod
    def command(cls, command: CommandInfo, *, times: CheckTimes = DEFAULT_TIMES) -> HealthCheck:
        """Run a command in the task's container; exit status 0 is well."""
        proto = _proto(mesos_pb2.HealthCheck.COMMAND, times)
        proto.command.CopyFrom(command.proto)
        return cls.from_proto(proto)

    @property
    def type(self) -> str:
        """``HTTP``, ``TCP`` or ``COMMAND``."""
        return mesos_pb2.HealthCheck.Type.Name(self.proto.type)

    @property
    def port(self) -> int | None:
        """Which port it asks; None for a command."""
        if self.proto.HasField("http"):
            return self.proto.http.port
        return self.proto.tcp.port if self.proto.HasField("tcp") else None

    @property
    def times(self) -> CheckTimes:
        """When it runs and what its failures mean."""
        proto = self.proto
        return CheckTimes(
            timedelta(seconds=proto.delay_seconds),
            timedelta(seconds=proto.interval_seconds),
            timedelta(seconds=proto.timeout_seconds),
            proto.consecutive_failures,
            timedelta(seconds=proto.grace_period_seconds),
        )


def _proto(kind: mesos_pb2.HealthCheck.Type.ValueType, times: CheckTimes) -> mesos_pb2.HealthCheck:
    return mesos_pb2.HealthCheck(
        type=kind,
        delay_seconds=times.delay.total_seconds(),
        interval_seconds=times.interval.total_seconds(),
        timeout_seconds=times.timeout.total_seconds(),
        consecutive_failures=times.consecutive_failures,
        grace_period_seconds=times.grace_period.total_seconds(),
    )
