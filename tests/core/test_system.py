from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Actor,
    ActorIdentity,
    ActorNotFound,
    ActorSystem,
    Identify,
    Props,
    Settings,
    SettingsError,
    ShutdownAborted,
)
from actors.core.shutdown import PHASES
from tests.core.actors_for_tests import Parent, Recorder, Worker, calm, spawn_in


async def test_phases_run_in_order_and_the_tasks_of_one_at_the_same_time(settings: Callable[..., Settings]) -> None:
    system = ActorSystem("orderly", settings())
    diary: list[Any] = []

    def task(name: str, seconds: float) -> Any:
        async def run() -> None:
            await system.clock.sleep(seconds)
            diary.append((name, round(system.clock.time() - began, 2)))

        return run

    system.coordinated_shutdown.add_task("service-stop", "second", task("second", 1))
    system.coordinated_shutdown.add_task("service-unbind", "a", task("a", 2))
    system.coordinated_shutdown.add_task("service-unbind", "b", task("b", 1))
    began = system.clock.time()
    await system.terminate("a test")
    assert diary == [("b", 1.0), ("a", 2.0), ("second", 3.0)]
    assert system.coordinated_shutdown.reason == "a test"


async def test_a_task_that_fails_or_hangs_is_named_and_the_shutdown_goes_on(
    caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings]
) -> None:
    system = ActorSystem("resolute", settings(phase_timeouts={"service-stop": 2}))

    async def fail() -> None:
        raise ValueError("no")

    async def hang() -> None:
        await system.clock.sleep(1000)

    system.coordinated_shutdown.add_task("service-stop", "failing task", fail)
    system.coordinated_shutdown.add_task("service-stop", "hanging task", hang)
    began = system.clock.time()
    await system.terminate()
    assert system.clock.time() - began == pytest.approx(2, abs=0.1)
    assert "failing task failed, going on: ValueError('no')" in caplog.text
    assert "hanging task did not end within 2 s" in caplog.text


@pytest.mark.parametrize("takes_too_long", [False, True])
async def test_a_phase_that_must_not_fail_aborts_the_shutdown_which_can_be_tried_again(
    caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings], takes_too_long: bool
) -> None:
    system = ActorSystem("careful", settings(phase_recover={"service-stop": False}))
    ref = system.spawn(Worker)
    done: list[str] = []
    is_well = False

    async def hand_over() -> None:
        done.append("hand over")
        if not is_well:
            await system.clock.sleep(1000 if takes_too_long else 1)  # by then both have called
            raise ValueError("nobody took it")

    async def note(what: str) -> None:
        done.append(what)

    system.coordinated_shutdown.add_task("service-unbind", "unbind", lambda: note("unbind"))
    system.coordinated_shutdown.add_task("service-stop", "hand over", hand_over)
    system.coordinated_shutdown.add_task("cluster-leave", "leave", lambda: note("leave"))
    outcomes = await asyncio.gather(system.terminate("a test"), system.terminate(), return_exceptions=True)
    for error in outcomes:
        assert isinstance(error, ShutdownAborted)
        assert "aborted in service-stop: hand over" in str(error)
    assert "going on" not in caplog.text
    assert done == ["unbind", "hand over"]
    assert await ref.ask("count") == 1  # it works as before, and new actors too
    assert await system.spawn(Worker).ask("count") == 1
    assert not system.is_terminated

    is_well = True
    await system.terminate()
    assert done == ["unbind", "hand over", "hand over", "leave"]
    assert system.is_terminated


async def test_actors_that_do_not_stop_are_named(
    caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings]
) -> None:
    class Never(Actor):
        async def post_stop(self) -> None:
            await asyncio.sleep(60)

    system = ActorSystem("patient", settings())
    never = system.spawn(Never, "never")
    await calm(system)
    await system.terminate()
    assert "still pending: " in caplog.text
    assert "actors://patient/user/never (stopping)" in caplog.text
    await system.clock.sleep(60)
    assert never.is_terminated


async def test_of_many_actors_that_do_not_stop_a_few_are_named_and_the_others_counted(
    caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings]
) -> None:
    class Never(Actor):
        async def post_stop(self) -> None:
            await asyncio.sleep(60)

    system = ActorSystem("patient", settings())
    for _ in range(1000):
        system.spawn(Never)
    await calm(system)
    await system.terminate()
    assert "and 990 more" in caplog.text
    assert caplog.text.count("actors://patient/user/") == 10
    await system.clock.sleep(60)


async def test_terminate_twice_runs_once_and_both_wait(settings: Callable[..., Settings]) -> None:
    system = ActorSystem("once", settings())
    runs: list[int] = []

    async def task() -> None:
        runs.append(1)
        await system.clock.sleep(1)

    system.coordinated_shutdown.add_task("service-stop", "task", task)
    await asyncio.gather(system.terminate(), system.terminate(), system.when_terminated())
    assert runs == [1]


