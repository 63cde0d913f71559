from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    Actor,
    ActorInitializationError,
    ActorSystem,
    AllForOneStrategy,
    Directive,
    OneForOneStrategy,
    PostRestartError,
    Props,
    Settings,
    StoppingStrategy,
    Terminated,
    default_decider,
)
from tests.core.actors_for_tests import Parent, Worker, calm, do, spawn_in, worker


def always(directive: Directive) -> OneForOneStrategy:
    return OneForOneStrategy(decider=lambda error: directive)


async def test_resume_keeps_the_state_and_drops_the_message(system: ActorSystem) -> None:
    parent = system.spawn(Props(Parent, always(Directive.RESUME)))
    child = await spawn_in(parent, Worker)
    await child.ask("count")
    child.tell(ValueError("boom"))
    assert await child.ask("count") == 2


async def test_restart_gives_a_new_instance_and_keeps_ref_and_mailbox(system: ActorSystem) -> None:
    child = system.spawn(Worker)
    await child.ask("count")
    child.tell(ValueError("boom"))
    answers = await asyncio.gather(child.ask("count"), child.ask("count"))
    assert sorted(answers) == [1, 2]


async def test_stop_ends_the_child_and_tells_watchers_why(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Any] = []
    parent = system.spawn(Props(Parent, always(Directive.STOP), heard))
    child = await spawn_in(parent, Worker, "child")
    await parent.ask(("watch", child))
    error = ValueError("boom")
    child.tell(error)
    await calm(system)
    assert heard == [Terminated(child)]
    assert heard[0].reason is error
    assert "child failed and is stopped: ValueError('boom')" in caplog.text


async def test_escalate_fails_the_parent_with_the_same_error(system: ActorSystem) -> None:
    error = ValueError("boom")
    seen: list[BaseException] = []

    def decide(failure: BaseException) -> Directive:
        seen.append(failure)
        return Directive.RESTART

    grandparent = system.spawn(Props(Parent, OneForOneStrategy(decider=decide)))
    parent = await spawn_in(grandparent, Props(Parent, always(Directive.ESCALATE)))
    child = await spawn_in(parent, Worker)
    child.tell(error)
    await calm(system)
    assert seen == [error]
    assert child.is_terminated, "a restart of the parent stops its children"
    assert not parent.is_terminated


async def test_resuming_a_parent_resumes_the_child_that_escalated(system: ActorSystem) -> None:
    grandparent = system.spawn(Props(Parent, always(Directive.RESUME)))
    parent = await spawn_in(grandparent, Props(Parent, always(Directive.ESCALATE)))
    child = await spawn_in(parent, Worker)
    sibling = await spawn_in(parent, Worker)
    child.tell(ValueError("boom"))
    await calm(system)
    assert await sibling.ask("count") == 1
    assert await child.ask("count") == 1


async def test_a_failure_escalated_past_the_guardian_ends_the_system(settings: Callable[..., Settings]) -> None:
    class Fatal(BaseException):
        pass

    system = ActorSystem("doomed", settings())
    system.spawn(Worker).tell(Fatal("not an Exception"))
    await system.when_terminated()
    assert system.is_terminated
    assert "Fatal" in (system.coordinated_shutdown.reason or "")


