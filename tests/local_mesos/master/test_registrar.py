"""What waits for the registry: written in groups, and answered only when it is written."""

from __future__ import annotations

from collections.abc import Sequence

from actors.core import Clock
from actors.local_mesos import messages as m
from actors.local_mesos.master import MemoryRegistry, RegistryError
from actors.local_mesos.master.registry import Entry

from .conftest import Bench


class SlowRegistry(MemoryRegistry):
    """A commit takes a second, however much is in it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.commits: list[Sequence[Entry]] = []
        self.full = False
        self._clock = clock

    async def store(self, changes: Sequence[Entry]) -> None:
        await self._clock.sleep(1)
        if self.full:
            raise RegistryError("the disk is full")
        await super().store(changes)
        self.commits.append(changes)


async def test_agents_that_register_while_a_commit_runs_share_the_next_one(bench: Bench) -> None:
    registry = SlowRegistry(bench.system.clock)
    await bench.start(agents=0, registry=registry)
    began = bench.system.clock.time()
    bench.spawn_agent()
    await bench.sleep(0.1)
    for _ in range(199):
        bench.spawn_agent()
    for index in range(200):
        await bench.registered(index)
    assert bench.system.clock.time() - began < 3
    assert [len(commit) for commit in registry.commits] == [1, 199]


async def test_no_agent_is_told_of_its_registration_before_the_registry_has_it(bench: Bench) -> None:
    registry = SlowRegistry(bench.system.clock)
    await bench.start(agents=0, registry=registry)
    bench.spawn_agent()
    await bench.sleep(0.1)
    for _ in range(19):
        bench.spawn_agent()
    while len(registry.commits) < 2:
        written = {entry.key for commit in registry.commits for entry in commit}
        told = {each.agent_id for index in range(20) for each in bench.messages(m.AgentRegistered, index)}
        assert told <= written
        await bench.sleep(0.1)


async def test_an_agent_that_asks_again_while_it_waits_for_the_registry_is_told_once(bench: Bench) -> None:
    registry = SlowRegistry(bench.system.clock)
    await bench.start(agents=0, registry=registry)
    agent = bench.spawn_agent()
    await bench.sleep(0.5)
    info = m.mesos_pb2.AgentInfo(hostname="127.0.0.1", port=5051)
    bench.master.ref.tell(m.RegisterAgent(info, agent), agent)
    await bench.sleep(5)
    assert len(bench.messages(m.AgentRegistered)) == 1
    assert len(registry.commits) == 1


async def test_what_waits_is_answered_in_the_order_in_which_it_came(bench: Bench) -> None:
    registry = SlowRegistry(bench.system.clock)
    await bench.start(agents=0, registry=registry)
    bench.spawn_agent()
    await bench.sleep(0.1)
    for weight in (2, 3):
        await bench.operator("UPDATE_WEIGHTS", {"weight_infos": [{"role": "prod", "weight": weight}]})
    assert [entry.kind for commit in registry.commits for entry in commit] == ["agent", "weight", "weight"]


async def test_an_operator_whose_change_cannot_be_written_is_not_told_that_it_was_done(bench: Bench) -> None:
    registry = SlowRegistry(bench.system.clock)
    await bench.start(agents=0, registry=registry)
    registry.full = True
    status, _ = await bench.operator("UPDATE_WEIGHTS", {"weight_infos": [{"role": "prod", "weight": 2}]})
    assert status == 500
