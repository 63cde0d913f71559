"""Who follows an app hears of its changes at once when there are few, and once for many."""

from __future__ import annotations

from typing import Any

from actors import Actor, ActorRef, ActorSystem, Props
from actors.marathon.followers import SPACING_PER_INSTANCE, UNSPACED, Followers, SnapshotDue, TellFollowers
from actors.marathon.protocol import AppInstances
from actors.testkit import TestProbe


class Book(Actor[Any]):
    """An app of `size` instances; a text is a change of one of them, and the number of changes is what it tells."""

    def __init__(self, size: int) -> None:
        self._changes = 0
        self._followers = Followers(self, self._snapshot, lambda app_id: size)

    def _snapshot(self, app_id: str) -> AppInstances:
        return AppInstances(f"{app_id} changed {self._changes} times", (), stored=True)

    def receive(self, message: Any) -> None:
        match message:
            case TellFollowers():
                self._followers.tell()
            case SnapshotDue():
                self._followers.due(message)
            case ActorRef():
                self._followers.add("/a", message)
            case _:
                self._changes += 1
                self._followers.changed("/a")
        self._followers.flush()


async def told(system: ActorSystem, probe: TestProbe, size: int, changes: int) -> tuple[float, list[str]]:
    """When the last of these changes, which come at once, was told, and what was told of them all."""
    book = system.spawn(Props(Book, size))
    book.tell(probe.ref)
    await probe.expect_msg_class(AppInstances)
    begun = system.clock.time()
    for _ in range(changes):
        book.tell("a change")
    heard = []
    while True:
        snapshot = await probe.expect_msg_class(AppInstances)
        heard.append(snapshot.app_id)
        if f" {changes} " in snapshot.app_id:
            return system.clock.time() - begun, heard


async def test_changes_that_come_together_are_told_once_and_at_once() -> None:
    async with ActorSystem() as system:
        passed, heard = await told(system, TestProbe(system), UNSPACED, 50)
    assert passed == 0
    assert heard == ["/a changed 50 times"]


async def test_a_single_change_of_a_small_app_is_told_at_once() -> None:
    async with ActorSystem() as system:
        assert (await told(system, TestProbe(system), 1, 1))[0] == 0


async def test_those_of_a_large_app_are_told_after_a_time_that_grows_with_it() -> None:
    async with ActorSystem() as system:
        passed, heard = await told(system, TestProbe(system), 10_000, 50)
    assert 0 < passed <= 10_000 * SPACING_PER_INSTANCE * 1.001
    assert heard[-1] == "/a changed 50 times"
