"""What a router does, whatever its logic: whom it sends to, who the sender is, who comes and goes."""

import asyncio
import logging
from dataclasses import dataclass

import pytest

from actors import (
    Actor,
    ActorRef,
    AskTimeout,
    BoundedMailbox,
    DeadLetter,
    Kill,
    OneForOneStrategy,
    PoisonPill,
    Props,
    Terminated,
)
from actors.patterns import (
    AddRoutee,
    AdjustPoolSize,
    Broadcast,
    BroadcastRouting,
    GetRoutees,
    NoRoutees,
    RandomRouting,
    RemoveRoutee,
    Resizer,
    RoundRobin,
    Routees,
    RoutingLogic,
    ScatterGatherFirst,
    SmallestMailbox,
    TailChopping,
    group,
    pool,
)


class Namer(Actor):
    """Answers with its name and what it got."""

    def receive(self, message):
        if message == "fail":
            raise ValueError(message)
        self.reply((self.ref.name, message))


class Slow(Actor):
    """Works for as many seconds as it is told."""

    async def receive(self, message):
        await self.context.system.clock.sleep(message)
        if self.sender is not None:
            self.reply(self.ref.name)


async def routees_of(router: ActorRef) -> tuple[ActorRef, ...]:
    return (await router.ask(GetRoutees())).routees


async def test_a_round_robin_pool_takes_its_routees_in_turn_from_the_first(system, probe):
    router = system.spawn(pool(Namer, 3), "workers")
    names = [ref.name for ref in await routees_of(router)]
    for n in range(5):
        probe.send(router, n)
    assert sorted(await probe.receive_n(5), key=lambda answer: answer[1]) == [(names[n % 3], n) for n in range(5)]


async def test_what_was_told_before_the_pool_had_started_is_routed_in_its_order(system, probe):
    router = system.spawn(group([probe.ref]))
    for n in range(4):
        router.tell(n)
    assert await probe.receive_n(4) == [0, 1, 2, 3]


async def test_an_answer_comes_from_the_routee_and_goes_to_the_asker(system, probe):
    router = system.spawn(pool(Namer), "workers")
    assert (await router.ask("x"))[1] == "x"
    probe.send(router, "y")
    await probe.expect_msg_class(tuple)
    assert probe.sender in await routees_of(router)


async def test_routing_happens_in_the_caller_without_a_turn_of_the_router(system, testkit, probe):
    router = system.spawn(pool(Namer, 2))
    (first, second) = await routees_of(router)
    router.tell("a", probe.ref)
    router.tell("b", probe.ref)
    assert [len(ref._cell.mailbox) for ref in (router, first, second)] == [0, 1, 1]
    await probe.receive_n(2)


@pytest.mark.real
async def test_a_router_may_be_told_from_another_thread(system, probe):
    router = system.spawn(pool(Namer, 2))
    await routees_of(router)
    await asyncio.to_thread(lambda: [router.tell(n, probe.ref) for n in range(10)])
    assert sorted(n for _, n in await probe.receive_n(10)) == list(range(10))


async def test_a_broadcast_reaches_every_routee_whatever_the_logic(system, probe):
    router = system.spawn(pool(Namer, 3, RandomRouting()))
    probe.send(router, Broadcast("all"))
    assert len({name for name, _ in await probe.receive_n(3)}) == 3


async def test_broadcast_routing_sends_every_message_to_all(system, probe):
    router = system.spawn(pool(Namer, 3, BroadcastRouting()))
    probe.send(router, "all")
    assert len({name for name, _ in await probe.receive_n(3)}) == 3


@pytest.mark.seeds(3)
async def test_random_routing_reaches_everyone_and_follows_the_seed(system, probe, seed):
    router = system.spawn(pool(Namer, 3, RandomRouting()))
    routees = await routees_of(router)
    state = system.random.getstate()
    for n in range(60):
        probe.send(router, n)
    names = [name for name, _ in sorted(await probe.receive_n(60), key=lambda answer: answer[1])]
    system.random.setstate(state)
    assert names == [system.random.choice(routees).name for _ in range(60)]
    assert len(set(names)) == 3


