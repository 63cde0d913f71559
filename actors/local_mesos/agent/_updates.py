"""The statuses of one task on their way to its framework: one at a time, repeated until acknowledged.

Mesos's status update manager (``src/slave/task_status_update_manager.cpp``): the next status is sent only when the
one before is acknowledged; it is sent again after 10 s, then after twice as long each time, up to 10 minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mesos_proto import TaskState, mesos_pb2

__all__ = ["TERMINAL", "UpdateStream"]

TERMINAL: Final = frozenset(state.value for state in TaskState if state.is_terminal)

RETRY_MIN = 10.0  # seconds
RETRY_MAX = 600.0


class UpdateStream:
    """``acknowledged`` is the last status that was, ``pending`` the others; the first of those is in flight.

    Of a million tasks that run, each keeps the acknowledged one: in bytes, a seventh of what the message takes.
    """

    __slots__ = ("_acknowledged", "_acknowledged_state", "_retry", "pending")

    def __init__(
        self, acknowledged: mesos_pb2.TaskStatus | None = None, pending: Iterable[mesos_pb2.TaskStatus] = ()
    ) -> None:
        self.pending = list(pending)
        self._retry = RETRY_MIN
        self._acknowledged = b""
        self._acknowledged_state: mesos_pb2.TaskState.ValueType | None = None
        if acknowledged is not None:
            self._keep(acknowledged)

    def _keep(self, acknowledged: mesos_pb2.TaskStatus) -> None:
        self._acknowledged = acknowledged.SerializeToString()
        self._acknowledged_state = acknowledged.state

    @property
    def acknowledged(self) -> mesos_pb2.TaskStatus | None:
        return mesos_pb2.TaskStatus.FromString(self._acknowledged) if self._acknowledged else None

    @property
    def in_flight(self) -> mesos_pb2.TaskStatus | None:
        return self.pending[0] if self.pending else None

    @property
    def latest_state(self) -> mesos_pb2.TaskState.ValueType | None:
        """The state that the task has reached, None if nothing was said of it."""
        return self.pending[-1].state if self.pending else self._acknowledged_state

    @property
    def ended(self) -> bool:
        """The task reached a terminal state; the framework may not know it yet."""
        return self.latest_state in TERMINAL

    @property
    def done(self) -> bool:
        """It ended, and the framework knows."""
        return self.ended and not self.pending

    def add(self, status: mesos_pb2.TaskStatus) -> bool:
        """Returns whether it is to be sent now."""
        self.pending.append(status)
        return len(self.pending) == 1

    def acknowledge(self, uuid: bytes) -> bool:
        """False for anything but the status in flight: a repeated or a stray acknowledgement."""
        if not self.pending or self.pending[0].uuid != uuid:
            return False
        self._keep(self.pending.pop(0))
        self._retry = RETRY_MIN
        return True

    def next_retry(self) -> float:
        """Seconds from a sending to the next; each call doubles it."""
        delay, self._retry = self._retry, min(2 * self._retry, RETRY_MAX)
        return delay

    def start_over(self) -> None:
        """There is a new master: the status in flight is sent to it at once, and soon again."""
        self._retry = RETRY_MIN
