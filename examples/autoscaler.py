"""The talk's program: a cluster whose singleton watches load and heap, and asks Mesos for more nodes of this program.

python -m examples.autoscaler --demo                  all of it on this machine: Mesos, a node, load, a table, a plot
python -m examples.autoscaler --demo --master URL     the same on your Mesos
python -m examples.autoscaler --master zk://HOST:2181/mesos --cluster zk://HOST:2181/app     a first node, for real

    ClusterMetricsChanged   →   busy for all: want one more node     →   accept a matching offer with a task that is
                                idle for all: give the newest back   →   kill_task           one more node of this
    StatusUpdate            →   a node was lost: want another
                                acknowledge

The singleton lives on one of the nodes. What it must not forget is in a journal that all nodes reach: the framework's
id and the nodes that it wants, written before Mesos is told. So if that node dies, the next one subscribes as the same
framework, finds the same tasks, and replaces those that are gone. The journal refuses a singleton that was overtaken.
"""

import argparse
import asyncio
import getpass
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

from actors import ActorSystem, PoisonPill, Props
from actors.cluster import Cluster, ClusterMetricsChanged, ClusterSingleton, MetricsSettings, NodeMetrics
from actors.mesos import CallError, FrameworkInfo, FrameworkRemoved, Mesos, ResourceOffers, StatusUpdate
from actors.mesos import Error as FrameworkError
from actors.persistence import EventSchema, EventSourcedActor, Journal
from actors.remote import Remote
from examples.places import Place, address_towards, place_at
from examples.workers import WORKERS, GetStatus, JobLoad, Status, TearDown, Worker
from mesos_proto import CommandInfo, Offer, Resources, TaskID, TaskInfo, TaskState

