"""ACCEPT: offers become tasks, reservations and volumes; what is left comes back.

The operations apply in their order, each to what the ones before left of the offers: a volume that CREATE makes can be
used by the LAUNCH behind it. One offer that is not valid voids the call: every task of it is lost, every operation with
an id is an error, and all the offers that it names come back.

A call may launch thousands of tasks, and nobody may hold the loop for as long as that takes: it is done in slices.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence

from actors.local_mesos.messages import RunTask, RunTaskGroup
from mesos_proto import Resources, mesos_pb2, scheduler_pb2

from . import agent_operations, offers, tasks
from .cluster import Agent, Cluster, Framework, Offer
from .operation_validation import malformed, operation_error
from .operations import CONVERSIONS, conversion_of, resources_of
from .parsed import resources_in
from .protocol import ACCEPTED, Answer
from .task_validation import LaunchContext, group_error, task_error

__all__ = ["accept"]

Operation = mesos_pb2.Offer.Operation
TaskStatus = mesos_pb2.TaskStatus

SLICE = 32  # tasks: two or three milliseconds

_LAUNCHES = (Operation.LAUNCH, Operation.LAUNCH_GROUP)


def accept(cluster: Cluster, framework: Framework, call: scheduler_pb2.Call.Accept) -> Generator[None, None, Answer]:
    """Yields where others may have the loop, though not the master's tables."""
    for operation in call.operations:
        if operation.type == Operation.LAUNCH:
            kind = "launch_tasks" if operation.launch.task_infos else "decline_offers"
            cluster.metrics.count(f"master/messages_{kind}")
    ids = [offer_id.value for offer_id in call.offer_ids]
    error = _offers_error(cluster, framework, ids)
    if error:
        for offer_id in ids:
            offer = framework.offers.get(offer_id)
            if offer is not None:
                offers.discard(cluster, offer)
        yield from _void(cluster, framework, call.operations, error)
        return ACCEPTED
    taken = [framework.offers[offer_id] for offer_id in ids]
    agent = cluster.agents[taken[0].agent_id]
    available = Resources()
    framework.counts.offers["accepted"] += len(taken)
    for offer in taken:
        offers.remove(cluster, offer)
        available += offer.resources
    attempt = _Accept(cluster, framework, agent, taken[0].role, available)
    for operation in call.operations:
        yield from attempt.apply(operation)
    until = offers.refusal_end(cluster, call.filters)
    cluster.allocator.recover(framework.id, agent.id, attempt.available, until)
    if until is None and attempt.launched:
        cluster.dirty.add(agent.id)  # who wants the rest at once may launch on
    return ACCEPTED


def _offers_error(cluster: Cluster, framework: Framework, ids: list[str]) -> str | None:
    if not ids:
        return "No offers specified"
    if len(set(ids)) < len(ids):
        repeated = next(offer_id for index, offer_id in enumerate(ids) if offer_id in ids[:index])
        return f"Duplicate offer {repeated} in offer list"
    found: list[Offer] = []
    for offer_id in ids:
        offer = cluster.offers.get(offer_id)
        if offer is None:
            return f"Offer {offer_id} is no longer valid"
        found.append(offer)
    first = found[0]
    for offer in found:
        if offer.framework_id != framework.id:
            return (
                f"Offer {offer.id} has invalid framework {offer.framework_id} while framework {framework.id} is "
                "expected"
            )
    for offer in found:
        if offer.role != first.role:
            return (
                f"Aggregated offers must be allocated to the same role. Offer {offer.id} uses role '{offer.role}' "
                f"but another is using role '{first.role}"
            )
    for offer in found:
        if offer.agent_id != first.agent_id:
            return (
                f"Aggregated offers must belong to one single agent. Offer {offer.id} uses agent {offer.agent_id} "
                f"and agent {first.agent_id}"
            )
    return None


def _void(
    cluster: Cluster, framework: Framework, operations: Iterable[mesos_pb2.Offer.Operation], error: str
) -> Iterator[None]:
    state = mesos_pb2.TASK_DROPPED if framework.partition_aware else mesos_pb2.TASK_LOST
    for operation in operations:
        if operation.type in _LAUNCHES:
            message = f"Task launched with invalid offers: {error}"
            for index, lost in enumerate(_sliced(_tasks_of(operation))):
                if index:
                    yield
                tasks.drop_from_master(cluster, framework, lost, state, TaskStatus.REASON_INVALID_OFFERS, message)
        else:
            agent_operations.refuse(cluster, framework, operation, f"Operation attempted with invalid offers: {error}")


