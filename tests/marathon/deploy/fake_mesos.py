"""A Mesos in few words, for tests of deployments: agents that offer, tasks that start after a scripted time, updates
that are repeated until acknowledged. The `MesosWorld` outlives the service, as a cluster does; `connect` is what
`Marathon.start` takes in the place of a connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actors import Actor, ActorRef, Props
from actors.marathon.instance_ids import app_of_task
from actors.marathon.scheduler import Connect
from actors.mesos import (
    AcceptOffers,
    Acknowledge,
    Call,
    CallFailed,
    CallUnconfirmed,
    DeclineOffers,
    Disconnected,
    KillTask,
    Launch,
    LaunchGroup,
    NotSubscribed,
    Registered,
    Reregistered,
    ResourceOffers,
    ReviveOffers,
    StatusUpdate,
    SuppressOffers,
    UpdateFramework,
)
from mesos_proto import AgentID, FrameworkID, FrameworkInfo, Offer, Resources, TaskID, TaskStatus, mesos_pb2

RUNNING, KILLED, FAILED, STARTING, FINISHED = (
    mesos_pb2.TASK_RUNNING,
    mesos_pb2.TASK_KILLED,
    mesos_pb2.TASK_FAILED,
    mesos_pb2.TASK_STARTING,
    mesos_pb2.TASK_FINISHED,
)
UNREACHABLE = mesos_pb2.TASK_UNREACHABLE


@dataclass
class Agent:
    id: str
    hostname: str
    free: Resources
    attributes: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    offer: str | None = None
    refused: Resources | None = None


@dataclass
class Task:
    info: mesos_pb2.TaskInfo
    agent: Agent
    app_id: str
    launched_at: float
    state: int = mesos_pb2.TASK_STAGING
    updates: list[mesos_pb2.TaskStatus] = field(default_factory=list)
    executor: mesos_pb2.ExecutorInfo | None = None
    group: Sequence[str] = ()

    @property
    def id(self) -> str:
        return self.info.task_id.value

    @property
    def port(self) -> int:
        return next((r.ranges.range[0].begin for r in self.info.resources if r.name == "ports"), 0)


class MesosWorld:
    """`startup(app_id)`: seconds from launch to TASK_RUNNING (None: never; negative: fails after so many seconds)."""

    def __init__(self, agents: int = 3, resources: str = "cpus:100;mem:100000;disk:10000;ports:[31000-31999]") -> None:
        self.startup: Callable[[str], float | None] = lambda app_id: 0.1
        self.agents = {
            f"agent-{n}": Agent(f"agent-{n}", f"host-{n}", Resources.parse(resources)) for n in range(agents)
        }
        self.tasks: dict[str, Task] = {}
        self.all_tasks: list[Task] = []
        self.ever: dict[str, float] = {}
        self.ended: dict[str, int] = {}
        self.calls: list[Any] = []
        self.connection: FakeScheduler | None = None  # None while it is away
        self.scheduler: FakeScheduler | None = None
        self.framework: str | None = None
        self.suppressed = False
        self.ignore_kills = 0
        self.home_region: str | None = None
        self.away = False
        self.refuse_accepts = 0
        self.refuse_updates = 0
        self.lose: set[type[Call]] = set()  # of each of these kinds the next call reaches nobody, and nobody is told so
        self._serial = 0

    @property
    def connect(self) -> Connect:
        def connect(info: FrameworkInfo, handler: ActorRef[Any], known: Mapping[TaskID, AgentID | None]) -> Props[Any]:
            return Props(FakeScheduler, self, info, handler, known)

        return connect

    # -- what a test does to it

    def running(self, app_id: str) -> list[Task]:
        return [task for task in self.tasks.values() if task.app_id == app_id and task.state == RUNNING]

    def live(self, app_id: str | None = None) -> list[Task]:
        return [task for task in self.tasks.values() if app_id is None or task.app_id == app_id]

    def launched(self, app_id: str) -> list[str]:
        return [task_id for task_id in self.ever if app_of_task(task_id) == app_id]

    def end(self, task_id: str, state: int, message: str = "") -> None:
        task = self.tasks.pop(task_id, None)
        if task is None:
            return
        task.state = state
        self.ended[task_id] = state
        task.agent.free += Resources(task.info.resources)
        task.agent.refused = None
        self._update(task, state, message)
        rest = [other for other in task.group if other in self.tasks]
        if state != FINISHED:  # as the default executor does
            for other in rest:
                self.end(other, KILLED, "of the same group")
        if task.executor is not None and not rest:
            task.agent.free += Resources(task.executor.resources)
        self.offer()

    def tell(self, task_id: str, state: int, **fields: Any) -> None:
        task = self.tasks[task_id]
        task.state = state
        self._update(task, state, **fields)

    def leave(self) -> None:
        """The master is gone, or the way to it; tasks run on."""
        self.away = True
        if self.connection is not None:
            connection, self.connection = self.connection, None
            connection.event(Disconnected("the stream was lost"))

    def come_back(self) -> None:
        self.away = False
        if self.scheduler is not None:
            self.scheduler.subscribe()

    # -- what it does by itself

    def fresh(self, what: str) -> str:
        self._serial += 1
        return f"{what}-{self._serial}"

    def _update(self, task: Task, state: int, message: str = "", uuid: bytes | None = None, **fields: Any) -> None:
        status = mesos_pb2.TaskStatus(state=state, message=message, uuid=self.fresh("uuid").encode(), **fields)
        status.task_id.value = task.id
        status.agent_id.value = task.agent.id
        task.updates.append(status)
        if len(task.updates) == 1:
            self._deliver(task)

    def _deliver(self, task: Task) -> None:
        if task.updates and self.connection is not None:
            self.connection.event(StatusUpdate(TaskStatus.from_proto(task.updates[0])))

    def launch(self, info: mesos_pb2.TaskInfo, agent: Agent) -> None:
        task_id = info.task_id.value
        assert task_id not in self.ever, f"task {task_id} was launched twice"
        assert self.connection is not None
        clock = self.connection.context.system.clock
        self.ever[task_id] = clock.time()
        task = Task(info, agent, app_of_task(task_id), clock.time())
        self.tasks[task_id] = task
        self.all_tasks.append(task)
        self._update(task, STARTING)
        delay = self.startup(task.app_id)
        if delay is not None and delay >= 0:
            clock.call_later(delay, lambda: task_id in self.tasks and self.tell(task_id, RUNNING))
        elif delay is not None:
            clock.call_later(-delay, lambda: self.end(task_id, FAILED, "scripted"))

    def offer(self) -> None:
        if self.connection is None or self.suppressed:
            return
        offers = []
        for agent in self.agents.values():
            if agent.offer is not None or (agent.refused is not None and agent.refused.contains(agent.free)):
                continue
            agent.offer = self.fresh("offer")
            proto = mesos_pb2.Offer(hostname=agent.hostname, resources=agent.free.to_protos())
            proto.id.value = agent.offer
            proto.framework_id.value = self.framework or ""
            proto.agent_id.value = agent.id
            if agent.region is not None:
                proto.domain.fault_domain.region.name = agent.region
                proto.domain.fault_domain.zone.name = "a"
            for name, value in agent.attributes.items():
                proto.attributes.add(name=name, type=mesos_pb2.Value.TEXT).text.value = value
            offers.append(Offer.from_proto(proto))
        if offers:
            self.connection.event(ResourceOffers(tuple(offers)))

    def acknowledged(self, status: TaskStatus) -> None:
        for task in self.all_tasks:
            if task.updates and task.updates[0].uuid == status.uuid:
                del task.updates[0]
                self._deliver(task)
                return

    def redeliver(self) -> None:
        for task in self.all_tasks:
            self._deliver(task)


class FakeScheduler(Actor[Any]):
    def __init__(
        self, world: MesosWorld, info: FrameworkInfo, handler: ActorRef[Any], known: Mapping[TaskID, AgentID | None]
    ) -> None:
        self.world = world
        self.info = info
        self.handler = handler
        self.known = known

    def event(self, event: Any) -> None:
        self.handler.tell(event, self.ref)

    def pre_start(self) -> None:
        self.world.scheduler = self
        if not self.world.away:
            self.subscribe()

    def subscribe(self) -> None:
        world = self.world
        world.connection = self
        for agent in world.agents.values():
            agent.offer = None
        master = mesos_pb2.MasterInfo(id="m", ip=0, port=5050, hostname="master")
        if world.home_region is not None:
            master.domain.fault_domain.region.name = world.home_region
            master.domain.fault_domain.zone.name = "a"
        known = self.info.id or world.framework
        kind = Registered if known is None else Reregistered
        world.framework = known or world.fresh("framework")
        self.event(kind(FrameworkID(world.framework), master, 15.0))
        world.redeliver()
        still_to_tell = {task.id for task in world.all_tasks if task.updates}
        for task_id in {*map(str, self.known), *world.tasks} - still_to_tell:
            status = mesos_pb2.TaskStatus(reason=mesos_pb2.TaskStatus.REASON_RECONCILIATION)
            status.task_id.value = task_id
            task = world.tasks.get(task_id)
            status.state = mesos_pb2.TASK_GONE if task is None else task.state
            if task is not None:
                status.agent_id.value = task.agent.id
            self.event(StatusUpdate(TaskStatus.from_proto(status)))
        world.offer()

    def post_stop(self) -> None:
        if self.world.connection is self:
            self.world.connection = None
        if self.world.scheduler is self:
            self.world.scheduler = None

    def receive(self, call: Any) -> None:
        world = self.world
        world.calls.append(call)
        clock = self.context.system.clock
        match call:
            case _ if world.connection is not self:
                self.reply(CallFailed(call, NotSubscribed("the stream was lost")))
            case _ if type(call) in world.lose:
                world.lose.remove(type(call))
                self.reply(CallFailed(call, CallUnconfirmed("the connection broke before the answer came")))
            case ReviveOffers():
                world.suppressed = False
                for agent in world.agents.values():
                    agent.refused = None
                world.offer()
            case SuppressOffers():
                world.suppressed = True
            case DeclineOffers():
                for offer_id in call.offer_ids:
                    self._take(offer_id)
            case UpdateFramework() if world.refuse_updates:
                world.refuse_updates -= 1
                self.reply(CallFailed(call, NotSubscribed("the stream was lost")))
            case AcceptOffers() if world.refuse_accepts:
                world.refuse_accepts -= 1
                self._take(call.offer_ids[0])
                self.reply(CallFailed(call, NotSubscribed("the stream was lost")))
            case AcceptOffers():
                agent = self._take(call.offer_ids[0])
                assert agent is not None, "an offer that does not exist was accepted"
                for operation in call.operations:
                    assert isinstance(operation, Launch | LaunchGroup)
                    for task in operation.tasks:
                        needed = Resources(task.proto.resources)
                        assert agent.free.contains(needed)
                        agent.free -= needed
                        world.launch(task.proto, agent)
                    if isinstance(operation, LaunchGroup):
                        agent.free -= Resources(operation.executor.proto.resources)
                        group = [world.tasks[str(task.task_id)] for task in operation.tasks]
                        for one in group:
                            one.executor, one.group = operation.executor.proto, [other.id for other in group]
                at_once = call.filters is not None and call.filters.refuse_seconds == 0
                agent.refused = None if at_once else agent.free
                if at_once:
                    world.offer()
            case KillTask() if world.ignore_kills:
                world.ignore_kills -= 1
            case KillTask(task_id):
                clock.call_later(0.05, lambda: world.end(task_id, KILLED))
            case Acknowledge(status):
                world.acknowledged(status)

    def _take(self, offer_id: str) -> Agent | None:
        for agent in self.world.agents.values():
            if agent.offer == offer_id:
                agent.offer = None
                agent.refused = agent.free
                return agent
        return None
