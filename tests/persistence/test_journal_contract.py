"""What `Journal` promises, held against each of its kinds."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.persistence import (
    Append,
    Event,
    Journal,
    JournalClosed,
    JournalFull,
    MemoryJournal,
    SequenceConflict,
    Snapshot,
    SqliteJournal,
    StaleEpoch,
    Stored,
)


def added(n):
    return Event("added", 1, {"n": n})


async def everything(journal, prefix=""):
    return {name: recovered async for name, recovered in journal.replay_all(prefix)}


def numbers(recovered):
    return [stored.event.payload["n"] for stored in recovered.events]


async def test_it_is_a_journal(journal):
    assert isinstance(journal, Journal)


async def test_what_was_appended_is_replayed_in_order_with_its_numbers(journal):
    await journal.append([Append("a", (added(1), added(2)))])
    await journal.append([Append("a", (added(3),), expected=2)])
    recovered = await journal.replay("a")
    assert recovered.events == [Stored(1, added(1)), Stored(2, added(2)), Stored(3, added(3))]
    assert recovered.seq == 3
    assert recovered.snapshot is None


async def test_a_stream_that_never_was_is_empty(journal):
    recovered = await journal.replay("nobody")
    assert (recovered.snapshot, recovered.events, recovered.seq) == (None, [], 0)
    assert await everything(journal) == {}


async def test_after_leaves_out_what_is_known_already(journal):
    await journal.append([Append("a", tuple(added(n) for n in range(1, 6)))])
    await journal.save_snapshot("a", 2, {"sum": 3})
    assert [s.seq for s in (await journal.replay("a", after=4)).events] == [5]
    assert (await journal.replay("a", after=2)).snapshot is None
    assert (await journal.replay("a", after=1)).snapshot == Snapshot(2, {"sum": 3})
    assert (await journal.replay("a", after=99)).events == []


async def test_a_wrong_expectation_writes_nothing_of_the_whole_call(journal):
    await journal.append([Append("a", (added(1),))])
    with pytest.raises(SequenceConflict, match=r"'a' stands at 1, not at 0"):
        await journal.append([Append("b", (added(1),)), Append("a", (added(2),), expected=0)])
    assert set(await everything(journal)) == {"a"}
    await journal.append([Append("a", (added(2),), expected=1)])


async def test_expectations_within_one_call_see_its_earlier_writes(journal):
    await journal.append([Append("a", (added(1),), expected=0), Append("a", (added(2),), expected=1)])
    assert numbers(await journal.replay("a")) == [1, 2]


async def test_of_two_writers_with_the_same_expectation_one_wins(journal):
    results = await asyncio.gather(
        *(journal.append([Append("a", (added(n),), expected=0)]) for n in (1, 2)), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), SequenceConflict]
    assert numbers(await journal.replay("a")) == [1]


async def test_calls_are_stored_in_the_order_they_were_made(journal):
    calls = [asyncio.create_task(journal.append([Append("a", (added(n),))])) for n in range(200)]
    await asyncio.gather(*calls)
    assert numbers(await journal.replay("a")) == list(range(200))


async def test_a_snapshot_replaces_the_events_it_covers(journal):
    await journal.append([Append("a", tuple(added(n) for n in (1, 2, 3)))])
    await journal.save_snapshot("a", 2, {"sum": 3}, version=4)
    recovered = await journal.replay("a")
    assert recovered.snapshot == Snapshot(2, {"sum": 3}, 4)
    assert recovered.events == [Stored(3, added(3))]
    await journal.save_snapshot("a", 3, {"sum": 6})
    recovered = await journal.replay("a")
    assert (recovered.snapshot, recovered.events, recovered.seq) == (Snapshot(3, {"sum": 6}), [], 3)
    await journal.append([Append("a", (added(4),), expected=3)])


async def test_an_older_snapshot_than_the_kept_one_is_ignored(journal):
    await journal.append([Append("a", tuple(added(n) for n in (1, 2, 3)))])
    await journal.save_snapshot("a", 3, {"sum": 6})
    await journal.save_snapshot("a", 2, {"sum": 3})
    assert (await journal.replay("a")).snapshot == Snapshot(3, {"sum": 6})


async def test_a_snapshot_beyond_the_stream_is_refused(journal):
    await journal.append([Append("a", (added(1),))])
    for stream, seq in (("a", 2), ("a", 0), ("b", 1)):
        with pytest.raises(SequenceConflict):
            await journal.save_snapshot(stream, seq, {})
    assert (await journal.replay("a")).snapshot is None


async def test_a_deleted_stream_is_forgotten_with_its_numbers(journal):
    await journal.append([Append("a", (added(1), added(2)))])
    await journal.save_snapshot("a", 1, {})
    await journal.delete("a")
    await journal.delete("never there")
    assert await everything(journal) == {}
    await journal.append([Append("a", (added(3),), expected=0)])
    assert (await journal.replay("a")).events == [Stored(1, added(3))]


async def test_streams_that_are_deleted_and_begun_again_at_the_same_time_keep_only_their_second_life(journal):
    names = [f"s{number}" for number in range(5)]
    await journal.append([Append(name, (Event("old"),)) for name in names])
    await asyncio.gather(
        *(journal.delete(name) for name in names),
        journal.append([Append(name, (Event("new"),), 0) for name in names]),
    )
    for name in names:
        recovered = await journal.replay(name)
        assert [(stored.seq, stored.event.kind) for stored in recovered.events] == [(1, "new")]


async def test_a_sweep_gives_each_live_stream_below_the_prefix_in_order_of_names(journal):
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


async def test_a_sweep_tells_its_progress_up_to_the_end(journal):
    for n in range(3000):
        await journal.append([Append(f"s/{n:04}", (added(n), added(n)))])
    told = []
    count = 0
    async for _ in journal.replay_all("s/", told.append):
        count += 1
    assert count == 3000
    assert len(told) > 1
    assert (told[-1].events, told[-1].total_events, told[-1].streams) == (6000, 6000, 3000)
    assert [progress.events for progress in told] == sorted(progress.events for progress in told)


async def test_what_was_appended_during_a_sweep_does_not_disturb_it(journal):
    for n in range(10):
        await journal.append([Append(f"s/{n}", (added(n),))])
    seen = []
    async for name, recovered in journal.replay_all("s/"):
        seen.append((name, len(recovered.events)))
        await journal.append([Append(f"s/{9 - len(seen) + 1}", (added(0),)), Append("s/zzz", (added(0),))])
    assert seen == [(f"s/{n}", 1) for n in range(10)]


async def test_a_later_journal_over_the_same_disk_finds_all_that_was_acknowledged(disk):
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


async def test_payloads_come_back_as_copies(journal):
    payload = {"list": [1, 2], "text": "é☃\U0001f600", "none": None, "deep": {"x": 1.5}}
    await journal.append([Append("a", (Event("k", 3, payload),))])
    payload["list"].append(3)
    first = (await journal.replay("a")).events[0].event
    assert first == Event("k", 3, {"list": [1, 2], "text": "é☃\U0001f600", "none": None, "deep": {"x": 1.5}})
    first.payload["list"].append(4)
    assert (await journal.replay("a")).events[0].event.payload["list"] == [1, 2]


BAD = [
    Append("", (added(1),)),
    Append("a\0b", (added(1),)),
    Append("\ud800", (added(1),)),
    Append("a", (Event("", 1, {}),)),
    Append("a", (Event("k", 0, {}),)),
    Append("a", (Event("k", 2**40, {}),)),
    Append("a", (Event("\ud800", 1, {}),)),
    Append("a", (Event("k", 1, {"x": object()}),)),
    Append("a", (Event("k", 1, {"x": float("nan")}),)),
    Append("a", (Event("k", 1, {"x": "\ud800"}),)),
    Append("a", (Event("k", 1, [1]),)),
    Append("a", ("event",)),
]


@pytest.mark.parametrize("write", BAD, ids=repr)
async def test_what_cannot_be_stored_is_refused_and_changes_nothing(journal, write):
    with pytest.raises(ValueError):
        await journal.append([Append("good", (added(1),)), write])
    assert await everything(journal) == {}
    await journal.append([Append("good", (added(1),))])


async def test_an_empty_write_makes_no_stream(journal):
    await journal.append([])
    await journal.append([Append("a", (), expected=0)])
    assert await everything(journal) == {}
    with pytest.raises(SequenceConflict):
        await journal.append([Append("a", (), expected=1)])


async def test_a_newer_epoch_shuts_an_older_writer_out(disk):
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


async def test_a_journal_can_be_fenced_while_it_is_open(disk):
    journal = disk.open()
    await journal.fence(5)
    await journal.append([Append("a", (added(1),))])
    with pytest.raises(StaleEpoch):
        await journal.fence(4)
    await journal.close()
    again = disk.open()
    await again.append([Append("a", (added(2),))])
    await again.close()


async def test_a_full_disk_refuses_the_write_and_the_journal_goes_on(disk, journal):
    await journal.append([Append("a", (added(1),))])
    disk.fill(journal)
    big = Event("big", 1, {"text": "x" * 100_000})
    with pytest.raises(JournalFull):
        await journal.append([Append("a", (big,)), Append("b", (added(1),))])
    assert numbers(await journal.replay("a")) == [1]
    assert set(await everything(journal)) == {"a"}
    disk.make_room(journal)
    await journal.append([Append("a", (big,), expected=1)])
    assert (await journal.replay("a")).seq == 2


async def test_room_that_a_snapshot_frees_is_used_again(disk, journal):
    big = Event("big", 1, {"text": "x" * 50_000})
    await journal.append([Append("a", (big, big, big))])
    await journal.save_snapshot("a", 3, {})
    disk.fill(journal)
    if isinstance(journal, MemoryJournal):
        disk.store.capacity += 150_100
    await journal.append([Append("a", (big, big), expected=3)])


async def test_a_cancelled_caller_disturbs_nobody(journal):
    calls = [asyncio.create_task(journal.append([Append(f"s{n}", (added(n),))])) for n in range(5)]
    await asyncio.sleep(0)
    calls[2].cancel()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(results[2], asyncio.CancelledError)
    assert {"s0", "s1", "s3", "s4"} <= set(await everything(journal))


async def test_a_closed_journal_says_so(journal):
    await journal.append([Append("a", (added(1),))])
    await journal.close()
    await journal.close()
    with pytest.raises(JournalClosed):
        await journal.append([Append("a", (added(1),))])
    with pytest.raises(JournalClosed):
        await journal.replay("a")
    with pytest.raises(JournalClosed):
        await everything(journal)


async def test_closing_finishes_the_writes_already_asked_for(disk):
    journal = disk.open()
    await journal.replay("a")
    calls = [asyncio.create_task(journal.append([Append("a", (added(n),))])) for n in range(10)]
    if isinstance(journal, SqliteJournal):
        await asyncio.sleep(0)
        await journal.close()
        await asyncio.gather(*calls)
    else:
        await asyncio.gather(*calls)
        await journal.close()
    again = disk.open()
    assert numbers(await again.replay("a")) == list(range(10))
    await again.close()


STREAMS = st.sampled_from(["a", "b", "c"])
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(st.tuples(STREAMS, st.integers(0, 3), st.booleans()), max_size=3)),
        st.tuples(st.just("snapshot"), STREAMS, st.integers(-1, 6)),
        st.tuples(st.just("delete"), STREAMS),
        st.tuples(st.just("reopen")),
    ),
    max_size=25,
)


@given(operations=OPERATIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_both_kinds_give_the_same_answers(operations, tmp_path_factory):
    path = tmp_path_factory.mktemp("twin") / "journal.db"
    memory, sqlite = MemoryJournal(), SqliteJournal(path)

    async def both(call):
        answers = []
        for journal in (memory, sqlite):
            try:
                answers.append(await call(journal))
            except (SequenceConflict, ValueError) as error:
                answers.append((type(error), str(error)))
        assert answers[0] == answers[1]

    count = 0
    for name, *details in operations:
        match name:
            case "append":
                writes = []
                for stream, size, right in details[0]:
                    expected = (await memory.replay(stream)).seq if right else None
                    writes.append(Append(stream, tuple(added(count + n) for n in range(size)), expected))
                    count += size
                await both(lambda journal, writes=writes: journal.append(writes))
            case "snapshot":
                stream, seq = details
                await both(lambda journal, s=stream, q=seq, c=count: journal.save_snapshot(s, q, {"state": c}))
            case "delete":
                await both(lambda journal, s=details[0]: journal.delete(s))
            case "reopen":
                await memory.close()
                await sqlite.close()
                memory, sqlite = MemoryJournal(memory.store), SqliteJournal(path)
        await both(everything)
    await memory.close()
    await sqlite.close()
