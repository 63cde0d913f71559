"""`JournalScenarios`: what `actors.persistence.Journal` promises, as tests that any journal can be run through.

    @pytest.fixture
    def disk(tmp_path):
        return MyDisk(tmp_path)                  # a `JournalDisk`: what outlives the process that has the journal open

    class TestMyJournal(JournalScenarios): ...

A disk without ``fill`` and ``make_room`` skips what needs a full one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, cast

import pytest

from actors.persistence import (
    Append,
    Event,
    Journal,
    JournalClosed,
    JournalFull,
    MemoryJournal,
    Progress,
    Recovered,
    SequenceConflict,
    Snapshot,
    StaleEpoch,
    Stored,
)

__all__ = ["JournalDisk", "JournalScenarios"]


class JournalDisk(Protocol):
    """What journals are opened over, one after the other or by several processes at once."""

    def open(self, *, epoch: int | None = None) -> Journal:
        """A journal over it, which writes under `epoch` (its own choice when None)."""
        ...


class FullDisk(JournalDisk, Protocol):
    """One that can be filled."""

    def fill(self, journal: Journal, spare: int = 0) -> None:
        """Leave room for about `spare` bytes more than is written."""
        ...

    def make_room(self, journal: Journal) -> None:
        """Leave room again."""
        ...


def added(n: int) -> Event:
    return Event("added", 1, {"n": n})


async def everything(journal: Journal, prefix: str = "") -> dict[str, Recovered]:
    return {name: recovered async for name, recovered in journal.replay_all(prefix)}


def numbers(recovered: Recovered) -> list[int]:
    return [stored.event.payload["n"] for stored in recovered.events]


def fillable(disk: JournalDisk) -> FullDisk:
    if not hasattr(disk, "fill"):
        pytest.skip(f"{type(disk).__name__} cannot be filled")
    return disk  # type: ignore[return-value]


BAD = [
    Append("", (added(1),)),
    Append("a\0b", (added(1),)),
    Append("\ud800", (added(1),)),
    Append("a", (Event("", 1, {}),)),
    Append("a", (Event("k", 0, {}),)),
    Append("a", (Event("k", 2**40, {}),)),
    Append("a", (Event("\ud800", 1, {}),)),
    Append("a", (Event("k", 1, {"x": 1j}),)),
    Append("a", (Event("k", 1, {"x": float("nan")}),)),
    Append("a", (Event("k", 1, {"x": "\ud800"}),)),
    Append("a", (Event("k", 1, cast("Any", [1])),)),
    Append("a", cast("Any", ("event",))),
]


class JournalScenarios:
    """See the head of this module."""

    @pytest.fixture
    async def journal(self, disk: JournalDisk) -> AsyncIterator[Journal]:
        journal = disk.open()
        yield journal
        await journal.close()

    async def test_it_is_a_journal(self, journal: Journal) -> None:
        assert isinstance(journal, Journal)

    async def test_what_was_appended_is_replayed_in_order_with_its_numbers(self, journal: Journal) -> None:
        await journal.append([Append("a", (added(1), added(2)))])
        await journal.append([Append("a", (added(3),), expected=2)])
        recovered = await journal.replay("a")
        assert recovered.events == [Stored(1, added(1)), Stored(2, added(2)), Stored(3, added(3))]
        assert recovered.seq == 3
        assert recovered.snapshot is None

    async def test_a_stream_that_never_was_is_empty(self, journal: Journal) -> None:
        recovered = await journal.replay("nobody")
        assert (recovered.snapshot, recovered.events, recovered.seq) == (None, [], 0)
        assert await everything(journal) == {}

    async def test_after_leaves_out_what_is_known_already(self, journal: Journal) -> None:
        await journal.append([Append("a", tuple(added(n) for n in range(1, 6)))])
        await journal.save_snapshot("a", 2, {"sum": 3})
        assert [s.seq for s in (await journal.replay("a", after=4)).events] == [5]
        assert (await journal.replay("a", after=2)).snapshot is None
        assert (await journal.replay("a", after=1)).snapshot == Snapshot(2, {"sum": 3})
        assert (await journal.replay("a", after=99)).events == []

    async def test_a_wrong_expectation_writes_nothing_of_the_whole_call(self, journal: Journal) -> None:
        await journal.append([Append("a", (added(1),))])
        with pytest.raises(SequenceConflict, match=r"'a' stands at 1, not at 0"):
            await journal.append([Append("b", (added(1),)), Append("a", (added(2),), expected=0)])
        assert set(await everything(journal)) == {"a"}
        await journal.append([Append("a", (added(2),), expected=1)])

    async def test_expectations_within_one_call_see_its_earlier_writes(self, journal: Journal) -> None:
        await journal.append([Append("a", (added(1),), expected=0), Append("a", (added(2),), expected=1)])
        assert numbers(await journal.replay("a")) == [1, 2]

    async def test_of_two_writers_with_the_same_expectation_one_wins(self, journal: Journal) -> None:
        results = await asyncio.gather(
            *(journal.append([Append("a", (added(n),), expected=0)]) for n in (1, 2)), return_exceptions=True
        )
        assert [type(result) for result in results] == [type(None), SequenceConflict]
        assert numbers(await journal.replay("a")) == [1]

    async def test_calls_are_stored_in_the_order_they_were_made(self, journal: Journal) -> None:
        calls = [asyncio.create_task(journal.append([Append("a", (added(n),))])) for n in range(200)]
        await asyncio.gather(*calls)
        assert numbers(await journal.replay("a")) == list(range(200))

    async def test_a_snapshot_replaces_the_events_it_covers(self, journal: Journal) -> None:
        await journal.append([Append("a", tuple(added(n) for n in (1, 2, 3)))])
        await journal.save_snapshot("a", 2, {"sum": 3}, version=4)
        recovered = await journal.replay("a")
        assert recovered.snapshot == Snapshot(2, {"sum": 3}, 4)
        assert recovered.events == [Stored(3, added(3))]
        await journal.save_snapshot("a", 3, {"sum": 6})
        recovered = await journal.replay("a")
        assert (recovered.snapshot, recovered.events, recovered.seq) == (Snapshot(3, {"sum": 6}), [], 3)
        await journal.append([Append("a", (added(4),), expected=3)])

    async def test_an_older_snapshot_than_the_kept_one_is_ignored(self, journal: Journal) -> None:
        await journal.append([Append("a", tuple(added(n) for n in (1, 2, 3)))])
        await journal.save_snapshot("a", 3, {"sum": 6})
        await journal.save_snapshot("a", 2, {"sum": 3})
        assert (await journal.replay("a")).snapshot == Snapshot(3, {"sum": 6})

    async def test_a_snapshot_beyond_the_stream_is_refused(self, journal: Journal) -> None:
        await journal.append([Append("a", (added(1),))])
        for stream, seq in (("a", 2), ("a", 0), ("b", 1)):
            with pytest.raises(SequenceConflict):
                await journal.save_snapshot(stream, seq, {})
        assert (await journal.replay("a")).snapshot is None

    async def test_a_deleted_stream_is_forgotten_with_its_numbers(self, journal: Journal) -> None:
        await journal.append([Append("a", (added(1), added(2)))])
        await journal.save_snapshot("a", 1, {})
        await journal.delete("a")
        await journal.delete("never there")
        assert await everything(journal) == {}
        await journal.append([Append("a", (added(3),), expected=0)])
        assert (await journal.replay("a")).events == [Stored(1, added(3))]

    async def test_streams_that_are_deleted_and_begun_again_at_the_same_time_keep_only_their_second_life(
        self, journal: Journal
    ) -> None:
        names = [f"s{number}" for number in range(5)]
        await journal.append([Append(name, (Event("old"),)) for name in names])
        await asyncio.gather(
            *(journal.delete(name) for name in names),
            journal.append([Append(name, (Event("new"),), 0) for name in names]),
        )
        for name in names:
            recovered = await journal.replay(name)
            assert [(stored.seq, stored.event.kind) for stored in recovered.events] == [(1, "new")]

    async def test_a_sweep_gives_each_live_stream_below_the_prefix_in_order_of_names(self, journal: Journal) -> None:
        names = ["app/b", "app/a", "app/é", "apple", "instance/1", "app/"]
        for n, name in enumerate(names):
            await journal.append([Append(name, (added(n), added(n + 1)))])
        await journal.save_snapshot("app/a", 1, {"n": 1})
        await journal.save_snapshot("app/b", 2, {"n": 1})
        found = await everything(journal, "app/")
        assert list(found) == sorted(name for name in names if name.startswith("app/"))
        assert found["app/a"].snapshot == Snapshot(1, {"n": 1})
        assert [stored.seq for stored in found["app/a"].events] == [2]
        assert found["app/b"].events == []
        assert len(found["app/é"].events) == 2
        assert len(await everything(journal)) == len(names)

    async def test_a_sweep_tells_its_progress_up_to_the_end(self, journal: Journal) -> None:
        for n in range(3000):
            await journal.append([Append(f"s/{n:04}", (added(n), added(n)))])
        told: list[Progress] = []
        count = 0
        async for _ in journal.replay_all("s/", told.append):
            count += 1
        assert count == 3000
        assert len(told) > 1
        assert (told[-1].events, told[-1].total_events, told[-1].streams) == (6000, 6000, 3000)
        assert [progress.events for progress in told] == sorted(progress.events for progress in told)

    async def test_what_was_appended_during_a_sweep_does_not_disturb_it(self, journal: Journal) -> None:
        for n in range(10):
            await journal.append([Append(f"s/{n}", (added(n),))])
        seen = []
        async for name, recovered in journal.replay_all("s/"):
            seen.append((name, len(recovered.events)))
            await journal.append([Append(f"s/{9 - len(seen) + 1}", (added(0),)), Append("s/zzz", (added(0),))])
        assert seen == [(f"s/{n}", 1) for n in range(10)]

    async def test_a_later_journal_over_the_same_disk_finds_all_that_was_acknowledged(self, disk: JournalDisk) -> None:
        first = disk.open()
        await first.append([Append("a", (added(1), added(2)))])
        await first.save_snapshot("a", 1, {"n": 1})
        await first.close()
        second = disk.open()
        recovered = await second.replay("a")
        assert recovered.snapshot == Snapshot(1, {"n": 1})
        assert recovered.events == [Stored(2, added(2))]
        await second.append([Append("a", (added(3),), expected=2), Append("b", (added(1),), expected=0)])
        await second.close()

    async def test_payloads_come_back_as_copies(self, journal: Journal) -> None:
        payload: dict[str, Any] = {"list": [1, 2], "text": "é☃\U0001f600", "none": None, "deep": {"x": 1.5}}
        await journal.append([Append("a", (Event("k", 3, payload),))])
        payload["list"].append(3)
        first = (await journal.replay("a")).events[0].event
        assert first == Event("k", 3, {"list": [1, 2], "text": "é☃\U0001f600", "none": None, "deep": {"x": 1.5}})
        first.payload["list"].append(4)
        assert (await journal.replay("a")).events[0].event.payload["list"] == [1, 2]

    @pytest.mark.parametrize("write", BAD, ids=repr)
    async def test_what_cannot_be_stored_is_refused_and_changes_nothing(self, journal: Journal, write: Append) -> None:
        with pytest.raises(ValueError, match=r"must|not JSON"):
            await journal.append([Append("good", (added(1),)), write])
        assert await everything(journal) == {}
        await journal.append([Append("good", (added(1),))])

    async def test_an_empty_write_makes_no_stream(self, journal: Journal) -> None:
        await journal.append([])
        await journal.append([Append("a", (), expected=0)])
        assert await everything(journal) == {}
        with pytest.raises(SequenceConflict):
            await journal.append([Append("a", (), expected=1)])

    async def test_a_newer_epoch_shuts_an_older_writer_out(self, disk: JournalDisk) -> None:
        old = disk.open(epoch=1)
        await old.append([Append("a", (added(1),))])
        new = disk.open(epoch=2)
        await new.append([Append("a", (added(2),), expected=1)])
        for attempt in (
            old.append([Append("a", (added(9),))]),
            old.save_snapshot("a", 1, {}),
            old.delete("a"),
            old.fence(1),
        ):
            with pytest.raises(StaleEpoch, match="epoch 2"):
                await attempt
        assert numbers(await new.replay("a")) == [1, 2]
        await old.close()
        await new.close()
        with pytest.raises(StaleEpoch):
            await disk.open(epoch=1).replay("a")

    async def test_a_journal_can_be_fenced_while_it_is_open(self, disk: JournalDisk) -> None:
        journal = disk.open()
        await journal.fence(5)
        await journal.append([Append("a", (added(1),))])
        with pytest.raises(StaleEpoch):
            await journal.fence(4)
        await journal.close()
        again = disk.open()
        await again.append([Append("a", (added(2),))])
        await again.close()

    async def test_a_full_disk_refuses_the_write_and_the_journal_goes_on(
        self, disk: JournalDisk, journal: Journal
    ) -> None:
        await journal.append([Append("a", (added(1),))])
        fillable(disk).fill(journal)
        big = Event("big", 1, {"text": "x" * 100_000})
        with pytest.raises(JournalFull):
            await journal.append([Append("a", (big,)), Append("b", (added(1),))])
        assert numbers(await journal.replay("a")) == [1]
        assert set(await everything(journal)) == {"a"}
        fillable(disk).make_room(journal)
        await journal.append([Append("a", (big,), expected=1)])
        assert (await journal.replay("a")).seq == 2

    async def test_room_that_a_snapshot_frees_is_used_again(self, disk: JournalDisk, journal: Journal) -> None:
        big = Event("big", 1, {"text": "x" * 50_000})
        await journal.append([Append("a", (big, big, big))])
        fillable(disk).fill(journal, spare=10_000)
        await journal.save_snapshot("a", 3, {})
        await journal.append([Append("a", (big,), expected=3)])

    async def test_a_cancelled_caller_disturbs_nobody(self, journal: Journal) -> None:
        calls = [asyncio.create_task(journal.append([Append(f"s{n}", (added(n),))])) for n in range(5)]
        await asyncio.sleep(0)
        calls[2].cancel()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(results[2], asyncio.CancelledError)
        assert {"s0", "s1", "s3", "s4"} <= set(await everything(journal))

    async def test_a_closed_journal_says_so(self, journal: Journal) -> None:
        await journal.append([Append("a", (added(1),))])
        await journal.close()
        await journal.close()
        with pytest.raises(JournalClosed):
            await journal.append([Append("a", (added(1),))])
        with pytest.raises(JournalClosed):
            await journal.replay("a")
        with pytest.raises(JournalClosed):
            await everything(journal)

    async def test_closing_finishes_the_writes_already_asked_for(self, disk: JournalDisk) -> None:
        journal = disk.open()
        await journal.replay("a")
        calls = [asyncio.create_task(journal.append([Append("a", (added(n),))])) for n in range(10)]
        await asyncio.sleep(0)
        await journal.close()
        await asyncio.gather(*calls)
        again = disk.open()
        assert numbers(await again.replay("a")) == list(range(10))
        await again.close()

    @pytest.mark.parametrize("seed", range(30))
    async def test_it_answers_as_the_journal_in_memory_does(self, disk: JournalDisk, seed: int) -> None:
        chance = random.Random(seed)
        model, journal = MemoryJournal(), disk.open()
        count = 0

        async def both(call: Callable[[Journal], Awaitable[Any]]) -> None:
            answers: list[Any] = []
            for each in (model, journal):
                try:
                    answers.append(await call(each))
                except (SequenceConflict, ValueError) as error:
                    answers.append((type(error), str(error)))
            assert answers[0] == answers[1]

        for _ in range(25):
            stream = chance.choice("abc")
            match chance.choice(["append", "append", "snapshot", "delete", "reopen"]):
                case "append":
                    writes = []
                    for _ in range(chance.randint(0, 3)):
                        stream, size = chance.choice("abc"), chance.randint(0, 3)
                        expected = (await model.replay(stream)).seq if chance.random() < 0.5 else None
                        writes.append(Append(stream, tuple(added(count + n) for n in range(size)), expected))
                        count += size
                    await both(lambda each, writes=writes: each.append(writes))  # type: ignore[misc]
                case "snapshot":
                    seq = chance.randint(-1, 6)
                    await both(lambda each, s=stream, q=seq, c=count: each.save_snapshot(s, q, {"state": c}))  # type: ignore[misc]
                case "delete":
                    await both(lambda each, s=stream: each.delete(s))  # type: ignore[misc]
                case "reopen":
                    await journal.close()
                    journal = disk.open()
            await both(everything)
        await model.close()
        await journal.close()
