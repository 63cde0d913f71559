"""One actor in the cluster: started, handed over, taken over, never two at once."""

import asyncio
from dataclasses import dataclass

import pytest

from actors import Actor, DeadLetter, Props
from actors.cluster import ClusterSingleton
from actors.persistence import Append, Event, MemoryJournal, MemoryStore, StaleEpoch
from actors.remote import message


@message("tests.cluster.end")
@dataclass(frozen=True)
class End:
    pass


class Counter(Actor):
    """The singleton of these tests: says in `log` when and where it lives."""

    def __init__(self, log, where, lease=None):
        self.log_, self.where, self.lease = log, where, lease
        self.count = 0

    def now(self):
        return self.context.system.clock.time()

    def pre_start(self):
        self.log_.append(("starts", self.where, self.now()))

    def post_stop(self):
        self.log_.append(("ends", self.where, self.now()))

    async def receive(self, message):
        match message:
            case End():
                self.log_.append(("last words", self.where, self.now()))
                await self.context.system.clock.sleep(1)
                self.context.stop(self.ref)
            case "count":
                self.count += 1
                self.reply(self.count)
            case "where":
                self.reply(self.where)
            case "epoch":
                self.reply(self.lease.epoch)
            case "fail":
                raise ValueError("meant")
            case "stop":
                self.context.stop(self.ref)


def start(node, log, **options):
    """The proxy on this node."""
    return ClusterSingleton(node.system).start(
        lambda lease: Props(Counter, log, node.machine, lease), "counter", **options
    )


def lives(log):
    return [(what, where) for what, where, _ in log]


async def test_it_lives_on_one_node_and_is_reached_from_all(node):
    log, nodes = [], [await node() for _ in range(3)]
    proxies = [start(each, log) for each in nodes]
    where = {await proxy.ask("where") for proxy in proxies}
    assert len(where) == 1
    assert [await proxy.ask("count") for proxy in proxies] == [1, 2, 3]
    assert len(lives(log)) == 1


async def test_it_lives_only_on_nodes_of_its_role_and_others_reach_it(node):
    log, one, two = [], await node(), await node("master")
    outside, inside = start(one, log, role="master"), start(two, log, role="master")
    assert await outside.ask("where") == await inside.ask("where") == "10.0.0.2"
    third = await node()
    assert await ClusterSingleton(third.system).proxy("counter", role="master").ask("where") == "10.0.0.2"


@pytest.mark.seeds(5)
async def test_it_is_handed_over_when_its_node_leaves(node, until):
    log, one = [], await node()
    first = start(one, log, termination_message=End())
    assert await first.ask("where") == "10.0.0.1"
    two = await node()
    second = start(two, log, termination_message=End())
    await asyncio.sleep(5)
    await one.cluster.leave()
    await until(lambda: len(log) == 4)
    assert lives(log) == [
        ("starts", "10.0.0.1"), ("last words", "10.0.0.1"), ("ends", "10.0.0.1"), ("starts", "10.0.0.2"),
    ]  # fmt: skip
    assert log[3][2] - log[2][2] < 1
    assert await second.ask("where") == "10.0.0.2"


async def test_what_is_told_during_a_hand_over_waits_for_the_next_one(node):
    log, one = [], await node()
    start(one, log, termination_message=End())
    two = await node()
    second = start(two, log, termination_message=End())
    assert await second.ask("where") == "10.0.0.1"
    leaving = asyncio.create_task(one.cluster.leave())
    await asyncio.sleep(1.5)
    assert await second.ask("where", 10) == "10.0.0.2"
    await leaving


@pytest.mark.seeds(5)
async def test_it_is_taken_over_within_two_seconds_after_its_node_was_killed(node, until):
    log, one = [], await node()
    start(one, log)
    two = await node()
    second = start(two, log)
    assert await second.ask("where") == "10.0.0.1"
    killed = asyncio.get_running_loop().time()
    await one.crash()
    await until(lambda: ("starts", "10.0.0.2") in lives(log))
    assert log[-1][2] - killed < 2
    assert await second.ask("where", 10) == "10.0.0.2"


