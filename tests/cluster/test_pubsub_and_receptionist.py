"""What is told to one node and known on all: topics, keys, and the routers over them."""

import asyncio
from dataclasses import dataclass

import pytest

from actors import Actor, DeadLetter, Props
from actors.cluster import Listing, PubSub, Receptionist, service_group
from actors.patterns import Broadcast, ConsistentHashing
from actors.remote import RemoteSettings, message


@message("tests.cluster.price")
@dataclass(frozen=True)
class Price:
    item: str


class Recorder(Actor):
    def __init__(self, seen, where=""):
        self.seen, self.where = seen, where

    def receive(self, message):
        self.seen.append(message)
        if isinstance(message, str) and message.startswith("who"):
            self.reply(self.where)


class Worker(Actor):
    """Registers itself under ``key``."""

    def __init__(self, key, where):
        self.key, self.where = key, where

    async def pre_start(self):
        await Receptionist(self.context.system).register(self.key, self.ref)

    def receive(self, message):
        match message:
            case "stop":
                self.context.stop(self.ref)
            case _:
                self.reply(self.where)


def recorder(node):
    seen = []
    return seen, node.system.spawn(Props(Recorder, seen, node.machine))


def sizes_of_writes():
    """Of all that the connections that are there now will carry."""
    sizes = []
    for transport in asyncio.get_running_loop().network.transports.values():
        transport.write = lambda data, write=transport.write: (sizes.append(len(data)), write(data))
    return sizes


# Publish and subscribe


@pytest.mark.seeds(5)
async def test_what_is_published_reaches_every_subscriber_once(node, until):
    nodes = [await node() for _ in range(3)]
    boxes = []
    for each in nodes:
        for _ in range(2):
            seen, ref = recorder(each)
            await PubSub(each.system).subscribe("prices", ref)
            boxes.append(seen)
    pubsub = PubSub(nodes[0].system)
    while await pubsub.nodes("prices") < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    for n in range(20):
        pubsub.publish("prices", Price(f"tea {n}"))
    await asyncio.sleep(1)
    assert boxes == [[Price(f"tea {n}") for n in range(20)]] * 6


async def at_one_path(*nodes):
    """Recorders at /user/destination; what each has heard."""
    boxes = []
    for each in nodes:
        boxes.append([])
        ref = each.system.spawn(Props(Recorder, boxes[-1], each.machine), "destination")
        await PubSub(each.system).put(ref)
    await asyncio.sleep(2)
    return boxes


async def test_what_is_sent_to_a_path_reaches_one_of_those_there_at_random_or_the_one_here(node):
    nodes = [await node() for _ in range(3)]
    boxes = await at_one_path(*nodes)
    pubsub = PubSub(nodes[0].system)
    assert await pubsub.nodes("/user/destination") == 3
    for n in range(60):
        pubsub.send("/user/destination", Price(f"tea {n}"))
    await asyncio.sleep(1)
    assert sorted(price.item for box in boxes for price in box) == sorted(f"tea {n}" for n in range(60))
    assert all(boxes)
    for box in boxes:
        box.clear()
    pubsub.send("/user/destination", "for who is here", local_affinity=True)
    await asyncio.sleep(1)
    assert boxes == [["for who is here"], [], []]


async def test_what_is_sent_to_all_at_a_path_reaches_each_once_or_all_but_the_one_here(node):
    nodes = [await node() for _ in range(3)]
    boxes = await at_one_path(*nodes)
    pubsub = PubSub(nodes[0].system)
    pubsub.send_to_all("/user/destination", "all")
    pubsub.send_to_all("/user/destination", "others", all_but_self=True)
    await asyncio.sleep(1)
    assert boxes == [["all"], ["all", "others"], ["all", "others"]]


async def test_a_topic_may_be_named_as_the_place_of_a_path(node):
    one, two = await node(), await node()
    seen, ref = recorder(two)
    await PubSub(two.system).subscribe("at /user/x", ref)
    pubsub = PubSub(one.system)
    await asyncio.sleep(2)
    letters = []
    one.system.event_stream.subscribe(one.system.spawn(Props(Recorder, letters)), DeadLetter)
    pubsub.send("/user/x", "to nobody")
    pubsub.publish("at /user/x", "to the topic")
    await asyncio.sleep(1)
    assert seen == ["to the topic"]
    assert [letter.message for letter in letters] == ["to nobody"]


async def test_who_stops_or_is_removed_is_sent_to_no_more_and_nobody_there_is_a_dead_letter(node):
    one, two = await node(), await node()
    boxes = await at_one_path(one, two)
    pubsub, dead = PubSub(one.system), []
    one.system.event_stream.subscribe(one.system.spawn(Props(Recorder, dead)), DeadLetter)
    await PubSub(two.system).remove("/user/destination")
    await asyncio.sleep(2)
    pubsub.send_to_all("/user/destination", "first")
    await asyncio.sleep(1)
    assert boxes == [["first"], []]
    one.system.stop(await one.system.actor_selection("/user/destination").resolve_one(1))
    await asyncio.sleep(1)
    pubsub.send("/user/destination", "second")
    await asyncio.sleep(1)
    assert [letter.message for letter in dead] == ["second"]


