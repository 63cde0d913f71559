"""The autoscaler's decisions, in virtual time: its nodes say what the test wants, Mesos is the embedded one."""

import asyncio
import signal
from itertools import pairwise

import aiohttp
import pytest

from actors import Props
from actors.cluster import ClusterSingleton, MetricsSettings
from actors.local_mesos import Fate, LocalMesos
from actors.persistence import Append, Event, MemoryJournal, MemoryStore
from examples.autoscaler import Autoscaler, Rules
from examples.workers import WORKERS, GetStatus, TearDown
from mesos_proto import CommandInfo

# The fixtures of a simulated cluster: `node` starts one, `until` waits.
from tests.cluster.conftest import node, until  # noqa: F401

RULES = Rules(most=3)


class World:
    """The embedded Mesos, and the nodes that are not its tasks. (Its tasks are figures: they say nothing.)"""

    def __init__(self, start_node, mesos, fates, alive):
        self.start_node = start_node
        self.mesos = mesos
        self.fates = fates  # by command, of tasks that do not simply run
        self.alive = alive  # commands that were started, by task
        self.store = MemoryStore()
        self.figures = {"system-load-average": 0.0, "processors": 1, "heap-memory-used": 10, "heap-memory-max": 100}
        self.autoscaler = None

    async def add_node(self, **options):
        started = await self.start_node(
            WORKERS, metrics=MetricsSettings(interval=1, collector=lambda: self.figures), **options
        )
        self.autoscaler = ClusterSingleton(started.system).start(
            lambda lease: Props(
                Autoscaler,
                lambda: MemoryJournal(self.store, epoch=lease.epoch),
                self.mesos.url,
                lambda task_id: CommandInfo(value=f"serve {task_id}"),
                RULES,
            ),
            "autoscaler",
            role=WORKERS,
        )
        return started

    def load(self, value, heap=0.1):
        self.figures |= {"system-load-average": value, "heap-memory-used": heap * 100}

    async def status(self):
        return await self.autoscaler.ask(GetStatus(), 60)

    async def nodes(self):
        return (await self.status()).nodes


@pytest.fixture
async def world(node, system):  # noqa: F811
    fates, alive = {}, {}

    def script(command, chance):
        alive[command.shell.split()[1]] = command
        return fates.get(command.shell.split()[1], Fate())

    mesos = await LocalMesos.start(system, port=0, agents=2, runner="simulated", script=script)
    yield World(node, mesos, fates, alive)
    await mesos.stop()


async def test_it_adds_a_node_while_all_are_busy_one_each_back_off_and_no_more_than_allowed(world, until):  # noqa: F811
    await world.add_node()
    world.load(2.0)
    await world.status()
    begun = asyncio.get_running_loop().time()
    seen = []
    while asyncio.get_running_loop().time() < begun + 150:
        await asyncio.sleep(1)
        seen.append(len(await world.nodes()))
    assert max(seen) == 3
    grown = [at for at, (before, after) in enumerate(pairwise(seen)) if after > before]
    assert len(grown) == 3
    assert all(29 <= later - earlier <= 33 for earlier, later in pairwise(grown))
    assert (await world.status()).waiting == 0
    assert set(await world.nodes()) == set(world.alive)


async def test_nothing_happens_between_the_thresholds(world):
    await world.add_node()
    world.load(0.5)
    await asyncio.sleep(300)
    assert await world.nodes() == ()


async def test_a_heap_that_fills_up_is_a_reason_as_well(world):
    await world.add_node()
    world.load(0.0, heap=0.9)
    await asyncio.sleep(45)
    assert len(await world.nodes()) == 1
    world.load(0.0, heap=0.6)  # idle, but the memory is needed
    await asyncio.sleep(120)
    assert len(await world.nodes()) == 1


async def test_the_last_node_of_all_is_kept(world):
    await world.add_node()
    world.load(2.0)
    await asyncio.sleep(45)
    world.load(0.0)
    await asyncio.sleep(120)
    assert len(await world.nodes()) == 1  # (Its tasks are no members here: there is one node, as far as it can see.)


async def test_it_gives_the_newest_back_when_all_are_idle(world):
    await world.add_node()
    await world.add_node()
    world.load(2.0)
    await asyncio.sleep(80)
    two = await world.nodes()
    assert len(two) == 2
    world.load(0.0)
    await asyncio.sleep(35)
    assert await world.nodes() == two[:1]
    await asyncio.sleep(35)
    assert await world.nodes() == ()
    tasks = (await tasks_of(world)).values()
    assert set(tasks) == {"TASK_KILLED"}


