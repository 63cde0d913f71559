"""The driver: what a framework does, as methods.

Each call is written to the master at once, in the order of the calls, and returns an awaitable: awaiting it waits until
the master has taken the call (HTTP 202), which is not yet "done"; what became of it is told by events. Leaving the
awaitable alone is fine for those who watch the events; a failure is then reported by asyncio's exception handler.

Raises, at once: `InvalidCall`. Raises, when awaited: `NotSubscribed` (nothing happened), `CallUnconfirmed` (it may have
happened), `CallRefused`, or the `FrameworkEnded` that ended this framework. Cancelling the awaiting does not take a
call back. Calls are never repeated by the driver.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Sequence
from datetime import timedelta

from mesos_proto import (
    AgentID,
    ExecutorID,
    Filters,
    FrameworkInfo,
    OfferID,
    TaskID,
    TaskInfo,
    TaskStatus,
    mesos_pb2,
)
from mesos_proto import scheduler_pb2 as scheduler

from .calls import (
    AcceptInverseOffers,
    AcceptOffers,
    Acknowledge,
    AcknowledgeOperation,
    Call,
    DeclineInverseOffers,
    DeclineOffers,
    KillTask,
    OperationToReconcile,
    ReconcileOperations,
    ReconcileTasks,
    RequestResources,
    ReviveOffers,
    SendFrameworkMessage,
    ShutdownExecutor,
    SuppressOffers,
    TaskToReconcile,
    Teardown,
    UpdateFramework,
)
from .connection import Connection
from .errors import MesosError
from .operations import Launch, LaunchGroup, Operation
from .reconciler import Reconciler

__all__ = ["Acknowledged", "SchedulerDriver"]

_LAUNCHING = (Launch, LaunchGroup)


class Acknowledged:
    """The last acknowledged updates, by uuid: one that comes again needs no handler, only another acknowledgement.

    Bounded; a forgotten one is merely delivered once more.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._uuids: OrderedDict[bytes, None] = OrderedDict()

    def add(self, error: MesosError | None, uuid: bytes) -> None:
        """The acknowledgement of this one was taken by the master, unless there is an ``error``."""
        if error is not None:
            return
        self._uuids[uuid] = None
        if len(self._uuids) > self._capacity:
            self._uuids.popitem(last=False)

    def __contains__(self, uuid: object) -> bool:
        return uuid in self._uuids


