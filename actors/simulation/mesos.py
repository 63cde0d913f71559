"""`SimulatedMesos`: the embedded master and its agents on hosts of their own, over the network, and what truly runs.

    mesos = SimulatedMesos(world, agents=3)
    await mesos.ready()                          framework: Mesos(system).register_framework(mesos.url, info)
    mesos.live                                   the tasks that run at this moment, whatever anybody believes
    mesos.finished                               the ids of those that ended well
    mesos.master.kill()                          it forgets all but its registry; agents and frameworks come again
    SimulatedMesos(world, zookeeper=…)           two masters, of which ZooKeeper elects one: ``mesos.master``
    mesos.agents[0].host.kill()                  its tasks run on, as below a task runner
    mesos.agents[0].reboot()                     its tasks are gone

The master and the agents are the real ones (`actors.local_mesos`); tasks are figures of `SimulatedRunner`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from actors.core import Clock, Props
from actors.local_mesos.agent import Agent, AgentSettings, MemoryCheckpoint
from actors.local_mesos.agent_link import LeaderLink
from actors.local_mesos.master import Candidate, MasterServer, MasterSettings, MemoryRegistry, start_master
from actors.local_mesos.master.protocol import SchedulerCall, SchedulerCalls, Subscribe
from actors.local_mesos.master.registry import Entry, Registry, RegistryError
from actors.local_mesos.master.zookeeper_election import ZooKeeperElection
from actors.local_mesos.messages import AcknowledgeUpdate, RunTask, UpdateStatus
from actors.local_mesos.offered import agent_resources
from actors.local_mesos.simulated_runner import Script, SimulatedRunner, as_written
from actors.local_mesos.task_runner import Exited, Listener, RunnerEvent, Started, TaskCommand
from actors.mesos import MasterDetector
from actors.mesos.zookeeper_detector import ZooKeeperDetector
from actors.simulation.world import Host, Watching, World
from actors.simulation.zookeeper import SESSION, SimulatedZooKeeper
from actors.testkit.machines import Life
from mesos_proto import mesos_pb2, scheduler_pb2

__all__ = ["LiveTask", "SimulatedAgent", "SimulatedMesos"]

MASTER_PORT = 5050
READY_WITHIN = 60.0


@dataclass(slots=True)
class LiveTask:
    """A task that an agent was told to run. ``started_at`` None: it does not run yet."""

    id: str
    command: str
    agent: str
    info: mesos_pb2.TaskInfo
    started_at: float | None = None


class _MachineClock(Clock):
    """Timers of the machine itself: they outlive the process that asked for them."""

    __slots__ = ("_context",)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._context = copy_context()

    def call_later(self, seconds: float, callback: Any, *args: Any) -> asyncio.TimerHandle:  # type: ignore[override]
        return self._loop.call_later(max(0.0, seconds), callback, *args, context=self._context.copy())


class _Runner(SimulatedRunner):
    """Shows what happens on the machine to the world, and to the agent's process only while that lives."""

    def __init__(self, agent: SimulatedAgent, clock: Clock, script: Script) -> None:
        super().__init__(clock, agent.mesos.world.chance, script)
        self._agent = agent

    async def attach(self, listener: Listener) -> tuple[RunnerEvent, ...]:
        life = self._agent.host.machine.life
        assert life is not None

        def told(event: RunnerEvent) -> None:
            life.call_soon(listener, event)

        return await super().attach(told)

    def launch(self, command: TaskCommand) -> None:
        # An executor that is there for one task has its id, and the sandbox names it.
        self._agent.containers[command.container_id] = command.sandbox.partition("/executors/")[2].partition("/")[0]
        super().launch(command)

    def _tell(self, container: Any, event: RunnerEvent) -> None:
        if self._agent.runner is self:  # else its machine went down meanwhile, and all on it
            self._agent.seen(event)
            super()._tell(container, event)


