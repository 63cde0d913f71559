"""Entities: each lives once, is made by the first message, and moves with its shard."""

import asyncio
from collections import Counter

import pytest

from actors import Actor, DeadLetter, Props
from actors.cluster import ClusterSharding, Passivate, ShardingSettings, ToEntity
from actors.cluster._wire import Home
from actors.persistence import MemoryJournal, MemoryStore

SETTINGS = ShardingSettings(shards=20, rebalance_every=5.0)


class Lives:
    """Who lives where, as the entities say: a second life at the same time fails the test."""

    def __init__(self):
        self.now, self.all, self.twice = {}, [], []

    def begins(self, entity, where):
        if entity in self.now:
            self.twice.append((entity, self.now[entity], where))
        self.now[entity] = where
        self.all.append((entity, where))

    def ends(self, entity, where):
        if self.now.get(entity) == where:
            del self.now[entity]


class Account(Actor):
    def __init__(self, entity, lives, where):
        self.entity, self.lives, self.where = entity, lives, where
        self.balance = 0

    def pre_start(self):
        self.lives.begins(self.entity, self.where)

    def post_stop(self):
        self.lives.ends(self.entity, self.where)

    async def receive(self, message):
        match message:
            case "where":
                self.reply(self.where)
            case "passivate":
                self.context.parent.tell(Passivate(), self.ref)
            case "stop":
                self.context.stop(self.ref)
            case ("add", amount):
                self.balance += amount
                self.reply(self.balance)
            case "slow end":
                await self.context.system.clock.sleep(1000)


@pytest.fixture
def lives():
    made = Lives()
    yield made
    assert made.twice == []


def start(node, lives, kind="account", role=None, **options):
    def entity(entity_id):
        return Props(Account, entity_id, lives, node.machine)

    settings = options.pop("settings", SETTINGS)
    return ClusterSharding(node.system).start(kind, entity, role=role, settings=settings, **options)


async def ask(region, entity, message, timeout=20):
    return await region.ask(ToEntity(entity, message), timeout)


async def test_each_entity_lives_on_one_node_and_is_reached_from_all(node, lives):
    nodes = [await node() for _ in range(3)]
    regions = [start(each, lives) for each in nodes]
    homes = {}
    for n in range(50):
        where = {await ask(region, f"e{n}", "where") for region in regions}
        assert len(where) == 1
        homes[f"e{n}"] = where.pop()
    spread = Counter(homes.values())
    assert len(spread) == 3
    assert [await ask(region, "e1", ("add", 1)) for region in regions] == [1, 2, 3]


async def test_a_node_without_the_role_only_hands_on(node, lives):
    outside, inside = await node(), await node("worker")
    regions = [start(each, lives, role="worker") for each in (outside, inside)]
    assert {await ask(regions[0], f"e{n}", "where") for n in range(10)} == {"10.0.0.2"}


async def test_messages_to_one_entity_keep_their_order_also_while_its_home_is_found(node, lives):
    one, two = await node(), await node()
    seen = []

    class Log(Actor):
        def receive(self, message):
            seen.append(message)

    region = ClusterSharding(one.system).start("log", lambda _: Props(Log), settings=SETTINGS)
    ClusterSharding(two.system).start("log", lambda _: Props(Log), settings=SETTINGS)
    for n in range(200):
        region.tell(ToEntity("x", n))
        if n % 50 == 0:
            await asyncio.sleep(0.5)
    await asyncio.sleep(10)
    assert seen == list(range(200))


async def test_messages_are_taken_apart_by_the_users_own_function(node, lives):
    one = await node()
    region = start(one, lives, extract=lambda m: (m["to"], m["do"]) if isinstance(m, dict) else None)
    assert await region.ask({"to": "a", "do": ("add", 2)}, 20) == 2
    letters = []

    class Letters(Actor):
        def receive(self, message):
            letters.append(message)

    one.system.event_stream.subscribe(one.system.spawn(Letters), DeadLetter)
    region.tell({"to": "", "do": "nothing"})
    await asyncio.sleep(1)
    assert len(letters) == 1


