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

from typing import Any

from actors.core import Actor, ActorRef, Failure, Props, StoppingStrategy, Terminated
from actors.local_mesos.agent._admission import with_executor
from actors.local_mesos.agent._checkpoint import Checkpoint
from actors.local_mesos.agent._container import Container, Containers
from actors.local_mesos.agent._delivery import Delivery
from actors.local_mesos.agent._description import describe
from actors.local_mesos.agent._ending import Ending
from actors.local_mesos.agent._executor_protocol import (
    ExecutorEnded,
    ForTask,
    KillDecided,
    NotHeld,
    Update,
)
from actors.local_mesos.agent._executors import Executors
from actors.local_mesos.agent._housekeeping import Housekeeper, OverMemory, Running, WhatRuns, memory_limit
from actors.local_mesos.agent._master_link import MasterLink
from actors.local_mesos.agent._messages import (
    AgentSettings,
    Attached,
    DescribeAgent,
    EndTasks,
    ExecutorCall,
    ExecutorSaid,
    ExecutorStopped,
    ExecutorSubscribe,
    Register,
    RunnerStopped,
    SendUpdates,
    WhenRegistered,
)
from actors.local_mesos.agent._operations import Operations, SendOperationStatus
from actors.local_mesos.agent._records import (
    AgentRecord,
    CheckpointBroken,
    KillOrdered,
    Recovered,
)
from actors.local_mesos.agent._run import AgentIdentity, Run, outer
from actors.local_mesos.agent._status import task_of
from actors.local_mesos.agent._tasks import Tasks
from actors.local_mesos.agent._updates import UpdateStream
from actors.local_mesos.agent._write_ahead import Stored, WriteAhead
from actors.local_mesos.messages import (
    AcknowledgeOperationStatus,
    AcknowledgeUpdate,
    AgentRegistered,
    ApplyOperation,
    FrameworkMessage,
    KillTask,
    MasterChanged,
    ReconcileTasks,
    ReregisterAgent,
    RunTask,
    RunTaskGroup,
    ShutdownAgent,
    ShutdownExecutor,
    ShutdownFramework,
    UpdateFramework,
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
        self._delivery = Delivery(
            self.context, self._link, self._ahead, self._containers, runner.forget, self._tell_shared
        )
        self._executors = Executors(
            self.context, settings, runner, self._link, self._ahead, self._containers, self._delivery
        )
        self._tasks = Tasks(
            self.context,
            self._identity,
            runner,
            self._ahead,
            self._containers,
            self._delivery,
            self._executors,
            self.receive,
        )
        self._ending = Ending(self.context, runner, self._ahead, self._containers, self._executors)
        self._looked_after = False

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
        self._look_after_what_runs()
        self._link.turn_to(self._first_master)

    async def post_stop(self) -> None:
        await self._runner.detach()

    def _restore(self, recovered: Recovered) -> None:
        """Take over what the agent had before it, or the process it was in, was ended."""
        if recovered.agent is not None:
            self._link.adopt(recovered.agent.id.value)
            if recovered.agent.port != self._settings.info.port:
                self._ahead.then((AgentRecord(self._link.info),))
        self._operations.restore(recovered.resources, recovered.operations.values())
        for task in recovered.tasks.values():
            framework = self._containers.frameworks[task.framework_id] = recovered.frameworks[task.framework_id]
            run = Run(self._identity(), framework, task.info, task.container_id)
            container = Container(run, UpdateStream(task.acknowledged, task.pending))
            self._containers.add(container)
            if not container.updates.ended and not run.shares_executor:
                latest = container.updates.latest_state
                self._tasks.spawn(container, None if latest is None else TaskState(latest), task.kill_ordered)

        for executor in recovered.executors.values():
            self._executors.restore(self._identity(), executor, lambda name: recovered.tasks[name].kill_ordered)

    def _look_after_what_runs(self) -> None:
        """Once there may be anything to measure: thousands of agents whose tasks are figures each need no timer."""
        if not self._looked_after and self._runner.has_usage:
            self._looked_after = True
            self.context.spawn(Props(Housekeeper, self._settings, self._runner))

    def _compare(self, held: tuple[RunnerEvent, ...]) -> None:
        """What the runner holds with what the agent answers for: each hears what it does not know."""
        known = set()
        for event in held:
            if isinstance(event, Started | Refused | Exited | Lost):
                known.add(event.container_id)
            self._hear(event)
        for container in self._containers:
            if container.id not in known and container.updates.latest_state is not None:
                container.tell(NotHeld(), self.ref)
        for executor in self._executors:
            if executor.id not in known:
                self._executors.tell(executor.id, NotHeld())

    # -- messages --------------------------------------------------------------------------------------------------

    def receive(self, message: Any) -> None:
        match message:
            case Update(container_id, status):
                self._delivery.updated(container_id, status)
                self._ending.look()
            case AcknowledgeUpdate(framework_id, task_id, uuid):
                self._delivery.acknowledged(self._containers.of_task(framework_id, task_id), uuid)
            case Started() | Refused() | Exited() | Lost() | RunnerWarning() | RunnerLost():
                self._hear(message)
            case Stored(effects):
                for effect in effects:
                    effect()
                self._ahead.go_on()
                self._ending.look()
            case RunTask(framework, task):
                self._tasks.launch(framework, [task], stopping=self._ending.has_begun)
            case RunTaskGroup(framework, executor, tasks):
                group = [with_executor(task, executor) for task in tasks]
                self._tasks.launch(framework, group, as_group=True, stopping=self._ending.has_begun)
            case SendUpdates():
                self._delivery.send_due()
            case KillTask(framework_id, task_id, policy):
                self._tasks.kill(framework_id, task_id, policy)
            case KillDecided(container_id):
                self._delivery.store(self._containers.get(container_id), KillOrdered(container_id))
            case ExecutorStopped(container_id):
                self._tasks.executor_failed(container_id)
            case ExecutorCall() if self.sender is not None:
                self._executors.call(message, self.sender)
            case ExecutorSaid():
                self._executors.said(message)
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
            case ReconcileTasks(framework, task_ids):
                self._tasks.reconcile(framework, task_ids)
            case UpdateFramework(framework):
                self._tasks.learn_framework(framework)
            case ApplyOperation():
                self._operations.apply(message)
            case SendOperationStatus():
                self._operations.send_again(message)
            case AcknowledgeOperationStatus():
                self._operations.acknowledged(message)
            case ShutdownFramework(framework_id):
                self._tasks.shut_down_framework(framework_id)
            case FrameworkMessage(framework_id, executor_id, data):
                if not self._executors.send(framework_id, executor_id, data):
                    self.log.warning("dropped a message for executor %s, which takes none here", executor_id)
            case ShutdownExecutor(framework_id, executor_id):
                self._tasks.shut_down_executor(framework_id, executor_id)
            case ExecutorSubscribe():
                self._executors.subscribe(message)
            case ExecutorEnded():
                self._executors.ended(message)
                self._ending.look()
            case ShutdownAgent(reason):
                self._shut_down(reason)
            case WhenRegistered() if self.sender is not None:
                self._link.tell_when_registered(self.sender)
            case DescribeAgent():
                link, runner = self._link, self._runner
                self.reply(describe(link.info, self._settings.ip, runner, self._containers, self._executors))
            case EndTasks() if self.sender is not None:
                self._ending.begin(self.sender)
            case RunnerStopped():
                self._ending.have_ended()
            case Attached(held):
                self._compare(held)
            case WhatRuns() if self.sender is not None:
                live = [container for container in self._containers if container.executor is not None]
                alone = [c for c in live if not c.run.shares_executor and not c.run.has_image]
                limits = {container.id: memory_limit(container.run.task) for container in alone}
                self.sender.tell(Running({**limits, **self._executors.limits()}), self.ref)
            case OverMemory(container_id=container_id):
                if (container := self._containers.get(container_id)) is not None:
                    container.tell(message, self.ref)
                else:
                    self._executors.tell(container_id, message)
            case Failure(error):
                self.log.error("%s: %s", type(error).__name__, error)
            case _:
                self.unhandled(message)

    # -- the master ------------------------------------------------------------------------------------------------

    def _identity(self) -> AgentIdentity:
        return AgentIdentity(self._link.agent_id, self._settings.ip, self._settings.info.port)

    def _registration(self) -> ReregisterAgent:
        wanted = [container for container in self._containers if container.wanted]
        theirs = {one.run.framework.id.value for one in (*wanted, *self._executors) if one.wanted}
        frameworks = tuple(info for name, info in self._containers.frameworks.items() if name in theirs)
        tasks = tuple(task_of(container.run, container.updates) for container in wanted)
        executors = tuple(executor.run.info for executor in self._executors if executor.wanted)
        operations = self._operations
        return ReregisterAgent(
            self._link.info, self.ref, frameworks, tasks, executors, operations.resources, operations.waiting
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
        self._delivery.start_over()
        self._operations.start_over()

    def _shut_down(self, reason: str) -> None:
        """The cluster does not want this agent: end its tasks, say no more to the master."""
        self.log.error("the master refused this agent, which ends its tasks: %s", reason)
        self._link.give_up(RuntimeError(f"the master refused the agent: {reason}"))
        for framework_id in list(self._containers.frameworks):
            self._tasks.shut_down_framework(framework_id)

    def _tell_shared(self, container_id: str, message: ForTask) -> None:
        self._executors.tell(container_id, message)

    # -- the task runner -------------------------------------------------------------------------------------------

    def _hear(self, event: RunnerEvent) -> None:
        match event:
            case RunnerWarning(text):
                self.log.warning("%s", text)
            case RunnerLost(reason):
                self.log.error("%s; starting another", reason)
                self.context.pipe_to(self._attach_again())
            case Started(container_id=name) | Refused(container_id=name) | Exited(container_id=name) | Lost(name):
                self._look_after_what_runs()
                container = self._containers.get(outer(name))  # also for the commands of its health check
                if self._executors.has(outer(name)):
                    self._executors.tell(outer(name), event)
                elif container is not None and container.executor is not None:
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
