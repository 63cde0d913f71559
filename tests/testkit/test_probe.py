import asyncio
from dataclasses import dataclass

import pytest

from actors import Actor, ActorSystem, PoisonPill, Props, Terminated
from actors.testkit import AutoPilot, Fishing, TestKit, TestProbe, VirtualLoop, seeded_settings


@dataclass(frozen=True, slots=True)
class Ping:
    n: int = 0


@dataclass(frozen=True, slots=True)
class Pong:
    n: int = 0


class Echo(Actor):
    def receive(self, message):
        self.reply(message)


class Late(Actor):
    """Answers each message after as many seconds as it says."""

    async def receive(self, message):
        await self.context.system.clock.sleep(message.n)
        self.reply(Pong(message.n))


def now():
    return asyncio.get_running_loop().time()


async def test_what_a_probe_sends_is_answered_to_it(system, probe):
    echo = system.spawn(Echo)
    probe.send(echo, Ping(1))
    assert await probe.expect_msg(Ping(1)) == Ping(1)
    assert probe.sender == echo
    probe.reply(Ping(2))
    await probe.expect_msg(Ping(2))


async def test_expect_msg_waits_three_seconds_and_says_that_nothing_came(system, probe):
    began = now()
    with pytest.raises(AssertionError, match=r"/user/probe expected Pong\(n=1\) within 3 s, but nothing came"):
        await probe.expect_msg(Pong(1))
    assert now() - began == pytest.approx(3)


async def test_a_wrong_message_is_named_with_what_came_before_and_what_is_queued(probe):
    for message in ("first", "second", "third"):
        probe.ref.tell(message)
    await probe.expect_msg("first")
    await asyncio.sleep(1)
    with pytest.raises(AssertionError, match=r"(?s)expected 'x', but got 'second'.*came.*'first'.*queued.*'third'"):
        await probe.expect_msg("x")


async def test_expectations_by_class_choice_and_predicate(probe):
    for message in (Ping(1), Pong(2), "c", 3, 1, 2):
        probe.ref.tell(message)
    assert (await probe.expect_msg_class(Ping)).n == 1
    assert (await probe.expect_msg_class(Ping, Pong)).n == 2
    assert await probe.expect_any_of("a", "c") == "c"
    assert await probe.expect_msg_that(lambda n: n > 2) == 3
    assert await probe.expect_all_of(2, 1) == [1, 2]
    probe.ref.tell(Ping())
    with pytest.raises(AssertionError, match="expected a message of class Pong"):
        await probe.expect_msg_class(Pong)
    probe.ref.tell("b")
    with pytest.raises(AssertionError, match="expected one of"):
        await probe.expect_any_of("a")


async def test_expect_no_message_takes_a_tenth_of_a_second_and_sees_older_mail(probe):
    began = now()
    await probe.expect_no_message()
    assert now() - began == pytest.approx(0.1)
    probe.ref.tell("old")
    await asyncio.sleep(1)
    with pytest.raises(AssertionError, match="expected no message for 0\\.1 s, but got 'old'"):
        await probe.expect_no_message()


async def test_named_times_are_stretched_by_the_time_factor_but_those_of_expect_no_message(system):
    probe = TestKit(system, time_factor=10).probe()
    began = now()
    with pytest.raises(AssertionError, match="within 20 s"):
        await probe.expect_msg("x", timeout=2)
    assert now() - began == pytest.approx(20)
    await probe.expect_no_message(0.5)
    assert now() - began == pytest.approx(20.5)
    await probe.expect_no_message()
    assert now() - began == pytest.approx(21.5)
    assert await probe.receive_one(0.5) is None
    assert now() - began == pytest.approx(22)


async def test_receive_n_shares_its_time_between_all(system, probe):
    late = system.spawn(Late)
    for _ in range(3):
        probe.send(late, Ping(2))
    with pytest.raises(AssertionError, match=r"3 messages \(2 have come\)"):
        await probe.receive_n(3, timeout=5)
    await probe.expect_msg(Pong(2))


async def test_receive_one_with_zero_polls(probe):
    assert await probe.receive_one(0) is None
    probe.ref.tell("x")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await probe.receive_one(0) == "x"


async def test_receive_while_puts_the_first_other_message_back(probe):
    for n in (1, 2, 30, 4):
        probe.ref.tell(n)
    assert await probe.receive_while(lambda n: n < 10) == [1, 2]
    assert await probe.receive_n(2) == [30, 4]
    probe.ref.tell(5)
    began = now()
    assert await probe.receive_while(lambda n: True, idle=0.5) == [5]
    assert now() - began == pytest.approx(0.5)


async def test_fishing_drops_what_it_continues_over_and_ends_at_the_catch(probe):
    for n in (1, 2, 3, 4):
        probe.ref.tell(n)
    assert await probe.fish_for(lambda n: n == 2) == 2
    assert await probe.fish_for(lambda n: Fishing.COMPLETE if n == 3 else Fishing.FAIL) == 3
    with pytest.raises(AssertionError, match="fished for a whale, but got 4"):
        await probe.fish_for(lambda n: Fishing.FAIL, hint="a whale")
    with pytest.raises(AssertionError, match="a whale within"):
        await probe.fish_for(lambda n: True, hint="a whale")


