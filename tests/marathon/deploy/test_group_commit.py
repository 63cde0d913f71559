from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from actors import Actor, ActorRef, ActorSystem, Props
from actors.marathon.group_commit import SPACING, WRITTEN_AT_ONCE, Committed, GroupCommit, Record
from actors.persistence import Append, Event, MemoryJournal


class RecordingJournal(MemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self.calls: list[list[str]] = []

    async def append(self, writes: Sequence[Append]) -> None:
        self.calls.append([write.stream for write in writes])
        await super().append(writes)

    async def delete(self, stream: str) -> None:
        self.calls.append([f"-{stream}"])
        await super().delete(stream)


class Writer(Actor[Any]):
    """Writes what it is told (``+stream`` or ``-stream`` each), and says when it is stored."""

    def __init__(self, journal: MemoryJournal, told: list[tuple[float, str]]) -> None:
        self._commit = GroupCommit(self, journal)
        self._told = told

    def receive(self, message: Any) -> None:
        if isinstance(message, Committed):
            self._commit.finished(message)
            return
        for order in message:
            record = [Record(order[1:], partial(Event, "set"))] if order[0] == "+" else []
            delete = order[1:] if order[0] == "-" else None
            self._commit.write(*record, delete=delete, then=lambda order=order: self._stored(order))

    def _stored(self, order: str) -> None:
        self._told.append((self.context.system.clock.time(), order))


@pytest.fixture
def journal() -> RecordingJournal:
    return RecordingJournal()


async def written(system: ActorSystem, journal: RecordingJournal, *orders: Sequence[str]) -> list[tuple[float, str]]:
    told: list[tuple[float, str]] = []
    writer: ActorRef[Any] = system.spawn(Props(Writer, journal, told))
    for order in orders:
        writer.tell(order)
    await system.clock.sleep(1)
    return told


async def test_what_is_written_in_one_turn_shares_a_commit(journal: RecordingJournal) -> None:
    async with ActorSystem() as system:
        told = await written(system, journal, ["+a"], ["+b", "+c"])
    assert journal.calls == [["a", "b", "c"]]
    assert [order for _, order in told] == ["+a", "+b", "+c"]


async def test_what_a_commit_both_writes_and_forgets_is_not_written(journal: RecordingJournal) -> None:
    async with ActorSystem() as system:
        told = await written(system, journal, ["+a", "+b", "-a"])
    assert sorted(journal.calls) == [["-a"], ["b"]]
    assert [order for _, order in told] == ["+a", "+b", "-a"]


async def test_the_second_life_of_a_stream_is_stored_after_the_end_of_its_first(journal: RecordingJournal) -> None:
    async with ActorSystem() as system:
        told = await written(system, journal, ["+a", "-a", "+a"])
        assert (await journal.replay("a")).seq == 1
    assert journal.calls == [["-a"], ["a"]]
    assert [order for _, order in told] == ["+a", "-a", "+a"]


async def test_an_idle_writer_waits_for_no_one_and_a_busy_one_spaces_its_commits(journal: RecordingJournal) -> None:
    async with ActorSystem() as system:
        begun = system.clock.time()
        told = await written(system, journal, ["+a", "-a", "+a"])
    assert [at - begun for at, _ in told] == pytest.approx([0, 0, SPACING])


async def test_a_commit_takes_no_more_than_holds_the_loop_for_some_milliseconds(journal: RecordingJournal) -> None:
    async with ActorSystem() as system:
        count = WRITTEN_AT_ONCE * 2 + 10
        told = await written(system, journal, [f"+{number}" for number in range(count)])
    assert [len(call) for call in journal.calls] == [WRITTEN_AT_ONCE, WRITTEN_AT_ONCE, 10]
    assert [order for _, order in told] == [f"+{number}" for number in range(count)]


async def test_a_commit_forgets_no_more_streams_than_it_writes_at_once(journal: RecordingJournal) -> None:
    async with ActorSystem() as system:
        count = WRITTEN_AT_ONCE + 10
        begun = system.clock.time()
        told = await written(system, journal, [f"-{number}" for number in range(count)])
    moments = [at - begun for at, _ in told]
    assert moments == pytest.approx([0] * WRITTEN_AT_ONCE + [SPACING] * 10)
