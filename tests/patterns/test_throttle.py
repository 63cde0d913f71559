"""At most so many per second, in order, and nothing lost without a word."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Actor, DeadLetter, PoisonPill, Props
from actors.patterns import Rate, SetRate, Throttle, Throttler
from actors.patterns.throttle import _Bucket


class Stamped(Actor):
    """Keeps what it gets, and when."""

    def __init__(self, got):
        self.got = got

    def receive(self, message):
        self.got.append((self.context.system.clock.time(), message))
        if self.sender is not None:
            self.reply(message)


@given(
    st.integers(1, 50),
    st.integers(1, 10),
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
    st.sampled_from([1, 7.5]),
)
def test_in_no_span_of_time_do_more_pass_than_burst_and_rate_allow(count, burst, pauses, per):
    bucket, now, passed = _Bucket(Rate(count, per, burst)), 0.0, []
    for pause in pauses:
        now += pause
        now += bucket.wait(now)
        bucket.take(now)
        passed.append(now)
    for i, start in enumerate(passed):
        for j in range(i, len(passed)):
            assert j - i + 1 <= burst + (passed[j] - start) * count / per + 1e-6


async def test_coroutines_pass_in_their_order_at_the_rate(system):
    throttle, passed = Throttle(system, Rate(2, per=1, burst=3)), []

    async def one(n):
        async with throttle:
            passed.append((system.clock.time(), n))

    await asyncio.gather(*(one(n) for n in range(6)))
    assert passed == [(pytest.approx(t), n) for n, t in enumerate([0, 0, 0, 0.5, 1, 1.5])]


async def test_a_waiter_that_is_cancelled_takes_nothing(system, testkit):
    throttle = Throttle(system, Rate(1, per=10))
    await throttle.acquire()
    waiter = asyncio.create_task(throttle.acquire())
    await testkit.advance(5)
    waiter.cancel()
    await asyncio.wait([waiter])
    await throttle.acquire()
    assert system.clock.time() == pytest.approx(10)


async def test_messages_reach_the_target_in_order_at_the_rate_from_their_own_senders(system, probe, testkit):
    got = []
    throttler = system.spawn(Props(Throttler, system.spawn(Props(Stamped, got)), Rate(1, per=2, burst=2)))
    for n in range(5):
        probe.send(throttler, n)
    assert await probe.receive_n(5, timeout=60) == [0, 1, 2, 3, 4]
    assert [time for time, _ in got] == pytest.approx([0, 0, 2, 4, 6])


async def test_a_new_rate_holds_from_the_next_message_on(system, testkit):
    got = []
    throttler = system.spawn(Props(Throttler, system.spawn(Props(Stamped, got)), Rate(1, per=1000)))
    for n in range(4):
        throttler.tell(n)
    await testkit.advance(1)
    throttler.tell(SetRate(Rate(1, per=1)))
    await testkit.advance(10)
    assert [time for time, _ in got] == pytest.approx([0, 1, 2, 3])


async def test_what_does_not_fit_is_a_dead_letter_and_so_is_what_waits_at_the_end(system, probe, testkit):
    system.event_stream.subscribe(probe.ref, DeadLetter)
    throttler = system.spawn(Props(Throttler, system.spawn(Props(Stamped, [])), Rate(1, per=10), capacity=2))
    for n in range(4):
        throttler.tell(n)
    assert (await probe.expect_msg_class(DeadLetter)).message == 3
    throttler.tell(PoisonPill())
    assert [letter.message for letter in await probe.receive_n(2)] == [1, 2]


async def test_it_stops_with_its_target(system, probe):
    target = system.spawn(Props(Stamped, []))
    throttler = system.spawn(Props(Throttler, target, Rate(1)))
    probe.watch(throttler)
    target.tell(PoisonPill())
    await probe.expect_terminated(throttler)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="count must be an integer of at least 1, not 0"):
        Rate(0)
    with pytest.raises(ValueError, match="per must be"):
        Rate(1, per=0)
