"""What an actor does in one turn of the loop is bounded, however many messages ask for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from actors import Actor, ActorSystem, Props
from actors.marathon.turn_budget import TurnBudget

PER_TURN = 200


class Turns:
    """Counts the turns of the loop."""

    def __init__(self) -> None:
        self.now = 0
        self._loop = asyncio.get_running_loop()
        self._next()

    def _next(self) -> None:
        self.now += 1
        self._handle = self._loop.call_soon(self._next)

    def end(self) -> None:
        self._handle.cancel()


class Worker(Actor[Any]):
    """Does as many as a message says."""

    def __init__(self, turns: Turns, done: Counter[int], wanted: int, all_done: asyncio.Event) -> None:
        self._turns = turns
        self._done = done
        self._wanted = wanted
        self._all_done = all_done
        self._kept = 0
        self._budget = TurnBudget(self, PER_TURN, "renewal")

    def receive(self, message: Any) -> None:
        if message == "renewal":
            self._budget.renew()
        else:
            self._kept += message
        granted = self._budget.take(self._kept)
        self._kept -= granted
        if granted:
            self._done[self._turns.now] += granted
        if self._done.total() == self._wanted:
            self._all_done.set()


async def done_by_turn(orders: list[int]) -> Counter[int]:
    async with ActorSystem() as system:
        turns, done, all_done = Turns(), Counter[int](), asyncio.Event()
        worker = system.spawn(Props(Worker, turns, done, sum(orders), all_done))
        for order in orders:
            worker.tell(order)
        await all_done.wait()
        turns.end()
        return done


async def test_few_are_done_at_once() -> None:
    assert len(await done_by_turn([PER_TURN])) == 1


async def test_a_large_order_goes_on_in_later_turns() -> None:
    done = await done_by_turn([10 * PER_TURN + 1])
    assert max(done.values()) == PER_TURN


async def test_many_orders_that_are_handled_in_one_turn_are_bounded_together() -> None:
    done = await done_by_turn([0] * 16 + [100] * 48)
    assert max(done.values()) == PER_TURN
    assert done.total() == 4_800