async def test_a_node_that_is_lost_is_replaced_at_once_whatever_the_load(world, until):  # noqa: F811
    world.fates["node-2"] = Fate(runs=100, status=signal.SIGKILL)
    await world.add_node()
    world.load(2.0)
    await until(lambda: "node-2" in world.alive, 60)
    world.load(0.5)
    await asyncio.sleep(150)
    (replacement,) = await world.nodes()
    assert replacement != "node-2"
    states = await tasks_of(world)
    assert states["node-2"] == "TASK_FAILED"
    assert states[replacement] == "TASK_RUNNING"
    assert "lost node-2" not in (await world.status()).did_last  # it has the other by now


async def test_a_node_that_cannot_start_is_tried_again_only_after_the_back_off(world):
    for number in range(20):
        world.fates[f"node-{number}"] = Fate(runs=0.5, status=1 << 8)
    await world.add_node()
    world.load(2.0)
    await asyncio.sleep(32)
    world.load(0.5)
    await asyncio.sleep(120)
    assert 3 <= len(world.alive) <= 6


async def test_the_next_singleton_is_the_same_framework_with_the_same_tasks(world, until):  # noqa: F811
    first = await world.add_node()
    world.load(2.0)
    await asyncio.sleep(80)
    world.load(0.5)
    before = await world.status()
    assert len(before.nodes) == 2
    await world.add_node()
    await first.crash()
    await until(lambda: len(world.store.streams) == 1)
    after = await world.status()
    assert (after.framework_id, after.nodes) == (before.framework_id, before.nodes)
    assert after.lives_at != before.lives_at
    await asyncio.sleep(60)
    states = await tasks_of(world)
    assert states == dict.fromkeys(before.nodes, "TASK_RUNNING")


async def test_what_died_while_there_was_no_singleton_is_replaced_and_what_was_wanted_and_not_launched_too(
    world,
    until,  # noqa: F811
):
    world.fates["node-2"] = Fate(runs=50)
    first = await world.add_node()
    world.load(2.0)
    await until(lambda: "node-2" in world.alive, 60)
    world.load(0.5)
    await asyncio.sleep(1)
    # As if it had crashed after it wrote that it wants one more, and before it told Mesos:
    await first.crash()
    journal = MemoryJournal(world.store)
    await journal.append([Append("autoscaler", (Event("NodeWanted", 1, {"task_id": "node-3"}),))])
    await journal.close()
    await asyncio.sleep(60)  # node-2 ends
    await world.add_node()
    await asyncio.sleep(60)
    nodes = await world.nodes()
    assert len(nodes) == 2
    assert not set(nodes) & {"node-2", "node-3"}
    states = await tasks_of(world)
    assert {states[each] for each in nodes} == {"TASK_RUNNING"}
    assert [each for each, state in states.items() if state == "TASK_RUNNING"] == [*states][-2:]


async def test_a_task_that_it_does_not_want_is_killed(world):
    """Its kill was lost, say: the journal knows nothing of it, and reconciliation tells that it runs."""
    first = await world.add_node()
    world.load(2.0)
    await asyncio.sleep(45)
    world.load(0.5)
    (task,) = await world.nodes()
    await first.crash()
    journal = MemoryJournal(world.store)
    await journal.append([Append("autoscaler", (Event("NodeGivenUp", 1, {"task_id": task}),))])
    await journal.close()
    await world.add_node()
    await asyncio.sleep(60)
    assert await tasks_of(world) == {task: "TASK_KILLED"}


async def test_a_framework_that_mesos_has_forgotten_begins_anew(world, system):
    first = await world.add_node()
    world.load(2.0)
    await asyncio.sleep(45)
    world.load(0.5)
    before = await world.status()
    await first.crash()
    await asyncio.sleep(400)  # the failover timeout is 5 minutes
    await world.add_node()
    world.load(2.0)
    await asyncio.sleep(100)
    after = await world.status()
    assert after.framework_id != before.framework_id
    assert after.nodes
    assert not set(after.nodes) & set(before.nodes)


async def test_at_the_end_framework_and_tasks_are_torn_down(world):
    await world.add_node()
    world.load(2.0)
    await asyncio.sleep(45)
    begun = asyncio.get_running_loop().time()
    assert await world.autoscaler.ask(TearDown(), 60) == "torn down"
    assert asyncio.get_running_loop().time() - begun < 1
    await asyncio.sleep(1)
    assert set((await tasks_of(world)).values()) == {"TASK_KILLED"}


async def tasks_of(world):
    """States of all tasks that the master knows, by id."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{world.mesos.url}/state") as answer,
    ):
        state = await answer.json()
    found = {}
    for framework in [*state["frameworks"], *state["completed_frameworks"]]:
        for task in [*framework["completed_tasks"], *framework["unreachable_tasks"], *framework["tasks"]]:
            found[task["id"]] = task["state"]
    return dict(sorted(found.items(), key=lambda item: int(item[0].removeprefix("node-"))))
