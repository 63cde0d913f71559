from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import Any

import pytest

from actors import Actor, ActorSystem, NotInfluenceReceiveTimeout, Props, ReceiveTimeout
from tests.core.actors_for_tests import calm, do


class Diary(Actor):
    """Writes down what comes when; runs functions; fails on errors."""

    def __init__(self, diary: list[tuple[float, Any]]) -> None:
        self.diary = diary

    async def receive(self, message: Any) -> None:
        if isinstance(message, BaseException):
            raise message
        if callable(message):
            result = message(self)
            if asyncio.iscoroutine(result):
                await result
            self.reply("done")
        else:
            self.diary.append((round(self.context.system.clock.time() - self.diary_start, 3), message))

    @property
    def diary_start(self) -> float:
        start: float = self.diary[0][0]
        return start


def diary_of(system: ActorSystem) -> list[tuple[float, Any]]:
    return [(system.clock.time(), "start")]


async def test_a_single_timer_fires_once(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))
    await do(ref, lambda actor: actor.context.timers.start_single("key", "tick", 1.5))
    await system.clock.sleep(10)
    assert diary[1:] == [(1.5, "tick")]


async def test_a_single_timer_is_inactive_before_its_message_is_handled(system: ActorSystem) -> None:
    active: list[bool] = []

    class Asks(Actor):
        def pre_start(self) -> None:
            self.context.timers.start_single("key", "tick", 1)
            active.append(self.context.timers.is_active("key"))

        def receive(self, message: Any) -> None:
            active.append(self.context.timers.is_active("key"))

    system.spawn(Asks)
    await system.clock.sleep(2)
    assert active == [True, False]


async def test_fixed_delay_and_fixed_rate_repeat(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))
    await do(ref, lambda actor: actor.context.timers.start_fixed_delay("d", "delay", 1))
    await do(ref, lambda actor: actor.context.timers.start_fixed_rate("r", "rate", 1, initial_delay=0.5))
    await system.clock.sleep(2.75)
    assert sorted(diary[1:]) == [(0.5, "rate"), (1.0, "delay"), (1.5, "rate"), (2.0, "delay"), (2.5, "rate")]


async def test_after_a_pause_fixed_rate_catches_up_and_fixed_delay_does_not(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))

    async def pause(actor: Any) -> None:
        actor.context.timers.start_fixed_delay("d", "delay", 1)
        actor.context.timers.start_fixed_rate("r", "rate", 1)
        await actor.context.system.clock.sleep(3.5)

    await do(ref, pause)
    await system.clock.sleep(0.25)
    assert [message for _, message in diary[1:]].count("rate") == 3
    assert [message for _, message in diary[1:]].count("delay") == 1


async def test_a_replaced_timers_queued_tick_does_not_arrive(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))

    async def replace(actor: Any) -> None:
        actor.context.timers.start_single("key", "old", 1)
        await actor.context.system.clock.sleep(2)  # the old tick is in the mailbox now
        actor.context.timers.start_single("key", "new", 1)

    await do(ref, replace)
    await system.clock.sleep(5)
    assert diary[1:] == [(3.0, "new")]


async def test_a_cancelled_timers_queued_tick_does_not_arrive(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))

    async def cancel(actor: Any) -> None:
        actor.context.timers.start_single("key", "tick", 1)
        await actor.context.system.clock.sleep(2)
        actor.context.timers.cancel("key")

    await do(ref, cancel)
    await system.clock.sleep(5)
    assert diary[1:] == []


async def test_timers_die_with_a_restart_even_when_their_tick_is_queued(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))

    async def fail_later(actor: Any) -> None:
        actor.context.timers.start_single("key", "tick", 1)
        actor.context.timers.start_fixed_rate("rate", "tock", 1)
        await actor.context.system.clock.sleep(2)
        raise ValueError("boom")

    ref.tell(fail_later)
    await system.clock.sleep(10)
    assert diary[1:] == []


async def test_timers_end_with_their_actor(system: ActorSystem) -> None:
    ref = system.spawn(Props(Diary, diary_of(system)))
    await do(ref, lambda actor: actor.context.timers.start_fixed_rate("rate", "tock", 1))
    await system.graceful_stop(ref)
    await system.clock.sleep(5)
    assert system.dead_letters.count == 0


async def test_an_interval_not_above_zero_is_refused(system: ActorSystem) -> None:
    ref = system.spawn(Props(Diary, diary_of(system)))

    def start(actor: Any) -> None:
        with pytest.raises(ValueError, match="above 0"):
            actor.context.timers.start_fixed_delay("key", "x", 0)
        with pytest.raises(TypeError, match="None"):
            actor.context.timers.start_single("key", None, 1)

    assert await do(ref, start) == "done"


async def test_a_timer_without_delay_fires_at_once(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))
    await do(ref, lambda actor: actor.context.timers.start_single("key", "now", -1))
    await calm(system)
    assert diary[1:] == [(0.0, "now")]


async def test_receive_timeout_repeats_and_is_put_off_by_messages(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))
    await do(ref, lambda actor: actor.context.set_receive_timeout(2))
    await system.clock.sleep(1)
    ref.tell("message")
    await system.clock.sleep(6.5)
    assert diary[1:] == [(1.0, "message")] + [(at, ReceiveTimeout()) for at in (3.0, 5.0, 7.0)]


async def test_receive_timeout_ends_when_told_so(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))
    await do(ref, lambda actor: actor.context.set_receive_timeout(2))
    await do(ref, lambda actor: actor.context.set_receive_timeout(None))
    await system.clock.sleep(10)
    assert diary[1:] == []


async def test_some_messages_are_no_activity(system: ActorSystem) -> None:
    @dataclass(frozen=True)
    class Beat(NotInfluenceReceiveTimeout):
        pass

    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))
    await do(ref, lambda actor: actor.context.set_receive_timeout(2))
    await system.clock.sleep(1)
    ref.tell(Beat())
    await system.clock.sleep(1.5)
    assert (2.0, ReceiveTimeout()) in diary


async def test_an_infinite_receive_timeout_is_none(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))
    await do(ref, lambda actor: actor.context.set_receive_timeout(5))
    await do(ref, lambda actor: actor.context.set_receive_timeout(math.inf))
    await system.clock.sleep(100)
    assert diary[1:] == []


async def test_receive_timeout_survives_a_restart(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))
    await do(ref, lambda actor: actor.context.set_receive_timeout(2))
    ref.tell(ValueError("boom"))
    await system.clock.sleep(3)
    assert diary[1:] == [(2.0, ReceiveTimeout())]


async def test_a_handler_at_work_is_not_idle(system: ActorSystem) -> None:
    diary = diary_of(system)
    ref = system.spawn(Props(Diary, diary))
    await do(ref, lambda actor: actor.context.set_receive_timeout(2))
    ref.tell(lambda actor: actor.context.system.clock.sleep(9))
    await system.clock.sleep(10)
    assert diary[1:] == []
    await system.clock.sleep(1.5)
    assert diary[1:] == [(11.0, ReceiveTimeout())]
