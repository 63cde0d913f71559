"""Bad input and failure: one outcome for each case. The table in docs/troubleshooting.md says the same in words.

Cases that have their place elsewhere: a full mailbox in test_mailboxes.py, a parent that stops while its child restarts
in test_lifecycle.py, a handler that is cancelled there and in test_supervision.py, one that blocks in test_tell.py, and
journals that are full, locked or broken in tests/persistence.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from actors import Actor, ActorNotFound, ActorSystem, AskTimeout, DeadLetter, InvalidActorName, Props, Terminated
from tests.core.actors_for_tests import Parent, Recorder, Worker, calm, do, worker


async def test_a_handler_that_raises_answers_nothing_and_the_time_out_says_that_it_may_have_failed(
    system: ActorSystem,
) -> None:
    ref = system.spawn(Worker, "fails")
    with pytest.raises(AskTimeout, match=r"(?s)or did it fail\? restarts so far: 1"):
        await ref.ask(ValueError("boom"), 2)


async def test_a_handler_that_never_returns_holds_up_nobody_but_its_own_mail(system: ActorSystem) -> None:
    stuck, other = system.spawn(Worker, "stuck"), system.spawn(Worker)
    stuck.tell(("sleep", 1e9))
    assert await other.ask("count") == 1
    with pytest.raises(AskTimeout, match="still queued, as one of 1; the target is handling a tuple"):
        await stuck.ask("count", 1)


async def test_an_actor_that_swallows_every_cancellation_is_named_and_the_shutdown_goes_on(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    free = asyncio.Event()

    async def hold_on(actor: Actor) -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    system = ActorSystem("stubborn", settings(stop_grace=1.0, phase_timeouts={"actor-system-terminate": 5.0}))
    system.spawn(Worker, "mule").tell(hold_on)
    await calm(system)
    began = system.clock.time()
    await system.terminate()
    assert system.clock.time() - began < 6
    assert "the handler of function has waited 4 s more: it is cancelled" in caplog.text
    assert "still pending: actors://stubborn/user/mule" in caplog.text
    free.set()
    await system.clock.sleep(1)


async def test_a_message_to_a_dead_actor_is_a_dead_letter_that_names_all_three(system: ActorSystem) -> None:
    letters: list[Any] = []
    listener = system.spawn(Props(Recorder, letters))
    system.event_stream.subscribe(listener, DeadLetter)
    dead = system.spawn(Worker, "dead")
    await system.graceful_stop(dead)
    dead.tell("too late", listener)
    await calm(system)
    assert letters == [DeadLetter("too late", listener, dead)]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "must be a string that is not empty"),
        (7, "must be a string that is not empty, not 7"),
        ("$mine", r"starts with '\$'"),
        ("a/b", "has a character that may not be in a path"),
        ("taken", "has a child 'taken' already"),
    ],
)
async def test_a_bad_name_is_refused_with_its_rule_and_nothing_is_made(
    system: ActorSystem, name: Any, why: str
) -> None:
    system.spawn(Worker, "taken")
    before = str(system.tree())
    with pytest.raises(InvalidActorName, match=why):
        system.spawn(Worker, name)
    assert str(system.tree()) == before


async def test_a_ref_of_another_system_on_this_loop_works_like_ones_own(system: ActorSystem, settings: Any) -> None:
    heard: list[Any] = []
    async with ActorSystem("other", settings()) as other:
        theirs = other.spawn(Worker, "theirs")
        ours = system.spawn(Props(Parent, None, heard))

        async def ask(actor: Actor) -> Any:
            return await theirs.ask("count")

        assert await do(system.spawn(Worker), ask) == 1
        await ours.ask(("watch", theirs))
        other.stop(theirs)
        await calm(system)
        assert heard == [Terminated(theirs)]
        with pytest.raises(ValueError, match="can stop only its children and itself"):
            await do(system.spawn(Worker), lambda actor: raises(actor.context.stop, ours))


def raises(function: Any, *args: Any) -> Any:
    """Answers with what it raises, instead of failing."""
    from actors import Failure

    try:
        function(*args)
    except Exception as error:
        return Failure(error)
    return "nothing was raised"


@pytest.mark.real
async def test_a_ref_of_a_system_of_another_thread_may_be_told_and_an_ask_says_what_to_do() -> None:
    ready, done = threading.Event(), threading.Event()
    there: dict[str, Any] = {}

    async def elsewhere() -> None:
        async with ActorSystem("there") as system:
            there.update(system=system, ref=system.spawn(Worker))
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(elsewhere()))
    thread.start()
    try:
        assert await asyncio.to_thread(ready.wait, 10)
        there["ref"].tell("count")
        with pytest.raises(RuntimeError, match="run_coroutine_threadsafe"):
            await there["ref"].ask("count")
        asked = asyncio.run_coroutine_threadsafe(there["ref"].ask("count"), there["system"].loop)
        assert await asyncio.wrap_future(asked) == 2
    finally:
        done.set()
        await asyncio.to_thread(thread.join)


async def test_an_ask_from_another_thread_is_refused_while_an_actor_is_at_work_too(system: ActorSystem) -> None:
    ref, refused = system.spawn(Worker), []

    def ask_elsewhere(actor: Any) -> None:
        def ask() -> None:
            question = actor.ref.ask("count")
            try:
                question.send(None)
            except RuntimeError as error:
                refused.append(str(error))
            finally:
                question.close()

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    await do(ref, ask_elsewhere)
    assert "was asked from another thread" in refused[0]


async def test_an_actor_that_stops_itself_while_asked_lets_the_asker_know_at_the_time_out(system: ActorSystem) -> None:
    class Quits(Actor):
        def receive(self, message: Any) -> None:
            self.context.stop(self.ref)

    with pytest.raises(AskTimeout, match="within 2 s: the target has stopped"):
        await system.spawn(Quits).ask("anything", 2)


async def test_a_child_that_fails_while_its_parent_stops_ends_with_it(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    diary: list[Any] = []

    class Mother(Parent):
        def pre_start(self) -> None:
            self.child = self.context.spawn(worker(diary), "child")

    mother = system.spawn(Mother)

    async def fail_late(actor: Actor) -> None:
        await actor.context.system.clock.sleep(1)
        raise ValueError("while stopping")

    child = await do(mother, lambda actor: actor.child)
    child.tell(fail_late)
    await calm(system)
    await system.graceful_stop(mother, 10)
    assert child.is_terminated
    assert diary[-1] == "post_stop"
    assert diary.count("init") == 1, "it is not restarted"


async def test_an_ask_that_is_left_unhandled_says_so_and_by_whom(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    class Deaf(Actor):
        """Defines no receive."""

    caplog.set_level("INFO", "actors")
    deaf = system.spawn(Deaf, "deaf")

    class Passes(Actor):
        def receive(self, message: Any) -> None:
            deaf.forward(message, self.context)

    with pytest.raises(
        AskTimeout, match="within 1 s: actors://test/user/deaf has no case for it and left it unhandled"
    ):
        await system.spawn(Passes).ask("hello", 1)
    assert "unhandled: str from actors://test/temp/" in caplog.text


async def test_an_actor_that_asks_itself_is_told_why_no_answer_can_come(system: ActorSystem, world: Any) -> None:
    async def ask_oneself(actor: Actor) -> Any:
        return await actor.ref.ask("count", 1)

    async def try_to(actor: Actor) -> str:
        with pytest.raises(AskTimeout) as caught:
            await ask_oneself(actor)
        return str(caught.value)

    words = await do(system.spawn(Worker, "self"), try_to)
    assert ("still queued" if world.dispatcher == "task" else "it asks itself, and handles nothing") in words


async def test_a_selection_of_nobody_says_how_far_its_path_leads(system: ActorSystem) -> None:
    system.spawn(Worker, "shop")
    with pytest.raises(ActorNotFound, match="user/shop, which has not started yet has no child 'till'"):
        await system.actor_selection("/user/shop/till").resolve_one()
    await calm(system)
    with pytest.raises(
        ActorNotFound, match=r"nobody is at '../user/../user/shop/till' in the system 'test': .*/user/shop has no child"
    ):
        await system.actor_selection("../user/../user/shop/till").resolve_one()
    with pytest.raises(ActorNotFound, match=r"nobody is at '/user/\*/till' in the system 'test'$"):
        await system.actor_selection("/user/*/till").resolve_one()


def test_a_class_that_needs_arguments_is_refused_where_it_is_spawned_without() -> None:
    class Needs(Actor):
        def __init__(self, what: str) -> None: ...

    with pytest.raises(TypeError, match=r"Needs cannot be made without arguments .*'what'.*: spawn Props\(Needs, …\)"):
        Props.of(Needs)
    with pytest.raises(TypeError):
        Props.of(Needs)


@pytest.mark.parametrize("thing", ["a text", 7, None])
async def test_what_is_no_ref_cannot_be_watched(system: ActorSystem, thing: Any) -> None:
    with pytest.raises(TypeError, match="can watch an ActorRef, not"):
        await do(system.spawn(Worker), lambda actor: raises(actor.context.watch, thing))


async def test_a_selection_cannot_be_watched_and_the_error_says_how_to_get_a_ref(system: ActorSystem) -> None:
    def watch(actor: Actor) -> Any:
        return raises(actor.context.watch, actor.context.actor_selection("/user/*"))

    with pytest.raises(TypeError, match=r"resolve_one\(\) finds the ref"):
        await do(system.spawn(Worker), watch)
