from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors import Actor, ActorSystem, AskTimeout, DeadLetter, InvalidActorName, Kill, PoisonPill, Props, Terminated
from tests.core.actors_for_tests import Parent, Recorder, Worker, calm, do, spawn_in, worker


async def test_hooks_are_called_in_order_over_a_life_with_a_restart(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(worker(diary))
    ref.tell("a message")
    ref.tell(ValueError("boom"))
    ref.tell("another")
    await calm(system)
    await system.graceful_stop(ref)
    assert diary[:3] == ["init", "pre_start", "a message"]
    assert diary[3][:2] == ("pre_restart", "ValueError")
    assert str(diary[3][2]) == "boom"
    assert diary[4:] == ["post_stop", "init", ("post_restart", "ValueError"), "pre_start", "another", "post_stop"]


async def test_hooks_may_be_coroutines_and_messages_wait_for_them(system: ActorSystem) -> None:
    diary: list[str] = []

    class Gradual(Actor):
        async def pre_start(self) -> None:
            await self.context.system.clock.sleep(1)
            diary.append("started")

        def receive(self, message: Any) -> None:
            diary.append(message)

        async def post_stop(self) -> None:
            await self.context.system.clock.sleep(1)
            diary.append("stopped")

    ref = system.spawn(Gradual)
    ref.tell("message")
    await calm(system)
    assert diary == []
    await system.graceful_stop(ref)
    assert diary == ["started", "message", "stopped"]


async def test_the_context_is_there_in_the_constructor(system: ActorSystem) -> None:
    class Early(Actor):
        def __init__(self) -> None:
            self.child = self.context.spawn(Worker, "child")
            self.path = self.ref.path

        def receive(self, message: Any) -> None:
            self.reply((self.path, self.child.path))

    assert await system.spawn(Early, "early").ask("?") == (
        "actors://test/user/early",
        "actors://test/user/early/child",
    )


async def test_an_actor_made_by_calling_its_class_says_how_to_make_one() -> None:
    with pytest.raises(RuntimeError, match=r"made by system\.spawn"):
        _ = Worker().context


async def test_unnamed_actors_get_names_that_start_with_a_dollar(system: ActorSystem) -> None:
    assert [system.spawn(Worker).name for _ in range(3)] == ["$a", "$b", "$c"]


@pytest.mark.parametrize("name", ["", "$mine", "a/b", "ä", "a b", "%zz"])
async def test_a_name_that_breaks_the_rule_is_refused(system: ActorSystem, name: str) -> None:
    with pytest.raises(InvalidActorName):
        system.spawn(Worker, name)


async def test_a_duplicate_name_is_refused_until_the_death_of_its_holder(system: ActorSystem) -> None:
    first = system.spawn(Worker, "one")
    with pytest.raises(InvalidActorName, match="has a child 'one' already"):
        system.spawn(Worker, "one")
    await system.graceful_stop(first)
    second = system.spawn(Worker, "one")
    assert (second.path, second.uid != first.uid) == (first.path, True)


async def test_an_old_ref_never_reaches_a_new_actor_of_that_path(system: ActorSystem) -> None:
    diary: list[Any] = []
    old = system.spawn(worker([]), "one")
    await system.graceful_stop(old)
    system.spawn(worker(diary), "one")
    old.tell("for the old one")
    await calm(system)
    assert "for the old one" not in diary
    assert system.dead_letters.count == 1


async def test_stop_handles_the_current_message_and_drops_the_queue(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(worker(diary))
    ref.tell(lambda actor: actor.context.stop(actor.ref))
    ref.tell("queued")
    await system.graceful_stop(ref)
    assert "queued" not in diary
    assert diary[-1] == "post_stop"
    assert system.dead_letters.count >= 1


async def test_poison_pill_stops_after_what_came_before(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(worker(diary))
    for message in ("one", PoisonPill(), "two"):
        ref.tell(message)
    await calm(system)
    assert diary == ["init", "pre_start", "one", "post_stop"]
    assert system.dead_letters.count == 1


async def test_kill_is_a_failure_that_stops(system: ActorSystem, caplog: pytest.LogCaptureFixture) -> None:
    diary: list[Any] = []
    ref = system.spawn(worker(diary), "victim")
    ref.tell(Kill())
    await calm(system)
    assert ref.is_terminated
    assert diary[-1] == "post_stop"
    assert "ActorKilledError" in caplog.text


async def test_children_stop_before_their_parent(system: ActorSystem) -> None:
    order: list[str] = []

    class Nested(Actor):
        def __init__(self, depth: int) -> None:
            self.depth = depth
            if depth:
                self.context.spawn(Props(Nested, depth - 1), "child")

        async def post_stop(self) -> None:
            await self.context.system.clock.sleep(0.1)
            order.append(f"stopped {self.depth}")

    ref = system.spawn(Props(Nested, 3))
    await calm(system)
    await system.graceful_stop(ref)
    assert order == ["stopped 0", "stopped 1", "stopped 2", "stopped 3"]


async def test_a_stopping_actor_cannot_spawn(system: ActorSystem) -> None:
    errors: list[str] = []

    class Late(Actor):
        def post_stop(self) -> None:
            try:
                self.context.spawn(Worker)
            except RuntimeError as error:
                errors.append(str(error))

    await system.graceful_stop(system.spawn(Late, "late"))
    assert errors == ["actors://test/user/late cannot spawn Worker: it is stopping"]


async def test_only_children_and_itself_can_be_stopped_by_an_actor(system: ActorSystem) -> None:
    stranger = system.spawn(Worker)
    with pytest.raises(ValueError, match="tell that one a PoisonPill"):
        await do(system.spawn(Parent), lambda actor: _error_of(lambda: actor.context.stop(stranger)))


def _error_of(function: Any) -> Any:
    try:
        function()
    except Exception as error:
        return error
    return None


async def test_an_actor_that_was_stopped_before_it_started_never_gets_an_instance(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(worker(diary))
    system.stop(ref)
    await calm(system)
    assert ref.is_terminated
    assert diary == []


async def test_a_waiting_handler_is_cancelled_when_its_grace_is_over(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    diary: list[Any] = []
    ref = system.spawn(worker(diary))
    ref.tell(("sleep", 1000))
    await calm(system)
    began = system.clock.time()
    system.stop(ref)
    await system.graceful_stop(ref, 100)
    assert system.clock.time() - began == pytest.approx(3.0, abs=0.1)
    assert diary[-1] == "post_stop"
    assert "the handler of tuple has waited 3 s more" in caplog.text


async def test_a_waiting_handler_may_finish_within_the_grace(system: ActorSystem) -> None:
    ref = system.spawn(Worker)
    answer = asyncio.ensure_future(ref.ask(("sleep", 2)))
    await calm(system)
    system.stop(ref)
    assert await answer == "slept"


async def test_a_handler_that_swallows_its_cancellation_is_cancelled_again(system: ActorSystem) -> None:
    cancelled: list[float] = []

    class Stubborn(Actor):
        async def receive(self, message: Any) -> None:
            while len(cancelled) < 3:
                try:
                    await self.context.system.clock.sleep(1000)
                except asyncio.CancelledError:
                    cancelled.append(self.context.system.clock.time())

    ref = system.spawn(Stubborn)
    ref.tell("go")
    await calm(system)
    system.stop(ref)
    await system.graceful_stop(ref, 100)
    assert len(cancelled) == 3


async def test_an_error_in_post_stop_is_logged_and_the_stop_goes_on(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    class Bad(Actor):
        async def post_stop(self) -> None:
            raise ValueError("in post_stop")

    ref = system.spawn(Bad)
    assert isinstance(await system.graceful_stop(ref), Terminated)
    assert "post_stop failed: ValueError('in post_stop')" in caplog.text


async def test_the_rest_of_the_mailbox_becomes_dead_letters_after_post_stop(system: ActorSystem) -> None:
    letters: list[DeadLetter] = []
    system.event_stream.subscribe(system.spawn(Props(Recorder, letters)), DeadLetter)
    diary: list[Any] = []

    class Sure(Actor):
        def receive(self, message: Any) -> None:
            self.context.stop(self.ref)

        def post_stop(self) -> None:
            diary.append(len(letters))

    ref = system.spawn(Sure)
    for message in ("stop", "one", "two"):
        ref.tell(message)
    await calm(system)
    assert diary == [0]
    assert [letter.message for letter in letters] == ["one", "two"]


async def test_stopping_a_parent_while_a_child_restarts_stops_both(system: ActorSystem) -> None:
    class SlowRestart(Worker):
        async def pre_restart(self, cause: BaseException, message: Any) -> None:
            await self.context.system.clock.sleep(1)

    parent = system.spawn(Parent)
    child = await spawn_in(parent, SlowRestart)
    child.tell(ValueError("boom"))
    await calm(system)
    await system.graceful_stop(parent)
    assert child.is_terminated


async def test_graceful_stop_of_a_stopped_actor_returns_at_once(system: ActorSystem) -> None:
    ref = system.spawn(Worker)
    await system.graceful_stop(ref)
    assert (await system.graceful_stop(ref)).existence_confirmed is False


async def test_graceful_stop_says_what_an_actor_that_does_not_stop_in_time_is_doing(system: ActorSystem) -> None:
    ref = system.spawn(Worker, "slow")
    ref.tell(("sleep", 100))
    with pytest.raises(AskTimeout, match=r"user/slow has not stopped within 2 s: .*"):
        await system.graceful_stop(ref, 2)
    await system.graceful_stop(ref, 200)


async def test_graceful_stop_may_end_an_actor_by_a_message_of_its_own(system: ActorSystem) -> None:
    class Polite(Actor):
        def receive(self, message: Any) -> None:
            if message == "please":
                self.context.stop(self.ref)

    ref = system.spawn(Polite)
    assert await system.graceful_stop(ref, 2, "please") == Terminated(ref)


async def test_a_parent_may_wait_in_a_handler_for_the_end_of_its_child(system: ActorSystem) -> None:
    async def end_child(actor: Actor) -> Any:
        child = actor.context.spawn(Worker, "child")
        return await system.graceful_stop(child, 5)

    assert isinstance(await do(system.spawn(Worker), end_child), Terminated)


async def test_a_poison_pill_overtakes_what_is_stashed(system: ActorSystem) -> None:
    class Stashes(Actor):
        def receive(self, message: Any) -> None:
            self.context.stash()

    ref = system.spawn(Stashes)
    ref.tell("stashed")
    ref.tell(PoisonPill())
    await calm(system)
    assert ref.is_terminated
    assert system.dead_letters.count == 1


@pytest.mark.parametrize("guardian", ["/user", "/system"])
async def test_the_end_of_a_guardian_is_the_end_of_the_system(settings: Any, guardian: str) -> None:
    system = ActorSystem("headless", settings())
    ref = system.spawn(Worker)
    await calm(system)
    system.actor_selection(guardian).tell(PoisonPill())
    await system.when_terminated()
    assert ref.is_terminated
    assert system.coordinated_shutdown.reason == f"actors://headless{guardian} has stopped"


async def test_props_of_an_instance_says_to_pass_the_class() -> None:
    with pytest.raises(TypeError, match="pass the class and its arguments, not an instance"):
        Props(Worker())  # type: ignore[arg-type]


async def test_the_tree_shows_who_does_what(system: ActorSystem) -> None:
    parent = system.spawn(Parent, "parent")
    child = await spawn_in(parent, Worker, "child")
    child.tell(("sleep", 1))
    child.tell("queued")
    await calm(system)
    nodes = {node.path: node for node in system.tree().walk()}
    node = nodes["actors://test/user/parent/child"]
    assert (node.state, node.depth, node.handling, node.cls) == ("waiting", 1, "tuple", "Worker")
    assert "child  Worker, waiting, 1 queued, handling tuple" in str(system.tree())


async def test_the_end_of_many_children_lets_other_callbacks_run(system: ActorSystem) -> None:
    class Mother(Actor):
        def __init__(self) -> None:
            for _ in range(5000):
                self.context.spawn(Parent)

    mother = system.spawn(Mother)
    await calm(system)
    system.stop(mother)
    turns = 0
    while not mother.is_terminated:
        await asyncio.sleep(0)
        turns += 1
    assert turns > 5
