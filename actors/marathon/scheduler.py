"""Marathon's end of the scheduler API: what Mesos says goes to whom it concerns, what the actors want goes to Mesos.

    Mesos (actors.mesos)              scheduler                       the others
    --------------------              ---------                       ----------
                                      waits for InstancesRecovered ◀─ instances: what to reconcile
                                      waits for RootChanged        ◀─ supervisor: the roles in use
    subscribes                  ◀──   the stored framework id
    UpdateFramework             ◀──   other roles                  ◀─ supervisor, later
    Registered                  ──▶   id stored, SchedulerRegistered  ─▶ launcher
    Reregistered                ──▶   SchedulerReregistered           ─▶ launcher
    ResourceOffers, rescinded   ──▶                                   ─▶ launcher
    StatusUpdate                ──▶                                   ─▶ instances
    Disconnected                ──▶   SchedulerDisconnected           ─▶ launcher
    FrameworkMessage            ──▶   FrameworkMessageReceived
    calls                       ◀──   with their sender               ◀─ launcher, instances
    FrameworkOver               ──▶   SchedulerEnded: no call is made any more

The id is stored before the first offer is passed on, so that no task runs under an id that a crash could lose. A
framework that Mesos has removed is reported and left alone, unless the service was told to accept a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from actors.core import Actor, ActorRef, Props, Terminated
from actors.marathon.events import (
    FrameworkMessageReceived,
    SchedulerDisconnected,
    SchedulerEnded,
    SchedulerRegistered,
    SchedulerReregistered,
)
from actors.marathon.fenced_master import FencedDetector
from actors.marathon.messages import FrameworkStatus, GetFramework
from actors.marathon.protocol import InstancesRecovered, RootChanged
from actors.marathon.state.recovery import FRAMEWORK_STREAM, recover_framework_id
from actors.mesos import (
    Call,
    CallFailed,
    Disconnected,
    Error,
    FrameworkFailedOver,
    FrameworkMessage,
    FrameworkOver,
    FrameworkRemoved,
    OfferRescinded,
    Reconciliation,
    Registered,
    ResourceOffers,
    ReviveOffers,
    SchedulerActor,
    StatusUpdate,
    Subscribed,
    SuppressOffers,
    UpdateFramework,
    detector_for,
)
from actors.persistence import Append, Event, Journal, JournalError
from mesos_proto import AgentID, FrameworkInfo, TaskID

__all__ = ["FAILOVER_TIMEOUT", "Connect", "Scheduler", "mesos_scheduler"]

FAILOVER_TIMEOUT = timedelta(weeks=1)
"""How long Mesos keeps our tasks while no service is subscribed (``--failover_timeout``)."""

RECONCILIATION_INTERVAL = 600.0
"""Seconds between reconciliations (``--reconciliation_interval``), beside the one after each subscription."""

ROLES_RETRY = 5.0
"""Seconds after which Mesos is told again of the roles in use, when it did not take them."""

Connect = Callable[[FrameworkInfo, ActorRef[Any], Mapping[TaskID, AgentID | None]], Props[Any]]
"""(who we are, who handles the events, tasks to reconcile) → Props of an actor that takes calls and gives events."""


def mesos_scheduler(master: Any, journal: Journal, **options: Any) -> Connect:
    """Connects to Mesos while `journal` is ours.

    `master` and `options` are those of `actors.mesos.Mesos.register_framework`.
    """

    def connect(info: FrameworkInfo, handler: ActorRef[Any], tasks: Mapping[TaskID, AgentID | None]) -> Props[Any]:
        reconciliation = Reconciliation(interval=RECONCILIATION_INTERVAL)
        detector = FencedDetector(detector_for(master, scheme="https" if options.get("tls") else "http"), journal)
        more = {"known_tasks": tasks, "reconciliation": reconciliation, **options}
        return Props(SchedulerActor, detector, info, handler, **more)

    return connect


class _UpdateRoles:
    """It is time to try again."""


class Scheduler(Actor[Any]):
    """See the head of this module. `describe` makes the FrameworkInfo for a stored framework id (None: a new one) and
    the roles in use."""

    def __init__(
        self,
        journal: Journal,
        connect: Connect,
        describe: Callable[[str | None, Sequence[str]], FrameworkInfo],
        *,
        accept_new_framework: bool = False,
    ) -> None:
        self._journal = journal
        self._connect = connect
        self._describe = describe
        self._accept_new = accept_new_framework
        self._publish = self.context.system.event_stream.publish
        self._framework_id: str | None = None
        self._master: str | None = None
        self._connected = False
        self._problem: str | None = None
        self._connection: ActorRef[Any] | None = None
        self._instances: ActorRef[Any] | None = None
        self._launcher: ActorRef[Any] | None = None
        self._tasks: dict[TaskID, AgentID | None] | None = None
        self._roles: tuple[str, ...] | None = None
        self._said: tuple[str, ...] = ()
        self._suppressed = False

    async def pre_start(self) -> None:
        self._framework_id = await recover_framework_id(self._journal)

    async def receive(self, message: Any) -> None:
        match message:
            case StatusUpdate():
                if self._instances is not None:
                    self._instances.tell(message, self.ref)
            case ResourceOffers() | OfferRescinded():
                self._to_launcher(message)
            case InstancesRecovered(instances, launcher):
                self._instances, self._launcher = self.sender, launcher
                self._tasks = {
                    TaskID(task_id): AgentID(one.agent_id) if one.agent_id else None
                    for one in instances
                    for task_id in one.live_tasks
                }
                self._begin()
            case RootChanged(roles):
                self._use(roles)
            case Subscribed():
                await self._subscribed(message)
            case Disconnected(reason):
                self._connected = False
                self._publish(SchedulerDisconnected(reason))
                self._to_launcher(message)
            case GetFramework():
                self.reply(FrameworkStatus(self._framework_id, self._master, self._connected, self._problem))
            case FrameworkMessage(agent_id, executor_id, data):
                self._publish(FrameworkMessageReceived(executor_id, agent_id, data))
            case Error(text):
                self.log.error("Mesos says: %s", text)
            case FrameworkOver(error):
                await self._over(error)
            case CallFailed(call, error):
                self.log.warning("%s failed: %s", type(call).__name__, error)
                if isinstance(call, UpdateFramework):
                    self._said = ()
                    self.context.timers.start_single("roles", _UpdateRoles(), ROLES_RETRY)
            case _UpdateRoles():
                self._update_roles()
            case Terminated(ref) if ref == self._connection:
                self._connection = None
            case Terminated():
                pass  # the connection before this one
            case _ if isinstance(message, Call):
                if isinstance(message, SuppressOffers | ReviveOffers):
                    self._suppressed = isinstance(message, SuppressOffers)
                if self._connection is not None:
                    self.context.forward(self._connection, message)
                else:
                    self.log.debug("%s was not sent: not subscribed", type(message).__name__)
            case _:
                pass  # inverse offers, lost agents and executors: their tasks' own updates tell what matters

    def _to_launcher(self, message: Any) -> None:
        if self._launcher is not None:
            self._launcher.tell(message, self.ref)

    def _use(self, roles: tuple[str, ...]) -> None:
        known, self._roles = self._roles, roles
        if known is None:
            self._begin()
        else:
            self._update_roles()

    def _update_roles(self) -> None:
        """Tell Mesos of roles that it does not know; before the first subscription, it is told after it."""
        if self._roles is None or self._roles == self._said or self._connection is None or self._framework_id is None:
            return
        info = self._describe(self._framework_id, self._roles)
        self._said = self._roles
        self._connection.tell(UpdateFramework(info, self._roles if self._suppressed else ()), self.ref)

    def _begin(self) -> None:
        """Subscribe, once it is known what with."""
        if self._tasks is None or self._roles is None:
            return
        info = self._describe(self._framework_id, self._roles)
        self._said = self._roles
        self._connection = self.context.spawn(self._connect(info, self.ref, self._tasks))
        self.context.watch(self._connection)

    async def _subscribed(self, message: Subscribed) -> None:
        framework_id = str(message.framework_id)
        if framework_id != self._framework_id:
            event = Event("framework-registered", 1, {"id": framework_id})
            await self._journal.append([Append(FRAMEWORK_STREAM, (event,))])
            self._framework_id = framework_id
        info = message.master_info
        self._master = f"http://{info.hostname or info.address.hostname or info.address.ip}:{info.port}"
        self._connected = True
        self._problem = None
        self._update_roles()
        if isinstance(message, Registered):
            self._publish(SchedulerRegistered(framework_id, self._master))
        else:
            self._publish(SchedulerReregistered(framework_id, self._master))
        self._to_launcher(message)

    async def _over(self, error: BaseException) -> None:
        self._connected = False
        self._to_launcher(Disconnected(str(error)))
        if isinstance(error, JournalError):  # another leads
            raise error
        if isinstance(error, FrameworkRemoved) and self._accept_new:
            self.log.warning("Mesos has removed framework %s; registering as a new one", self._framework_id)
            await self._journal.delete(FRAMEWORK_STREAM)
            self._framework_id = None
            self._begin()
            return
        self._problem = str(error)
        if isinstance(error, FrameworkRemoved):
            self._problem += (
                f" Framework {self._framework_id}, whose id is stored in the journal, can never subscribe again."
                " Start the service once with --accept-new-framework: it then registers anew and launches all apps"
                " again."
            )
        self.log.error("not subscribed with Mesos any more, and not trying again: %s", self._problem)
        self._publish(SchedulerEnded(self._problem, isinstance(error, FrameworkFailedOver)))