async def test_smallest_mailbox_prefers_idle_ones_then_the_shortest_mailbox(system, testkit, probe):
    router = system.spawn(pool(Slow, 3, SmallestMailbox()))
    first, second, third = await routees_of(router)
    for ref, messages in ((first, 3), (second, 2), (third, 1)):
        for _ in range(messages):
            ref.tell(10)
    await testkit.settle()  # each handles one: 2, 1 and 0 are queued
    router.tell(10)
    assert [len(ref._cell.mailbox) for ref in (first, second, third)] == [2, 1, 1]
    idle = system.spawn(Slow)
    router.tell(AddRoutee(idle))
    assert idle in await routees_of(router)
    router.tell(0, probe.ref)
    await probe.expect_msg(idle.name)
    await testkit.advance(60)


async def test_scatter_gather_passes_on_the_first_answer_only(system, probe):
    answers = []
    quick, slow = (system.spawn(Props(After, delay, answers)) for delay in (1, 2))
    router = system.spawn(group([slow, quick], ScatterGatherFirst()))
    probe.send(router, "?")
    await probe.expect_msg(1)
    assert probe.sender == quick
    await probe.expect_no_message(5)
    assert sorted(answers) == [1, 2]
    assert system.dead_letters.count == 0


class After(Actor):
    """Answers with `delay`, that many seconds later."""

    def __init__(self, delay, answered):
        self.delay, self.answered = delay, answered

    async def receive(self, message):
        self.answered.append(self.delay)
        await self.context.system.clock.sleep(self.delay)
        self.reply(self.delay)


@pytest.mark.parametrize("logic", [ScatterGatherFirst(within=2), TailChopping(within=2)], ids=["scatter", "tail"])
async def test_who_waits_for_a_first_answer_hears_that_none_came_in_time(system, logic):
    router = system.spawn(group([system.spawn(Props(After, 60, []))], logic))
    began = system.clock.time()
    with pytest.raises(AskTimeout, match="none of the routees answered the str"):
        await router.ask("?", timeout=30)
    assert system.clock.time() - began == pytest.approx(2)


@pytest.mark.parametrize("logic", [ScatterGatherFirst(), TailChopping()], ids=["scatter", "tail"])
async def test_who_waits_for_a_first_answer_hears_at_once_that_nobody_is_there(system, logic):
    router = system.spawn(group([], logic))
    with pytest.raises(NoRoutees):
        await router.ask("?", timeout=30)


@pytest.mark.seeds(5)
async def test_tail_chopping_asks_one_more_only_while_nobody_has_answered(system, testkit, seed):
    asked = []
    delays = (0.015, 0.016, 0.017, 0.018)
    router = system.spawn(group([system.spawn(Props(After, delay, asked)) for delay in delays], TailChopping()))
    await router.ask("?")
    assert len(asked) == 2  # the first answers after 15 to 18 ms: the second is asked at 10, the third would be at 20
    await testkit.advance(1)
    assert len(asked) == 2


@pytest.mark.parametrize("logic", [ScatterGatherFirst(), TailChopping()], ids=["scatter", "tail"])
async def test_a_routee_without_room_leaves_the_question_to_the_others(system, testkit, logic):
    full = system.spawn(Props(After, 60, []).with_mailbox(BoundedMailbox(1, overflow="fail")))
    router = system.spawn(group([full, system.spawn(Props(After, 1, []))], logic))
    full.tell("work")
    await testkit.settle()
    full.tell("more")
    assert await router.ask("?") == 1
    await testkit.advance(200)


async def test_a_message_for_nobody_is_a_dead_letter(system, probe):
    system.event_stream.subscribe(probe.ref, DeadLetter)
    router = system.spawn(group([]))
    router.tell("x")
    letter = await probe.expect_msg_class(DeadLetter)
    assert (letter.message, letter.recipient) == ("x", router)


async def test_a_logic_that_raises_hurts_neither_sender_nor_router(system, probe, testkit):
    class Broken(RoutingLogic):
        def start(self, system):
            def route(message, sender, routees):
                raise ZeroDivisionError(message)

            return route

    system.event_stream.subscribe(probe.ref, DeadLetter)
    router = system.spawn(group([probe.ref], Broken()))
    async with testkit.event_filter(level=logging.ERROR, pattern="could not route a str"):
        router.tell("x")
    assert (await probe.expect_msg_class(DeadLetter)).message == "x"
    assert not router.is_terminated


async def test_a_routee_without_room_does_not_keep_a_broadcast_from_the_others(system, probe, testkit):
    full = system.spawn(Props(Slow).with_mailbox(BoundedMailbox(1, overflow="fail")))
    router = system.spawn(group([full, probe.ref]))
    await routees_of(router)
    full.tell(1)
    async with testkit.event_filter(level=logging.ERROR, pattern="could not route a float"):
        router.tell(Broadcast(1.0))
    await probe.expect_msg(1.0)
    await testkit.advance(5)


