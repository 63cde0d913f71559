"""Several frameworks on one Mesos: who holds how much is decided by role and weight, and drawn over time.

python -m examples.tenants                                   on an embedded Mesos of simulated agents
python -m examples.tenants --master http://127.0.0.1:5050    on yours (its agents run many a `sleep`)

Each tenant takes what it is offered, and gives it back when its tasks end, a few seconds later. Mesos offers what is
free to the role that has least of its due: its share of the scarcest resource, divided by its weight.

    web        weight 1   from the beginning: it has all, as long as nobody else wants any
    reports    weight 2   comes after a third of the time
    training   weight 3   comes after a half
    reports               goes after five sixths: what it had goes to the others
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actors import Actor, ActorRef, ActorSystem, Props
from actors.local_mesos import LocalMesos
from actors.mesos import CallError, FrameworkInfo, Mesos, ResourceOffers, StatusUpdate
from actors.mesos.operator import OperatorClient
from examples.plots import Panel, draw
from mesos_proto import CommandInfo, Offer, Resources, TaskInfo

OF_A_TASK = Resources.parse("cpus:1;mem:128")
SECONDS = (2.0, 6.0)  # that a task takes


@dataclass(frozen=True, slots=True)
class Plan:
    """A tenant's part in the play; ``comes`` and ``goes`` are parts of its time."""

    role: str
    weight: float
    comes: float = 0.0
    goes: float = 1.0


PLANS = (Plan("web", 1), Plan("reports", 2, comes=1 / 3, goes=5 / 6), Plan("training", 3, comes=1 / 2))


@dataclass(frozen=True, slots=True)
class GetHeld:
    """Answered with the number of tasks that run."""


class Tenant(Actor[Any]):
    """A framework that always has more to do."""

    def __init__(self, role: str, master: str) -> None:
        self.role = role
        self.master = master
        self.of_a_task = OF_A_TASK.allocated(role)  # as what is offered to a role is
        self.tasks: set[str] = set()
        self.count = 0

    async def pre_start(self) -> None:
        info = FrameworkInfo(name=self.role, user=getpass.getuser(), roles=[self.role])
        self.framework = await Mesos(self.context.system).register_framework(self.master, info)
        self.framework.pipe_to(self.ref)

    async def post_stop(self) -> None:
        await self.framework.shutdown()

    async def receive(self, message: Any) -> None:
        try:
            match message:
                case ResourceOffers(offers):
                    for offer in offers:
                        await self.take(offer)
                case StatusUpdate(status):
                    if status.state.is_terminal:
                        self.tasks.discard(status.task_id)
                    await self.framework.driver.acknowledge(status)
                case GetHeld():
                    self.reply(len(self.tasks))
        except CallError as error:  # Mesos is away; it offers and tells anew when it is back
            self.log.warning("%s", error)

    async def take(self, offer: Offer) -> None:
        tasks, room = [], offer.resources
        while room.contains(self.of_a_task):
            room -= self.of_a_task
            self.count += 1
            command = CommandInfo(value=f"sleep {self.context.system.random.uniform(*SECONDS):.2f}")
            tasks.append(
                TaskInfo(
                    name=self.role,
                    task_id=f"{self.role}-{self.count}",
                    agent_id=offer.agent_id,
                    resources=self.of_a_task,
                    command=command,
                )
            )
        self.tasks.update(task.task_id for task in tasks)
        await self.framework.driver.launch_tasks(tasks, [offer.id])


@dataclass(slots=True)
class History:
    times: list[float] = field(default_factory=list)
    held: dict[str, list[float | None]] = field(default_factory=dict)

    def add(self, at: float, held: dict[str, int]) -> None:
        self.times.append(at)
        for role, count in held.items():
            self.held[role].append(float(count))

    def mean(self, role: str, first: float, last: float) -> float:
        """Tasks that the role had, between two moments."""
        pairs = zip(self.times, self.held[role], strict=True)
        values = [value or 0.0 for at, value in pairs if first <= at <= last]
        return sum(values) / len(values)


async def play(system: ActorSystem, master: str, seconds: float, plans: Sequence[Plan] = PLANS) -> History:
    """Let the tenants come and go. What each held, each second."""
    async with OperatorClient(system, master) as operator:
        await operator.update_weights({plan.role: plan.weight for plan in plans})
    history = History(held={plan.role: [] for plan in plans})
    tenants: dict[str, ActorRef[Any]] = {}
    begun = system.clock.time()
    while (now := system.clock.time() - begun) < seconds:
        for plan in plans:
            is_there = plan.comes * seconds <= now < plan.goes * seconds
            if is_there and plan.role not in tenants:
                tenants[plan.role] = system.spawn(Props(Tenant, plan.role, master), plan.role)
            elif not is_there and plan.role in tenants:
                await system.graceful_stop(tenants.pop(plan.role), 30)
        held = {role: await tenant.ask(GetHeld(), 30) for role, tenant in tenants.items()}
        history.add(now, {plan.role: held.get(plan.role, 0) for plan in plans})
        say(now, plans, held)
        await system.clock.sleep(1)
    for tenant in tenants.values():
        await system.graceful_stop(tenant, 30)
    return history


def say(now: float, plans: Sequence[Plan], held: dict[str, int]) -> None:
    whole = sum(held.values()) or 1
    bar = "".join(plan.role[0] * round(40 * held.get(plan.role, 0) / whole) for plan in plans)
    shares = "  ".join(f"{role} {count}" for role, count in held.items())
    print(f"{now:4.0f} s  {bar:40}  {shares}", flush=True)


async def main(master: str | None, seconds: float, agents: int, plot: Path) -> None:
    async with ActorSystem("tenants") as system, AsyncExitStack() as stack:
        if master is None:
            local = await LocalMesos.start(system, port=0, agents=agents, runner="simulated")
            master = (await stack.enter_async_context(local)).url
        history = await play(system, master, seconds)
    weights = ", ".join(f"{plan.role} {plan.weight:g}" for plan in PLANS)
    panel = Panel(f"tasks of each role (weights: {weights})", history.times, history.held, stacked=True)
    await asyncio.to_thread(draw, plot, "Who holds what", [panel])
    print(f"Who held what is drawn in {plot}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--master", help="of Mesos: its URL, or zk://…; an embedded one when not given")
    arguments.add_argument("--seconds", type=float, default=60.0, help="that the play takes")
    arguments.add_argument("--agents", type=int, default=12, help="of the embedded Mesos")
    arguments.add_argument("--plot", type=Path, default=Path("tenants.svg"))
    asyncio.run(main(**vars(arguments.parse_args())))
