"""The master's tables: what it knows of frameworks, agents, tasks and offers, and how it tells others.

Only the master actor touches them, in its own turns; what leaves it is a copy or is not changed any more.

::

    Cluster
      frameworks ─► Framework ─► tasks, executors, offers, operations
      agents ─────► Agent ─────► tasks by framework, executors, offers, operations, total resources
      offers ─────► Offer        an agent's resources on loan to a framework
      allocator                  who may have which part of an agent
"""

from __future__ import annotations

import logging
import random
import uuid
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from actors.core import ActorRef
from actors.core.clock import Clock
from mesos_proto import Resources, allocator_pb2, master_pb2, mesos_pb2, quota_pb2, scheduler_pb2

from .allocator import Allocator
from .framework_metrics import FrameworkCounts
from .maintenance import Maintenance
from .metrics import Metrics
from .parsed import Holdings
from .registry import Entry
from .settings import MasterSettings
from .stream import SendEvent
from .task_record import TaskRecord
from .validation import capabilities_of, roles_of

__all__ = ["Agent", "Cluster", "Framework", "InverseOffer", "Offer", "Operation", "Timers", "is_terminal"]

Capability = mesos_pb2.FrameworkInfo.Capability


class Timers(Protocol):
    """What the tables' owners need of the actor's timers."""

    def start_single(self, key: Any, msg: Any, delay: float) -> None: ...

    def cancel(self, key: Any) -> None: ...


@dataclass(slots=True)
class Offer:
    """Resources of one agent on loan to a framework, for one role."""

    id: str
    framework_id: str
    agent_id: str
    role: str
    resources: Resources
    """Allocated to ``role``."""
    proto: mesos_pb2.Offer
    """As the framework got it."""


@dataclass(slots=True)
class InverseOffer:
    """The question whether a framework can leave an agent in time for its maintenance."""

    id: str
    framework_id: str
    agent_id: str
    proto: mesos_pb2.InverseOffer


@dataclass(slots=True)
class Operation:
    """A RESERVE, CREATE, … that an agent is to apply."""

    proto: mesos_pb2.Operation
    framework_id: str
    agent_id: str

    @property
    def has_id(self) -> bool:
        """Whether somebody waits for its status."""
        return self.proto.info.HasField("id")


class Framework:
    """A framework, from its first subscription to its removal (and, completed, a while longer)."""

    def __init__(self, info: mesos_pb2.FrameworkInfo, now: float) -> None:
        self.id = info.id.value
        self.info = info
        self.stream: ActorRef[Any] | None = None
        self.stream_id: str | None = None
        self.recovered = False
        self.registered_time = now
        self.reregistered_time: float | None = None
        self.unregistered_time: float | None = None
        self.tasks: dict[str, TaskRecord] = {}
        self.completed_tasks: deque[TaskRecord] = deque()
        self.unreachable_tasks: OrderedDict[str, TaskRecord] = OrderedDict()
        self.executors: dict[str, dict[str, mesos_pb2.ExecutorInfo]] = {}
        self.held = Holdings()
        """By its tasks that have not ended and its executors."""
        self.offers: dict[str, Offer] = {}
        self.inverse_offers: dict[str, InverseOffer] = {}
        self.operations: dict[bytes, Operation] = {}
        self.counts = FrameworkCounts()
        self.offer_constraints = scheduler_pb2.OfferConstraints()
        self.unacknowledged: dict[str, mesos_pb2.TaskStatus] = {}
        """The status of each task that it was told and has not acknowledged; told again to a new subscription."""

    @property
    def connected(self) -> bool:
        return self.stream is not None

    @property
    def roles(self) -> tuple[str, ...]:
        return roles_of(self.info)

    def can(self, capability: int) -> bool:
        return capability in capabilities_of(self.info)

    @property
    def partition_aware(self) -> bool:
        return self.can(Capability.PARTITION_AWARE)

    def used(self) -> Resources:
        """What its tasks and executors hold."""
        return self.held.total()

    def offered(self) -> Resources:
        return _on_offer(self.offers)