ROOT = Path(__file__).resolve().parents[1]
OF_A_NODE = Resources.parse("cpus:0.2;mem:256")
MEMORY = 256 << 20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When to scale. Load is per core, heap a part of the limit; both are means over all nodes."""

    high_load: float = 0.8
    low_load: float = 0.3
    high_heap: float = 0.8
    low_heap: float = 0.5
    back_off: float = 30.0  # seconds until the next step, which the last one needs to show its effect
    most: int = 4  # nodes from Mesos
    every: float = 1.0  # seconds between two looks at a node

    def as_options(self) -> list[str]:
        return ["--back-off", str(self.back_off), "--most", str(self.most), "--every", str(self.every)]


# What happened, as the journal keeps it


@dataclass(frozen=True, slots=True)
class FrameworkKnown:
    """Mesos gave this id; "" when it has forgotten it."""

    id: str


@dataclass(frozen=True, slots=True)
class NodeWanted:
    task_id: str


@dataclass(frozen=True, slots=True)
class NodeGivenUp:
    task_id: str


@dataclass(frozen=True, slots=True)
class State:
    framework_id: str = ""
    nodes: tuple[str, ...] = ()  # the ids of the tasks that should run, the oldest first


# To itself


@dataclass(frozen=True, slots=True)
class BackOffEnds:
    """It may take another step."""


@dataclass(frozen=True, slots=True)
class Launch:
    """That node has waited long enough."""

    task_id: str


class Autoscaler(EventSourcedActor[Any, State]):
    schema = EventSchema(FrameworkKnown, NodeWanted, NodeGivenUp)

    def __init__(self, journal: Callable[[], Journal], master: str, node: Callable[[str], CommandInfo], rules: Rules):
        super().__init__(journal(), "autoscaler")
        self.master = master
        self.node = node  # the command that starts one more
        self.rules = rules
        self.cluster = Cluster(self.context.system)
        self.waiting: list[str] = []  # to be launched with the next offers
        self.launched_at: dict[str, float] = {}
        self.is_backing_off = True
        self.did_last = "started"

    def initial_state(self) -> State:
        return State()

    def apply_event(self, state: State, event: Any) -> State:
        match event:
            case FrameworkKnown(id_):
                return replace(state, framework_id=id_)
            case NodeWanted(task_id):
                return replace(state, nodes=(*state.nodes, task_id))
            case NodeGivenUp(task_id):
                return replace(state, nodes=tuple(each for each in state.nodes if each != task_id))
        raise TypeError(f"{event} is no event of the autoscaler")

    async def recovery_completed(self) -> None:
        info = FrameworkInfo(
            name="autoscale",
            user=getpass.getuser(),
            id=self.state.framework_id or None,
            failover_timeout=timedelta(minutes=5),
            checkpoint=True,
        )
        try:
            self.framework = await Mesos(self.context.system).register_framework(
                self.master, info, known_tasks=dict.fromkeys(map(TaskID, self.state.nodes))
            )
        except FrameworkRemoved:  # nobody was subscribed for longer than its failover timeout: begin anew
            await self.persist(FrameworkKnown(""), *map(NodeGivenUp, self.state.nodes))
            raise
        if self.framework.id != self.state.framework_id:
            await self.persist(FrameworkKnown(str(self.framework.id)))
        self.framework.pipe_to(self.ref)
        self.cluster.subscribe(self.ref, ClusterMetricsChanged)
        self.back_off()

    async def post_stop(self) -> None:
        if hasattr(self, "framework"):
            await self.framework.deactivate()  # the tasks run on
        await self.journal.close()

    async def receive_command(self, command: Any) -> None:
        match command:
            case ClusterMetricsChanged(nodes) if not self.is_backing_off:
                await self.look_at([each for each in nodes if each.node.has_role(WORKERS)])
            case BackOffEnds():
                self.is_backing_off = False
            case Launch(task_id):
                await self.launch(task_id)
            case ResourceOffers(offers) if self.waiting:
                for offer in offers:
                    await self.use(offer)
            case ResourceOffers(offers):
                await self.call(self.framework.driver.decline_offer([offer.id for offer in offers]))
            case StatusUpdate(status):
                if status.task_id in self.state.nodes:
                    await self.node_is(status.task_id, status.state)
                elif not status.state.is_terminal:  # one that was given up: its kill was lost, or it was unreachable
                    await self.call(self.framework.driver.kill_task(status.task_id, status.agent_id))
                await self.call(self.framework.driver.acknowledge(status))
            case FrameworkError(text):
                raise RuntimeError(f"Mesos is done with this framework: {text}")  # supervision starts it anew
            case TearDown():
                await self.persist(FrameworkKnown(""), *map(NodeGivenUp, self.state.nodes))
                await self.framework.shutdown()
                self.reply("torn down")
                self.context.stop(self.ref)
            case GetStatus():
                at = str(self.cluster.own.address)
                self.reply(Status(self.state.framework_id, self.state.nodes, len(self.waiting), at, self.did_last))

    # Up and down

    async def look_at(self, nodes: list[NodeMetrics]) -> None:
        loads = [each.load for each in nodes if each.load is not None]
        heaps = [each.heap for each in nodes if each.heap is not None]
        if not loads or not heaps or self.waiting:
            return
        load, heap, rules = fmean(loads), fmean(heaps), self.rules
        if (load > rules.high_load or heap > rules.high_heap) and len(self.state.nodes) < rules.most:
            await self.scale_up(f"load {load:.2f}, heap {heap:.0%}")
        elif load < rules.low_load and heap < rules.low_heap and self.state.nodes and len(nodes) > 1:
            await self.scale_down(f"load {load:.2f}, heap {heap:.0%}")

    async def scale_up(self, why: str) -> None:
        self.say(f"wants one more node: {why}")
        await self.want_one_more()
        self.back_off()

    async def scale_down(self, why: str) -> None:
        others = [task_id for task_id in self.state.nodes if not self.cluster.own.has_role(task_id)]
        task_id = (others or self.state.nodes)[-1]
        self.say(f"gives {task_id} back: {why}")
        await self.persist(NodeGivenUp(task_id))
        await self.call(self.framework.driver.kill_task(TaskID(task_id)))
        self.back_off()

    def back_off(self) -> None:
        self.is_backing_off = True
        self.context.timers.start_single("back-off", BackOffEnds(), self.rules.back_off)

    # Nodes

    async def want_one_more(self, *, instead_of: str | None = None, after: float = 0.0) -> None:
        task_id = f"node-{self.seq + 1}"  # never used before: the journal counts on
        given_up = () if instead_of is None else (NodeGivenUp(instead_of),)
        await self.persist(NodeWanted(task_id), *given_up)
        if after:
            self.context.timers.start_single(task_id, Launch(task_id), after)
        else:
            await self.launch(task_id)

    async def launch(self, task_id: str) -> None:
        self.waiting.append(task_id)
        await self.call(self.framework.driver.revive_offers())

    async def use(self, offer: Offer) -> None:
        tasks = []
        if self.waiting and offer.resources.contains(OF_A_NODE):
            task_id = self.waiting.pop(0)
            self.launched_at[task_id] = self.context.system.clock.time()
            tasks.append(
                TaskInfo(
                    name="node",
                    task_id=task_id,
                    agent_id=offer.agent_id,
                    resources=OF_A_NODE,
                    command=self.node(task_id),
                    kill_policy=timedelta(seconds=10),  # to hand over, and to finish its jobs
                )
            )
        if not await self.call(self.framework.driver.launch_tasks(tasks, [offer.id])):  # no tasks: it is declined
            self.waiting += [task.task_id for task in tasks]

    async def node_is(self, task_id: str, state: TaskState) -> None:
        if state is TaskState.TASK_RUNNING:
            self.say(f"has {task_id}")
        elif state.is_terminal:
            self.say(f"lost {task_id} ({state.name}), wants another")
            launched_at = self.launched_at.pop(task_id, None)
            hardly_ran = (
                launched_at is not None and self.context.system.clock.time() < launched_at + self.rules.back_off
            )
            await self.want_one_more(instead_of=task_id, after=self.rules.back_off if hardly_ran else 0.0)

    async def call(self, call: Any) -> bool:
        """Whether Mesos took it. When it is away: it says all tasks' states and makes offers again when it is back."""
        try:
            await call
        except CallError as error:
            self.log.warning("%s", error)
            return False
        return True

    def say(self, what: str) -> None:
        self.did_last = what
        self.log.info("the autoscaler %s", what)


