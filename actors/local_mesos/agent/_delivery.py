"""The statuses of tasks on their way to their frameworks: each stored, then sent, and sent again until acknowledged.

::

    agent                                delivery                                master
    updated(container, status)     ──►   stored, then                      ──►   UpdateStatus, for the first in line
    send_due()                     ──►   again, 10 s to 10 min later       ──►
    acknowledged(container, uuid)  ──►   the next one, if there is one     ──►
                                         after the last one the task is forgotten
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from typing import Final

from actors.core import ActorContext
from actors.local_mesos.agent._command_task import PlainTask
from actors.local_mesos.agent._container import Container, Containers
from actors.local_mesos.agent._executor_protocol import ForTask, Kept
from actors.local_mesos.agent._master_link import MasterLink
from actors.local_mesos.agent._messages import SendUpdates
from actors.local_mesos.agent._records import Record, TaskRemoved, UpdateAcknowledged, UpdateRecord
from actors.local_mesos.agent._run import Run, outer
from actors.local_mesos.agent._status import new_status
from actors.local_mesos.agent._updates import TERMINAL
from actors.local_mesos.agent._write_ahead import Effect, WriteAhead
from actors.local_mesos.messages import UpdateStatus
from mesos_proto import TaskState, mesos_pb2

__all__ = ["Delivery"]

TaskStatus = mesos_pb2.TaskStatus

_TIMER: Final = "updates"


class Delivery:
    """Belongs to the agent of ``context``. ``forget`` tells the task runner of a container that is not needed any
    more; ``tell_executor`` a shared executor, named by its container, of what became of its task.
    """

    def __init__(
        self,
        context: ActorContext,
        link: MasterLink,
        ahead: WriteAhead,
        containers: Containers,
        forget: Callable[[list[str]], None],
        tell_executor: Callable[[str, ForTask], None],
    ) -> None:
        self._context = context
        self._link = link
        self._ahead = ahead
        self._containers = containers
        self._forget = forget
        self._tell_executor = tell_executor
        # One timer for all, and what was acknowledged meanwhile is skipped: of the thousands of updates in a second
        # hardly one is sent again.
        self._retries: list[tuple[float, str]] = []

    def store(self, container: Container | None, record: Record, effect: Effect | None = None) -> None:
        """``effect`` follows also where nothing is recorded."""
        self._ahead.then((record,) if container is not None and container.recorded else (), effect)

    def updated(self, container_id: str, status: TaskStatus) -> None:
        """A task's next status, from its executor or the agent itself."""
        container = self._containers.get(container_id)
        if container is None:
            return
        ended = status.state in TERMINAL
        if ended and container.executor is not None:
            if not (container.run.shares_executor or isinstance(container.executor, PlainTask)):
                self._context.unwatch(container.executor)
                self._context.stop(container.executor)
            container.executor = None
        if container.wanted:
            self.store(container, UpdateRecord(container_id, status), partial(self._stored, container, status))
            return
        self._kept(container, status)
        if ended:
            self._forget([container_id])
            self._containers.remove(container)

    def updated_by_agent(
        self, run: Run, state: TaskState, message: str, reason: mesos_pb2.TaskStatus.Reason.ValueType
    ) -> None:
        system, source = self._context.system, TaskStatus.SOURCE_AGENT
        self.updated(run.container_id, new_status(system, run, state, source, message, reason))

    def _stored(self, container: Container, status: TaskStatus) -> None:
        if container.updates.add(status):
            self.send(container)
        if container.updates.ended:
            self._forget([container.id])
        self._kept(container, status)

    def _kept(self, container: Container, status: TaskStatus) -> None:
        if container.run.shares_executor:
            self._tell_executor(outer(container.id), ForTask(container.id, Kept(status.uuid)))

    def send(self, container: Container | None) -> None:
        """And again later, until it is acknowledged."""
        if container is None or not container.wanted or not self._link.registered:
            return
        status, latest = container.updates.in_flight, container.updates.latest_state
        if status is not None and latest is not None:
            self._link.send(UpdateStatus(container.run.framework.id.value, status, latest))
            delay = container.updates.next_retry()
            container.retry_at = self._context.system.clock.time() + delay
            heappush(self._retries, (container.retry_at, container.id))
            if not self._context.timers.is_active(_TIMER):
                self._context.timers.start_single(_TIMER, SendUpdates(), delay)

    def send_due(self) -> None:
        """Again what was not acknowledged in time."""
        now = self._context.system.clock.time()
        while self._retries and self._retries[0][0] <= now:
            at, container_id = heappop(self._retries)
            container = self._containers.get(container_id)
            if container is not None and container.retry_at == at:
                self.send(container)
        if self._retries and not self._context.timers.is_active(_TIMER):
            self._context.timers.start_single(_TIMER, SendUpdates(), self._retries[0][0] - now)

    def start_over(self) -> None:
        """There is a new registration: whoever waits hears at once."""
        for container in self._containers:
            container.updates.start_over()
            self.send(container)

    def acknowledged(self, container: Container | None, uuid: bytes) -> None:
        if container is None or not container.updates.acknowledge(uuid):
            return  # repeated, as the update was
        container.retry_at = None
        if container.updates.done:
            self.store(container, TaskRemoved(container.id))
            self._containers.remove(container)
        else:
            self.store(container, UpdateAcknowledged(container.id))
            if container.updates.in_flight is None:
                container.run.pack()
            self.send(container)