@dataclass(slots=True)
class Agent:
    """An agent that is registered, connected or not."""

    id: str = field(init=False)
    info: mesos_pb2.AgentInfo
    ref: ActorRef[Any]
    total: Resources
    """With its reservations and volumes; allocated to nobody."""
    registered_time: float
    reregistered_time: float | None = None
    connected: bool = True
    admitted: bool = False
    """Whether the registry has it, and it was told so."""
    deactivated: bool = False
    drain_info: mesos_pb2.DrainInfo | None = None
    drain_start_time: float | None = None
    tasks: dict[str, dict[str, TaskRecord]] = field(default_factory=dict)
    executors: dict[str, dict[str, mesos_pb2.ExecutorInfo]] = field(default_factory=dict)
    held: Holdings = field(default_factory=Holdings)
    """By the tasks that have not ended and the executors."""
    offers: dict[str, Offer] = field(default_factory=dict)
    inverse_offers: dict[str, InverseOffer] = field(default_factory=dict)
    operations: dict[bytes, Operation] = field(default_factory=dict)
    kills: dict[tuple[str, str], mesos_pb2.KillPolicy | None] = field(default_factory=dict)
    """Tasks that were to be killed while it was away."""

    inverse_statuses: dict[str, allocator_pb2.InverseOfferStatus] = field(default_factory=dict)
    """What each framework answered last, when asked to leave for maintenance."""
    inverse_refusals: dict[str, float] = field(default_factory=dict)
    """Until when (loop time) each framework is not asked again."""

    def __post_init__(self) -> None:
        self.id = self.info.id.value

    @property
    def active(self) -> bool:
        """Whether its resources are offered."""
        return self.connected and not self.deactivated

    @property
    def ip(self) -> str:
        """The address behind its host name, when that is one."""
        hostname = self.info.hostname
        return hostname if hostname.replace(".", "").isdigit() else "127.0.0.1"

    @property
    def pid(self) -> str:
        return f"slave(1)@{self.ip}:{self.info.port}"

    @property
    def machine(self) -> mesos_pb2.MachineID:
        return mesos_pb2.MachineID(hostname=self.info.hostname, ip=self.ip)

    def __str__(self) -> str:
        return f"{self.id} at {self.pid} ({self.info.hostname})"

    def all_tasks(self) -> Iterator[TaskRecord]:
        for tasks in self.tasks.values():
            yield from tasks.values()

    def has_executor(self, framework_id: str, executor_id: str) -> bool:
        return executor_id in self.executors.get(framework_id, ())

    def used(self) -> Resources:
        """What tasks and executors hold."""
        return self.held.total()

    def offered(self) -> Resources:
        return _on_offer(self.offers)


class Waiting(dict[str, None]):
    """Ids of agents, each once, in the order in which they came."""

    def add(self, agent_id: str) -> None:
        self[agent_id] = None

    def add_all(self, agent_ids: Iterable[str]) -> None:
        self.update(dict.fromkeys(agent_ids))

    def discard(self, agent_id: str) -> None:
        self.pop(agent_id, None)

    def take(self, most: int) -> list[str]:
        """Those that came first; they wait no longer."""
        first = list(islice(self, most))
        for agent_id in first:
            del self[agent_id]
        return first


