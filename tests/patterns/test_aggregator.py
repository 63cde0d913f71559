"""One combined answer, complete or in time."""

import pytest

from actors import Actor, Failure, Props
from actors.patterns import Aggregator, Broadcast, pool


class Hotel(Actor):
    def __init__(self, price, delay=0.0):
        self.price, self.delay = price, delay

    async def receive(self, message):
        await self.context.system.clock.sleep(self.delay)
        self.reply(self.price)


def asks(*hotels):
    return lambda reply_to: [hotel.tell("price?", reply_to) for hotel in hotels]


async def test_the_combined_answer_is_sent_when_all_answers_are_there(system, probe):
    hotels = [system.spawn(Props(Hotel, price, price / 100)) for price in (90, 70, 80)]
    aggregator = system.spawn(Props(Aggregator, asks(*hotels), 3, probe.ref, min))
    await probe.expect_msg(70)
    assert probe.sender == aggregator
    await probe.expect_terminated(aggregator)
    assert system.clock.time() == pytest.approx(0.9)


async def test_when_the_time_is_up_it_combines_what_has_come(system, probe):
    hotels = [system.spawn(Props(Hotel, 90)), system.spawn(Props(Hotel, 70, delay=60))]
    system.spawn(Props(Aggregator, asks(*hotels), 2, probe.ref, tuple, timeout=2))
    await probe.expect_msg((90,))
    assert system.clock.time() == pytest.approx(2)


async def test_it_collects_from_the_routees_of_a_router(system, probe):
    router = system.spawn(pool(Props(Hotel, 50), 4))
    system.spawn(Props(Aggregator, lambda me: router.tell(Broadcast("price?"), me), 4, probe.ref, sum))
    await probe.expect_msg(200)


async def test_who_waits_is_told_when_combining_fails_and_nobody_is_asked_again(system, probe):
    asked = []
    system.spawn(Props(Aggregator, asked.append, 1, probe.ref, lambda answers: 1 / 0, timeout=1))
    assert isinstance((await probe.expect_msg_class(Failure)).error, ZeroDivisionError)
    await probe.expect_no_message(5)
    assert len(asked) == 1
