"""Nodes join, leave, are killed and stand still in any order, over a network with delays: what must hold, holds."""

import asyncio
import random

import pytest

from actors import Actor, AskTimeout, Props
from actors.cluster import ClusterSharding, ClusterSingleton, ShardingSettings, ToEntity

SETTINGS = ShardingSettings(shards=60, rebalance_every=3.0, stop_timeout=2.0, passivate_after=5.0)
ENTITIES = 120


class Alive:
    """Which lives of a thing go on at present, on nodes that are not dead or standing still."""

    def __init__(self):
        self.now: dict[str, set[str]] = {}
        self.out: set[str] = set()  # machines that are dead to the others: what lives there counts no more
        self.twice: list[tuple[str, set[str]]] = []

    def begins(self, what, where):
        lives = self.now.setdefault(what, set())
        lives.add(where)
        if len(lives - self.out) > 1:
            self.twice.append((what, lives - self.out))

    def ends(self, what, where):
        self.now.get(what, set()).discard(where)


class Living(Actor):
    def __init__(self, alive, what, where):
        self.alive, self.what, self.where = alive, what, where

    def pre_start(self):
        self.alive.begins(self.what, self.where)

    def post_stop(self):
        self.alive.ends(self.what, self.where)

    def receive(self, message):
        self.reply(self.where)


@pytest.mark.seeds(12)
async def test_there_is_never_a_second_and_in_the_end_there_is_one(node, seed):
    chance, alive = random.Random(seed), Alive()
    asyncio.get_running_loop().network.latency = (0.0, 0.05)

    async def begin():
        made = await node()

        def entity(entity_id):
            return Props(Living, alive, entity_id, made.machine)

        made.singleton = ClusterSingleton(made.system).start(Props(Living, alive, "one", made.machine), "one")
        made.region = ClusterSharding(made.system).start("living", entity, settings=SETTINGS)
        return made

    nodes = [await begin() for _ in range(3)]

    async def talk():
        while True:
            chance.choice(nodes).region.tell(ToEntity(f"e{chance.randrange(ENTITIES)}", "where"))
            await asyncio.sleep(0.02)

    talking = asyncio.create_task(talk())
    for _ in range(12):
        await asyncio.sleep(chance.uniform(0, 4))
        victim = chance.choice(nodes)
        match chance.choice(["join", "leave", "kill", "stand still", "nothing"]):
            case "join":
                nodes.append(await begin())
            case "leave" if len(nodes) > 1:
                nodes.remove(victim)
                await victim.system.terminate()
            case "kill" if len(nodes) > 1:
                nodes.remove(victim)
                alive.out.add(victim.machine)
                await victim.crash()
            case "stand still" if len(nodes) > 1:
                nodes.remove(victim)
                alive.out.add(victim.machine)
                victim.stop()
    await asyncio.sleep(30)
    talking.cancel()
    assert alive.twice == []
    for each in nodes:
        assert {await each.singleton.ask("where", 30) for each in nodes} <= {each.machine for each in nodes}
        for n in range(0, ENTITIES, 6):
            try:
                answer = await each.region.ask(ToEntity(f"e{n}", "where"), 30)
            except AskTimeout as error:
                pytest.fail(str(error))
            assert answer in {each.machine for each in nodes}
    for what, lives in alive.now.items():
        assert len(lives - alive.out) <= 1, what