class Cluster:
    """All of the master's tables, and its ways to frameworks, agents and operators."""

    def __init__(
        self,
        settings: MasterSettings,
        master: mesos_pb2.MasterInfo,
        clock: Clock,
        chance: random.Random,
        timers: Timers,
        log: logging.LoggerAdapter[Any],
    ) -> None:
        self.settings = settings
        self.master = master
        self.clock = clock
        self.chance = chance
        self.timers = timers
        self.log = log
        self.started = clock.wall()
        self.frameworks: dict[str, Framework] = {}
        self.completed_frameworks: OrderedDict[str, Framework] = OrderedDict()
        self.agents: dict[str, Agent] = {}
        self.recovered_agents: dict[str, mesos_pb2.AgentInfo] = {}
        self.unreachable_agents: dict[str, float] = {}
        """When each of them was lost, in seconds since the epoch."""
        self.gone_agents: dict[str, float] = {}
        self.agent_modes: dict[str, mesos_pb2.DrainInfo] = {}
        """Agents that an operator deactivated; with a config: drains."""
        self.offers: dict[str, Offer] = {}
        self.inverse_offers: dict[str, InverseOffer] = {}
        self.allocator = Allocator(chance, Resources.parse, settings.min_allocatable_resources)
        self.quota_configs: dict[str, quota_pb2.QuotaConfig] = {}
        self.maintenance = Maintenance()
        self.metrics = Metrics()
        self.subscribers: deque[ActorRef[Any]] = deque()
        self.unsaved: list[Entry] = []
        self.emptied: list[str] = []
        self.dirty = Waiting()
        """Agents whose resources should be offered as soon as the master's turn is over."""
        self._by_ref: dict[ActorRef[Any], Agent] = {}
        self._by_address: dict[tuple[str, int], Agent] = {}
        self._ids = {"framework": 0, "agent": 0, "offer": 0}

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.clock.wall()

    # -- names

    def new_framework_id(self) -> str:
        return f"{self.master.id}-{self._next('framework'):04d}"

    def new_agent_id(self) -> str:
        return f"{self.master.id}-S{self._next('agent')}"

    def new_offer_id(self) -> str:
        return f"{self.master.id}-O{self._next('offer')}"

    def new_uuid(self) -> bytes:
        return uuid.UUID(int=self.chance.getrandbits(128), version=4).bytes

    def _next(self, kind: str) -> int:
        number = self._ids[kind]
        self._ids[kind] = number + 1
        return number

    # -- agents

    def enter(self, agent: Agent) -> None:
        """A new agent, or one with a new actor."""
        self.agents[agent.id] = agent
        self._by_ref[agent.ref] = agent
        self._by_address[agent.info.hostname, agent.info.port] = agent

    def replace_ref(self, agent: Agent, ref: ActorRef[Any]) -> None:
        """The agent is another actor now."""
        self._by_ref.pop(agent.ref, None)
        agent.ref = ref
        self._by_ref[ref] = agent

    def drop(self, agent: Agent) -> None:
        del self.agents[agent.id]
        self._by_ref.pop(agent.ref, None)
        address = (agent.info.hostname, agent.info.port)
        if self._by_address.get(address) is agent:
            del self._by_address[address]

    def agent_of(self, ref: ActorRef[Any]) -> Agent | None:
        return self._by_ref.get(ref)

    def agent_at(self, hostname: str, port: int) -> Agent | None:
        """The agent that registered last at this address."""
        return self._by_address.get((hostname, port))

    # -- what tasks and executors hold

    def hold(self, framework: Framework, agent: Agent, resources: Resources) -> None:
        """A task or an executor takes them of what the allocator gave the framework."""
        framework.held.add(resources)
        agent.held.add(resources)

    def release(self, framework: Framework, agent: Agent | None, resources: Resources) -> None:
        """It has ended: they are free again. ``agent`` None: that one is gone."""
        framework.held.remove(resources)
        if agent is not None:
            agent.held.remove(resources)
            self.allocator.recover(framework.id, agent.id, resources)

    # -- telling others

    def send(self, framework: Framework, event: scheduler_pb2.Event) -> None:
        """An event to a framework; nowhere while it is disconnected (updates are repeated, offers are void)."""
        if framework.stream is not None:
            framework.counts.events[event.type] += 1
            framework.stream.tell(SendEvent(event))

    def publish(self, event: master_pb2.Event) -> None:
        """An event to every operator who listens."""
        for subscriber in self.subscribers:
            subscriber.tell(SendEvent(event))

    def persist(self, *changes: Entry) -> None:
        """To be in the registry before this turn's answer goes out."""
        self.unsaved.extend(changes)

    def drained(self, agent: Agent) -> None:
        """The agent became empty; the master looks at it when its turn is over."""
        self.emptied.append(agent.id)

    def unavailability(self, agent: Agent) -> mesos_pb2.Unavailability | None:
        """The planned maintenance of the agent's machine."""
        return self.maintenance.unavailability(agent.machine)


def _on_offer(offers: Mapping[str, Offer]) -> Resources:
    offered = Resources()
    for offer in offers.values():
        offered += offer.resources
    return offered


def is_terminal(state: int) -> bool:
    return state in _TERMINAL


_TERMINAL = frozenset(
    {
        mesos_pb2.TASK_FINISHED,
        mesos_pb2.TASK_FAILED,
        mesos_pb2.TASK_KILLED,
        mesos_pb2.TASK_LOST,
        mesos_pb2.TASK_ERROR,
        mesos_pb2.TASK_DROPPED,
        mesos_pb2.TASK_GONE,
        mesos_pb2.TASK_GONE_BY_OPERATOR,
    }
)