async def test_subscribers_answer_to_the_publisher(node):
    one, two = await node(), await node()
    _, ref = recorder(two)
    await PubSub(two.system).subscribe("t", ref)
    answers, asker = recorder(one)
    PubSub(one.system)
    await asyncio.sleep(2)
    PubSub(one.system).publish("t", "who?", asker)
    await asyncio.sleep(1)
    assert answers == ["10.0.0.2"]


async def test_one_copy_crosses_per_node_however_many_subscribers_it_has(node):
    one, two = await node(), await node()
    boxes = []
    for _ in range(50):
        seen, ref = recorder(two)
        await PubSub(two.system).subscribe("t", ref)
        boxes.append(seen)
    PubSub(one.system)
    await asyncio.sleep(2)
    sizes = sizes_of_writes()
    PubSub(one.system).publish("t", "x" * 10_000)
    await asyncio.sleep(0.5)
    assert all(seen == ["x" * 10_000] for seen in boxes)
    assert sum(sizes) < 20_000


async def test_one_of_each_group_gets_it_and_others_do_not(node):
    one, two = await node(), await node()
    grouped = {}
    for each in (one, two):
        for group in ("a", "b", ""):
            seen, ref = recorder(each)
            await PubSub(each.system).subscribe("t", ref, group)
            grouped.setdefault(group, []).append(seen)
    await asyncio.sleep(2)
    for n in range(100):
        PubSub(one.system).publish("t", n, one_per_group=True)
    await asyncio.sleep(1)
    for group in ("a", "b"):
        assert sorted(grouped[group][0] + grouped[group][1]) == list(range(100))
        assert all(len(seen) > 20 for seen in grouped[group])
    assert grouped[""] == [[], []]
    PubSub(one.system).publish("t", "all")
    await asyncio.sleep(1)
    assert grouped[""] == [["all"], ["all"]]


async def test_subscriptions_end_with_unsubscribing_with_the_actor_and_with_the_node(node, until):
    one, two, three = [await node() for _ in range(3)]
    refs = []
    for each in (one, two, three):
        _, ref = recorder(each)
        await PubSub(each.system).subscribe("t", ref)
        refs.append(ref)
    pubsub = PubSub(one.system)

    async def nodes(count):
        async with asyncio.timeout(20):
            while await pubsub.nodes("t") != count:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    await nodes(3)
    two.system.stop(refs[1])
    await nodes(2)
    await three.crash()
    await nodes(1)
    await pubsub.unsubscribe("t", refs[0])
    await nodes(0)
    letters = []
    one.system.event_stream.subscribe(one.system.spawn(Props(Recorder, letters)), DeadLetter)
    pubsub.publish("t", "anybody?")
    await asyncio.sleep(1)
    assert [letter.message for letter in letters] == ["anybody?"]


async def test_what_was_lost_on_the_way_is_repaired(node):
    one, two = await node(), await node()
    await asyncio.sleep(2)
    pubsub = PubSub(one.system)
    network = asyncio.get_running_loop().network
    _, ref = recorder(two)
    await PubSub(two.system).subscribe("before", ref)
    await asyncio.sleep(2)
    for n in range(50):
        await PubSub(two.system).subscribe(f"t{n}", ref)
        if n % 5 == 0:
            network.reset("10.0.0.2")
            await asyncio.sleep(0.3)
    await asyncio.sleep(5)
    assert [await pubsub.nodes(f"t{n}") for n in range(50)] == [1] * 50


async def test_many_topics_are_told_in_parts(node):
    one = await node()
    _, ref = recorder(one)
    for n in range(1800):
        await PubSub(one.system).subscribe(f"t{n}", ref)
    two = await node()
    pubsub = PubSub(two.system)
    await asyncio.sleep(3)
    assert [await pubsub.nodes(f"t{n}") for n in range(1800)] == [1] * 1800


async def test_a_message_that_cannot_cross_fails_the_publisher_and_not_the_mediator(node):
    one, two = await node(), await node()
    seen, ref = recorder(two)
    await PubSub(two.system).subscribe("t", ref)
    answers, publisher = recorder(one)
    PubSub(one.system)
    await asyncio.sleep(2)
    PubSub(one.system).publish("t", object(), publisher)
    PubSub(one.system).publish("t", "well")
    await asyncio.sleep(1)
    assert seen == ["well"]
    assert "cannot be sent" in str(answers[0].error)


# Receptionist


async def test_an_actor_is_found_on_all_nodes_until_it_stops(node, until):
    one, two = await node(), await node()
    worker = one.system.spawn(Props(Worker, "workers", "one"))
    await asyncio.sleep(2)
    Receptionist(two.system)
    await asyncio.sleep(2)
    (here,) = (await Receptionist(one.system).find("workers")).refs
    (there,) = (await Receptionist(two.system).find("workers")).refs
    assert here is worker
    assert await there.ask("who") == "one"
    worker.tell("stop")
    await asyncio.sleep(2)
    assert (await Receptionist(two.system).find("workers")).refs == ()


