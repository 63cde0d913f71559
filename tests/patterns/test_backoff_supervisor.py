"""When a child is started again, how much later, and when no more."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    Actor,
    DeadLetter,
    Directive,
    OneForOneStrategy,
    PoisonPill,
    Props,
)
from actors.patterns import (
    Backoff,
    BackoffSupervisor,
    CurrentChild,
    GetCurrentChild,
    GetRestartCount,
    Reset,
    RestartCount,
)

EXACT = Backoff(3, 30, random_factor=0)


class Child(Actor):
    """Tells `starts` when it starts; fails, stops, answers or tells its parent as it is told."""

    def __init__(self, starts):
        self.starts = starts

    def pre_start(self):
        self.starts.append(self.context.system.clock.time())

    def receive(self, message):
        match message:
            case BaseException():
                raise message
            case "stop":
                self.context.stop(self.ref)
            case "tell your parent":
                self.context.parent.tell("from the child", self.ref)
            case _:
                self.reply(("child", message))


@pytest.fixture
def starts():
    return []


def gaps(starts):
    return [later - earlier for earlier, later in pairwise(starts)]


@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(0))
def test_a_delay_doubles_up_to_the_cap_and_jitter_comes_on_top(attempts, factor, seed):
    delay = Backoff(3, 30, factor).delay(attempts, random.Random(seed))
    base = min(30.0, 3.0 * 2 ** min(attempts, 10))
    assert base <= delay <= base * (1 + factor)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Backoff(0, 1), "min_backoff must be a number of seconds above 0, not 0"),
        (lambda: Backoff(2, 1), r"max_backoff \(1 s\) must be at least min_backoff \(2 s\)"),
        (lambda: Backoff(1, 2, 1.5), "random_factor must be a number from 0 to 1, not 1.5"),
        (lambda: BackoffSupervisor.on_stop(Child, EXACT, auto_reset=31), "auto_reset must be from min_backoff"),
        (lambda: BackoffSupervisor.on_stop(Child, EXACT, max_retries=-2), "max_retries"),
    ],
)
def test_bad_arguments_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        make()


async def test_a_child_that_keeps_failing_is_started_after_3_6_12_24_30_and_30_seconds(system, testkit, starts):
    supervisor = system.spawn(BackoffSupervisor.on_failure(Props(Child, starts), EXACT))
    for _ in range(6):
        supervisor.tell(ValueError("again"))
        await testkit.advance(30)
        await testkit.advance(0.5)
    assert len(starts) == 7
    assert await supervisor.ask(GetRestartCount()) == RestartCount(0)  # each lived for more than 3 s at last


async def test_the_delays_are_3_6_12_24_30_and_30_seconds(system, testkit, starts):
    class Hopeless(Child):
        def pre_start(self):
            super().pre_start()
            self.ref.tell(ValueError("at once"))

    system.spawn(BackoffSupervisor.on_failure(Props(Hopeless, starts), EXACT))
    await testkit.advance(106)
    assert gaps(starts) == pytest.approx([3, 6, 12, 24, 30, 30])


async def test_a_child_that_has_lived_long_enough_begins_with_the_first_delay_again(system, testkit, starts):
    supervisor = system.spawn(BackoffSupervisor.on_failure(Props(Child, starts), EXACT, auto_reset=5))
    await testkit.settle()
    supervisor.tell(ValueError("first"))
    await testkit.advance(3 + 4.9)
    assert await supervisor.ask(GetRestartCount()) == RestartCount(1)
    supervisor.tell(ValueError("before the reset"))
    await testkit.advance(6 + 5.1)
    assert await supervisor.ask(GetRestartCount()) == RestartCount(0)
    assert gaps(starts) == pytest.approx([3, 4.9 + 6])


async def test_without_auto_reset_the_count_goes_back_when_someone_says_so(system, testkit, starts):
    supervisor = system.spawn(BackoffSupervisor.on_failure(Props(Child, starts), EXACT, auto_reset=False))
    supervisor.tell(ValueError("first"))
    await testkit.advance(1000)
    assert await supervisor.ask(GetRestartCount()) == RestartCount(1)
    supervisor.tell(Reset())
    assert await supervisor.ask(GetRestartCount()) == RestartCount(0)


async def test_on_failure_a_child_that_stops_by_itself_takes_the_supervisor_along(system, probe, starts):
    supervisor = system.spawn(BackoffSupervisor.on_failure(Props(Child, starts), EXACT))
    probe.watch(supervisor)
    supervisor.tell("stop")
    await probe.expect_terminated(supervisor)


async def test_on_failure_other_verdicts_than_restart_are_done_as_they_are(system, testkit, starts):
    strategy = OneForOneStrategy(decider={ValueError: Directive.RESUME})
    supervisor = system.spawn(BackoffSupervisor.on_failure(Props(Child, starts), EXACT, supervisor_strategy=strategy))
    supervisor.tell(ValueError("never mind"))
    assert await supervisor.ask("x") == ("child", "x")
    assert len(starts) == 1


@pytest.mark.parametrize("end", ["stop", ValueError("an error")], ids=["stop", "error"])
async def test_on_stop_any_end_is_followed_by_a_delayed_start(system, testkit, starts, end):
    supervisor = system.spawn(BackoffSupervisor.on_stop(Props(Child, starts), EXACT))
    await testkit.settle()
    supervisor.tell(end)
    await testkit.advance(2.9)
    assert len(starts) == 1
    await testkit.advance(0.2)
    assert await supervisor.ask("x") == ("child", "x")
    assert gaps(starts) == pytest.approx([3])


async def test_on_stop_with_akka_s_own_strategy_an_error_restarts_at_once(system, testkit, starts):
    supervisor = system.spawn(
        BackoffSupervisor.on_stop(Props(Child, starts), EXACT, supervisor_strategy=OneForOneStrategy())
    )
    supervisor.tell(ValueError("x"))
    await testkit.settle()
    assert gaps(starts) == [0]


async def test_on_stop_a_final_stop_is_for_good(system, probe, starts):
    supervisor = system.spawn(
        BackoffSupervisor.on_stop(Props(Child, starts), EXACT, final_stop=lambda message: message == "stop")
    )
    probe.watch(supervisor)
    supervisor.tell("stop")
    await probe.expect_terminated(supervisor)
    assert len(starts) == 1


async def test_after_max_retries_the_supervisor_stops(system, testkit, probe, starts):
    supervisor = system.spawn(BackoffSupervisor.on_stop(Props(Child, starts), EXACT, max_retries=2, auto_reset=False))
    probe.watch(supervisor)
    for _ in range(2):
        supervisor.tell("stop")
        await testkit.advance(7)
        assert not supervisor.is_terminated
    supervisor.tell("stop")
    await probe.expect_terminated(supervisor)
    assert len(starts) == 3


async def test_messages_during_a_delay_are_dead_letters_or_answered_as_was_said(system, testkit, probe, starts):
    system.event_stream.subscribe(probe.ref, DeadLetter)
    silent = system.spawn(BackoffSupervisor.on_stop(Props(Child, starts), EXACT))
    polite = system.spawn(BackoffSupervisor.on_stop(Props(Child, starts), EXACT, reply_while_stopped="come back"))
    for supervisor in (silent, polite):
        supervisor.tell("stop")
        await testkit.settle()
        assert await supervisor.ask(GetCurrentChild()) == CurrentChild(None)
    silent.tell("x")
    assert (await probe.expect_msg_class(DeadLetter)).recipient == silent
    assert await polite.ask("x") == "come back"
    await testkit.advance(10)


async def test_the_child_s_words_to_its_parent_go_to_the_supervisor_s_parent(system, testkit, starts):
    class Parent(Actor):
        def __init__(self, told):
            self.told = told

        def pre_start(self):
            self.supervisor = self.context.spawn(BackoffSupervisor.on_stop(Props(Child, starts), EXACT))
            self.supervisor.tell("tell your parent")

        def receive(self, message):
            self.told.append((message, self.sender == self.supervisor))

    told = []
    system.spawn(Props(Parent, told))
    await testkit.settle()
    assert told == [("from the child", True)]


async def test_stopping_the_supervisor_stops_the_child_and_starts_none(system, testkit, probe, starts):
    supervisor = system.spawn(BackoffSupervisor.on_stop(Props(Child, starts), EXACT))
    child = (await supervisor.ask(GetCurrentChild())).ref
    supervisor.tell(PoisonPill())
    await probe.expect_terminated(child)
    await probe.expect_terminated(supervisor)
    await testkit.advance(100)
    assert len(starts) == 1