# One node


def node_command(master: str, place: str, options: list[str]) -> Callable[[str], CommandInfo]:
    """What a task of Mesos runs: this program, with this Python. The agents' machines have both."""
    kept = {name: os.environ[name] for name in ("PATH", "AUTOSCALER_SECRET") if name in os.environ}

    def command(task_id: str) -> CommandInfo:
        program = [sys.executable, "-m", "examples.autoscaler", "--master", master, "--cluster", place]
        arguments = [*program, "--task", task_id, *options]
        return CommandInfo(sys.executable, arguments=arguments, environment={**kept, "PYTHONPATH": str(ROOT)})

    return command


async def start_node(
    system: ActorSystem, place: Place, master: str, node: Callable[[str], CommandInfo], rules: Rules, task: str | None
) -> None:
    """Join the cluster, work on jobs, and be ready to be the one that scales it."""
    collector = JobLoad(system, MEMORY)
    await Cluster.join(
        system,
        place.coordinator,
        roles=[WORKERS, *([task] if task else [])],
        metrics=MetricsSettings(interval=rules.every, half_life=4 * rules.every, collector=collector),
    )
    worker = system.spawn(Worker, "worker")
    ClusterSingleton(system).start(
        lambda lease: Props(Autoscaler, lambda: place.journal(lease.epoch), master, node, rules),
        "autoscaler",
        role=WORKERS,
        termination_message=PoisonPill(),
    )

    async def finish_jobs() -> None:
        worker.tell(PoisonPill())  # behind the jobs that are there; no more come when others have heard of it
        while not worker.is_terminated:
            await system.clock.sleep(0.05)

    system.coordinated_shutdown.add_task("service-requests-done", "finish the jobs", finish_jobs)


async def main(arguments: argparse.Namespace, rules: Rules) -> None:
    node = node_command(arguments.master, arguments.cluster, rules.as_options())
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(place_at(arguments.cluster))
        system = await stack.enter_async_context(ActorSystem("autoscale"))
        end = system.coordinated_shutdown.begin
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, end, number.name)
        host = arguments.host or address_towards(arguments.master)
        await Remote.start(system, host, secret=os.environ.get("AUTOSCALER_SECRET"))
        await start_node(system, place, arguments.master, node, rules, arguments.task)
        await system.when_terminated()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", action="store_true", help="show it: with load, a table and a plot")
    parser.add_argument("--master", help="of Mesos: its URL, or zk://…; an embedded one for the demo when not given")
    parser.add_argument("--cluster", help="where the nodes meet: a folder of this machine, or zk://HOST:2181/PATH")
    parser.add_argument("--host", help="this machine's address; the one from which it reaches Mesos when not given")
    parser.add_argument("--back-off", type=float, default=None, help="seconds between two steps (30; the demo: 6)")
    parser.add_argument("--most", type=int, default=4, help="nodes that Mesos is asked for at most")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two looks at a node")
    parser.add_argument("--plot", default="autoscaler.svg", help="where the demo draws what happened")
    parser.add_argument("--profile", default="15x5,60x30,60x2", help="the demo's load: SECONDSxRATE,…")
    parser.add_argument("--task", help=argparse.SUPPRESS)  # of Mesos, that this node is
    given = parser.parse_args()
    rules = Rules(back_off=given.back_off or (6.0 if given.demo else 30.0), most=given.most, every=given.every)
    if given.demo:
        from examples.autoscaler_demo import demo

        asyncio.run(demo(given.master, given.cluster, rules, given.profile, Path(given.plot)))
    elif not given.master or not given.cluster:
        parser.error("a node needs --master and --cluster; or try --demo")
    else:
        import logging

        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        asyncio.run(main(given, rules))
