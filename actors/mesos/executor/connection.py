"""An executor's subscription with its agent.

::

    executor                      connection                                          agent
    run()                    ──►  SUBSCRIBE (what is unacknowledged: updates, tasks) ──►
        ◄── Subscribed                                                               ◄──  SUBSCRIBED
        ◄── LaunchTask, KillTask, …                                                  ◄──  LAUNCH, KILL, …
    update(status)           ──►  kept; UPDATE                                       ──►  → framework
                                  forgotten                                          ◄──  ACKNOWLEDGED
        ◄── Disconnected          the agent is away (restarts, is upgraded)
    update(status)           ──►  kept for the next SUBSCRIBE
                                  SUBSCRIBE again, up to every 1 s, for 15 min       ──►
        ◄── ShutdownExecutor      SHUTDOWN; or the agent stayed away too long, or this executor does not checkpoint,
                                  or the agent does not know it any more. `run` returns

The times are the agent's, told in the environment. An update is in force until its ACKNOWLEDGED comes, however often
the agent comes and goes; agents pass on each uuid once. Mesos: "Executor HTTP API".
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import aiohttp

from actors.core import Clock
from actors.mesos._answers import Answer
from actors.mesos._call_channel import CallChannel, ChannelLost
from actors.mesos._codec import Codec
from actors.mesos._record_stream import RecordStream, Refused, open_session
from actors.mesos._verdicts import is_permanent
from actors.mesos.errors import CallError, CallRefused, CallUnconfirmed, InvalidCall, NotSubscribed, StreamLost
from actors.mesos.settings import ConnectionSettings, Security
from mesos_proto import ExecutorInfo, FrameworkInfo, TaskID, TaskInfo, TaskState, TaskStatus
from mesos_proto import executor_pb2 as executor

from .environment import ExecutorEnvironment
from .events import (
    Disconnected,
    Error,
    Event,
    FrameworkMessage,
    KillTask,
    LaunchTask,
    LaunchTaskGroup,
    ShutdownExecutor,
    Subscribed,
)

__all__ = ["ExecutorConnection"]

log = logging.getLogger(__name__)

_PATH = "/api/v1/executor"
_REGISTRATION_TIMEOUT = 60.0  # an agent gives up on an executor that has not subscribed by then


class ExecutorConnection:
    """Keeps one executor subscribed with its agent. ``deliver`` gets each event."""

    def __init__(
        self,
        environment: ExecutorEnvironment,
        *,
        deliver: Callable[[Event], None],
        clock: Clock,
        chance: random.Random,
        settings: ConnectionSettings,
    ) -> None:
        self._environment = environment
        self._deliver = deliver
        self._clock = clock
        self._random = chance
        self._settings = settings
        self._security = Security(bearer=environment.token)
        self._codec = Codec.of(settings.encoding, executor.Event)
        self._updates: dict[bytes, TaskStatus] = {}
        self._tasks: dict[TaskID, TaskInfo] = {}
        self._stream: RecordStream | None = None
        self._channel: CallChannel | None = None
        self._shutting_down = False
        self._all_acknowledged = asyncio.Event()
        self._all_acknowledged.set()

    # -- staying subscribed

    async def run(self) -> None:
        """Subscribe until it is time to end, which `ShutdownExecutor` has said by then."""
        async with open_session(self._settings, self._security) as session:
            try:
                reason = await self._stay_subscribed(session)
            finally:
                self._close_channel()
        if not self._shutting_down:
            self._deliver(ShutdownExecutor(reason, self._environment.shutdown_grace))

    async def _stay_subscribed(self, session: aiohttp.ClientSession) -> str:
        """Returns why it is time to end."""
        environment = self._environment
        patience, since = _REGISTRATION_TIMEOUT, self._clock.time()
        while True:
            try:
                await self._subscribe(session)
            except Refused as error:
                if is_permanent(error.status, known=False, attempt=0):
                    return f"the agent does not take this executor: {error.reason}"
                failure: Exception = error
            except StreamLost as error:
                failure = error
            if self._shutting_down:
                return "the agent asked for it"
            if self._close_channel():
                patience, since = environment.recovery_timeout, self._clock.time()
                self._deliver(Disconnected(str(failure)))
                if not environment.checkpoint:
                    return f"the agent is away, and this framework does not checkpoint: {failure}"
            if self._clock.time() - since >= patience:
                return f"no agent within {patience:g} s: {failure}"
            # An agent that comes back waits as long as the longest pause, and kills who has not come by then. Who came
            # a little too early is to have another attempt within that.
            pause = self._random.uniform(0.1, 0.5) * environment.subscription_backoff_max
            log.warning("executor %s: %s; next attempt in %.1f s", environment.executor_id, failure, pause)
            await self._clock.sleep(pause)

    async def _subscribe(self, session: aiohttp.ClientSession) -> None:
        """Follow one subscription. Ends only by raising."""
        body = self._codec.encode(self._subscribe_call())
        url = self._environment.url + _PATH
        stream = await RecordStream.open(session, url, body, self._codec.headers, self._settings)
        try:
            while True:
                for record in await stream.read():
                    self._received(stream, self._codec.decode(record))
        finally:
            stream.close()

    def _call(self, kind: executor.Call.Type.ValueType) -> executor.Call:
        call = executor.Call(type=kind)
        call.framework_id.value = self._environment.framework_id
        call.executor_id.value = self._environment.executor_id
        return call

    def _subscribe_call(self) -> executor.Call:
        call = self._call(executor.Call.SUBSCRIBE)
        call.subscribe.unacknowledged_tasks.extend(task.proto for task in self._tasks.values())
        for status in self._updates.values():
            call.subscribe.unacknowledged_updates.add().status.CopyFrom(status.proto)
        return call

    def _close_channel(self) -> bool:
        """Whether there was one, that is, whether the last attempt had come to a subscription."""
        channel, self._channel, self._stream = self._channel, None, None
        if channel is not None:
            channel.close("the subscription is over")
        return channel is not None

    # -- events

    def _received(self, stream: RecordStream, message: executor.Event) -> None:
        match message.type:
            case executor.Event.SUBSCRIBED:
                self._on_subscribed(stream, message.subscribed)
            case executor.Event.ACKNOWLEDGED:
                self._on_acknowledged(message.acknowledged)
            case executor.Event.LAUNCH:
                task = TaskInfo.from_proto(message.launch.task)
                self._tasks[task.task_id] = task
                self._deliver(LaunchTask(task))
            case executor.Event.LAUNCH_GROUP:
                tasks = tuple(map(TaskInfo.from_proto, message.launch_group.task_group.tasks))
                self._tasks.update((task.task_id, task) for task in tasks)
                self._deliver(LaunchTaskGroup(tasks))
            case executor.Event.KILL:
                kill = message.kill
                grace = timedelta(microseconds=kill.kill_policy.grace_period.nanoseconds // 1_000)
                given = kill.HasField("kill_policy") and kill.kill_policy.HasField("grace_period")
                self._deliver(KillTask(TaskID(kill.task_id.value), grace if given else None))
            case executor.Event.MESSAGE:
                self._deliver(FrameworkMessage(message.message.data))
            case executor.Event.SHUTDOWN:
                self._shutting_down = True
                self._deliver(ShutdownExecutor("the agent asked for it", self._environment.shutdown_grace))
            case executor.Event.ERROR:
                log.error("executor %s: the agent reports: %s", self._environment.executor_id, message.error.message)
                self._deliver(Error(message.error.message))
            case executor.Event.HEARTBEAT:
                pass
            case unknown:
                log.warning("executor %s: an event of type %s is passed over", self._environment.executor_id, unknown)

    def _on_subscribed(self, stream: RecordStream, message: executor.Event.Subscribed) -> None:
        self._close_channel()
        self._stream = stream
        self._channel = CallChannel(
            stream.url + _PATH,
            {**self._codec.headers, **self._security.headers},
            tls=self._security.tls,
            connect_timeout=self._settings.connect_timeout,
            answer_timeout=self._settings.answer_timeout,
        )
        info, framework = (
            ExecutorInfo.from_proto(message.executor_info),
            FrameworkInfo.from_proto(message.framework_info),
        )
        self._deliver(Subscribed(info, framework, message.agent_info))

    def _on_acknowledged(self, message: executor.Event.Acknowledged) -> None:
        self._updates.pop(message.uuid, None)
        # An agent that knows of any update of a task has stored the task: it need not be told of it again.
        self._tasks.pop(TaskID(message.task_id.value), None)
        if not self._updates:
            self._all_acknowledged.set()

    # -- calls

    def update(self, status: TaskStatus) -> None:
        """Keep ``status`` (with a uuid of its own) until it is acknowledged, and send it now if there is an agent.

        Raises `InvalidCall` for a status that an agent refuses.
        """
        if not status.uuid or status.uuid in self._updates:
            raise InvalidCall(f"UpdateTask: the status of {status.task_id} needs a uuid of its own")
        if status.state is TaskState.TASK_STAGING:
            raise InvalidCall(
                "UpdateTask: TASK_STAGING is the master's to say; begin with TASK_STARTING or TASK_RUNNING"
            )
        self._updates[status.uuid] = status
        self._all_acknowledged.clear()
        if self._channel is not None:
            call = self._call(executor.Call.UPDATE)
            call.update.status.CopyFrom(status.proto)
            self._send(call).add_done_callback(partial(self._update_answered, status))

    async def wait_until_acknowledged(self) -> None:
        """Return when no update is kept any more."""
        await self._all_acknowledged.wait()

    def message(self, data: bytes) -> asyncio.Future[None]:
        """Send bytes to the scheduler, once. The future raises a `CallError` when the agent did not take them."""
        if self._channel is None:
            refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            refused.set_exception(NotSubscribed("MESSAGE was not sent: the agent is away at present"))
            return refused
        call = self._call(executor.Call.MESSAGE)
        call.message.data = data
        return self._send(call)

    def _send(self, call: executor.Call) -> asyncio.Future[None]:
        assert self._channel is not None
        result: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer = self._channel.send(self._codec.encode(call))
        answer.add_done_callback(partial(self._answered, executor.Call.Type.Name(call.type), self._stream, result))
        return result

    def _answered(
        self, name: str, stream: RecordStream | None, result: asyncio.Future[None], answer: asyncio.Future[Answer]
    ) -> None:
        error = _judged(name, answer)
        if isinstance(error, NotSubscribed) and stream is not None and stream is self._stream:
            stream.abort(StreamLost(str(error)))
        if result.cancelled():
            return
        if error is None:
            result.set_result(None)
        else:
            result.set_exception(error)

    def _update_answered(self, status: TaskStatus, sent: asyncio.Future[None]) -> None:
        error = None if sent.cancelled() else sent.exception()
        if isinstance(error, CallRefused):
            # Said again at each subscription, it would be refused each time, and the executor with it.
            log.error("executor %s: %s; this update is given up: %r", self._environment.executor_id, error, status)
            self._updates.pop(status.uuid or b"", None)
            if not self._updates:
                self._all_acknowledged.set()
        elif error is not None:
            log.info("executor %s: %s; it goes out with the next subscription", self._environment.executor_id, error)


def _judged(name: str, answer: asyncio.Future[Answer]) -> CallError | None:
    lost = answer.exception()
    if isinstance(lost, ChannelLost):
        return (CallUnconfirmed if lost.sent else NotSubscribed)(f"{name}: {lost}")
    status, reason = answer.result().status, answer.result().body
    if status in (200, 202):
        return None
    if status in (403, 503):
        return NotSubscribed(f"{name} was not taken: {reason}")
    return CallRefused(name, status, reason)