async def test_an_entity_without_messages_is_passivated_and_made_anew_by_the_next(node, lives):
    one = await node()
    region = start(one, lives, settings=ShardingSettings(shards=5, passivate_after=60))
    assert await ask(region, "a", ("add", 1)) == 1
    await asyncio.sleep(50)
    assert await ask(region, "a", ("add", 1)) == 2
    assert "a" in lives.now
    await asyncio.sleep(150)
    assert lives.now == {}
    assert await ask(region, "a", ("add", 1)) == 1


async def test_messages_during_passivation_wait_for_the_next_life(node, lives):
    one = await node()
    region = start(one, lives)
    assert await ask(region, "a", ("add", 1)) == 1
    region.tell(ToEntity("a", "passivate"))
    assert [await ask(region, "a", ("add", 1)) for _ in range(3)] in ([1, 2, 3], [2, 1, 2])
    await asyncio.sleep(1)
    assert len(lives.all) == 2


async def test_an_entity_that_stops_by_itself_is_made_anew_by_the_next_message(node, lives):
    one = await node()
    region = start(one, lives)
    assert await ask(region, "a", ("add", 1)) == 1
    region.tell(ToEntity("a", "stop"))
    await asyncio.sleep(1)
    assert await ask(region, "a", ("add", 1)) == 1


@pytest.mark.seeds(5)
async def test_shards_move_to_a_node_that_joins_and_nothing_is_lost(node, lives, until):
    one = await node()
    first = start(one, lives)
    for n in range(40):
        await ask(first, f"e{n}", "where")
    two = await node()
    second = start(two, lives)
    answers = Counter()
    for round_ in range(60):
        for n in range(10):
            answers[await ask((first, second)[round_ % 2], f"e{n}", "where")] += 1
        await asyncio.sleep(1)
    assert sum(answers.values()) == 600
    for n in range(40):
        await ask(first, f"e{n}", "where")
    spread = Counter(lives.now.values())
    assert min(spread["10.0.0.1"], spread["10.0.0.2"]) >= 10


@pytest.mark.seeds(5)
async def test_a_node_that_leaves_hands_its_shards_over(node, lives, until):
    nodes = [await node() for _ in range(3)]
    regions = [start(each, lives) for each in nodes]
    for n in range(40):
        await ask(regions[0], f"e{n}", "where")
    begun = asyncio.get_running_loop().time()
    await nodes[0].cluster.leave()  # the coordinator is there, too
    assert asyncio.get_running_loop().time() - begun < 8
    assert "10.0.0.1" not in lives.now.values()
    homes = {await ask(regions[1], f"e{n}", "where") for n in range(40)}
    assert homes == {"10.0.0.2", "10.0.0.3"}


@pytest.mark.seeds(5)
async def test_a_node_that_is_killed_has_its_shards_started_elsewhere(node, lives, until):
    nodes = [await node() for _ in range(3)]
    regions = [start(each, lives) for each in nodes]
    for n in range(40):
        await ask(regions[1], f"e{n}", "where")
    await nodes[0].crash()
    await until(lambda: len(nodes[1].names()) == 2)  # what is told to it before is lost
    for entity, where in list(lives.now.items()):
        if where == "10.0.0.1":
            del lives.now[entity]
    homes = {await ask(regions[1], f"e{n}", "where", 30) for n in range(40)}
    assert homes == {"10.0.0.2", "10.0.0.3"}


async def test_a_home_on_a_removed_node_is_not_believed_though_the_coordinator_says_it_late(node, lives, until):
    one = await node()
    region = start(one, lives)
    assert await ask(region, "e0", "where") == "10.0.0.1"  # so it has the coordinator as well
    two = await node()
    start(two, lives)
    await until(lambda: len(one.names()) == 2)
    own, removed = await asyncio.gather(
        one.remote.resolve(f"{one.remote.address}/system/singleton-sharding-account/singleton"),
        one.remote.resolve(f"{two.remote.address}/system/shards-account"),
    )
    await two.crash()
    await until(lambda: len(one.names()) == 1)
    for shard in range(SETTINGS.shards):
        region.tell(Home(str(shard), removed), own)
    assert await ask(region, "e1", "where") == "10.0.0.1"