async def test_a_child_that_restarts_too_often_is_stopped(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    child = system.spawn(Worker, "weak")
    for _ in range(10):
        child.tell(ValueError("boom"))
        await calm(system)
    assert not child.is_terminated
    child.tell(ValueError("one too many"))
    await calm(system)
    assert child.is_terminated
    assert "restarted at most 10 times in 60.0 s" in caplog.text


async def test_the_window_opens_anew_after_it_has_passed(system: ActorSystem) -> None:
    child = system.spawn(Worker)
    for _ in range(3):
        for _ in range(10):
            child.tell(ValueError("boom"))
            await calm(system)
        await system.clock.sleep(61)
    assert await child.ask("count") == 1


@pytest.mark.parametrize(
    ("strategy", "times", "allowed"),
    [
        (OneForOneStrategy(-1, None), [0.0] * 50, 50),
        (OneForOneStrategy(-1, 10), [0.0, 1.0], 1),
        (OneForOneStrategy(-1, 10), [0.0, 11.0, 22.0], 3),
        (OneForOneStrategy(3, None), [0.0, 1e6, 1e9, 1e12], 3),
        (OneForOneStrategy(2, 10), [0.0, 9.0, 10.0], 2),
        (OneForOneStrategy(2, 10), [0.0, 9.0, 10.5, 11.0], 4),
        (OneForOneStrategy(0, 10), [0.0], 0),
    ],
)
def test_the_limit_of_restarts_is_akkas(strategy: OneForOneStrategy, times: list[float], allowed: int) -> None:
    history: tuple[int, float] | None = (0, 0.0)
    count = 0
    for time in times:
        assert history is not None
        history = strategy.allows_restart(history, time)
        if history is None:
            break
        count += 1
    assert count == allowed


@given(st.integers(1, 5), st.floats(0.1, 100), st.lists(st.floats(0, 50), max_size=40))
def test_never_more_restarts_in_one_window_than_allowed(limit: int, window: float, gaps: list[float]) -> None:
    strategy = OneForOneStrategy(limit, window)
    history: tuple[int, float] | None = (0, 0.0)
    now = 0.0
    for gap in gaps:
        now += gap
        assert history is not None
        history = strategy.allows_restart(history, now)
        if history is None:
            return
        assert 1 <= history[0] <= limit
        assert now - history[1] <= window


async def test_all_for_one_restarts_every_child(system: ActorSystem) -> None:
    parent = system.spawn(Props(Parent, AllForOneStrategy()))
    children = [await spawn_in(parent, Worker) for _ in range(3)]
    for child in children:
        assert await child.ask("count") == 1
    children[0].tell(ValueError("boom"))
    await calm(system)
    assert [await child.ask("count") for child in children] == [1, 1, 1]


async def test_all_for_one_stops_every_child_when_one_has_no_restart_left(system: ActorSystem) -> None:
    parent = system.spawn(Props(Parent, AllForOneStrategy(max_restarts=1, within=None)))
    children = [await spawn_in(parent, Worker) for _ in range(3)]
    children[0].tell(ValueError("boom"))
    await calm(system)
    children[1].tell(ValueError("boom"))
    await calm(system)
    assert [child.is_terminated for child in children] == [True, True, True]


async def test_all_for_one_resumes_only_the_one_that_failed(system: ActorSystem) -> None:
    parent = system.spawn(Props(Parent, AllForOneStrategy(decider=lambda error: Directive.RESUME)))
    one, other = [await spawn_in(parent, Worker) for _ in range(2)]
    await one.ask("count")
    await other.ask("count")
    one.tell(ValueError("boom"))
    await calm(system)
    assert [await one.ask("count"), await other.ask("count")] == [2, 2]


async def test_siblings_that_fail_together_are_restarted_and_go_on(system: ActorSystem) -> None:
    parent = system.spawn(Props(Parent, AllForOneStrategy(max_restarts=-1, within=None)))
    children = [await spawn_in(parent, Worker) for _ in range(4)]
    for child in children:
        child.tell(ValueError("boom"))
    await calm(system)
    assert [await child.ask("count") for child in children] == [1, 1, 1, 1]


async def test_parent_and_child_that_fail_together_leave_nobody_suspended(system: ActorSystem) -> None:
    class Keeper(Parent):
        def pre_restart(self, cause: BaseException, message: Any) -> None:
            """Keeps the children."""

    parent = system.spawn(Keeper)
    child = await spawn_in(parent, Worker)
    grandchild_parent = await spawn_in(parent, Parent)
    grandchild = await spawn_in(grandchild_parent, Worker)
    child.tell(ValueError("boom"))
    parent.tell(ValueError("boom"))
    await calm(system)
    assert await child.ask("count") == 1
    assert grandchild.is_terminated
    assert await parent.ask(lambda actor: "alive") == "alive"


async def test_an_escalation_that_ends_in_a_restart_leaves_no_kept_descendant_suspended(system: ActorSystem) -> None:
    class Keeper(Parent):
        def pre_restart(self, cause: BaseException, message: Any) -> None:
            """Keeps the children."""

    top = system.spawn(Props(Keeper, always(Directive.RESTART)))
    middle = await spawn_in(top, Props(Keeper, always(Directive.ESCALATE)))
    low = await spawn_in(middle, Props(Keeper, always(Directive.ESCALATE)))
    leaf = await spawn_in(low, Worker)
    leaf.tell(ValueError("boom"))
    await calm(system)
    for ref in (leaf, low, middle, top):
        assert await ref.ask(lambda actor: "takes messages") == "takes messages"


async def test_children_that_were_kept_are_restarted_with_their_parent(system: ActorSystem) -> None:
    class Keeper(Parent):
        def pre_restart(self, cause: BaseException, message: Any) -> None:
            """Keeps the children."""

    diary: list[Any] = []
    parent = system.spawn(Keeper)
    child = await spawn_in(parent, worker(diary), "kept")
    parent.tell(ValueError("boom"))
    await calm(system)
    assert not child.is_terminated
    assert ("post_restart", "ValueError") in diary
    assert await do(parent, lambda actor: actor.context.child("kept")) is child


async def test_a_restart_waits_for_the_children_it_stops(system: ActorSystem) -> None:
    order: list[str] = []

    class SlowEnd(Actor):
        async def post_stop(self) -> None:
            await self.context.system.clock.sleep(1)
            order.append("child stopped")

    class Mother(Parent):
        def post_restart(self, cause: BaseException) -> None:
            order.append("restarted")
            self.context.spawn(SlowEnd, "child")  # its name is free again

    parent = system.spawn(Mother)
    await spawn_in(parent, SlowEnd, "child")
    await calm(system)  # it has started: one that had not would have no post_stop
    parent.tell(ValueError("boom"))
    assert await parent.ask(lambda actor: "back") == "back"
    assert order == ["child stopped", "restarted"]


async def test_a_failed_actors_descendants_take_no_messages_until_the_verdict(system: ActorSystem) -> None:
    seen_during_restart: list[int] = []
    diary: list[Any] = []

    class Slow(Parent):
        async def pre_restart(self, cause: BaseException, message: Any) -> None:
            await self.context.system.clock.sleep(1)
            seen_during_restart.append(len(diary))

    parent = system.spawn(Slow)
    child = await spawn_in(parent, worker(diary))
    await calm(system)
    before = len(diary)
    parent.tell(ValueError("boom"))
    await calm(system)
    child.tell("meanwhile")
    await system.clock.sleep(2)
    assert seen_during_restart == [before]
    assert "meanwhile" in diary


async def test_a_failed_actor_can_be_stopped_before_its_parent_has_decided(system: ActorSystem) -> None:
    heard: list[Any] = []
    boss = system.spawn(Worker)
    watcher = system.spawn(Props(Parent, None, heard))
    child = await do(boss, lambda actor: actor.context.spawn(Worker))
    boss.tell(("sleep", 10))
    await calm(system)
    child.tell(ValueError("boom"))
    await calm(system)
    await watcher.ask(("watch", child))
    system.stop(child)
    await calm(system)
    assert heard == [Terminated(child)], "signals reach an actor that takes no messages"
    await system.clock.sleep(20)
    assert await boss.ask("count") == 1, "the late verdict is for nobody"


@pytest.mark.parametrize(
    ("directive", "level"),
    [
        (Directive.RESUME, "WARNING"),
        (Directive.RESTART, "ERROR"),
        (Directive.STOP, "ERROR"),
        (Directive.ESCALATE, None),
    ],
)
async def test_the_one_who_decides_logs_how(
    system: ActorSystem, caplog: pytest.LogCaptureFixture, directive: Directive, level: str | None
) -> None:
    parent = system.spawn(Props(Parent, always(directive)), "parent")
    child = await spawn_in(parent, Worker, "child")
    child.tell(ValueError("boom"))
    await calm(system)
    said = [record.levelname for record in caplog.records if "user/parent/child failed" in record.message]
    assert said == ([] if level is None else [level])


async def test_a_failing_constructor_at_a_restart_stops_the_actor_with_its_cause(system: ActorSystem) -> None:
    made: list[int] = []

    class Once(Worker):
        def __init__(self) -> None:
            super().__init__()
            made.append(1)
            if len(made) > 1:
                raise KeyError("no second time")

    heard: list[Any] = []
    parent = system.spawn(Props(Parent, None, heard))
    child = await spawn_in(parent, Once, "once")
    await parent.ask(("watch", child))
    child.tell(ValueError("boom"))
    await calm(system)
    assert isinstance(heard[0].reason, PostRestartError)
    assert isinstance(heard[0].reason.__cause__, KeyError)


async def test_a_failing_constructor_stops_the_actor(system: ActorSystem, caplog: pytest.LogCaptureFixture) -> None:
    class Bad(Actor):
        def __init__(self) -> None:
            raise ValueError("in the constructor")

    heard: list[Any] = []
    parent = system.spawn(Props(Parent, None, heard))
    child = await spawn_in(parent, Bad, "bad")
    await parent.ask(("watch", child))
    await calm(system)
    assert child.is_terminated
    assert isinstance(heard[0].reason, ActorInitializationError)
    assert "bad (Bad) failed in __init__: ValueError('in the constructor')" in caplog.text


async def test_a_failing_pre_start_stops_the_actor(system: ActorSystem) -> None:
    class Bad(Actor):
        async def pre_start(self) -> None:
            await self.context.system.clock.sleep(0.1)
            raise ValueError("in pre_start")

    ref = system.spawn(Bad)
    await system.clock.sleep(1)
    assert ref.is_terminated


async def test_a_failing_post_restart_stops_the_actor_by_default(system: ActorSystem) -> None:
    class Bad(Worker):
        def post_restart(self, cause: BaseException) -> None:
            raise ValueError("in post_restart")

    ref = system.spawn(Bad)
    ref.tell(ValueError("boom"))
    await calm(system)
    assert ref.is_terminated


async def test_an_error_in_pre_restart_is_logged_and_the_restart_goes_on(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    class Bad(Worker):
        def pre_restart(self, cause: BaseException, message: Any) -> None:
            raise KeyError("in pre_restart")

    ref = system.spawn(Bad)
    ref.tell(ValueError("boom"))
    assert await ref.ask("count") == 1
    assert "pre_restart failed: KeyError('in pre_restart')" in caplog.text


async def test_a_cancellation_that_leaves_a_handler_is_a_failure(system: ActorSystem) -> None:
    diary: list[Any] = []

    async def cancel_oneself(actor: Actor) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await actor.context.system.clock.sleep(10)

    ref = system.spawn(worker(diary))
    ref.tell(cancel_oneself)
    assert await ref.ask("count") == 1
    assert ("post_restart", "CancelledError") in diary


async def test_awaiting_a_cancelled_task_is_a_failure_and_not_the_end(system: ActorSystem) -> None:
    async def await_cancelled(actor: Actor) -> None:
        task = asyncio.ensure_future(asyncio.sleep(100))
        await asyncio.sleep(0)
        task.cancel()
        await task

    ref = system.spawn(Worker)
    ref.tell(await_cancelled)
    assert await ref.ask("count") == 1


async def test_a_strategy_that_raises_is_a_failure_of_the_parent(system: ActorSystem) -> None:
    def decide(error: BaseException) -> Directive:
        raise LookupError("in the decider")

    diary: list[str] = []

    class Mother(Parent):
        def post_restart(self, cause: BaseException) -> None:
            diary.append(repr(cause))

    parent = system.spawn(Props(Mother, OneForOneStrategy(decider=decide)))
    child = await spawn_in(parent, Worker)
    child.tell(ValueError("boom"))
    await calm(system)
    assert diary == ["LookupError('in the decider')"]
    assert child.is_terminated


async def test_stopping_strategy_stops_at_the_first_failure(system: ActorSystem) -> None:
    parent = system.spawn(Props(Parent, StoppingStrategy()))
    child = await spawn_in(parent, Worker)
    child.tell(ValueError("boom"))
    await calm(system)
    assert child.is_terminated


def test_a_decider_by_class_takes_the_most_specific_class() -> None:
    strategy = OneForOneStrategy(decider={Exception: Directive.STOP, LookupError: Directive.RESUME})
    assert strategy.decide(KeyError()) is Directive.RESUME
    assert strategy.decide(ValueError()) is Directive.STOP
    assert OneForOneStrategy(decider={KeyError: Directive.STOP}).decide(ValueError()) is Directive.RESTART


def test_the_default_decider_is_akkas() -> None:
    assert default_decider(ActorInitializationError("x")) is Directive.STOP
    assert default_decider(ValueError("x")) is Directive.RESTART
    assert default_decider(asyncio.CancelledError()) is Directive.RESTART
    assert default_decider(KeyboardInterrupt()) is Directive.ESCALATE


@pytest.mark.parametrize(("max_restarts", "within"), [(-2, 1), (1, 0), (1, -1)])
def test_a_limit_without_sense_is_refused(max_restarts: int, within: float) -> None:
    with pytest.raises(ValueError):
        OneForOneStrategy(max_restarts, within)


def test_no_window_is_infinite() -> None:
    assert OneForOneStrategy(3, None).within == math.inf
