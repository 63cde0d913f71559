"""A framework: registered with a master, its events, and its driver.

::

    async with ActorSystem() as system:
        info = FrameworkInfo(name="autoscale", user="user", failover_timeout=timedelta(minutes=5), checkpoint=True)
        framework = await Mesos(system).register_framework("http://127.0.0.1:5050", info)
        async for event in framework.events:
            match event:
                case ResourceOffers(offers): await framework.driver.decline_offer([o.id for o in offers])
                case StatusUpdate(status): await framework.driver.acknowledge(status)

What holds:

- Events come in order, each to one consumer. A slow consumer is not flooded: the socket is left unread.
- `Framework.events` never acknowledges a status by itself. One that comes again although its acknowledgement was taken
  (that got lost later on) is acknowledged again and not shown a second time.
- The events end when the framework does: quietly after `shutdown` and `deactivate`, else by raising `FrameworkEnded`.
- After each subscription the tasks are reconciled (see `Reconciler`); the answers are `StatusUpdate` events.
- The end of the actor system deactivates its frameworks: tasks are kept, for as long as the failover timeout says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from actors.core import ActorRef, ActorSystem
from actors.patterns import pipe_to
from mesos_proto import AgentID, FrameworkID, FrameworkInfo, TaskID
from mesos_proto import scheduler_pb2 as scheduler

from ._event_buffer import EventBuffer
from ._registration import Registration
from .calls import ReconcileTasks, Teardown
from .connection import Connection
from .detector import Master, MasterDetector, detector_for
from .driver import Acknowledged, SchedulerDriver
from .errors import FrameworkEnded, FrameworkStopped, MasterUnreachable
from .events import Disconnected, Event, StatusUpdate, Subscribed
from .reconciler import Reconciler, Reconciliation
from .settings import ConnectionSettings, Credential, Security

__all__ = ["EventStream", "Framework", "Mesos"]

log = logging.getLogger(__name__)

_USUAL = Reconciliation()
_LAST_EVENTS = 1.0  # seconds that actors have to take the events that are there when the framework ends


class EventStream:
    """The events of one framework, as an asynchronous iterator. Cancelling a wait for the next one loses none."""

    def __init__(self, buffer: EventBuffer) -> None:
        self._buffer = buffer

    @property
    def waiting(self) -> int:
        """How many events are here and not yet taken. Beyond `ConnectionSettings.buffered_events` nothing is read."""
        return len(self._buffer)

    def __aiter__(self) -> EventStream:
        return self

    def __anext__(self) -> Awaitable[Event]:
        return self._buffer.get()


class Framework:
    """Made by `Mesos.register_framework`. Usable as ``async with``, which deactivates at the end."""

    def __init__(
        self,
        system: ActorSystem,
        detector: MasterDetector,
        registration: Registration,
        *,
        settings: ConnectionSettings,
        security: Security,
        reconciliation: Reconciliation | None,
        known_tasks: Mapping[TaskID, AgentID | None],
    ) -> None:
        self._registration = registration
        self._buffer = EventBuffer(settings.buffered_events, settings.buffered_bytes)
        self._acknowledged = Acknowledged()
        self._subscribed = asyncio.Event()
        self._connection = Connection(
            registration,
            detector,
            deliver=self._deliver,
            room=self._buffer.room,
            clock=system.clock,
            chance=system.random,
            settings=settings,
            security=security,
        )
        self._reconciler = Reconciler(
            lambda tasks: self._connection.send(ReconcileTasks(tasks)),
            known_tasks,
            clock=system.clock,
            chance=system.random,
            settings=reconciliation,
        )
        self.driver = SchedulerDriver(self._connection, self._acknowledged, self._reconciler)
        """The calls: launch, kill, acknowledge, …"""
        self.events = EventStream(self._buffer)
        """What the master tells: ``async for event in framework.events``."""
        self._task: asyncio.Task[None] | None = None
        self._error: Exception | None = None
        self._pipes: set[asyncio.Task[None]] = set()

    @property
    def id(self) -> FrameworkID:
        """The id that the master gave; keep it and give it to the next instance in its `FrameworkInfo`."""
        return self._registration.framework_id or FrameworkID("")

    @property
    def master(self) -> str | None:
        """The URL of the master subscribed to at present."""
        return self._connection.master

    @property
    def known_tasks(self) -> Mapping[TaskID, AgentID | None]:
        """The tasks that are believed to run, as launches and updates say."""
        return self._reconciler.known

    # -- beginning

    async def register(self, timeout: float | None) -> None:
        """Begin to subscribe; return with the first subscription. Raises `MasterUnreachable` or `FrameworkEnded`."""
        loop = asyncio.get_running_loop()
        self._task = loop.create_task(self._keep_up(), name=f"framework {self._registration.name}")
        first = loop.create_task(self._subscribed.wait())
        try:
            async with asyncio.timeout(timeout):
                await asyncio.wait((self._task, first), return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            await self.deactivate()
            failure = self._connection.last_failure
            raise MasterUnreachable(
                f"no Mesos master took framework {self._registration.name} within {timeout:g} s"
                + (f": {failure}" if failure else "")
                + ". Is it running, and is that its address? With registration_timeout=None this goes on trying"
            ) from failure
        except asyncio.CancelledError:
            await self.deactivate()
            raise
        finally:
            first.cancel()
        if not first.done() and self._error is not None:
            raise self._error

    async def _keep_up(self) -> None:
        try:
            await self._connection.run()
        except FrameworkStopped:
            pass
        except FrameworkEnded as error:
            log.error("%s", error)
            self._error = error
        except Exception as error:
            log.exception("framework %s ends: its connection failed", self._registration.name)
            self._error = error
        finally:
            self._reconciler.stop()
            self._buffer.end(self._error)

    # -- events on their way

    def _deliver(self, event: Event, size: int) -> None:
        self._reconciler.observe(event)
        if isinstance(event, StatusUpdate) and event.status.uuid in self._acknowledged:
            self.driver.acknowledge(event.status)
            return
        self._buffer.put(event, size)
        if isinstance(event, Subscribed):
            self._subscribed.set()
        elif isinstance(event, Disconnected):
            self._subscribed.clear()

    def pipe_to(
        self,
        ref: ActorRef[Any],
        sender: ActorRef[Any] | None = None,
        handled: Callable[[Event], None] | None = None,
        ack: Any = None,
    ) -> asyncio.Task[None]:
        """Send every event to an actor, as `actors.patterns.pipe_to` does: a few ahead of what it has handled, or with
        an `ack` each when the actor asks for it.

        The task ends with the events, with the actor, or when cancelled; cancelled, it may take a few events along.
        """
        task = asyncio.get_running_loop().create_task(
            pipe_to(self.events, ref, sender=sender, handled=handled, ack=ack),
            name=f"events of {self._registration.name} to {ref.path}",
        )
        self._pipes.add(task)
        task.add_done_callback(self._pipe_ended)
        return task

    def _pipe_ended(self, task: asyncio.Task[None]) -> None:
        self._pipes.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s ended: %s", task.get_name(), error)

    # -- ending

    async def shutdown(self, timeout: float = 30.0) -> None:
        """End the framework: the master kills all its tasks and forgets its id (TEARDOWN).

        Waits up to ``timeout`` seconds for a subscription to say it over. Raises the `CallError` when the master did
        not take it; the framework is then deactivated all the same, and its tasks live until the failover timeout.
        """
        try:
            if self._connection.ended is None:
                with contextlib.suppress(TimeoutError):  # the call then says what is wrong
                    async with asyncio.timeout(timeout):
                        await self._subscribed.wait()
            await self.driver.call(Teardown())
            if self._task is not None:
                await asyncio.wait((self._task,), timeout=timeout)
        except FrameworkStopped:
            pass  # it is over already, which is what was wanted
        finally:
            await self.deactivate()

    async def deactivate(self) -> None:
        """Leave the master without a word: tasks run on, for as long as the failover timeout says."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait((self._task,))
        self._buffer.end(None)
        self._reconciler.stop()
        current = asyncio.current_task()
        pipes = [task for task in self._pipes if task is not current]
        if pipes:
            # An actor that ends the framework within a handler of its own takes no event until it is past that.
            _, late = await asyncio.wait(pipes, timeout=_LAST_EVENTS)
            for pipe in late:
                pipe.cancel()
            if late:
                await asyncio.wait(late)

    async def __aenter__(self) -> Framework:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.deactivate()