# Who comes and goes


async def test_a_removed_child_handles_what_was_on_its_way_and_then_stops(system, probe, testkit):
    router = system.spawn(pool(Namer, 2))
    first, second = await routees_of(router)
    router.tell(RemoveRoutee(first))
    assert await routees_of(router) == (second,)
    probe.send(first, "late")
    await probe.expect_msg((first.name, "late"))
    began = system.clock.time()
    await probe.expect_terminated(first)
    assert system.clock.time() - began == pytest.approx(0.1)
    assert not router.is_terminated


async def test_a_removed_member_of_a_group_lives_on(system, testkit, probe):
    member = system.spawn(Namer, "member")
    router = system.spawn(group([member]))
    router.tell(RemoveRoutee(member))
    await testkit.advance(1)
    assert await routees_of(router) == ()
    assert (await member.ask("x")) == ("member", "x")


async def test_an_added_routee_gets_its_share_in_the_order_of_the_tells(system, probe):
    router = system.spawn(group([]))
    await routees_of(router)
    router.tell(AddRoutee(system.spawn(Namer, "new")))
    probe.send(router, "after it")  # behind the management message, not beside it
    await probe.expect_msg(("new", "after it"))


async def test_a_ref_that_stops_leaves_its_group(system, testkit, probe):
    a, b = system.spawn(Namer, "a"), system.spawn(Namer, "b")
    router = system.spawn(group([a, b]))
    await system.graceful_stop(a)
    await testkit.settle()
    assert await routees_of(router) == (b,)


async def test_a_path_is_looked_up_for_each_message(system, testkit, probe):
    router = system.spawn(group(["/user/late"]))
    system.event_stream.subscribe(probe.ref, DeadLetter)
    router.tell("too early")
    assert (await probe.expect_msg_class(DeadLetter)).message == "too early"
    system.spawn(Namer, "late")
    assert (await router.ask("in time")) == ("late", "in time")


async def test_a_pool_stops_with_its_last_child(system, probe):
    router = system.spawn(pool(Namer, 2))
    probe.watch(router)
    router.tell(Broadcast(PoisonPill()))
    await probe.expect_terminated(router)


async def test_a_broadcast_poison_pill_lets_the_routees_drain(system, probe):
    router = system.spawn(pool(Slow, 2))
    for _ in range(4):
        probe.send(router, 1)
    router.tell(Broadcast(PoisonPill()))
    assert len(await probe.receive_n(4)) == 4
    await probe.expect_terminated(router)


async def test_a_poison_pill_stops_the_router_and_its_children(system, probe):
    router = system.spawn(pool(Namer, 2))
    children = await routees_of(router)
    router.tell(PoisonPill())
    for ref in (*children, router):
        await probe.expect_terminated(ref)
    with pytest.raises(AskTimeout, match="stopped"):
        await router.ask("x", timeout=60)


async def test_adjusting_a_pool_adds_and_removes_children(system, testkit):
    router = system.spawn(pool(Namer, 2))
    router.tell(AdjustPoolSize(3))
    five = await routees_of(router)
    assert len(five) == 5
    router.tell(AdjustPoolSize(-2))
    assert await routees_of(router) == five[:3]
    await testkit.advance(1)
    assert [ref.is_terminated for ref in five] == [False] * 3 + [True] * 2


async def test_a_group_leaves_pool_size_unhandled_and_lives_on(system, probe):
    from actors import UnhandledMessage

    system.event_stream.subscribe(probe.ref, UnhandledMessage)
    router = system.spawn(group([probe.ref]))
    router.tell(AdjustPoolSize(1))
    assert (await probe.expect_msg_class(UnhandledMessage)).message == AdjustPoolSize(1)


# Failures


@dataclass
class Count:
    made: int = 0


class Counted(Actor):
    def __init__(self, count):
        count.made += 1

    def receive(self, message):
        if message == "fail":
            raise ValueError(message)
        self.reply(message)


async def test_a_child_s_failure_restarts_the_whole_pool_and_keeps_its_children(system, testkit):
    count = Count()
    router = system.spawn(pool(Props(Counted, count), 3))
    before = await routees_of(router)
    router.tell("fail")
    await testkit.settle()
    assert count.made == 6
    assert await routees_of(router) == before
    assert [await router.ask(n) for n in range(4)] == [0, 1, 2, 3]