async def test_a_node_that_stands_still_has_its_shards_started_elsewhere_and_ends(node, until):
    lives = Lives()  # two lives are to be expected here: nobody can stop one that stands still
    nodes = [await node() for _ in range(3)]
    regions = [start(each, lives) for each in nodes]
    for n in range(20):
        await ask(regions[1], f"e{n}", "where")
    nodes[0].stop()
    await until(lambda: len(nodes[1].names()) == 2)
    homes = {await ask(regions[1], f"e{n}", "where", 30) for n in range(20)}
    assert homes == {"10.0.0.2", "10.0.0.3"}
    nodes[0].resume()
    await until(lambda: nodes[0].system.is_terminated)


async def test_the_last_nodes_ends_without_waiting_for_somebody_to_take_its_shards(node, lives):
    one = await node()
    region = start(one, lives)
    await ask(region, "a", "where")
    begun = asyncio.get_running_loop().time()
    await one.system.terminate()
    assert asyncio.get_running_loop().time() - begun < 3
    assert lives.now == {}


async def test_an_entity_that_does_not_stop_is_stopped_when_its_shard_has_to_go(node, lives):
    one, two = await node(), await node()
    regions = [start(each, lives, settings=ShardingSettings(shards=4, stop_timeout=1)) for each in (one, two)]
    for n in range(8):
        await ask(regions[0], f"e{n}", "where")
        regions[0].tell(ToEntity(f"e{n}", "slow end"))
    await asyncio.sleep(1)
    await two.cluster.leave()
    await asyncio.sleep(10)
    assert "10.0.0.2" not in lives.now.values()


# Remembered


async def test_remembered_entities_live_again_wherever_their_shard_goes(node, lives, until):
    store = MemoryStore()
    nodes = [await node() for _ in range(2)]
    journals = [MemoryJournal(store) for _ in range(3)]
    regions = [start(each, lives, remember=journal) for each, journal in zip(nodes, journals, strict=False)]
    for n in range(20):
        await ask(regions[0], f"e{n}", "where")
    regions[0].tell(ToEntity("e7", "passivate"))
    regions[0].tell(ToEntity("e8", "stop"))
    await asyncio.sleep(15)
    assert set(lives.now) == {f"e{n}" for n in range(20)} - {"e7"}  # e8 was started again
    await nodes[1].cluster.leave()
    await until(lambda: len(lives.now) == 19)
    assert set(lives.now.values()) == {"10.0.0.1"}
    await nodes[0].system.terminate()
    assert lives.now == {}
    again = await node()
    start(again, lives, remember=journals[2])
    await until(lambda: len(lives.now) == 19)  # without a message
    await again.system.terminate()
    for journal in journals:
        await journal.close()


async def test_who_is_remembered_survives_snapshots(node, lives, until):
    store = MemoryStore()
    journal = MemoryJournal(store)
    one = await node()
    region = start(one, lives, remember=journal, settings=ShardingSettings(shards=1))
    for n in range(150):
        await ask(region, f"e{n}", "where")
    for n in range(100):
        region.tell(ToEntity(f"e{n}", "passivate"))
    await until(lambda: len(lives.now) == 50)
    await one.system.terminate()
    again = await node()
    start(again, lives, remember=journal, settings=ShardingSettings(shards=1))
    await until(lambda: len(lives.now) == 50)
    assert set(lives.now) == {f"e{n}" for n in range(100, 150)}
    await again.system.terminate()
    await journal.close()


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="shards must be at least 1"):
        ShardingSettings(shards=0)
    with pytest.raises(ValueError, match="passivate_after must be a number of seconds above 0"):
        ShardingSettings(passivate_after=0)
