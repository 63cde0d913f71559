"""The observer: what it shows of a system, and that nothing of it is on the way while nobody looks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from actors import Actor, ActorRef, ActorSystem, Props
from actors.core.ref import LocalRef
from actors.observer import Observer, serve
from actors.observer.observer import Pictures
from actors.observer.records import MAX_FAILED, MAX_GROUPS
from actors.observer.snapshot import MAX_ACTORS, MAX_SIBLINGS


class Worker(Actor):
    """Fails with an error that it is told, waits as long as a number says, and ignores the rest."""

    async def receive(self, message: Any) -> None:
        if isinstance(message, Exception):
            raise message
        if isinstance(message, float):
            await self.context.system.clock.sleep(message)


class Parent(Actor):
    def __init__(self, children: int) -> None:
        self._children = children

    def pre_start(self) -> None:
        for _ in range(self._children):
            self.context.spawn(Worker)

    def receive(self, message: Any) -> None:
        pass


@pytest.fixture
async def system() -> AsyncIterator[ActorSystem]:
    async with ActorSystem("seen") as made:
        yield made


@pytest.fixture
async def observer(system: ActorSystem) -> AsyncIterator[Observer]:
    made = await Observer.of(system)
    yield made
    await made.close()


async def picture_of(viewer: Pictures) -> dict[str, Any]:
    text = await viewer.get()
    assert text is not None
    picture: dict[str, Any] = json.loads(text)
    return picture


def handler_of(ref: ActorRef[Any]) -> Any:
    assert isinstance(ref, LocalRef)
    return ref._cell.receive


def named(picture: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (actor for actor in picture["actors"] if actor["name"] == name)
    return found  # type: ignore[no-any-return]


async def test_nothing_is_on_the_way_of_a_message_while_nobody_looks(system: ActorSystem, observer: Observer) -> None:
    old = system.spawn(Worker, "old")
    await system.clock.sleep(1)
    bare = handler_of(old)
    assert bare.__self__.__class__ is Worker, "with an observer that nobody watches, the handler is the actor's own"
    first, second = await observer.watch(), await observer.watch()
    new = system.spawn(Worker, "new")
    await system.clock.sleep(1)
    assert handler_of(old) != bare
    await observer.unwatch(first)
    assert observer.is_watched
    await observer.unwatch(second)
    assert not observer.is_watched
    assert handler_of(old) == bare
    assert handler_of(new).__self__.__class__ is Worker
    assert len(asyncio.all_tasks()) == 1, "its tasks have ended"


async def test_a_picture_has_what_each_actor_does(system: ActorSystem, observer: Observer) -> None:
    worker = system.spawn(Worker, "worker")
    viewer = await observer.watch()
    await picture_of(viewer)
    worker.tell("one")
    worker.tell(30.0)
    for _ in range(5):
        worker.tell("waits")
    await system.clock.sleep(0.5)
    seen = named(await picture_of(viewer), "worker")
    assert {key: seen[key] for key in ("class", "state", "depth", "messages", "handling", "parent")} == {
        "class": "Worker",
        "state": "waiting",
        "depth": 5,
        "messages": 2,
        "handling": "float",
        "parent": "actors://seen/user",
    }
    await observer.unwatch(viewer)


async def test_an_actor_that_hangs_is_seen_as_it_is(system: ActorSystem, observer: Observer) -> None:
    """It is not asked: its mailbox stays as it is."""
    system.spawn(Worker, "hangs").tell(1e9)
    viewer = await observer.watch()
    await picture_of(viewer)
    seen = named(await picture_of(viewer), "hangs")
    assert (seen["handling"], seen["depth"]) == ("float", 0)
    actor = await observer.find("actors://seen/user/hangs")
    assert actor is not None
    async with observer.looking_into(actor):
        assert observer.details(actor)["handling"] == "float"
    await observer.unwatch(viewer)


async def test_failures_and_dead_letters_from_before_anybody_looked_are_shown(
    system: ActorSystem, observer: Observer
) -> None:
    worker, gone = system.spawn(Worker, "worker"), system.spawn(Worker, "gone")
    await system.graceful_stop(gone)
    for number in range(3):
        worker.tell(ValueError(f"bad {number}"))
        gone.tell("hello", worker)
    await system.clock.sleep(1)
    viewer = await observer.watch()
    picture = await picture_of(viewer)
    assert named(picture, "worker")["restarts"] == 3
    (failure,) = picture["failures"]
    assert (failure["actor"], failure["error"], failure["count"]) == (worker.path, "ValueError: bad 2", 3)
    (group,) = picture["deadLetters"]["groups"]
    assert (group["sender"], group["recipient"], group["message"]) == (worker.path, gone.path, "str")
    assert (group["reason"], group["count"], picture["deadLetters"]["count"]) == ("the receiver has stopped", 3, 3)
    await observer.unwatch(viewer)


async def test_what_is_kept_is_bounded(system: ActorSystem, observer: Observer) -> None:
    for number in range(MAX_FAILED + 50):
        name = f"w{number}"
        system.spawn(Worker, name).tell(ValueError("no"))
    await system.clock.sleep(1)
    for child in system.tree().children:
        for one in child.children:
            system.stop(one.ref)
            one.ref.tell("late")
    await system.clock.sleep(1)
    assert len(observer._failures._by_path) == MAX_FAILED
    assert len(observer._dead_letters._groups) == MAX_GROUPS


async def test_of_very_many_actors_the_busiest_are_shown_and_the_others_counted(
    system: ActorSystem, observer: Observer
) -> None:
    for number in range(12):
        system.spawn(Props(Parent, 400), f"p{number:02}")
    await system.clock.sleep(1)
    (busy,) = (each for each in system.tree().walk() if each.path == "actors://seen/user/p00/$z")
    busy.ref.tell(1e9)
    for _ in range(9):
        busy.ref.tell("waits")
    viewer = await observer.watch()
    picture = await picture_of(viewer)
    shown = [actor["path"] for actor in picture["actors"]]
    assert MAX_SIBLINGS < len(shown) <= MAX_ACTORS
    assert picture["total"] == 12 * 401 + 3
    assert len(shown) + sum(picture["hidden"].values()) == picture["total"]
    assert busy.path in shown
    classes = {each["class"]: each for each in picture["classes"]}
    assert (classes["Worker"]["actors"], classes["Worker"]["deepest"]) == (4800, 9)
    await observer.unwatch(viewer)


async def test_one_actor_is_timed_by_type_of_message_while_it_is_looked_into(
    system: ActorSystem, observer: Observer
) -> None:
    worker = system.spawn(Worker, "worker")
    viewer = await observer.watch()
    await picture_of(viewer)
    actor = await observer.find(worker.path)
    assert actor is not None
    async with observer.looking_into(actor):
        worker.tell("text")
        for seconds in (0.2, 0.4):
            worker.tell(seconds)
        worker.tell(ValueError("no"))
        await system.clock.sleep(1)
        kinds = {kind["type"]: kind for kind in observer.details(actor)["kinds"]}
        assert (kinds["float"]["count"], kinds["str"]["count"]) == (2, 1)
        assert kinds["ValueError"]["failures"] == 1
    worker.tell("after")
    await system.clock.sleep(1)
    assert observer.details(actor)["kinds"] == []
    await observer.unwatch(viewer)


async def test_the_lag_of_the_loop_is_measured(system: ActorSystem, observer: Observer) -> None:
    viewer = await observer.watch()
    await picture_of(viewer)
    lag = (await picture_of(viewer))["loop"]
    assert lag == {"longest": pytest.approx(0, abs=0.01), "mean": pytest.approx(0, abs=0.01)}
    await observer.unwatch(viewer)


async def test_a_slow_viewer_gets_the_newest_picture(system: ActorSystem, observer: Observer) -> None:
    viewer = await observer.watch()
    await system.clock.sleep(20.5)
    assert viewer.qsize() == 1
    assert (await picture_of(viewer))["at"] > system.clock.wall() - 1
    await observer.unwatch(viewer)


async def test_it_is_served_for_any_system_and_ends_with_its_server(system: ActorSystem) -> None:
    system.spawn(Worker, "worker")
    inspector = await serve(system)
    async with aiohttp.ClientSession() as session:
        async with session.get(inspector.url + "/ui/") as page:
            assert 'content="actors"' in await page.text()
        async with session.get(f"{inspector.url}/observer/actor?path=actors://seen/user/nobody") as missing:
            assert missing.status == 404
        async with session.get(inspector.url + "/observer/feed") as feed:
            assert feed.content_type == "text/event-stream"
            assert await feed.content.readline() == b"event: actors\n"
            assert b'"worker"' in await feed.content.readline()
            await inspector.close()
            assert b"" in [await feed.content.readline() for _ in range(3)]
    assert system.instrument is None


async def test_a_viewer_who_goes_away_is_noticed(system: ActorSystem) -> None:
    worker = system.spawn(Worker, "worker")
    inspector = await serve(system)
    url = f"{inspector.url}/observer/actor?path={worker.path}"
    async with aiohttp.ClientSession() as session, session.get(url) as details:
        await details.content.readline()
        data = json.loads((await details.content.readline()).removeprefix(b"data: "))
        assert (data["path"], data["watchers"]) == (worker.path, [])
        assert handler_of(worker).__qualname__.startswith("Meter.")
    await system.clock.sleep(5)
    assert handler_of(worker).__self__.__class__ is Worker
    await inspector.close()
