from dataclasses import dataclass

import pytest

from actors import Actor, Props, ReceiveTimeout
from actors.testkit import (
    ActorHarness,
    Became,
    Piped,
    ReceiveTimeoutSet,
    Spawned,
    Stashed,
    Stopped,
    TimerCancelled,
    TimerScheduled,
    UnhandledEffect,
    UnstashedAll,
    Watched,
)


class Child(Actor):
    pass


@dataclass(frozen=True, slots=True)
class Do:
    what: str


class Cart(Actor):
    def __init__(self, limit):
        self.limit = limit
        self.items = []
        self.lines = []

    def pre_start(self):
        self.context.set_receive_timeout(30)

    async def receive(self, message):
        context = self.context
        match message:
            case Do("spawn"):
                child = context.spawn(Props(Child), "child")
                context.watch(child, Do("gone"))
                child.tell(Do("begin"))
            case Do("stop"):
                context.stop(context.child("child"))
            case Do("timers"):
                context.timers.start_single("once", Do("add"), 5)
                context.timers.start_fixed_delay("tick", Do("add"), 2)
            case Do("cancel"):
                context.timers.cancel("tick")
            case Do("add"):
                self.items.append(context.system.clock.time())
            case Do("ask"):
                await context.child("child").ask("x")
            case Do("pipe"):
                context.pipe_to(self.work())
            case Do("stash"):
                context.stash()
                context.become(self.open)
            case Do("self"):
                self.ref.tell(Do("add"))
            case Do("fail"):
                raise ValueError("no")
            case ReceiveTimeout():
                context.parent.tell("idle")
            case str():
                self.reply(message.upper())
                context.system.event_stream.publish(message)
            case _:
                self.unhandled(message)

    def open(self, message):
        self.lines.append(message)
        self.context.unstash_all()

    async def work(self):
        return 1


@pytest.fixture
def harness():
    harness = ActorHarness(Cart, 3)
    harness.expect(ReceiveTimeoutSet(30.0))
    return harness


def test_children_watches_and_stops_are_recorded_not_done(harness):
    harness.run(Do("spawn"))
    spawned = harness.take(Spawned)
    assert (spawned.name, spawned.props.cls) == ("child", Child)
    harness.expect(Watched(spawned.ref, Do("gone")))
    spawned.ref.expect(Do("begin"))
    harness.run(Do("stop"))
    harness.expect(Stopped(spawned.ref))
    assert harness.effects == []


def test_replies_and_published_events_are_seen(harness):
    sender = harness.inbox()
    harness.run("tea", sender)
    sender.expect("TEA")
    assert harness.published == ["tea"]
    harness.run("milk")
    assert harness.dead_letters.messages() == ["MILK"]


def test_timers_fire_in_order_when_time_is_let_pass(harness):
    harness.run(Do("timers"))
    harness.expect(TimerScheduled("once", Do("add"), 5.0))
    harness.expect(TimerScheduled("tick", Do("add"), 2.0, 2.0))
    harness.advance(6)
    assert harness.actor.items == [2, 4, 5, 6]
    harness.run(Do("cancel"))
    harness.expect(TimerCancelled("tick"))
    harness.advance(100)
    assert len(harness.actor.items) == 4


def test_what_it_tells_itself_waits_to_be_run(harness):
    harness.run(Do("self"))
    assert harness.actor.items == []
    harness.run_one()
    assert harness.actor.items == [0]
    with pytest.raises(AssertionError, match="has not told itself anything"):
        harness.run_one()


def test_stash_and_become_change_what_handles_the_next_message(harness):
    harness.run(Do("stash"))
    harness.expect(Stashed(Do("stash")))
    harness.take(Became)
    harness.run(Do("next"))
    harness.expect(UnstashedAll())
    harness.run_one()
    assert harness.actor.lines == [Do("next"), Do("stash")]


def test_the_receive_timeout_strikes_when_the_test_says_so(harness):
    harness.receive_timeout()
    harness.parent.expect("idle")


def test_what_the_actor_raises_comes_out(harness):
    with pytest.raises(ValueError, match="no"):
        harness.run(Do("fail"))


def test_a_handler_that_waits_is_refused_with_the_remedy(harness):
    class Waiting(Actor):
        async def receive(self, message):
            await message

    class Never:
        def __await__(self):
            yield self

    with pytest.raises(AssertionError, match=r"handler of Never waits for something.*TestProbe"):
        ActorHarness(Waiting).run(Never())


def test_unhandled_and_piped_work_are_effects(harness):
    harness.run(17)
    harness.expect(UnhandledEffect(17))
    harness.run(Do("pipe"))
    piped = harness.take(Piped)
    assert piped.to is harness.ref
    piped.awaitable.close()


def test_a_missing_effect_names_those_that_are_there(harness):
    harness.run(Do("spawn"))
    with pytest.raises(AssertionError, match=r"has no effect TimerScheduled; it has .*Spawned"):
        harness.take(TimerScheduled)
    with pytest.raises(AssertionError, match="was to be told 'x', but was told Do"):
        harness.take(Spawned).ref.expect("x")