class SimulatedAgent:
    """An agent's host, with what on it outlives the agent's process."""

    def __init__(self, mesos: SimulatedMesos, number: int) -> None:
        self.mesos = mesos
        self.number = number
        self.host: Host = mesos.world.host(f"agent{number}")
        self.checkpoint = MemoryCheckpoint()
        self.tasks: dict[str, LiveTask] = {}
        self.containers: dict[str, str] = {}
        self.known: dict[str, LiveTask] = {}
        self._clock = _MachineClock(mesos.world.loop)
        self.runner = _Runner(self, self._clock, self._script)
        self._info = mesos_pb2.AgentInfo(
            hostname=self.host.address,
            resources=agent_resources(mesos.resources, number, one_machine=False),
            port=5050 + number,
        )
        self.total = {each.name: each.scalar.value for each in self._info.resources if each.HasField("scalar")}
        self.updates: dict[bytes, mesos_pb2.TaskStatus] = {}
        self.unacknowledged: dict[str, bytes] = {}
        self.acknowledged: set[bytes] = set()
        self.unwritten: set[str] = set()
        self._told: dict[str, Life | None] = {}
        self.host.run(self._main)

    async def _main(self) -> None:
        async with self.host.system(instrument=Watching(self._look)) as system:
            info = mesos_pb2.AgentInfo()
            info.CopyFrom(self._info)
            settings = AgentSettings(info, ip=self.host.address, registration_backoff_max=8.0)
            agent = system.spawn(Props(Agent, settings, self.checkpoint, self.runner), "agent")
            link = LeaderLink(system, agent)
            try:
                await self._follow(link)
            finally:
                await link.close()

    async def _follow(self, link: LeaderLink) -> None:
        """The leading master, whoever that is."""
        if self.mesos.zookeeper is None:
            leader = mesos_pb2.MasterInfo()
            leader.address.ip, leader.address.port = self.mesos.master.address, MASTER_PORT
            link.turn_to(leader)
            await asyncio.Event().wait()
        async with aclosing(self.mesos.election().leaders(None)) as leaders:
            async for elected in leaders:
                link.turn_to(elected)

    def order(self, task: LiveTask) -> None:
        """Its process is told to run the task."""
        self.tasks[task.id] = self.known[task.id] = task
        self._told[task.id] = self.host.machine.life

    def forget_the_unheard(self) -> None:
        """What died with the process that was told of it, before it wrote that down, runs nowhere."""
        present = {*self.containers.values()}
        for task in list(self.tasks.values()):
            if task.started_at is None and task.id not in present and self._told[task.id] is not self.host.machine.life:
                del self.tasks[task.id]

    def reboot(self, down_for: float) -> None:
        """The power goes: its tasks are gone, its peers learn nothing."""
        self.host.kill(silently=True, down_for=down_for)
        for task in self.tasks.values():
            self.mesos.gone(task, "gone with its machine")
        self.tasks.clear()
        self.runner = _Runner(self, self._clock, self._script)

    def fail_task(self, task_id: str) -> None:
        """A task exits with status 1."""
        for name, container in self.runner._containers.items():
            if self.containers.get(name) == task_id and isinstance(container.event, Started):
                self.runner._exit(name, container, 1 << 8)
                return

    def _script(self, command: TaskCommand, chance: Any) -> Any:
        return self.mesos.script(command, chance)

    def _look(self, message: Any) -> None:
        match message:
            case RunTask(framework, info):
                if not framework.checkpoint:
                    self.unwritten.add(info.task_id.value)
                self.mesos.launched(LiveTask(info.task_id.value, info.command.value, self.host.name, info), self)
            case UpdateStatus(_, status, _):
                self._sends(status)
            case AcknowledgeUpdate(_, task_id, uuid):
                self.acknowledged.add(uuid)
                if self.unacknowledged.get(task_id) == uuid:
                    del self.unacknowledged[task_id]
                if (update := self.updates.get(uuid)) is not None:
                    state = mesos_pb2.TaskState.Name(update.state)
                    self.mesos.world.happened("acknowledged", self.host.name, f"{state} of {task_id} is acknowledged")
                    self.mesos.on_acknowledged(task_id, update.state)

    def _sends(self, status: mesos_pb2.TaskStatus) -> None:
        world, task_id = self.mesos.world, status.task_id.value
        if status.uuid in self.updates:
            world.sometimes("an update is sent again")
        elif task_id in self.unacknowledged and not self._forgot(status):
            state = mesos_pb2.TaskState.Name(status.state)
            world.violated(
                "an agent sends one update of a task at a time",
                f"{state} of {task_id} is sent, the one before was not acknowledged",
            )
        if status.uuid and status.uuid not in self.acknowledged:  # a repeat may have been on its way already
            self.updates[status.uuid] = status
            self.unacknowledged[task_id] = status.uuid

    def _forgot(self, status: mesos_pb2.TaskStatus) -> bool:
        """Its process began anew, and the task's framework has the agent write nothing down."""
        return status.reason == mesos_pb2.TaskStatus.REASON_RECONCILIATION and status.task_id.value in self.unwritten

    def seen(self, event: RunnerEvent) -> None:
        """The runner tells: a task starts, or is over."""
        task_id = self.containers.get(getattr(event, "container_id", ""), "")
        if isinstance(event, Started) and task_id in self.known and task_id not in self.tasks:
            # The machine went down between the order and the start; the agent, back, has it in its checkpoint.
            self.mesos.world.sometimes("a task that was ordered before a reboot starts after it")
            self.tasks[task_id] = self.known[task_id]
        task = self.tasks.get(task_id)
        if task is None:
            return
        if isinstance(event, Started):
            task.started_at = self.mesos.world.loop._now
            self.mesos.on_start(task)
            self.mesos.world.happened("runs", self.host.name, f"{task.id} runs")
        else:
            del self.tasks[task.id]
            if isinstance(event, Exited) and event.status == 0:
                self.mesos.finished.append(task.id)
            self.mesos.gone(task, f"ended ({type(event).__name__} {getattr(event, 'status', '')})")


class _Term:
    """The registry in the hands of the master that was elected as the ``number``-th."""

    def __init__(self, mesos: SimulatedMesos, number: int) -> None:
        self._mesos, self._number = mesos, number

    def _registry(self) -> Registry:
        if self._number < len(self._mesos._terms):
            raise RegistryError("another master was elected")
        return self._mesos.registry

    async def recover(self) -> list[Entry]:
        return await self._registry().recover()

    async def store(self, changes: Sequence[Entry]) -> None:
        await self._registry().store(changes)

    async def close(self) -> None:
        return None