class Mesos:
    """The door to Mesos for the frameworks of an actor system."""

    def __init__(self, system: ActorSystem) -> None:
        self._system = system

    async def register_framework(
        self,
        master: Master,
        info: FrameworkInfo,
        *,
        registration_timeout: float | timedelta | None = 30.0,
        suppressed_roles: Iterable[str] = (),
        offer_constraints: scheduler.OfferConstraints | None = None,
        known_tasks: Mapping[TaskID, AgentID | None] | None = None,
        reconciliation: Reconciliation | None = _USUAL,
        credential: Credential | None = None,
        tls: ssl.SSLContext | str | Path | None = None,
        settings: ConnectionSettings | None = None,
    ) -> Framework:
        """Subscribe ``info`` with the leading master, and stay subscribed until `Framework.shutdown` or `deactivate`.

        ``master``                ``"http://host:5050"``, several of them, ``"zk://host:2181,…/mesos"``, a callable that
                                  returns a URL (asked at each attempt), or a `MasterDetector`
        ``info``                  with ``id`` set, the framework of an earlier process is taken over with its tasks;
                                  without ``failover_timeout``, it is a week
        ``registration_timeout``  seconds for the first subscription; None tries for ever
        ``known_tasks``           tasks of an earlier process, with their agents, to ask the master about
        ``reconciliation``        when to ask; None leaves it to you
        ``credential``, ``tls``   principal and secret; the masters' CA (a PEM file, or an SSL context)

        Raises `InvalidMaster`, `MasterUnreachable`, `SubscriptionRefused`, `FrameworkRemoved`.
        """
        registration = Registration(info, suppressed_roles, offer_constraints)
        if registration.failover_timeout == 0:
            log.warning(
                "framework %s has a failover_timeout of 0: the first interruption of its stream, even a short one, "
                "makes the master kill all its tasks. Set it to what you need to come back, such as timedelta(weeks=1)",
                info.name,
            )
        if isinstance(registration_timeout, timedelta):
            registration_timeout = registration_timeout.total_seconds()
        security = Security.of(credential, tls)
        framework = Framework(
            self._system,
            detector_for(master, scheme="https" if security.tls else "http"),
            registration,
            settings=settings or ConnectionSettings(),
            security=security,
            reconciliation=reconciliation,
            known_tasks=known_tasks or {},
        )
        await framework.register(registration_timeout)
        self._system.coordinated_shutdown.add_task(
            "before-actor-system-terminate", f"leave Mesos as {framework.id}", framework.deactivate
        )
        return framework