async def test_a_pool_with_its_own_strategy_restarts_only_the_child_that_failed(system, testkit):
    count = Count()
    router = system.spawn(pool(Props(Counted, count), 3, supervisor_strategy=OneForOneStrategy()))
    router.tell("fail")
    await testkit.settle()
    assert count.made == 4


async def test_a_killed_pool_is_stopped_by_its_parent(system, probe):
    router = system.spawn(pool(Namer, 2))
    probe.watch(router)
    router.tell(Kill())
    await probe.expect_msg_class(Terminated)


async def test_a_removed_child_is_stopped_even_when_the_pool_restarts_meanwhile(system, testkit):
    router = system.spawn(pool(Props(Counted, Count()), 3))
    first, *_ = await routees_of(router)
    router.tell(RemoveRoutee(first))
    router.tell(Broadcast("fail"))
    await testkit.advance(1)
    assert first.is_terminated


async def test_a_router_whose_mailbox_was_replaced_says_why_it_cannot_be(system, probe, testkit):
    router = system.spawn(pool(Namer).with_mailbox(BoundedMailbox(10)))
    reason = (await probe.expect_terminated(router)).reason
    assert "cannot be replaced" in str(reason)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: pool(Namer, 0), "size must be an integer of at least 1, not 0"),
        (lambda: group("/user/a"), "write group"),
        (lambda: ScatterGatherFirst(within=0), "within"),
        (lambda: TailChopping(interval=-1), "interval"),
        (lambda: Resizer(lower=3, upper=2), "upper must be an integer of at least 3, not 2"),
    ],
)
def test_bad_arguments_are_named(make, words):
    with pytest.raises((TypeError, ValueError), match=words):
        make()


# Resizing


async def test_a_resizer_grows_a_busy_pool_by_a_fifth_after_ten_messages(system, testkit):
    router = system.spawn(pool(Slow, 5, resizer=Resizer(lower=2, upper=20)))
    await routees_of(router)
    for _ in range(10):
        router.tell(5)
    assert len(await routees_of(router)) == 6
    for _ in range(9):
        router.tell(5)
    assert len(await routees_of(router)) == 6
    router.tell(5)
    assert len(await routees_of(router)) == 8
    await testkit.advance(100)


async def test_a_resizer_shrinks_an_idle_pool_to_its_lower_bound_at_last(system, testkit):
    router = system.spawn(pool(Namer, 4, resizer=Resizer(lower=2, upper=20)))
    for _ in range(50):
        await router.ask("x")
    assert len(await routees_of(router)) == 2


async def test_a_pool_with_a_resizer_starts_within_its_bounds(system):
    few = system.spawn(pool(Namer, 1, resizer=Resizer(lower=3)))
    many = system.spawn(pool(Namer, 30, resizer=Resizer(upper=4)))
    assert [len(await routees_of(router)) for router in (few, many)] == [3, 4]


async def test_a_pool_with_a_resizer_outlives_its_last_child_and_fills_up_again(system, testkit):
    router = system.spawn(pool(Namer, 2, resizer=Resizer(lower=2)))
    router.tell(Broadcast(PoisonPill()))
    await testkit.settle()
    assert await routees_of(router) == ()
    for _ in range(10):
        router.tell("into the void")
    assert len(await routees_of(router)) == 2


async def test_adjusting_a_pool_respects_the_bounds_of_its_resizer(system):
    router = system.spawn(pool(Namer, 2, resizer=Resizer(lower=1, upper=3)))
    router.tell(AdjustPoolSize(10))
    assert len(await routees_of(router)) == 3
    router.tell(AdjustPoolSize(-10))
    assert len(await routees_of(router)) == 1


async def test_one_props_makes_independent_routers(system, probe):
    props = pool(Namer, 2, RoundRobin())
    one, other = system.spawn(props), system.spawn(props)
    first = (await routees_of(other))[0]
    probe.send(one, "x")
    probe.send(other, "y")
    assert (first.name, "y") in await probe.receive_n(2)


async def test_routees_is_a_snapshot(system):
    router = system.spawn(pool(Namer, 1))
    before = await router.ask(GetRoutees())
    router.tell(AdjustPoolSize(1))
    await routees_of(router)
    assert isinstance(before, Routees)
    assert len(before.routees) == 1