def _tasks_of(operation: mesos_pb2.Offer.Operation) -> Sequence[mesos_pb2.TaskInfo]:
    return (
        operation.launch.task_infos if operation.type == Operation.LAUNCH else operation.launch_group.task_group.tasks
    )


def _sliced(tasks: Sequence[mesos_pb2.TaskInfo]) -> Iterator[Sequence[mesos_pb2.TaskInfo]]:
    for begin in range(0, len(tasks), SLICE):
        yield tasks[begin : begin + SLICE]


class _Accept:
    """One valid ACCEPT while its operations are applied."""

    def __init__(self, cluster: Cluster, framework: Framework, agent: Agent, role: str, available: Resources) -> None:
        self.cluster = cluster
        self.framework = framework
        self.agent = agent
        self.role = role
        self.available = available
        self.shared = available.shared()
        """Volumes that any number of tasks may use, whatever of them is used already."""
        self.launched = False

    def apply(self, original: mesos_pb2.Offer.Operation) -> Iterator[None]:
        operation = Operation()
        operation.CopyFrom(original)
        if operation.type == Operation.LAUNCH:
            for index, some in enumerate(_sliced(operation.launch.task_infos)):
                if index:
                    yield
                self._launch(operation, some)
        elif operation.type == Operation.LAUNCH_GROUP:
            self._launch_group(operation)
        elif operation.type != Operation.UNKNOWN:
            self._convert(operation)
        else:
            self.cluster.log.warning("framework %s: ignored an operation of unknown type", self.framework.id)

    def _allocate(self, resources: Iterable[mesos_pb2.Resource]) -> None:
        """Frameworks without MULTI_ROLE do not say for which role: it is the offer's."""
        for resource in resources:
            if not resource.HasField("allocation_info"):
                resource.allocation_info.role = self.role

    # -- tasks

    def _context(self) -> LaunchContext:
        framework, agent = self.framework, self.agent
        return LaunchContext(
            framework.id,
            agent.id,
            framework.tasks,
            framework.unreachable_tasks,
            agent.executors.get(framework.id, {}),
            self.available.unshared() + self.shared,
        )

    def _launch(self, operation: mesos_pb2.Offer.Operation, some: Iterable[mesos_pb2.TaskInfo]) -> None:
        for task in some:
            self._allocate(task.resources)
            if task.HasField("executor"):
                self._allocate(task.executor.resources)
                if not task.executor.HasField("framework_id"):
                    task.executor.framework_id.CopyFrom(self.framework.info.id)
            error = "The `id` field cannot be set on LAUNCH operations" if operation.HasField("id") else None
            error = error or task_error(task, self._context())
            if error:
                self._refuse([task], TaskStatus.REASON_TASK_INVALID, error)
                continue
            self._enter(task)
            self.framework.counts.operations[operation.type] += 1
            self.agent.ref.tell(RunTask(self.framework.info, task))

    def _launch_group(self, operation: mesos_pb2.Offer.Operation) -> None:
        group = operation.launch_group
        members = list(group.task_group.tasks)
        self._allocate(group.executor.resources)
        for task in members:
            self._allocate(task.resources)
            if not task.HasField("executor"):
                task.executor.CopyFrom(group.executor)
            else:
                self._allocate(task.executor.resources)
                if not task.executor.HasField("framework_id"):
                    task.executor.framework_id.CopyFrom(self.framework.info.id)
        error = "The `id` field cannot be set on LAUNCH_GROUP operations" if operation.HasField("id") else None
        error = error or group_error(members, group.executor, self._context()) or _repeated_id(members)
        if error:
            self._refuse(members, TaskStatus.REASON_TASK_GROUP_INVALID, error)
            return
        for task in members:
            self._enter(task)
        self.framework.counts.operations[operation.type] += 1
        self.agent.ref.tell(RunTaskGroup(self.framework.info, group.executor, tuple(members)))

    def _refuse(
        self, members: list[mesos_pb2.TaskInfo], reason: mesos_pb2.TaskStatus.Reason.ValueType, error: str
    ) -> None:
        for task in members:
            # The answer speaks of the agent of the offer, whatever the task said.
            task.agent_id.CopyFrom(self.agent.info.id)
        tasks.drop_from_master(self.cluster, self.framework, members, mesos_pb2.TASK_ERROR, reason, error)

    def _enter(self, task: mesos_pb2.TaskInfo) -> None:
        """Into the tables; its resources, and a new executor's, stay taken."""
        self.launched = True
        self._hold(resources_in(task.resources))
        if task.HasField("executor"):
            executor = task.executor
            name = executor.executor_id.value
            if not self.agent.has_executor(self.framework.id, name):
                self._hold(resources_in(executor.resources))
                self.agent.executors.setdefault(self.framework.id, {})[name] = executor
                self.framework.executors.setdefault(self.agent.id, {})[name] = executor
        tasks.add(self.cluster, self.framework, self.agent, tasks.record_of(task, self.framework.info.id))

    def _hold(self, resources: Resources) -> None:
        again = resources.shared() - self.available
        if again:  # the offer had it once
            self.cluster.allocator.convert(self.framework.id, self.agent.id, Resources(), again)
        self.available -= resources
        self.cluster.hold(self.framework, self.agent, resources)

    # -- resources

    def _convert(self, operation: mesos_pb2.Offer.Operation) -> None:
        self._allocate(resources_of(operation))
        error = malformed(operation) or _updates_reservations(operation)
        if error:
            agent_operations.refuse(
                self.cluster, self.framework, operation, f"Operation attempted with invalid resources: {error}"
            )
            return
        principal = self.framework.info.principal if self.framework.info.HasField("principal") else None
        error = operation_error(
            operation,
            self.agent.total,
            self.agent.used().unallocated(),
            principal,
            self.framework.info,
            self.framework.roles,
        )
        if error:
            agent_operations.refuse(self.cluster, self.framework, operation, f"{error}; on agent {self.agent}")
            return
        if operation.type not in CONVERSIONS:
            return
        conversion = conversion_of(operation)
        error = conversion.error(self.available)
        if error:
            if operation.type in (Operation.GROW_VOLUME, Operation.SHRINK_VOLUME):
                error = f"Invalid {Operation.Type.Name(operation.type)} operation: {error}"
            agent_operations.refuse(self.cluster, self.framework, operation, error)
            return
        resized = operation.type in (Operation.GROW_VOLUME, Operation.SHRINK_VOLUME)
        self.available -= conversion.consumed
        if resized:
            # Nobody may use the result in the same call: the volume comes back apart from the rest. What it no longer
            # has does not come back: the real master gives that away again only when the framework ends.
            self.cluster.allocator.convert(self.framework.id, self.agent.id, conversion.consumed, conversion.converted)
            volume = conversion.converted.filter(lambda resource: resource.is_persistent_volume)
            self.cluster.allocator.recover(self.framework.id, self.agent.id, volume)
            self.cluster.allocator.strand(self.framework.id, self.agent.id, conversion.converted - volume)
        else:
            self.available += conversion.converted
            self.shared = self.shared - conversion.consumed + conversion.converted.shared()
            self.cluster.allocator.convert(self.framework.id, self.agent.id, conversion.consumed, conversion.converted)
        if operation.type == Operation.DESTROY:
            self._rescind(conversion.consumed.unallocated())
        self.framework.counts.operations[operation.type] += 1
        agent_operations.apply(self.cluster, self.framework, self.agent, operation, conversion)

    def _rescind(self, volumes: Resources) -> None:
        """Others may have been offered a shared volume that is no more."""
        shared = volumes.shared()
        for offer in list(self.agent.offers.values()) if shared else ():
            if any(offer.resources.unallocated().contains(Resources([each.to_proto()])) for each in shared):
                offers.discard(self.cluster, offer)


def _updates_reservations(operation: mesos_pb2.Offer.Operation) -> str | None:
    if operation.type == Operation.RESERVE and operation.reserve.source:
        return "Reservation updates are not yet implemented for the scheduler API."
    return None


def _repeated_id(members: list[mesos_pb2.TaskInfo]) -> str | None:
    seen: set[str] = set()
    for task in members:
        if task.task_id.value in seen:
            return f"Task '{task.task_id.value}' is invalid: Task has duplicate ID: {task.task_id.value}"
        seen.add(task.task_id.value)
    return None