@pytest.mark.seeds(10)
async def test_a_node_that_stands_still_is_overtaken_and_there_are_never_two(node, until):
    log, one = [], await node()
    start(one, log)
    two = await node()
    second = start(two, log)
    assert await second.ask("where") == "10.0.0.1"
    one.stop()
    await until(lambda: ("starts", "10.0.0.2") in lives(log))
    one.resume()
    await until(lambda: one.system.is_terminated)
    assert lives(log)[:3] == [("starts", "10.0.0.1"), ("ends", "10.0.0.1"), ("starts", "10.0.0.2")]
    assert log[1][2] < log[2][2]
    assert await second.ask("where", 10) == "10.0.0.2"


async def test_the_singleton_is_handed_its_epoch_and_what_a_stale_one_writes_is_refused(node, until):
    store, journals = MemoryStore(), {}

    class Writer(Actor):
        def __init__(self, lease):
            self.journal = journals[lease.epoch] = MemoryJournal(store, epoch=lease.epoch)

        async def receive(self, message):
            await self.journal.append([Append("s", (Event("wrote", 1, {"what": message}),))])
            self.reply("written")

    def proxy(node):
        return ClusterSingleton(node.system).start(lambda lease: Props(Writer, lease), "writer")

    one = await node()
    assert await proxy(one).ask("first") == "written"  # so it is this one that has the lease
    second = proxy(await node())
    one.stop()
    await until(lambda: 2 in journals)
    assert await second.ask("second", 10) == "written"
    with pytest.raises(StaleEpoch):  # as a handler of the first one would, that stood still in the middle of a line
        await journals[1].append([Append("s", (Event("wrote", 1, {"what": "late"}),))])
    assert [stored.event.payload["what"] for stored in (await journals[2].replay("s")).events] == ["first", "second"]
    for journal in journals.values():
        await journal.close()


async def test_one_that_stops_by_itself_is_not_started_again_until_its_node_goes(node, until):
    log, one = [], await node()
    first = start(one, log)
    assert await first.ask("where") == "10.0.0.1"
    two = await node()
    start(two, log)
    first.tell("stop")
    await asyncio.sleep(30)
    assert lives(log) == [("starts", "10.0.0.1"), ("ends", "10.0.0.1")]
    await one.cluster.leave()
    await until(lambda: ("starts", "10.0.0.2") in lives(log))


async def test_one_that_fails_too_often_gives_another_node_a_try(node, until, caplog):
    log, one = [], await node()
    first = start(one, log)
    assert await first.ask("where") == "10.0.0.1"
    two = await node()
    start(two, log)
    for _ in range(11):
        first.tell("fail")
    await until(lambda: ("starts", "10.0.0.2") in lives(log))
    assert await first.ask("where", 10) == "10.0.0.2"


async def test_the_proxy_keeps_a_thousand_messages_and_drops_the_oldest(node):
    one = await node()
    letters = []

    class Letters(Actor):
        def receive(self, message):
            letters.append(message.message)

    one.system.event_stream.subscribe(one.system.spawn(Letters), DeadLetter)
    got = []

    class Got(Actor):
        def receive(self, message):
            got.append(message)

    proxy = ClusterSingleton(one.system).proxy("late")
    for n in range(1010):
        proxy.tell(n)
    await asyncio.sleep(1)
    assert letters == list(range(10))
    two = await node()
    ClusterSingleton(two.system).start(Props(Got), "late")
    await asyncio.sleep(5)
    assert got == list(range(10, 1010))


async def test_a_message_that_cannot_cross_fails_its_ask_and_not_the_proxy(node):
    log, one, two = [], await node("master"), await node()
    start(one, log, role="master")
    proxy = start(two, log, role="master")
    assert await proxy.ask("count") == 1
    with pytest.raises(ValueError, match="cannot be sent to another system"):
        await proxy.ask(object())
    assert await proxy.ask("count") == 2


async def test_it_ends_with_its_system_and_its_last_word_is_a_poison_pill_by_default(node):
    log, one = [], await node()
    proxy = start(one, log)
    await proxy.ask("count")
    await one.system.terminate()
    assert lives(log) == [("starts", "10.0.0.1"), ("ends", "10.0.0.1")]


async def test_without_the_coordinator_nobody_acts_who_cannot_prove_its_lease(node, until):
    log, nodes = [], [await node(), await node()]
    for each in nodes:
        start(each, log)
    await until(lambda: log)
    for each in nodes:
        each.coordinator.freeze()
    gone = asyncio.get_running_loop().time()
    await until(lambda: len(log) == 2)
    assert lives(log)[1][0] == "ends"
    assert log[1][2] - gone < 5
    await asyncio.sleep(60)
    assert len(log) == 2
