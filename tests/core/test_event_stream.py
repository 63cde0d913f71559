from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from actors import ActorSystem, DeadLetter, DeadLetterSuppression, Props, Settings, SuppressedDeadLetter
from tests.core.actors_for_tests import Recorder, Worker, calm


class Event:
    pass


class Special(Event):
    pass


@dataclass(frozen=True)
class Quiet(DeadLetterSuppression):
    pass


async def test_a_subscriber_gets_a_class_and_its_subclasses_each_event_once(system: ActorSystem) -> None:
    seen: list[Any] = []
    ref = system.spawn(Props(Recorder, seen))
    assert system.event_stream.subscribe(ref, Event)
    assert system.event_stream.subscribe(ref, Special)
    assert not system.event_stream.subscribe(ref, Event)
    event, special = Event(), Special()
    for each in (event, special, "no event"):
        system.event_stream.publish(each)
    await calm(system)
    assert seen == [event, special]


async def test_subscribing_after_an_event_was_published_takes_effect(system: ActorSystem) -> None:
    system.event_stream.publish(Special())
    seen: list[Any] = []
    system.event_stream.subscribe(system.spawn(Props(Recorder, seen)), Event)
    system.event_stream.publish(Special())
    await calm(system)
    assert len(seen) == 1


async def test_unsubscribing_says_whether_it_changed_anything(system: ActorSystem) -> None:
    seen: list[Any] = []
    ref = system.spawn(Props(Recorder, seen))
    system.event_stream.subscribe(ref, Event)
    system.event_stream.subscribe(ref, str)
    assert system.event_stream.unsubscribe(ref, Event)
    assert not system.event_stream.unsubscribe(ref, Event)
    assert system.event_stream.unsubscribe(ref)
    for each in (Event(), "text"):
        system.event_stream.publish(each)
    await calm(system)
    assert seen == []


async def test_a_stopped_subscriber_is_forgotten(system: ActorSystem) -> None:
    ref = system.spawn(Worker)
    system.event_stream.subscribe(ref, Event)
    await system.graceful_stop(ref)
    system.event_stream.publish(Event())
    await calm(system)
    assert system.dead_letters.count == 0
    assert not system.event_stream.unsubscribe(ref)


async def test_dead_letters_are_logged_ten_times_then_counted(
    caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings]
) -> None:
    caplog.set_level("INFO", "actors")
    async with ActorSystem("noisy", settings()) as system:
        ref = system.spawn(Worker, "gone")
        await system.graceful_stop(ref)
        for _ in range(25):
            ref.tell("late")
        assert caplog.text.count("dead letter:") == 10
        assert system.dead_letters.count == 25
        assert "no more will be logged for 300 s" in caplog.text
        await system.clock.sleep(301)
        ref.tell("late")
        assert "15 more were not logged" in caplog.text


async def test_dead_letters_are_quiet_during_shutdown(
    caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings]
) -> None:
    caplog.set_level("INFO", "actors")
    system = ActorSystem("quiet", settings())
    ref = system.spawn(Worker)
    ref.tell(("sleep", 0.1))
    for _ in range(5):
        ref.tell("never handled")
    await calm(system)
    await system.terminate()
    assert "dead letter:" not in caplog.text
    assert system.dead_letters.count == 6  # the answer to the first, which had no sender, too


async def test_no_dead_letter_is_logged_when_settings_say_none(
    caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings]
) -> None:
    caplog.set_level("INFO", "actors")
    async with ActorSystem("mute", settings(log_dead_letters=0)) as system:
        system.dead_letters.tell("x")
        assert "dead letter:" not in caplog.text
        assert system.dead_letters.count == 1


async def test_a_suppressed_dead_letter_is_published_and_neither_counted_nor_logged(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "actors")
    letters: list[Any] = []
    recorder = system.spawn(Props(Recorder, letters))
    system.event_stream.subscribe(recorder, DeadLetter)
    system.event_stream.subscribe(recorder, SuppressedDeadLetter)
    ref = system.spawn(Worker)
    await system.graceful_stop(ref)
    ref.tell(Quiet())
    await calm(system)
    assert letters == [SuppressedDeadLetter(Quiet(), None, ref)]
    assert system.dead_letters.count == 0
    assert "dead letter:" not in caplog.text
