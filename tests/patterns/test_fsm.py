"""What a message does in which state, and in which order."""

import asyncio
import enum

import pytest

from actors import Actor, PoisonPill, Props, UnhandledMessage
from actors.patterns import (
    FSM,
    CurrentState,
    StateTimeout,
    StopEvent,
    StopReason,
    SubscribeTransitions,
    Transition,
    UnknownState,
    UnsubscribeTransitions,
    on_transition,
    when,
)


class S(enum.Enum):
    IDLE = "idle"
    BUSY = "busy"
    MISSING = "missing"


IDLE, BUSY = S.IDLE, S.BUSY


class Machine(FSM[S, int]):
    """Its data is a count; `seen` is what it did."""

    def __init__(self, seen):
        self.seen = seen
        self.start_with(IDLE, 0)

    @when(IDLE)
    async def idle(self, event, data):
        await asyncio.sleep(0)
        match event:
            case "go":
                return self.goto(BUSY).using(data + 1)
            case "again":
                return self.goto(IDLE)
            case "stay":
                return self.stay().using(data + 10)
            case "answer":
                return self.goto(BUSY).replying("first").replying("second")
            case "nowhere":
                return self.goto(S.MISSING)
            case "nonsense":
                return "nonsense"
            case "fail":
                raise ValueError(event)
            case "short":
                return self.goto(BUSY).for_max(1)
            case "endless":
                return self.goto(BUSY).for_max(None)
        return None

    @when(IDLE)
    @when(BUSY)
    def either(self, event, data):
        if event == "where?":
            return self.stay().replying((self.state_name, data))
        return None

    @when(BUSY, timeout=5)
    def busy(self, event, data):
        match event:
            case StateTimeout():
                return self.goto(IDLE)
            case "tick":
                return self.stay()
            case "end":
                return self.stop()
            case "break":
                return self.stop(ValueError("broken"))
        return None

    @on_transition(IDLE, BUSY)
    def started(self, before, after):
        self.seen.append(("started", self.state_data, self.next_state_data, self.state_name))

    @on_transition()
    async def any_transition(self, before, after):
        self.seen.append((before, after))

    def on_termination(self, event):
        self.seen.append(event)


@pytest.fixture
def seen():
    return []


@pytest.fixture
def fsm(system, seen):
    return system.spawn(Props(Machine, seen), "machine")


async def test_goto_changes_state_and_data_and_stay_only_data(fsm):
    fsm.tell("stay")
    assert await fsm.ask("where?") == (IDLE, 10)
    fsm.tell("go")
    assert await fsm.ask("where?") == (BUSY, 11)


async def test_the_start_and_a_goto_to_the_same_state_fire_transitions_and_stay_does_not(fsm, seen):
    fsm.tell("stay")
    fsm.tell("again")
    await fsm.ask("where?")
    assert seen == [(IDLE, IDLE), (IDLE, IDLE)]


async def test_transition_functions_run_in_their_order_with_the_old_state_and_the_new_data(fsm, seen):
    fsm.tell("go")
    await fsm.ask("where?")
    assert seen[1:] == [("started", 0, 1, IDLE), (IDLE, BUSY)]


async def test_answers_go_before_the_news_of_the_transition(fsm, probe):
    probe.send(fsm, SubscribeTransitions(probe.ref))
    probe.send(fsm, "answer")
    assert await probe.receive_n(4) == [CurrentState(fsm, IDLE), "first", "second", Transition(fsm, IDLE, BUSY)]


async def test_who_unsubscribes_hears_no_more(fsm, probe):
    fsm.tell(SubscribeTransitions(probe.ref))
    fsm.tell(UnsubscribeTransitions(probe.ref))
    fsm.tell("go")
    await probe.expect_msg(CurrentState(fsm, IDLE))
    await probe.expect_no_message()


async def test_a_silent_state_gets_its_timeout(fsm, testkit):
    fsm.tell("go")
    await testkit.advance(4.9)
    fsm.tell("tick")  # arms it anew
    await testkit.advance(4.9)
    assert await fsm.ask("where?") == (BUSY, 1)  # so does this
    await testkit.advance(4.9)
    assert await fsm.ask("where?") == (BUSY, 1)
    await testkit.advance(5.1)
    assert await fsm.ask("where?") == (IDLE, 1)


async def test_an_unhandled_message_cancels_the_timeout_and_staying_arms_it_anew(fsm, testkit):
    fsm.tell("go")
    await testkit.advance(3)
    fsm.tell("what?")
    await testkit.advance(3)
    assert await fsm.ask("where?") == (BUSY, 1)