@dataclass
class SimulatedMesos:
    """See the head of this module. ``resources`` are of each agent, in Mesos's own form."""

    world: World
    agents_wanted: int = 3
    zookeeper: SimulatedZooKeeper | None = None
    resources: str = "cpus:4;mem:4096;disk:10000;ports:[31000-31099]"
    script: Script = as_written
    settings: MasterSettings = field(
        default_factory=lambda: MasterSettings(agent_timeout=6.0, agent_reregister_timeout=60.0)
    )
    on_launch: Callable[[LiveTask], None] = lambda task: None
    on_start: Callable[[LiveTask], None] = lambda task: None
    on_end: Callable[[LiveTask], None] = lambda task: None
    on_acknowledged: Callable[[str, mesos_pb2.TaskState.ValueType], None] = lambda task_id, state: None
    on_call: Callable[[scheduler_pb2.Call], None] = lambda call: None

    def __post_init__(self) -> None:
        self.registry = MemoryRegistry()
        self._terms: list[str] = []
        self._leads: dict[str, Candidate] = {}
        names = ["master"] if self.zookeeper is None else ["master1", "master2"]
        self.masters = [self.world.host(name) for name in names]
        for host in self.masters:
            host.run(partial(self._main, host))
        self.ever: set[str] = set()
        self.finished: list[str] = []
        self.agents = [SimulatedAgent(self, number) for number in range(1, self.agents_wanted + 1)]

    @property
    def master(self) -> Host:
        """The one that leads, or one of them."""
        leading = (host for host in self.masters if (one := self._leads.get(host.name)) is not None and one.ref)
        return next(leading, self.masters[0])

    @property
    def url(self) -> str:
        """Where a framework finds the master."""
        if self.zookeeper is not None:
            return f"{self.zookeeper.url}/mesos"
        return f"http://{self.master.address}:{MASTER_PORT}"

    def seen(self) -> str | MasterDetector:
        """What to give a framework as its master."""
        if self.zookeeper is None:
            return self.url
        return ZooKeeperDetector(self.url, timeout=SESSION, client=self.zookeeper.client)

    def election(self) -> ZooKeeperElection:
        assert self.zookeeper is not None
        return ZooKeeperElection(self.url, timeout=SESSION, client=self.zookeeper.client)

    async def _main(self, host: Host) -> None:
        async with host.system(instrument=Watching(self._look)) as system:
            where: Any = {"host": host.address, "port": MASTER_PORT, "settings": self.settings}
            master: MasterServer | Candidate
            if self.zookeeper is None:
                master = await start_master(system, registry=self.registry, **where)
            else:
                master = await Candidate.stand(
                    system, self.election(), open_registry=partial(self._elected, host), **where
                )
                self._leads[host.name] = master
            try:
                await asyncio.Event().wait()
            finally:
                await master.close()

    def _elected(self, host: Host) -> Registry:
        """The registry, for who leads from now on: nobody earlier writes it, as with Mesos's replicated log."""
        self.world.happened("elected", host.name, "is elected")
        if self._terms and self._terms[-1] != host.name:
            self.world.sometimes("another master is elected")
        self._terms.append(host.name)
        return _Term(self, len(self._terms))

    @property
    def live(self) -> list[LiveTask]:
        """The tasks that run."""
        return [task for agent in self.agents for task in agent.tasks.values() if task.started_at is not None]

    async def ready(self) -> None:
        """Wait until every agent is in the master's registry."""

        async def registered() -> bool:
            return sum(entry.kind == "agent" for entry in await self.registry.recover()) >= len(self.agents)

        await self.world.soon("the agents register", registered, READY_WITHIN)

    def launched(self, task: LiveTask, agent: SimulatedAgent) -> None:
        world = self.world
        repeated = task.id in agent.tasks  # the master may repeat it to one agent, which takes it once
        world.happened("launch", agent.host.name, f"{task.id} is launched: {task.command}")
        if not repeated:
            if task.id in self.ever:
                world.violated("no task is launched twice", f"{task.id} was launched before")
            self.ever.add(task.id)
            agent.forget_the_unheard()
            agent.order(task)
            for name, total in agent.total.items():
                used = sum(_amount(one.info, name) for one in agent.tasks.values())
                if used > total + 1e-6:
                    world.violated("no agent is oversubscribed", f"{agent.host.name}: {used:g} of {total:g} {name}")
        self.on_launch(task)

    def gone(self, task: LiveTask, how: str) -> None:
        self.world.happened("task over", task.agent, f"{task.id} {how}")
        self.on_end(task)

    def _look(self, message: Any) -> None:
        if isinstance(message, SchedulerCalls):
            for each in message.calls:
                self.on_call(each.call)
        elif isinstance(message, SchedulerCall | Subscribe):
            self.on_call(message.call)


def _amount(info: mesos_pb2.TaskInfo, name: str) -> float:
    return sum(each.scalar.value for each in info.resources if each.name == name)