async def test_what_one_more_actor_costs_does_not_grow_with_how_many_are_there(node):
    one, two = await node(), await node()
    Receptionist(two.system)
    await asyncio.sleep(2)
    _, subscriber = recorder(two)
    await Receptionist(two.system).subscribe("workers", subscriber)

    async def register(many):
        sizes = sizes_of_writes()
        for _ in range(many):
            await Receptionist(one.system).register("workers", recorder(one)[1])
        await asyncio.sleep(0.5)
        return sum(sizes) / many

    first = await register(20)
    await register(1000)
    assert await register(20) < 1.5 * first
    await asyncio.sleep(2)
    assert len((await Receptionist(two.system).find("workers")).refs) == 1040


async def test_a_node_that_joins_is_told_of_thousands_under_one_key(node):
    one = await node()
    refs = [recorder(one)[1] for _ in range(1800)]
    for ref in refs:
        await Receptionist(one.system).register("workers", ref)
    two = await node()
    seen, subscriber = recorder(two)
    await Receptionist(two.system).subscribe("workers", subscriber)
    await asyncio.sleep(3)
    assert [len(listing.refs) for listing in seen] == [0, 1800], "all at once, never a part"


async def test_who_subscribes_gets_the_listing_now_and_after_each_change(node):
    one, two = await node(), await node()
    seen, ref = recorder(one)
    await Receptionist(one.system).subscribe("workers", ref)
    workers = [each.system.spawn(Props(Worker, "workers", each.machine)) for each in (one, two)]
    await asyncio.sleep(3)
    assert [len(listing.refs) for listing in seen] == [0, 1, 2]
    await Receptionist(one.system).deregister("workers", workers[0])
    await two.crash()
    await asyncio.sleep(3)
    assert [len(listing.refs) for listing in seen] == [0, 1, 2, 1, 0]
    assert all(isinstance(listing, Listing) for listing in seen)


async def test_actors_of_a_node_that_is_not_reached_are_left_out_meanwhile(node):
    one, two = await node(), await node()
    two.system.spawn(Props(Worker, "workers", "two"))
    seen, ref = recorder(one)
    await Receptionist(one.system).subscribe("workers", ref)
    await asyncio.sleep(3)
    network = asyncio.get_running_loop().network
    network.cut("10.0.0.1", towards="10.0.0.2")
    await asyncio.sleep(RemoteSettings().detection + 5)
    assert len((await Receptionist(one.system).find("workers")).refs) == 0
    assert len((await Receptionist(one.system).find("workers", unreachable_too=True)).refs) == 1
    network.heal()
    await asyncio.sleep(10)
    assert [len(listing.refs) for listing in seen] == [0, 1, 0, 1]


# Routers


async def test_a_router_goes_round_all_registered_actors_as_they_come_and_go(node):
    nodes = [await node() for _ in range(3)]
    for each in nodes[:2]:
        each.system.spawn(Props(Worker, "workers", each.machine))
    router = nodes[0].system.spawn(service_group("workers"), "workers")
    await asyncio.sleep(3)
    assert sorted([await router.ask("who") for _ in range(4)]) == ["10.0.0.1"] * 2 + ["10.0.0.2"] * 2
    nodes[2].system.spawn(Props(Worker, "workers", "10.0.0.3"))
    await asyncio.sleep(3)
    assert len({await router.ask("who") for _ in range(3)}) == 3
    await nodes[1].crash()
    await asyncio.sleep(3)
    assert {await router.ask("who") for _ in range(10)} == {"10.0.0.1", "10.0.0.3"}


async def test_a_router_takes_the_logics_and_messages_of_all_routers(node):
    one, two = await node(), await node()
    boxes = []
    for each in (one, two):
        seen, ref = recorder(each)
        await Receptionist(each.system).register("stores", ref)
        boxes.append(seen)
    router = one.system.spawn(service_group("stores", ConsistentHashing(lambda message: message[0])))
    await asyncio.sleep(3)
    for n in range(100):
        router.tell([str(n % 10), n])
    await asyncio.sleep(1)
    for seen in boxes:
        assert seen
    keys = [{message[0] for message in seen} for seen in boxes]
    assert not keys[0] & keys[1]
    router.tell(Broadcast("all"))
    await asyncio.sleep(1)
    assert all(seen[-1] == "all" for seen in boxes)


async def test_a_message_for_nobody_is_a_dead_letter_after_the_first_listing(node):
    one = await node()
    letters = []
    one.system.event_stream.subscribe(one.system.spawn(Props(Recorder, letters)), DeadLetter)
    router = one.system.spawn(service_group("nobody"))
    router.tell("anybody?")
    await asyncio.sleep(1)
    assert [letter.message for letter in letters] == ["anybody?"]