async def test_an_actor_may_terminate_its_system(settings: Callable[..., Settings]) -> None:
    class Ender(Actor):
        async def receive(self, message: Any) -> None:
            await self.context.system.terminate("an actor said so")

    system = ActorSystem("ended", settings())
    system.spawn(Ender).tell("end")
    await system.when_terminated()
    assert system.coordinated_shutdown.reason == "an actor said so"


async def test_unknown_phases_are_refused(system: ActorSystem, settings: Callable[..., Settings]) -> None:
    with pytest.raises(ValueError, match="there is no shutdown phase 'service-stopp'"):
        system.coordinated_shutdown.add_task("service-stopp", "x", system.when_terminated)
    with pytest.raises(ValueError, match="unknown phases"):
        ActorSystem("x", settings(phase_timeouts={"nonsense": 1}))
    with pytest.raises(ValueError, match="phase_recover names unknown phases"):
        ActorSystem("x", settings(phase_recover={"nonsense": False}))


def test_the_phases_are_akkas() -> None:
    assert next(iter(PHASES)) == "before-service-unbind"
    assert list(PHASES)[-1] == "actor-system-terminate"
    assert PHASES["actor-system-terminate"] == 10.0


async def test_a_terminating_system_spawns_nothing(settings: Callable[..., Settings]) -> None:
    system = ActorSystem("over", settings())
    await system.terminate()
    with pytest.raises(RuntimeError, match="the system 'over' terminates"):
        system.spawn(Worker)


def test_a_system_needs_a_running_loop() -> None:
    with pytest.raises(RuntimeError, match="needs a running event loop"):
        ActorSystem("early")


async def test_actors_below_system_stop_after_those_below_user(settings: Callable[..., Settings]) -> None:
    order: list[str] = []

    class Ends(Actor):
        async def post_stop(self) -> None:
            await self.context.system.clock.sleep(0.1)
            order.append(self.ref.path)

    async with ActorSystem("two", settings()) as system:
        system.spawn_system(Ends, "service")
        system.spawn(Ends, "app")
        await calm(system)
    assert order == ["actors://two/user/app", "actors://two/system/service"]


async def test_random_numbers_are_repeatable_by_seed(settings: Callable[..., Settings]) -> None:
    numbers = []
    for _ in range(2):
        async with ActorSystem("seeded", settings(seed=7)) as system:
            numbers.append((system.random.random(), system.spawn(Worker).uid))
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("throughput", 0), ("throughput", 1.5), ("turn", 0), ("turn", "1"), ("ask_timeout", -1), ("seed", "x"),
        ("stash_capacity", -2), ("log_dead_letters_suspend", -1), ("phase_timeouts", {"service-stop": 0}),
        ("log_dead_letters_during_shutdown", "no"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_refused_with_its_name(name: str, value: Any) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_mapping({name: value})


def test_an_unknown_setting_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="unknown setting 'troughput'; did you mean 'throughput'"):
        Settings.from_mapping({"troughput": 3})


async def test_selections_find_by_wildcard_parent_and_relative_path(system: ActorSystem) -> None:
    seen: list[Any] = []
    parent = system.spawn(Parent, "parent")
    for name in ("worker-1", "worker-2", "other"):
        await spawn_in(parent, Props(Recorder, seen), name)
    system.actor_selection("/user/parent/worker-?").tell("hello")
    await calm(system)
    assert seen == ["hello", "hello"]

    def names(path: str) -> list[str]:
        return [ref.name for ref in system.actor_selection(path).refs()]

    assert names("parent/*") == ["worker-1", "worker-2", "other"]
    assert names("/user/parent/other/../worker-1") == ["worker-1"]
    assert names("actors://test/user/parent") == ["parent"]


async def test_a_selection_resolves_to_a_ref_or_says_that_nobody_is_there(system: ActorSystem) -> None:
    ref = system.spawn(Worker, "worker")
    assert await system.actor_selection("/user/worker").resolve_one() is ref
    with pytest.raises(ActorNotFound, match="nobody is at '/user/nobody'"):
        await system.actor_selection("/user/nobody").resolve_one()


async def test_a_message_to_a_selection_of_nobody_is_a_dead_letter(system: ActorSystem) -> None:
    system.actor_selection("/user/nobody").tell("x")
    assert system.dead_letters.count == 1


async def test_identify_is_answered_by_the_living_and_for_the_missing(system: ActorSystem) -> None:
    ref = system.spawn(Worker)
    assert await ref.ask(Identify(1)) == ActorIdentity(1, ref)
    await system.graceful_stop(ref)
    assert await ref.ask(Identify(2)) == ActorIdentity(2, None)


async def test_wall_clock_time_moves_with_the_loop_in_virtual_time(system: ActorSystem) -> None:
    wall, date = system.clock.wall(), system.clock.now()
    await system.clock.sleep(100)
    assert system.clock.wall() - wall == pytest.approx(100, abs=0.5)
    assert (system.clock.now() - date).total_seconds() == pytest.approx(100, abs=0.5)