class SchedulerDriver:
    """The calls of one framework. ``acknowledged`` and ``reconciler`` hear of what was taken."""

    def __init__(
        self,
        connection: Connection,
        acknowledged: Acknowledged,
        reconciler: Reconciler,
    ) -> None:
        self._send = connection.send
        self._acknowledged = acknowledged.add
        self._launching = reconciler.launching
        self._launched = reconciler.launched

    def call(self, call: Call) -> Awaitable[None]:
        """Make any call of `actors.mesos.calls`."""
        if isinstance(call, AcceptOffers):
            tasks = [task for each in call.operations if isinstance(each, _LAUNCHING) for task in each.tasks]
            return self._launch(call, tasks)
        if isinstance(call, Acknowledge):
            return self.acknowledge(call.status)
        if isinstance(call, AcknowledgeOperation):
            return self.acknowledge_operation(call.status)
        return self._send(call)

    # -- offers

    def accept_offers(
        self, offer_ids: Sequence[OfferID], operations: Sequence[Operation], filters: Filters | None = None
    ) -> Awaitable[None]:
        """Do ``operations``, in order, with the resources of these offers (one agent, one role); decline the rest."""
        return self.call(AcceptOffers(offer_ids, operations, filters))

    def launch_tasks(
        self, tasks: Sequence[TaskInfo], offer_ids: Sequence[OfferID], filters: Filters | None = None
    ) -> Awaitable[None]:
        """`accept_offers` with one `Launch`."""
        launch = Launch(tasks)
        return self._launch(AcceptOffers(offer_ids, (launch,), filters), launch.tasks)

    def _launch(self, call: AcceptOffers, tasks: Sequence[TaskInfo]) -> Awaitable[None]:
        return self._send(call, self._launched, *self._launching(tasks)) if tasks else self._send(call)

    def decline_offer(self, offer_ids: OfferID | Sequence[OfferID], filters: Filters | None = None) -> Awaitable[None]:
        """Give one or several offers back; ``filters.refuse_seconds`` says for how long not to offer the same again."""
        return self.call(DeclineOffers((OfferID(offer_ids),) if isinstance(offer_ids, str) else offer_ids, filters))

    def revive_offers(self, roles: Sequence[str] = ()) -> Awaitable[None]:
        """Want offers again for these roles (all when empty), earlier filters forgotten."""
        return self.call(ReviveOffers(roles))

    def suppress_offers(self, roles: Sequence[str] = ()) -> Awaitable[None]:
        """Want no offers for these roles (all when empty) until `revive_offers`, also after an interruption."""
        return self.call(SuppressOffers(roles))

    def accept_inverse_offers(self, ids: Sequence[OfferID], filters: Filters | None = None) -> Awaitable[None]:
        """Agree to free these agents by the time that the inverse offers name."""
        return self.call(AcceptInverseOffers(ids, filters))

    def decline_inverse_offers(self, ids: Sequence[OfferID], filters: Filters | None = None) -> Awaitable[None]:
        """Say that these agents will not be freed."""
        return self.call(DeclineInverseOffers(ids, filters))

    def request_resources(self, requests: Sequence[mesos_pb2.Request]) -> Awaitable[None]:
        """Say what would be welcome; Mesos's own allocator passes over it."""
        return self.call(RequestResources(requests))

    # -- tasks

    def kill_task(
        self, task_id: TaskID, agent_id: AgentID | None = None, kill_policy: timedelta | None = None
    ) -> Awaitable[None]:
        """End a task: SIGTERM, and SIGKILL when ``kill_policy`` (default: the task's own) has passed."""
        return self.call(KillTask(task_id, agent_id, kill_policy))

    def acknowledge(self, status: TaskStatus) -> Awaitable[None]:
        """Say that ``status`` is stored; until then it comes again, and the task's next one waits.

        A status without uuid (made by the master, an answer to reconciliation) wants none, and none is sent.
        """
        uuid = status.uuid
        if not uuid:
            return _done()
        return self._send(Acknowledge(status), self._acknowledged, uuid)

    def reconcile_tasks(self, tasks: Sequence[TaskToReconcile | TaskStatus] = ()) -> Awaitable[None]:
        """Ask for the latest state of these tasks, or of all that the master knows; answers come as `StatusUpdate`."""
        return self.call(
            ReconcileTasks(
                tuple(t if isinstance(t, TaskToReconcile) else TaskToReconcile(t.task_id, t.agent_id) for t in tasks)
            )
        )

    # -- executors

    def send_framework_message(self, executor_id: ExecutorID, agent_id: AgentID, data: bytes) -> Awaitable[None]:
        """Bytes for an executor; best effort."""
        return self.call(SendFrameworkMessage(executor_id, agent_id, data))

    def shutdown_executor(self, executor_id: ExecutorID, agent_id: AgentID) -> Awaitable[None]:
        """End an executor with its tasks; best effort."""
        return self.call(ShutdownExecutor(executor_id, agent_id))

    # -- operations with feedback

    def acknowledge_operation(self, status: mesos_pb2.OperationStatus) -> Awaitable[None]:
        """Say that an operation's ``status`` is stored. One without uuid wants none, and none is sent."""
        if not status.HasField("uuid"):
            return _done()
        return self._send(AcknowledgeOperation(status))

    def reconcile_operations(self, operations: Sequence[OperationToReconcile] = ()) -> Awaitable[None]:
        """Ask for the latest state of these operations, or of all; answers come as `OperationStatusUpdate`."""
        return self.call(ReconcileOperations(operations))

    # -- the framework itself

    def update_framework(
        self,
        info: FrameworkInfo,
        suppressed_roles: Sequence[str] = (),
        offer_constraints: scheduler.OfferConstraints | None = None,
    ) -> Awaitable[None]:
        """Change roles, failover timeout, labels, …; ``info.id`` must be set. Later subscriptions say the same."""
        return self.call(UpdateFramework(info, suppressed_roles, offer_constraints))

    def teardown(self) -> Awaitable[None]:
        """End the framework and kill all its tasks. `Framework.shutdown` does this and waits for the end."""
        return self.call(Teardown())


def _done() -> Awaitable[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future
