"""The executor actor: an executor for those who write its work as an actor.

::

    handler                              executor actor                                 agent
                                         pre_start: subscribe                      ──►
    Subscribed, LaunchTask, KillTask ◄──                                           ◄──  events
    UpdateTask(task_id, state, …)    ──►  uuid and time added, kept                ──►  UPDATE
                                          until acknowledged                       ◄──  ACKNOWLEDGED
    SendMessage(data)                ──►                                           ──►  MESSAGE
    Disconnected                     ◄──  updates wait, tasks go on
    ShutdownExecutor(reason, grace)  ◄──  end all tasks, then stop yourself        ◄──  SHUTDOWN
    (stops)                          ──►  waits for acknowledgements, then stops

Events have the executor actor as their sender, so that a handler can ``self.reply(UpdateTask(…))``. The handler is
spawned and supervised by the executor actor; keep what must survive its failure outside of it.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, Failure, Props, Terminated
from actors.mesos.errors import CallError, InvalidCall
from actors.mesos.settings import ConnectionSettings
from mesos_proto import TaskStatus, mesos_pb2

from .connection import ExecutorConnection
from .environment import ExecutorEnvironment
from .events import Event, SendMessage, ShutdownExecutor, UpdateTask

__all__ = ["ExecutorActor", "NotSent"]

_LAST_WORDS = 5.0  # seconds for the acknowledgements of the last updates


@dataclass(frozen=True, slots=True)
class NotSent:
    """``message`` did not go out; ``error`` says why. To the sender of the message."""

    message: UpdateTask | SendMessage
    error: CallError


@dataclass(frozen=True, slots=True)
class _Ended:
    """The subscription is over for good, or all that was to be said is said."""


class ExecutorActor(Actor[Any]):
    """See the module's head. ``environment``: that of this process when None."""

    def __init__(
        self,
        handler: Props[Any] | type[Actor[Any]],
        environment: ExecutorEnvironment | None = None,
        settings: ConnectionSettings | None = None,
    ) -> None:
        self._environment = environment or ExecutorEnvironment.read()
        self._handler_props = handler
        system = self.context.system
        self._connection = ExecutorConnection(
            self._environment,
            deliver=self._deliver,
            clock=system.clock,
            chance=system.random,
            settings=settings or ConnectionSettings(),
        )

    def pre_start(self) -> None:
        self._handler = self.context.watch(self.context.spawn(self._handler_props, "handler"))
        self.context.pipe_to(self._run())

    def receive(self, message: Any) -> None:
        match message:
            case UpdateTask():
                self._update(message)
            case SendMessage(data):
                sender = self.sender
                sent = self._connection.message(data)
                sent.add_done_callback(lambda done: self._sent(message, sender, done))
            case Terminated():
                self.context.pipe_to(self._finish())
            case _Ended():
                self.context.stop(self.ref)
            case Failure(error):
                self.log.error("the connection with the agent failed", exc_info=error)
                self._deliver(ShutdownExecutor(f"the connection failed: {error}", self._environment.shutdown_grace))
            case _:
                self.unhandled(message)

    def _deliver(self, event: Event) -> None:
        self._handler.tell(event, self.ref)

    def _update(self, update: UpdateTask) -> None:
        system = self.context.system
        status = TaskStatus.of(
            task_id=update.task_id,
            state=update.state,
            message=update.message,
            reason=update.reason,
            healthy=update.healthy,
            data=update.data,
            source=mesos_pb2.TaskStatus.SOURCE_EXECUTOR,
            executor_id=self._environment.executor_id,
            uuid=uuid.UUID(bytes=system.random.randbytes(16), version=4).bytes,
            timestamp=system.clock.wall(),
        )
        try:
            self._connection.update(status)
        except InvalidCall as error:
            (self.sender or self._handler).tell(NotSent(update, error), self.ref)

    def _sent(self, message: SendMessage, sender: Any, done: asyncio.Future[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if isinstance(error, CallError):
            (sender or self._handler).tell(NotSent(message, error), self.ref)

    async def _run(self) -> _Ended:
        await self._connection.run()
        # The handler has been told to end its tasks; its stopping ends this actor, or its time runs out.
        await self.context.system.clock.sleep(self._environment.shutdown_grace)
        return _Ended()

    async def _finish(self) -> _Ended:
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await self._connection.wait_until_acknowledged()
        except TimeoutError:
            self.log.warning("ends although updates are not acknowledged: no agent, or no framework, has taken them")
        return _Ended()
