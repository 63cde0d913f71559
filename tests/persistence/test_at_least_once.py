import asyncio
import itertools
from dataclasses import dataclass

import pytest

from actors import Actor, Props
from actors.persistence import (
    AtLeastOnceDelivery,
    EventSchema,
    MemoryJournal,
    TooManyUnconfirmed,
    UnconfirmedWarning,
)
from actors.testkit import TestProbe

schema = EventSchema()


@schema.event()
@dataclass(frozen=True, slots=True)
class Ordered:
    item: str


@schema.event()
@dataclass(frozen=True, slots=True)
class Confirmed:
    delivery_id: int


@schema.event()
@dataclass(frozen=True, slots=True)
class Ship:
    delivery_id: int
    item: str


@schema.event()
@dataclass(frozen=True, slots=True)
class Orders:
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shipped:
    delivery_id: int


class Shop(AtLeastOnceDelivery):
    schema = schema
    max_unconfirmed = 50

    def __init__(self, journal, destination, warnings=None):
        super().__init__(journal, "shop")
        self.destination = destination
        self.warnings = warnings if warnings is not None else []

    def initial_state(self):
        return Orders()

    def apply_event(self, state, event):
        return Orders((*state.open, event.item)) if isinstance(event, Ordered) else state

    def on_event(self, event):
        match event:
            case Ordered(item):
                self.deliver(self.destination, lambda number: Ship(number, item))
            case Confirmed(number):
                self.confirm_delivery(number)

    async def receive_command(self, command):
        match command:
            case str():
                await self.persist(Ordered(command))
                self.reply(len(self.unconfirmed))
            case Shipped(number):
                await self.persist(Confirmed(number))
            case UnconfirmedWarning(deliveries):
                self.warnings.append([each.delivery_id for each in deliveries])
            case ("confirm twice", number):
                self.reply((self.confirm_delivery(number), self.confirm_delivery(number)))
            case None:
                pass


class Compact(Shop):
    snapshot_every = 2


@pytest.fixture
def journal():
    return MemoryJournal()


def now():
    return asyncio.get_running_loop().time()


async def test_a_message_is_sent_again_every_five_seconds_or_so_until_it_is_confirmed(system, probe, journal):
    shop = system.spawn(Props(Shop, journal, probe.ref))
    shop.tell("tea")
    times = []
    for _ in range(4):
        await probe.expect_msg(Ship(1, "tea"), timeout=10)
        times.append(now())
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [5.0, 5.0, 5.0]
    probe.reply(Shipped(1))
    await probe.expect_no_message(60)


async def test_ids_count_without_a_gap_over_all_receivers(system, probe, journal):
    shop = system.spawn(Props(Shop, journal, probe.ref))
    for n, item in enumerate("abc", 1):
        shop.tell(item)
        await probe.expect_msg(Ship(n, item))
        probe.reply(Shipped(n))


async def test_what_is_not_stored_is_not_delivered(system, probe, journal):
    shop = system.spawn(Props(Shop, journal, probe.ref))
    journal.store.capacity = 0
    shop.tell("tea")
    await probe.expect_no_message(20)


async def test_after_a_crash_only_the_unconfirmed_are_sent_again(system, probe, journal):
    shop = system.spawn(Props(Shop, journal, probe.ref))
    for n, item in enumerate("abc", 1):
        shop.tell(item)
        await probe.expect_msg(Ship(n, item))
    shop.tell(Shipped(2))
    await system.graceful_stop(shop)
    shop = system.spawn(Props(Shop, journal, probe.ref))
    assert await probe.receive_n(2) == [Ship(1, "a"), Ship(3, "c")]
    shop.tell("d")
    await probe.expect_msg(Ship(4, "d"))


async def test_a_snapshot_keeps_what_waits(system, probe, journal):
    shop = system.spawn(Props(Compact, journal, probe.ref))
    for item in "abcd":
        shop.tell(item)
    await probe.receive_n(4)
    shop.tell(Shipped(1))
    shop.tell(Shipped(3))
    await asyncio.sleep(1)
    assert (await journal.replay("shop")).events == []
    await system.graceful_stop(shop)
    shop = system.spawn(Props(Compact, journal, probe.ref))
    assert await probe.receive_n(2) == [Ship(2, "b"), Ship(4, "d")]
    shop.tell("e")
    await probe.expect_msg(Ship(5, "e"))


async def test_a_path_reaches_whoever_lives_there_later(system, probe, journal):
    class Stock(Actor):
        def receive(self, message):
            probe.ref.tell(message)
            self.reply(Shipped(message.delivery_id))

    shop = system.spawn(Props(Shop, journal, "/user/stock"))
    assert await shop.ask("tea") == 1
    await asyncio.sleep(7)
    system.spawn(Stock, "stock")
    await probe.expect_msg(Ship(1, "tea"), timeout=10)
    await probe.expect_no_message(60)


async def test_a_warning_comes_once_with_the_sixth_send_and_sending_goes_on(system, probe, journal):
    warnings = []
    shop = system.spawn(Props(Shop, journal, probe.ref, warnings))
    shop.tell("tea")
    for sends in range(1, 10):
        await probe.expect_msg(Ship(1, "tea"), timeout=10)
        await asyncio.sleep(0.1)
        assert warnings == ([[1]] if sends >= 6 else [])


async def test_too_many_unconfirmed_are_refused(system, probe, journal):
    shop = system.spawn(Props(Shop, journal, TestProbe(system).ref))
    for _ in range(50):
        await shop.ask("x")

    failed = []

    class Full(Shop):
        def on_event(self, event):
            try:
                super().on_event(event)
            except TooManyUnconfirmed as error:
                failed.append(error)

    await system.graceful_stop(shop)
    shop = system.spawn(Props(Full, journal, probe.ref))
    assert await shop.ask("one more") == 50
    assert "50 unconfirmed" in str(failed[0])


async def test_confirming_is_idempotent(system, probe, journal):
    shop = system.spawn(Props(Shop, journal, probe.ref))
    await shop.ask("tea")
    assert await shop.ask(("confirm twice", 1)) == (True, False)
    assert await shop.ask(("confirm twice", 99)) == (False, False)


async def test_wildcards_are_no_destination(system, probe, journal):
    shop = system.spawn(Props(Shop, journal, "/user/*"))
    probe.watch(shop)
    shop.tell("tea")
    reason = (await probe.expect_terminated(shop)).reason
    assert "without wildcards" in str(reason.__cause__ or reason)
