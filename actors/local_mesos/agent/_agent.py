"""The agent: takes tasks from the master, has them run, and sees to it that no status of theirs is lost.

::

    master                     agent                                  executor (one each)    task runner
                               recovers from its checkpoint, attaches to the runner
          ◄── RegisterAgent / ReregisterAgent, repeated until …
    AgentRegistered      ──►   has its id
    RunTask              ──►   stored, then spawned              ──►  launch            ──►
                               stored, then sent on              ◄──  Update(status)    ◄──  Started, Exited, …
          ◄── UpdateStatus     repeated until …
    AcknowledgeUpdate    ──►   the next status; after the last one the task is forgotten
    KillTask             ──►   Kill                              ──►  kill              ──►

Nothing leaves the agent before the checkpoint has it (``_write_ahead``). A framework that does not checkpoint has no
records: its tasks end when this process was killed and another takes over, as they do on a real agent.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from actors.core import Actor, ActorRef, Failure, Props, StoppingStrategy, Terminated
from actors.local_mesos.agent._admission import why_not, with_executor
from actors.local_mesos.agent._checkpoint import Checkpoint
from actors.local_mesos.agent._command_executor import (
    CommandExecutor,
    Kill,
    KillDecided,
    NotHeld,
    Shutdown,
    Update,
)
from actors.local_mesos.agent._container import Container, Containers
from actors.local_mesos.agent._housekeeping import Housekeeper, OverMemory, Running, WhatRuns, memory_limit
from actors.local_mesos.agent._master_link import MasterLink
from actors.local_mesos.agent._messages import (
    AgentSettings,
    Attached,
    DescribeAgent,
    EndTasks,
    ExecutorStopped,
    Register,
    RunnerStopped,
    SendUpdate,
    WhenRegistered,
)
from actors.local_mesos.agent._operations import Operations, SendOperationStatus
from actors.local_mesos.agent._records import (
    AgentRecord,
    CheckpointBroken,
    FrameworkRecord,
    KillOrdered,
    Record,
    Recovered,
    TaskRecord,
    TaskRemoved,
    UpdateAcknowledged,
    UpdateRecord,
)
from actors.local_mesos.agent._run import AgentIdentity, Run
from actors.local_mesos.agent._status import new_status, random_uuid, task_of
from actors.local_mesos.agent._updates import UpdateStream
from actors.local_mesos.agent._views import AgentDescription, RunDescription
from actors.local_mesos.agent._write_ahead import Effect, Stored, WriteAhead
from actors.local_mesos.messages import (
    AcknowledgeOperationStatus,
    AcknowledgeUpdate,
    AgentRegistered,
    ApplyOperation,
    FrameworkMessage,
    KillTask,
    MasterChanged,
    ReregisterAgent,
    RunTask,
    RunTaskGroup,
    ShutdownAgent,
    ShutdownExecutor,
    ShutdownFramework,
    UpdateFramework,
    UpdateStatus,
)
from actors.local_mesos.task_runner import (
    Exited,
    Lost,
    Refused,
    RunnerEvent,
    RunnerLost,
    RunnerUnusable,
    RunnerWarning,
    Started,
    TaskRunner,
)
from mesos_proto import TaskState, mesos_pb2

__all__ = ["Agent"]

TaskStatus = mesos_pb2.TaskStatus


class Agent(Actor[Any]):
    """``checkpoint`` and ``runner`` are this agent's alone, and outlive it. Without a ``master`` it waits for
    ``MasterChanged``.
    """

    supervisor_strategy = StoppingStrategy()  # an executor that failed must not start its task once more

    def __init__(
        self, settings: AgentSettings, checkpoint: Checkpoint, runner: TaskRunner, master: ActorRef[Any] | None = None
    ) -> None:
        self._settings = settings
        self._checkpoint = checkpoint
        self._runner = runner
        self._first_master = master
        self._containers = Containers()
        self._link = MasterLink(settings, self.context, self._registration)
        self._ahead = WriteAhead(checkpoint, self.context, self.log.error)
        self._operations = Operations(self.context, self._link, self._ahead)
        self._ending: tuple[ActorRef[Any], int] | None = None  # whom to tell that so many tasks ended

    # -- begin and end ---------------------------------------------------------------------------------------------

    async def pre_start(self) -> None:
        try:
            recovered = await self._checkpoint.recover()
            held = await self._runner.attach(self.ref.tell)
        except (CheckpointBroken, RunnerUnusable, OSError) as error:
            self.log.error("cannot start: %s", error)
            self._link.give_up(error)
            return
        self._restore(recovered)
        self._compare(held)
        self.context.spawn(Props(Housekeeper, self._settings, self._runner))
        self._link.turn_to(self._first_master)

    async def post_stop(self) -> None:
        await self._runner.detach()

    def _restore(self, recovered: Recovered) -> None:
        """Take over what the agent had before it, or the process it was in, was ended."""
        if recovered.agent is not None:
            self._link.adopt(recovered.agent.id.value)
        self._operations.restore(recovered.resources, recovered.operations.values())
        for task in recovered.tasks.values():
            framework = self._containers.frameworks[task.framework_id] = recovered.frameworks[task.framework_id]
            run = Run(self._identity, framework, task.info, task.container_id)
            container = Container(run, UpdateStream(task.acknowledged, task.pending))
            self._containers.add(container)
            if not container.updates.ended:
                latest = container.updates.latest
                self._spawn(container, None if latest is None else TaskState(latest.state), task.kill_ordered)

    def _compare(self, held: tuple[RunnerEvent, ...]) -> None:
        """What the runner holds with what the agent answers for: each hears what it does not know."""
        known = set()
        for event in held:
            if isinstance(event, Started | Refused | Exited | Lost):
                known.add(event.container_id)
            self._hear(event)
        for container in self._containers:
            if container.id not in known and container.updates.latest is not None:
                self._to_executor(container, NotHeld())

    # -- messages --------------------------------------------------------------------------------------------------

    def receive(self, message: Any) -> None:
        match message:
            case Update(container_id, status):
                self._updated(container_id, status)
            case Started() | Refused() | Exited() | Lost() | RunnerWarning() | RunnerLost():
                self._hear(message)
            case Stored(effects):
                for effect in effects:
                    effect()
                self._ahead.go_on()
                self._end_if_ended()
            case RunTask(framework, task):
                self._run_task(framework, task)
            case RunTaskGroup(framework, executor, tasks):
                for task in tasks:
                    self._run_task(framework, with_executor(task, executor))
            case AcknowledgeUpdate(framework_id, task_id, uuid):
                self._acknowledged(self._containers.of_task(framework_id, task_id), uuid)
            case SendUpdate(container_id):
                self._send_update(self._containers.get(container_id))
            case KillTask(framework_id, task_id, policy):
                self._kill_task(framework_id, task_id, policy)
            case KillDecided(container_id):
                self._store(self._containers.get(container_id), KillOrdered(container_id))
            case ExecutorStopped(container_id):
                self._executor_failed(container_id)
            case _:
                self._receive_seldom(message)

    def _receive_seldom(self, message: Any) -> None:
        match message:
            case AgentRegistered(agent_id):
                self._have_registered(agent_id)
            case Register(backoff):
                self._link.register(backoff)
            case MasterChanged(master):
                self._link.turn_to(master)
            case Terminated(ref=ref) if self._link.is_to(ref):
                self.log.warning("the master %s is gone; the tasks go on, and wait for another", ref)
                self._link.turn_to(None)
            case UpdateFramework(framework):
                self._learn_framework(framework)
            case ApplyOperation():
                self._operations.apply(message)
            case SendOperationStatus():
                self._operations.send_again(message)
            case AcknowledgeOperationStatus():
                self._operations.acknowledged(message)
            case ShutdownFramework(framework_id):
                self._shut_down_framework(framework_id)
            case FrameworkMessage(executor_id=name) | ShutdownExecutor(executor_id=name):
                self.log.warning("ignored %s for executor %s, which is not here", type(message).__name__, name)
            case ShutdownAgent(reason):
                self._shut_down(reason)
            case WhenRegistered() if self.sender is not None:
                self._link.tell_when_registered(self.sender)
            case DescribeAgent():
                self.reply(self._description())
            case EndTasks() if self.sender is not None:
                self._end_tasks(self.sender)
            case RunnerStopped() if self._ending is not None:
                asker, count = self._ending
                asker.tell(count, self.ref)
            case Attached(held):
                self._compare(held)
            case WhatRuns() if self.sender is not None:
                limits = {c.id: memory_limit(c.run.task) for c in self._containers if c.executor is not None}
                self.sender.tell(Running(limits), self.ref)
            case OverMemory(container_id=container_id):
                if (container := self._containers.get(container_id)) is not None:
                    self._to_executor(container, message)
            case Failure(error):
                self.log.error("%s: %s", type(error).__name__, error)
            case _:
                self.unhandled(message)

    def _description(self) -> AgentDescription:
        def described(container: Container) -> RunDescription:
            run = container.run
            return RunDescription(run, task_of(run, container.updates), self._runner.sandbox_path(run.sandbox))

        runs, completed = (tuple(map(described, some)) for some in (self._containers, self._containers.completed))
        return AgentDescription(self._link.info, self._settings.ip, runs, completed)

    # -- the master ------------------------------------------------------------------------------------------------

    @property
    def _identity(self) -> AgentIdentity:
        return AgentIdentity(self._link.agent_id, self._settings.ip, self._settings.info.port)

    def _registration(self) -> ReregisterAgent:
        wanted = [container for container in self._containers if container.wanted]
        theirs = {container.run.framework.id.value for container in wanted}
        frameworks = tuple(info for name, info in self._containers.frameworks.items() if name in theirs)
        tasks = tuple(task_of(container.run, container.updates) for container in wanted)
        operations = self._operations
        return ReregisterAgent(
            self._link.info, self.ref, frameworks, tasks, (), operations.resources, operations.waiting
        )

    def _have_registered(self, agent_id: str) -> None:
        if self._link.agent_id == agent_id:
            self._are_registered()
        else:
            self._link.adopt(agent_id)
            self._ahead.then((AgentRecord(self._link.info),), self._are_registered)

    def _are_registered(self) -> None:
        self._link.confirmed()
        self.log.info("registered as %s", self._link.agent_id)
        for container in self._containers:
            container.updates.start_over()
            self._send_update(container)
        self._operations.start_over()

    def _shut_down(self, reason: str) -> None:
        """The cluster does not want this agent: end its tasks, say no more to the master."""
        self.log.error("the master refused this agent, which ends its tasks: %s", reason)
        self._link.give_up(RuntimeError(f"the master refused the agent: {reason}"))
        for framework_id in list(self._containers.frameworks):
            self._shut_down_framework(framework_id)

    # -- tasks -----------------------------------------------------------------------------------------------------

    def _run_task(self, framework: mesos_pb2.FrameworkInfo, task: mesos_pb2.TaskInfo) -> None:
        if self._containers.of_task(framework.id.value, task.task_id.value) is not None:
            self.log.warning("ignored a second launch of task %s of %s", task.task_id.value, framework.id.value)
            return
        self._learn_framework(framework)
        run = Run(self._identity, framework, task, str(random_uuid(self.context.system)))
        container = Container(run, UpdateStream())
        self._containers.add(container)
        record = TaskRecord(framework.id.value, container.id, task)
        refusal = why_not(run, stopping=self._ending is not None)
        if refusal is None:
            self._store(container, record, partial(self._spawn, container))
        else:
            self._store(container, record)
            self._updated(container.id, self._own_status(run, *refusal))

    def _learn_framework(self, framework: mesos_pb2.FrameworkInfo) -> None:
        if self._containers.frameworks.get(framework.id.value) != framework:
            self._containers.frameworks[framework.id.value] = framework
            if framework.checkpoint:
                self._ahead.then((FrameworkRecord(framework),))

    def _spawn(self, container: Container, reached: TaskState | None = None, killed: bool = False) -> None:
        if container.wanted:
            executor = self.context.spawn(Props(CommandExecutor, container.run, self._runner, reached, killed))
            self.context.watch(executor, ExecutorStopped(container.id))
            container.executor = executor

    def _kill_task(self, framework_id: str, task_id: str, policy: mesos_pb2.KillPolicy | None) -> None:
        container = self._containers.of_task(framework_id, task_id)
        if container is None:
            self.log.warning("ignored a kill of task %s of %s, which is not here", task_id, framework_id)
        else:
            # A launch that is still being stored has no executor yet; effects keep their order.
            self._ahead.then((), partial(self._to_executor, container, Kill(policy)))

    def _to_executor(self, container: Container, message: Any) -> None:
        if container.executor is not None:
            container.executor.tell(message, self.ref)

    def _executor_failed(self, container_id: str) -> None:
        """By a fault of its own; the task is not left without one who answers for it."""
        container = self._containers.get(container_id)
        if container is not None and container.executor is not None:
            self._runner.kill(container_id, 0)
            text, reason = "Executor terminated", TaskStatus.REASON_EXECUTOR_TERMINATED
            self._updated(container_id, self._own_status(container.run, TaskState.TASK_FAILED, text, reason))

    def _shut_down_framework(self, framework_id: str) -> None:
        self._containers.frameworks.pop(framework_id, None)
        for container in self._containers.of_framework(framework_id):
            self._store(container, TaskRemoved(container.id))
            container.wanted = False
            self.context.timers.cancel(container.id)
            if container.executor is None:
                self._containers.remove(container)
            else:
                container.executor.tell(Shutdown(), self.ref)

    def _end_tasks(self, asker: ActorRef[Any]) -> None:
        running = [container for container in self._containers if not container.updates.ended]
        self._ending = (asker, len(running))
        for container in running:
            self._ahead.then((), partial(self._to_executor, container, Shutdown()))
        self._end_if_ended()

    def _end_if_ended(self) -> None:
        if self._ending is not None and self._ahead.idle and all(c.updates.ended for c in self._containers):
            self.context.pipe_to(self._stop_runner())

    async def _stop_runner(self) -> RunnerStopped:
        await self._runner.stop(grace=0)
        return RunnerStopped()

    # -- the task runner -------------------------------------------------------------------------------------------

    def _hear(self, event: RunnerEvent) -> None:
        match event:
            case RunnerWarning(text):
                self.log.warning("%s", text)
            case RunnerLost(reason):
                self.log.error("%s; starting another", reason)
                self.context.pipe_to(self._attach_again())
            case Started(container_id=name) | Refused(container_id=name) | Exited(container_id=name) | Lost(name):
                container = self._containers.get(name.partition(".")[0])  # also for the commands of its health check
                if container is not None and container.executor is not None:
                    container.executor.tell(event, self.ref)
                elif isinstance(event, Started):
                    self._runner.kill(name, 0)  # nobody answers for it: its framework does not checkpoint, or is gone
                else:
                    self._runner.forget([name])

    async def _attach_again(self) -> Attached:
        while True:
            try:
                return Attached(await self._runner.attach(self.ref.tell))
            except RunnerUnusable as error:
                self.log.error("%s", error)
                await self.context.system.clock.sleep(self._settings.runner_retry)

    # -- updates ---------------------------------------------------------------------------------------------------

    def _own_status(self, run: Run, state: TaskState, message: str, reason: TaskStatus.Reason.ValueType) -> TaskStatus:
        return new_status(self.context.system, run, state, TaskStatus.SOURCE_AGENT, message, reason)

    def _updated(self, container_id: str, status: TaskStatus) -> None:
        container = self._containers.get(container_id)
        if container is None:
            return
        ended = TaskState(status.state).is_terminal
        if ended and container.executor is not None:
            self.context.unwatch(container.executor)
            self.context.stop(container.executor)
            container.executor = None
        if container.wanted:
            self._store(container, UpdateRecord(container_id, status), partial(self._update_stored, container, status))
        elif ended:
            self._runner.forget([container_id])
            self._containers.remove(container)

    def _update_stored(self, container: Container, status: TaskStatus) -> None:
        if container.updates.add(status):
            self._send_update(container)
        if container.updates.ended:
            self._runner.forget([container.id])

    def _send_update(self, container: Container | None) -> None:
        """And again later, until it is acknowledged."""
        if container is None or not container.wanted or not self._link.registered:
            return
        status, latest = container.updates.in_flight, container.updates.latest
        if status is not None and latest is not None:
            self._link.send(UpdateStatus(container.run.framework.id.value, status, latest.state))
            self.context.timers.start_single(container.id, SendUpdate(container.id), container.updates.next_retry())

    def _acknowledged(self, container: Container | None, uuid: bytes) -> None:
        if container is None or not container.updates.acknowledge(uuid):
            return  # repeated, as the update was
        self.context.timers.cancel(container.id)
        if container.updates.done:
            self._store(container, TaskRemoved(container.id))
            self._containers.remove(container)
        else:
            self._store(container, UpdateAcknowledged(container.id))
            self._send_update(container)

    def _store(self, container: Container | None, record: Record, effect: Effect | None = None) -> None:
        self._ahead.then((record,) if container is not None and container.recorded else (), effect)