async def test_within_bounds_every_wait_inside_and_the_smaller_bound_counts(probe):
    began = now()
    with pytest.raises(AssertionError, match="within 2 s"):
        async with probe.within(2):
            await probe.expect_msg("x", timeout=100)
    assert now() - began == pytest.approx(2)
    with pytest.raises(AssertionError, match="within 1 s"):
        async with probe.within(1), probe.within(50):
            await probe.expect_msg("x")
    assert probe.remaining(7) == 7


async def test_within_checks_that_the_block_took_neither_too_long_nor_too_short(probe):
    with pytest.raises(AssertionError, match=r"took 3\.000 s, but should take at most 1 s"):
        async with probe.within(1):
            await asyncio.sleep(3)
    with pytest.raises(AssertionError, match=r"took 1\.000 s, but should take at least 2 s"):
        async with probe.within(5, minimum=2):
            await asyncio.sleep(1)
    async with probe.within(1):
        await probe.expect_no_message(5)


async def test_expect_terminated_watches_by_itself_and_the_dead_count_too(system, probe):
    echo = system.spawn(Echo, "echo")
    with pytest.raises(AssertionError, match=r"expected Terminated\(actors://test/user/echo\) within 1 s"):
        await probe.expect_terminated(echo, timeout=1)
    echo.tell(PoisonPill())
    assert (await probe.expect_terminated(echo)).ref == echo
    assert isinstance(await TestProbe(system).expect_terminated(echo), Terminated)


async def test_an_unwatched_actor_may_die_unnoticed(system, probe):
    echo = system.spawn(Echo)
    probe.watch(echo)
    probe.unwatch(echo)
    system.stop(echo)
    await probe.expect_no_message(1)


async def test_an_auto_pilot_answers_until_it_stops(system, probe):
    def twice(sender, message):
        def once(sender, message):
            sender.tell(f"second {message}")
            return AutoPilot.STOP

        sender.tell(f"first {message}")
        return once

    probe.set_auto_pilot(twice)
    other = TestProbe(system)
    for n in range(3):
        other.send(probe.ref, n)
    assert await other.receive_n(2) == ["first 0", "second 1"]
    await other.expect_no_message(1)
    assert await probe.receive_n(3) == [0, 1, 2]


async def test_ignored_messages_never_queue(probe):
    probe.ignore(lambda message: message == "noise")
    for message in ("noise", "signal", "noise"):
        probe.ref.tell(message)
    await probe.expect_msg("signal")
    await probe.expect_no_message()


async def test_forward_keeps_the_sender(system, probe):
    other, last = TestProbe(system), TestProbe(system)
    other.send(probe.ref, "x")
    await probe.expect_msg("x")
    probe.forward(last.ref)
    await last.expect_msg("x")
    assert last.sender == other.ref


async def test_a_reply_without_a_sender_is_an_error_of_the_test(probe):
    with pytest.raises(AssertionError, match="has not taken a message"):
        probe.reply("x")
    probe.ref.tell("x")
    await probe.expect_msg("x")
    with pytest.raises(AssertionError, match=r"'x'.*without a sender"):
        probe.reply("y")


async def test_await_assert_tries_until_it_holds_and_raises_the_last_error(probe):
    began = now()

    def check():
        assert now() - began > 1, "too early"
        return "held"

    assert await probe.await_assert(check) == "held"
    with pytest.raises(AssertionError, match="never"):
        await probe.await_assert(_never, timeout=2)


def _never():
    raise AssertionError("never")


async def test_a_stopped_probe_is_dead(system, probe):
    other = TestProbe(system)
    probe.stop()
    await other.expect_terminated(probe.ref)


class Racer(Actor):
    def __init__(self, name, judge):
        self.name, self.judge = name, judge

    def receive(self, message):
        self.judge.tell((self.name, message))


async def race(system):
    judge = TestProbe(system)
    racers = [system.spawn(Props(Racer, name, judge.ref)) for name in "abcdef"]
    for lap in range(3):
        for racer in racers:
            racer.tell(lap)
    return tuple(await judge.receive_n(18))


def run_race(seed):
    async def main():
        async with ActorSystem("race", seeded_settings(seed)) as system:
            return await race(system)

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(seed)) as runner:
        return runner.run(main())


def test_the_same_seed_gives_the_same_interleaving_and_another_seed_another_one():
    orders = {seed: run_race(seed) for seed in range(20)}
    assert {seed: run_race(seed) for seed in range(20)} == orders
    assert len(set(orders.values())) > 15
    assert [name for name, lap in orders[0] if lap == 0] == list("abcdef")


@pytest.mark.seeds(10)
async def test_every_seed_keeps_the_order_between_two_actors(system, seed):
    assert system.settings.seed == seed
    result = await race(system)
    for name in "abcdef":
        assert [lap for racer, lap in result if racer == name] == [0, 1, 2]
