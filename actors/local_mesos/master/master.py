"""The master: an actor that shares out the agents of a cluster among frameworks.

It is one actor with tables (``cluster.py``) and one module per concern that works on them, all within its turns; the
HTTP front (``scheduler_api.py``, ``operator_api.py``, ``legacy_api.py``) asks it in messages (``protocol.py``), and
agents talk to it in theirs (``actors.local_mesos.messages``).

::

    comes in                                     what it does, and what goes out
    -------------------------------------------  ----------------------------------------------------------------
    Subscribe(call, stream)                      frameworks.subscribe  ► SUBSCRIBED, OFFERS … to the stream
    Terminated(stream)                           frameworks.disconnect
    SchedulerCall, SchedulerCalls                scheduler_calls       ► Answer, or a list of them
    OperatorCall, OperatorSubscribe, LegacyQuery operator_calls, …     ► Answer, Response, JSON; events
    RegisterAgent, ReregisterAgent               agents                ► AgentRegistered, once the registry has it
    Terminated(agent)                            agents.disconnect
    UpdateStatus, UpdateOperationStatus, …       tasks, agent_operations ► events to the framework
    its own timers                               the allocation each second; time-outs of offers, agents, frameworks

After every message that changed what is free, it allocates (``Cluster.dirty``); what has to outlive it goes into the
registry before the answer goes out. Should it fail, it starts with empty tables and the registry, as after a restart
of the process: agents are told to register again, frameworks subscribe again (their streams are ended).
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef, Failure, Terminated
from actors.local_mesos.messages import (
    AgentRegistered,
    ExecutorExited,
    ExecutorMessage,
    MasterChanged,
    RegisterAgent,
    ReregisterAgent,
    ShutdownAgent,
    UnregisterAgent,
    UpdateOperationStatus,
    UpdateStatus,
)
from mesos_proto import maintenance_pb2, master_pb2, mesos_pb2, quota_pb2, scheduler_pb2

from . import (
    agent_operations,
    agents,
    frameworks,
    inverse_offers,
    legacy_calls,
    offers,
    operator_calls,
    operators,
    quotas,
    scheduler_calls,
    tasks,
    views,
)
from .agents import AgentTimeout, RecoveryTimeout
from .cluster import Agent, Cluster
from .frameworks import FailoverTimeout
from .offers import OfferTimeout
from .protocol import LegacyQuery, OperatorCall, OperatorSubscribe, SchedulerCall, SchedulerCalls, Subscribe
from .registrar import Registrar, Saved, Unsaved
from .registry import Entry, Registry
from .settings import MasterSettings
from .stream import EndStream, SendEvent, StartHeartbeats

__all__ = ["Master"]

SLICE = 64  # agents of one allocation: some milliseconds


@dataclass(frozen=True, slots=True)
class _Allocate:
    """The allocation of each second, over all agents."""


@dataclass(frozen=True, slots=True)
class _AllocateMore:
    """The allocation was too long for one turn."""


@dataclass(frozen=True, slots=True)
class _Admitted:
    """The registry has the agent: it may be told, and used."""

    agent: ActorRef[Any]
    answer: AgentRegistered | ShutdownAgent


class Master(Actor[Any]):
    """
    Args:
        settings: see there.
        info: who it is and where it answers.
        registry: open, and nobody else's.
    """

    def __init__(self, settings: MasterSettings, info: mesos_pb2.MasterInfo, registry: Registry) -> None:
        super().__init__()
        self._settings = settings
        self._registry = registry
        self._more_to_allocate = False
        system = self.context.system
        self._clock = system.clock
        self.cluster = Cluster(settings, info, system.clock, system.random, self.context.timers, self.log)
        self._registrar = Registrar(registry, self.context, self.cluster.metrics.registry_store)

    async def pre_start(self) -> None:
        began = self._clock.time()
        for entry in await self._registry.recover():
            self._restore(entry)
        self.cluster.metrics.registry_fetch.note(self._clock.time() - began)
        cluster = self.cluster
        if cluster.recovered_agents:
            self.log.info("%d agents of the run before may come back", len(cluster.recovered_agents))
            cluster.timers.start_single("recovery", RecoveryTimeout(), self._settings.agent_reregister_timeout)
        interval = self._settings.allocation_interval
        self.context.timers.start_fixed_delay("allocation", _Allocate(), interval)

    def _restore(self, entry: Entry) -> None:
        cluster = self.cluster
        value = entry.value or b""
        match entry.kind:
            case "agent":
                cluster.recovered_agents[entry.key] = mesos_pb2.AgentInfo.FromString(value)
            case "unreachable":
                cluster.unreachable_agents[entry.key] = float(value)
            case "gone":
                cluster.gone_agents[entry.key] = float(value)
            case "mode":
                mode = mesos_pb2.DrainInfo()
                mode.MergeFromString(value)
                cluster.agent_modes[entry.key] = mode
            case "weight":
                cluster.allocator.set_weight(entry.key, float(value))
            case "quota":
                quotas.restore_quota(cluster, quota_pb2.QuotaConfig.FromString(value))
            case "maintenance" if entry.key == "schedule":
                cluster.maintenance.replace(maintenance_pb2.Schedule.FromString(value))
            case "maintenance":
                cluster.maintenance.bring_down(maintenance_pb2.ClusterStatus.FromString(value).down_machines)

    def pre_restart(self, cause: BaseException, message: Any | None) -> Any:
        # The new instance knows no agent, and agents see no change of the ref that they watch.
        for agent in self.cluster.agents.values():
            if agent.connected:
                agent.ref.tell(MasterChanged(self.ref), self.ref)
        return super().pre_restart(cause, message)

    def post_stop(self) -> None:
        for framework in self.cluster.frameworks.values():
            if framework.stream is not None:
                framework.stream.tell(EndStream())
        for subscriber in self.cluster.subscribers:
            subscriber.tell(EndStream())

    # -- messages

    def receive(self, message: Any) -> Coroutine[Any, Any, None] | None:
        answer = self._handle(message)
        if isinstance(answer, Generator):
            try:
                next(answer)
            except StopIteration as end:
                answer = end.value
            else:
                return self._go_on(answer)
        self._finish(answer)
        return None

    async def _go_on(self, steps: Generator[None, None, object]) -> None:
        """What takes long: others get the loop between its steps, while messages to the master wait for its end."""
        while True:
            await self._clock.sleep(0)
            try:
                next(steps)
            except StopIteration as end:
                self._finish(end.value)
                return

    def _finish(self, answer: object) -> None:
        emptied = list(self.cluster.emptied)
        self.cluster.emptied.clear()
        for agent_id in emptied:
            self._drained(agent_id)
        self._say(answer)
        self._allocate_dirty()

    def _handle(self, message: Any) -> object:
        """Does what the message says; returns what to answer."""
        cluster = self.cluster
        match message:
            case SchedulerCalls():
                return scheduler_calls.answer_all(cluster, message)
            case SchedulerCall():
                return scheduler_calls.answer(cluster, message)
            case UpdateStatus():
                tasks.update(cluster, cluster.agents.get(message.status.agent_id.value), message)
            case _Allocate():
                everybody = list(cluster.agents)
                cluster.chance.shuffle(everybody)
                cluster.dirty.add_all(everybody)
            case _AllocateMore():
                self._more_to_allocate = False
            case Subscribe():
                self.context.watch(message.stream)
                frameworks.subscribe(cluster, message)
            case OperatorCall():
                return operator_calls.answer(cluster, message.call, message.principal)
            case LegacyQuery():
                return legacy_calls.answer(cluster, message)
            case OperatorSubscribe():
                self._subscribe_operator(message.stream)
            case Terminated():
                self._ended(message.ref)
            case RegisterAgent() | ReregisterAgent():
                self._register(message)
            case UnregisterAgent():
                self._unregister(message.agent_id)
            case UpdateOperationStatus():
                agent_operations.updated(cluster, message)
            case ExecutorMessage():
                self._executor_message(message)
            case ExecutorExited():
                agents.executor_exited(cluster, message)
            case _:
                self._time_is_over(message)
        return None

    def _time_is_over(self, message: Any) -> None:
        cluster = self.cluster
        match message:
            case OfferTimeout(offer_id):
                offer = cluster.offers.get(offer_id)
                if offer is not None:
                    offers.rescind(cluster, offer)
            case FailoverTimeout(framework_id):
                framework = cluster.frameworks.get(framework_id)
                if framework is not None and not framework.connected:
                    frameworks.remove(cluster, framework)
            case AgentTimeout(agent_id):
                agent = cluster.agents.get(agent_id)
                if agent is not None and not agent.connected:
                    agents.lost(cluster, agent)
            case RecoveryTimeout():
                agents.give_up_recovery(cluster)
            case Failure(error):
                raise error
            case Unsaved(registry_error):
                raise registry_error
            case _Admitted(agent, answer):
                agent.tell(answer, self.ref)
                agents.admitted(cluster, agent)
            case Saved():
                pass
            case _:
                self.unhandled(message)

    def _say(self, answer: object) -> None:
        """The answer goes out when the registry has what the message changed."""
        changes = self._changes()
        if changes:
            self._registrar.save(changes, self.sender if answer is not None else None, answer)
        elif answer is not None:
            self.reply(answer)

    def _changes(self) -> list[Entry]:
        """Those of this turn."""
        changes = list(self.cluster.unsaved)
        self.cluster.unsaved.clear()
        return changes

    def _allocate_dirty(self) -> None:
        """Whatever became free, or was asked for, is offered now and not only at the next second.

        Of thousands of agents some at a time, each time with an event to whoever gets something.
        """
        dirty = self.cluster.dirty
        if not dirty or self._more_to_allocate:
            return
        offers.allocate(self.cluster, [agent_id for agent_id in dirty.take(SLICE) if agent_id in self.cluster.agents])
        if dirty:
            self._more_to_allocate = True
            self.ref.tell(_AllocateMore())
        else:
            inverse_offers.ask_back(self.cluster)

    # -- streams and agents

    def _subscribe_operator(self, stream: ActorRef[Any]) -> None:
        cluster = self.cluster
        self.context.watch(stream)
        subscribed = master_pb2.Event.Subscribed(
            get_state=views.state(cluster), heartbeat_interval_seconds=self._settings.heartbeat_interval
        )
        stream.tell(SendEvent(master_pb2.Event(type=master_pb2.Event.SUBSCRIBED, subscribed=subscribed)))
        stream.tell(StartHeartbeats(self._settings.heartbeat_interval))
        cluster.subscribers.append(stream)
        while len(cluster.subscribers) > self._settings.max_operator_event_stream_subscribers:
            cluster.subscribers.popleft().tell(EndStream())

    def _ended(self, ref: ActorRef[Any]) -> None:
        cluster = self.cluster
        if ref in cluster.subscribers:
            cluster.subscribers.remove(ref)
            return
        framework = frameworks.end_stream_of(cluster, ref)
        if framework is not None:
            frameworks.disconnect(cluster, framework)
            return
        agent = cluster.agent_of(ref)
        if agent is not None and agent.connected:
            agents.disconnect(cluster, agent)

    def _register(self, message: RegisterAgent | ReregisterAgent) -> None:
        """An agent is used, and told so, when the registry has it: else a restart would not know its tasks' agent."""
        if isinstance(message, RegisterAgent):
            answer = agents.register(self.cluster, message)
        else:
            answer = agents.reregister(self.cluster, message)
        if answer is None:
            return
        self.context.watch(message.agent)
        self._registrar.save(self._changes(), self.ref, _Admitted(message.agent, answer))

    def _unregister(self, agent_id: str) -> None:
        agent = self.cluster.agents.get(agent_id)
        if agent is not None:
            self.cluster.metrics.count("master/slave_removals/reason_unregistered")
            agents.remove(self.cluster, agent, f"Agent {agent.info.hostname} unregistered")

    def _drained(self, agent_id: str) -> None:
        agent: Agent | None = self.cluster.agents.get(agent_id)
        if agent is None or agent.drain_info is None:
            return
        self.cluster.agent_modes[agent_id] = agent.drain_info
        self.cluster.persist(Entry("mode", agent_id, agent.drain_info.SerializePartialToString()))
        if agent.drain_info.config.mark_gone:
            operators.mark_gone(self.cluster, agent_id)

    def _executor_message(self, message: ExecutorMessage) -> None:
        self.cluster.metrics.count("master/messages_executor_to_framework")
        framework = self.cluster.frameworks.get(message.framework_id)
        if framework is None:
            self.cluster.metrics.count("master/invalid_executor_to_framework_messages")
            return
        self.cluster.metrics.count("master/valid_executor_to_framework_messages")
        event = scheduler_pb2.Event
        told = event.Message(
            agent_id=mesos_pb2.AgentID(value=message.agent_id),
            executor_id=mesos_pb2.ExecutorID(value=message.executor_id),
            data=message.data,
        )
        self.cluster.send(framework, event(type=event.MESSAGE, message=told))
