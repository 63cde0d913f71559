"""A framework's own executor: a process that the agent starts, and that talks to it over ``/api/v1/executor``.

::

    agent                             custom executor (actor)                     its process
    (spawned with its first tasks)──► fetch(URIs), launch                   ──►   starts
                                      registering: tasks wait,              ◄──   SUBSCRIBE
                                      60 s at most                          ──►   SUBSCRIBED, LAUNCH / LAUNCH_GROUP
    Launch, ForTask(…, Kill), Send──►                                       ──►   LAUNCH, KILL, MESSAGE
          ◄──  Update                 with what only the agent knows        ◄──   UPDATE
    ForTask(…, Kept)              ──►                                       ──►   ACKNOWLEDGED
    Shutdown                      ──►                                       ──►   SHUTDOWN; SIGKILL after its grace
          ◄──  ExecutorEnded          its process ended, and why

The process may come back with another SUBSCRIBE at any time, as it does when the agent was restarted: it then names
what it has not heard acknowledged. A task that it never got is dropped; kills, and a number of messages, wait
for it. Mesos: "Executor HTTP API"
and ``src/slave/slave.cpp``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from actors.core import Actor, ActorRef, Failure
from actors.local_mesos.agent._executor_protocol import (
    ExecutorEnded,
    ForTask,
    Kept,
    Kill,
    KillDecided,
    Launch,
    Member,
    NotHeld,
    Send,
    Shutdown,
    Subscribe,
    Update,
)
from actors.local_mesos.agent._housekeeping import OverMemory, over_memory_text
from actors.local_mesos.agent._messages import AgentSettings, ExecutorCall, ExecutorSaid
from actors.local_mesos.agent._run import ExecutorRun, Run, group_of
from actors.local_mesos.agent._status import complete, new_status
from actors.local_mesos.master.protocol import Answer
from actors.local_mesos.master.stream import EndStream, SendEvent, StartHeartbeats
from actors.local_mesos.task_runner import Exited, FetchFailed, Lost, Refused, Started, TaskRunner
from mesos_proto import TaskState, executor_pb2, mesos_pb2

__all__ = ["CustomExecutor"]

HEARTBEAT = 30 * 60.0  # seconds
MESSAGES_KEPT = 100  # of a framework for an executor that is away

Call = executor_pb2.Call
Event = executor_pb2.Event
TaskStatus = mesos_pb2.TaskStatus
Reason: TypeAlias = mesos_pb2.TaskStatus.Reason.ValueType


@dataclass(frozen=True, slots=True)
class _Fetched:
    problem: str | None


@dataclass(frozen=True, slots=True)
class _NotSubscribed:
    """``within`` seconds it has not come."""

    within: float


@dataclass(frozen=True, slots=True)
class _GraceOver:
    pass


@dataclass(frozen=True, slots=True)
class _StreamEnded:
    stream: ActorRef[Any]


@dataclass(slots=True)
class _Task:
    run: Run
    sent: bool = False
    reached: TaskState | None = None
    storing: set[bytes] = field(default_factory=set)
    stored: set[bytes] = field(default_factory=set)


class CustomExecutor(Actor[Any]):
    """``first`` are its first tasks; ``recovered``: they are of before the agent was restarted, as its process is."""

    def __init__(
        self, run: ExecutorRun, runner: TaskRunner, settings: AgentSettings, first: Launch, recovered: bool
    ) -> None:
        self._run = run
        self._runner = runner
        self._settings = settings
        self._waiting: list[Launch] = []  # to be sent once there is somebody to send to
        self._kills: dict[str, Kill] = {}
        self._messages: list[bytes] = []
        self._tasks: dict[str, _Task] = {}  # whose last status is not stored yet, by task id
        self._stream: ActorRef[Any] | None = None
        self._recovered = recovered
        self._was_subscribed = False
        self._launched = recovered
        self._ending = False
        self._why: tuple[str, Reason] = ("Executor terminated", TaskStatus.REASON_EXECUTOR_TERMINATED)
        if recovered:
            for member in first.members:
                name = member.run.task.task_id.value
                self._tasks[name] = _Task(member.run, True, member.reached, stored=set(member.stored))
                if member.killed:
                    self._kills[name] = Kill()
        else:
            self._launch(first)

    def pre_start(self) -> None:
        if not self._recovered:
            self._start()

    def post_stop(self) -> None:
        if self._stream is not None:
            self._stream.tell(EndStream())

    def receive(self, message: Any) -> None:
        match message:
            case Launch():
                self._launch(message)
            case ForTask(container_id, Kept(uuid)):
                self._kept(container_id, uuid)
            case ForTask(container_id, Kill() as kill):
                self._kill(container_id, kill)
            case Send(data):
                self._send_data(data)
            case Subscribe():
                self._subscribed(message)
            case ExecutorCall(call):
                self._called(call)
            case Shutdown():
                self._shut_down()
            case _StreamEnded(stream) if stream == self._stream:
                self.log.info("executor %s ended its subscription", self._run.executor_id)
                self._stream = None
            case _NotSubscribed(within):
                self._give_up(within)
            case _GraceOver():
                self._runner.kill(self._run.container_id, 0)
            case OverMemory(used=used, limit=limit):
                self._why = (over_memory_text(used, limit), TaskStatus.REASON_CONTAINER_LIMITATION_MEMORY)
                self._ending = True
                self._runner.kill(self._run.container_id, 0)
            case _Fetched(problem):
                self._fetched(problem)
            case Started() | Refused() | Exited() | Lost() | NotHeld():
                self._process(message)
            case Failure(error):
                self._fail_to_start(f"{type(error).__name__}: {error}")
            case _:
                self.unhandled(message)

    # -- its process -----------------------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._run.info.command.uris:
            self.context.pipe_to(self._fetch())
        else:
            self._fetched(None)

    async def _fetch(self) -> _Fetched:
        try:
            await self._runner.fetch(self._run.sandbox, self._run.info.command.uris)
        except FetchFailed as error:
            return _Fetched(str(error))
        return _Fetched(None)

    def _fetched(self, problem: str | None) -> None:
        if self._ending:
            self._end(-1)
        elif problem is None:
            self._launched = True
            self._runner.launch(self._run.command())
        else:
            self._fail_to_start(f"Failed to fetch all URIs for container '{self._run.container_id}': {problem}")

    def _process(self, event: Started | Refused | Exited | Lost | NotHeld) -> None:
        match event:
            case Started() if self._stream is None:
                settings = self._settings
                patience = (
                    settings.executor_reregistration_timeout
                    if self._recovered
                    else settings.executor_registration_timeout
                )
                self.context.timers.start_single("registration", _NotSubscribed(patience), patience)
            case Refused(error=error):
                self._fail_to_start(error)
            case Exited(status=status):
                self._end(status)
            case Lost():
                self._end(-1)
            case NotHeld() if any(task.reached is not None for task in self._tasks.values()) or not self._tasks:
                self._end(-1)
            case NotHeld():  # the agent was killed before the runner heard of it
                self._recovered = False
                for run in [task.run for task in self._tasks.values()]:
                    self._again(run)
                self._start()

    def _again(self, run: Run) -> None:
        """Its group, if it has one, comes along with the first of it."""
        group = group_of(run.container_id)
        if group is None:
            self._launch(Launch((Member(run),)))
        elif not any(run.container_id in _containers(launch) for launch in self._waiting):
            runs = [task.run for task in self._tasks.values() if group_of(task.run.container_id) == group]
            self._launch(Launch(tuple(map(Member, runs)), group=True))

    def _fail_to_start(self, problem: str) -> None:
        self._why = (f"Failed to launch container: {problem}", TaskStatus.REASON_CONTAINER_LAUNCH_FAILED)
        self._end(-1)

    def _give_up(self, within: float) -> None:
        """It does not come, so it is of no use."""
        again = self._recovered
        reason = (
            TaskStatus.REASON_EXECUTOR_REREGISTRATION_TIMEOUT
            if again
            else TaskStatus.REASON_EXECUTOR_REGISTRATION_TIMEOUT
        )
        self._why = (f"Executor did not {'re' if again else ''}register within {_duration(within)}", reason)
        self._ending = True
        self._runner.kill(self._run.container_id, 0)

    def _shut_down(self) -> None:
        if self._ending:
            return
        self._ending = True
        self.context.timers.cancel("registration")
        grace = self._run.shutdown_grace
        if self._stream is not None:
            self._send(Event(type=Event.SHUTDOWN))
            self.context.timers.start_single("grace", _GraceOver(), grace)
        elif self._launched:
            self._runner.kill(self._run.container_id, grace)

    def _end(self, status: int) -> None:
        self.context.timers.cancel_all()
        self.context.parent.tell(ExecutorEnded(self._run.container_id, status, *self._why), self.ref)

    # -- its subscription ------------------------------------------------------------------------------------------

    def _subscribed(self, message: Subscribe) -> None:
        stream = message.stream
        if self._ending:
            stream.tell(SendEvent(Event(type=Event.SHUTDOWN)))
            stream.tell(EndStream())
            return
        if self._stream is not None:
            self.context.unwatch(self._stream)
            self._stream.tell(EndStream())
        self._stream = self.context.watch(stream, _StreamEnded(stream))
        self._was_subscribed = True
        self.context.timers.cancel("registration")
        subscribed = Event.Subscribed(
            executor_info=self._run.info,
            framework_info=message.framework,
            agent_info=message.agent,
            container_id=mesos_pb2.ContainerID(value=self._run.container_id),
        )
        self._send(Event(type=Event.SUBSCRIBED, subscribed=subscribed))
        stream.tell(StartHeartbeats(HEARTBEAT, at_once=False))
        for update in message.call.subscribe.unacknowledged_updates:
            self._said(update.status)
        self._drop_what_it_never_got({task.task_id.value for task in message.call.subscribe.unacknowledged_tasks})
        waiting, self._waiting = self._waiting, []
        for launch in waiting:
            self._launch(launch)
        for kill_id in list(self._kills):
            self._send_kill(kill_id, self._kills.pop(kill_id))
        messages, self._messages = self._messages, []
        for data in messages:
            self._send_data(data)

    def _drop_what_it_never_got(self, known: Iterable[str]) -> None:
        for name, task in self._tasks.items():
            if task.sent and task.reached is None and name not in known:
                task.reached = task.run.dropped
                self._kills.pop(name, None)
                text, reason = "Task launched during agent restart", TaskStatus.REASON_AGENT_RESTARTED
                self._of_agent(task.run, task.reached, text, reason)

    def _send(self, event: Event) -> None:
        if self._stream is not None:
            self._stream.tell(SendEvent(event))

    def _send_data(self, data: bytes) -> None:
        if self._stream is not None:
            self._send(Event(type=Event.MESSAGE, message=Event.Message(data=data)))
        elif len(self._messages) < MESSAGES_KEPT:
            self._messages.append(data)
        else:
            self.log.warning("dropped a message for executor %s, which is not subscribed", self._run.executor_id)

    def _called(self, call: Call) -> None:
        if not self._was_subscribed and call.type != Call.SUBSCRIBE:
            self.reply(Answer(403, "Executor is not subscribed"))
            return
        match call.type:
            case Call.SUBSCRIBE:
                self.reply(Answer(200))
                return
            case Call.UPDATE:
                self._said(call.update.status)
            case Call.MESSAGE:
                self.context.parent.tell(ExecutorSaid(self._run.container_id, call.message.data), self.ref)
            case Call.UNKNOWN:
                self.reply(Answer(501))
                return
        self.reply(Answer(202))

    # -- its tasks -------------------------------------------------------------------------------------------------

    def _launch(self, launch: Launch) -> None:
        for member in launch.members:
            name = member.run.task.task_id.value
            self._tasks[name] = _Task(member.run, sent=self._stream is not None)
        tasks = [member.run.task for member in launch.members]
        if self._stream is None:
            self._waiting.append(launch)
        elif launch.group:
            group = mesos_pb2.TaskGroupInfo(tasks=tasks)
            self._send(Event(type=Event.LAUNCH_GROUP, launch_group=Event.LaunchGroup(task_group=group)))
        else:
            for task in tasks:
                self._send(Event(type=Event.LAUNCH, launch=Event.Launch(task=task)))

    def _kill(self, container_id: str, kill: Kill) -> None:
        waiting = next((one for one in self._waiting if container_id in _containers(one)), None)
        if waiting is not None:
            self._waiting.remove(waiting)
            text, reason = "Killed before delivered to the executor", TaskStatus.REASON_TASK_KILLED_DURING_LAUNCH
            for member in waiting.members:
                self._of_agent(member.run, TaskState.TASK_KILLED, text, reason)
                self._tasks.pop(member.run.task.task_id.value, None)
            if not self._tasks and not self._was_subscribed:
                self._shut_down()  # it never had a task, and is not wanted any more
            return
        for name, task in self._tasks.items():
            if task.run.container_id == container_id:
                if self._stream is None:
                    self._kills[name] = kill
                    self.context.parent.tell(KillDecided(container_id), self.ref)
                else:
                    self._send_kill(name, kill)

    def _send_kill(self, task_id: str, kill: Kill) -> None:
        event = Event.Kill(task_id=mesos_pb2.TaskID(value=task_id), kill_policy=kill.policy)
        self._send(Event(type=Event.KILL, kill=event))

    def _said(self, status: TaskStatus) -> None:
        """An update, perhaps not for the first time: it is repeated until it is acknowledged."""
        task, uuid = self._tasks.get(status.task_id.value), status.uuid
        if task is not None and uuid in task.storing:
            return
        if task is None or uuid in task.stored:
            self._acknowledge(status.task_id.value, uuid)
            return
        if task.reached is not None and task.reached.is_terminal:
            state = TaskState(status.state).name
            self.log.warning("ignored %s of task %s, which is over", state, status.task_id.value)
            self._acknowledge(status.task_id.value, uuid)
            return
        task.reached = TaskState(status.state)
        task.storing.add(uuid)
        self.context.parent.tell(
            Update(task.run.container_id, complete(self.context.system, task.run, status)), self.ref
        )

    def _of_agent(self, run: Run, state: TaskState, text: str, reason: Reason) -> None:
        status = new_status(self.context.system, run, state, TaskStatus.SOURCE_AGENT, text, reason)
        self.context.parent.tell(Update(run.container_id, status), self.ref)

    def _kept(self, container_id: str, uuid: bytes) -> None:
        for name, task in self._tasks.items():
            if task.run.container_id == container_id:
                if uuid in task.storing:
                    self._acknowledge(name, uuid)
                task.storing.discard(uuid)
                task.stored.add(uuid)
                if task.reached is not None and task.reached.is_terminal and not task.storing:
                    del self._tasks[name]
                return

    def _acknowledge(self, task_id: str, uuid: bytes) -> None:
        event = Event.Acknowledged(task_id=mesos_pb2.TaskID(value=task_id), uuid=uuid)
        self._send(Event(type=Event.ACKNOWLEDGED, acknowledged=event))


def _containers(launch: Launch) -> set[str]:
    return {member.run.container_id for member in launch.members}


def _duration(seconds: float) -> str:
    """As Mesos prints it."""
    return f"{seconds / 60:.10g}mins" if seconds >= 60 else f"{seconds:.10g}secs"