async def test_a_timeout_that_is_queued_when_a_message_comes_first_does_not_arrive(system, testkit):
    class Slow(FSM[S, int]):
        def __init__(self):
            self.start_with(IDLE, 0)

        @when(IDLE, timeout=1)
        async def idle(self, event, data):
            if event == "work":
                await self.context.system.clock.sleep(10)
                return self.stay()
            return self.stay().using(data + 1) if event == StateTimeout() else self.stay().replying(data)

    fsm = system.spawn(Slow)
    await testkit.advance(0.5)
    fsm.tell("work")
    assert await fsm.ask("?", timeout=60) == 0


@pytest.mark.parametrize(("event", "seconds"), [("short", 1), ("endless", None)])
async def test_for_max_takes_the_place_of_the_state_s_timeout_once(fsm, testkit, event, seconds):
    fsm.tell(event)
    await testkit.advance(1.1 if seconds else 1000)
    assert await fsm.ask("where?") == ((IDLE, 0) if seconds else (BUSY, 0))
    await testkit.advance(5.1)
    assert await fsm.ask("where?") == (IDLE, 0)  # the question armed the state's own


async def test_what_no_function_handles_is_published_as_unhandled_and_changes_nothing(system, fsm, probe):
    system.event_stream.subscribe(probe.ref, UnhandledMessage)
    fsm.tell("what?")
    assert (await probe.expect_msg_class(UnhandledMessage)).message == "what?"
    assert await fsm.ask("where?") == (IDLE, 0)


@pytest.mark.parametrize(
    ("event", "reason"), [("end", StopReason.NORMAL), ("break", StopReason.FAILURE)], ids=["end", "break"]
)
async def test_a_returned_stop_ends_it_and_its_termination_is_called_once(fsm, seen, probe, event, reason):
    fsm.tell("go")
    fsm.tell(event)
    await probe.expect_terminated(fsm)
    ends = [each for each in seen if isinstance(each, StopEvent)]
    assert [(end.reason, end.state, end.data) for end in ends] == [(reason, BUSY, 1)]
    assert (ends[0].error is not None) == (event == "break")


@pytest.mark.parametrize("event", [PoisonPill(), "fail"], ids=["stop", "restart"])
async def test_a_stop_from_outside_and_a_restart_are_a_shutdown(fsm, seen, testkit, event):
    fsm.tell("stay")
    fsm.tell(event)
    await testkit.settle()
    assert [each for each in seen if isinstance(each, StopEvent)] == [StopEvent(StopReason.SHUTDOWN, IDLE, 10)]


async def test_a_restart_begins_in_the_first_state_with_its_data(fsm, seen, testkit):
    fsm.tell("go")
    fsm.tell("fail")  # unhandled when busy
    await testkit.advance(5.1)
    fsm.tell("fail")
    assert await fsm.ask("where?") == (IDLE, 0)
    assert seen[-1] == (IDLE, IDLE)


async def test_a_state_without_functions_is_a_failure_that_names_those_there_are(fsm, testkit, seen):
    async with testkit.event_filter(
        error=UnknownState, pattern=r"Machine has no function @when\(S.MISSING\); it has: S.IDLE, S.BUSY"
    ):
        fsm.tell("nowhere")
    assert await fsm.ask("where?") == (IDLE, 0)


async def test_what_is_no_next_state_is_a_failure_that_names_the_function(fsm, testkit):
    async with testkit.event_filter(error=TypeError, pattern="Machine.idle returned 'nonsense'"):
        fsm.tell("nonsense")


async def test_a_subclass_replaces_and_adds_functions(system, seen):
    class Polite(Machine):
        @when(IDLE)
        async def idle(self, event, data):
            return self.stay().replying("hello") if event == "hi" else None

        @when(S.MISSING)
        def missing(self, event, data):
            return None

    fsm = system.spawn(Props(Polite, seen))
    assert await fsm.ask("hi") == "hello"
    assert await fsm.ask("where?") == (IDLE, 0)


async def test_an_fsm_without_a_first_state_says_what_to_do(system, probe):
    class Forgotten(FSM):
        @when(IDLE)
        def idle(self, event, data):
            return None

    reason = (await probe.expect_terminated(system.spawn(Forgotten))).reason
    assert "Forgotten must call self.start_with(state, data) in __init__" in str(reason)


async def test_a_subscriber_that_has_stopped_is_forgotten(system, fsm, testkit):
    class Quiet(Actor):
        def receive(self, message):
            pass

    subscriber = system.spawn(Quiet)
    fsm.tell(SubscribeTransitions(subscriber))
    await testkit.settle()
    await system.graceful_stop(subscriber)
    fsm.tell("go")
    await fsm.ask("where?")
    assert system.dead_letters.count == 0
