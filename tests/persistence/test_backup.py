"""A journal written to one file and put back: all of it or nothing."""

import gzip
import json
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.persistence import (
    Append,
    BackupUnusable,
    Event,
    JournalError,
    MemoryJournal,
    NewerVersion,
    SequenceConflict,
    SqliteJournal,
    dump,
    read_about,
    read_streams,
    restore,
)

ABOUT = {"state": 1}


async def contents(journal):
    """What each stream means: its snapshot and the events after it, without their numbers."""
    return {
        name: (
            recovered.snapshot and (recovered.snapshot.version, recovered.snapshot.payload),
            [stored.event for stored in recovered.events],
        )
        async for name, recovered in journal.replay_all("")
    }


async def filled():
    journal = MemoryJournal()
    await journal.append([Append(f"app/{n}", (Event("set", 2, {"n": n, "text": "grüße\n"}),)) for n in range(2500)])
    for n in range(0, 2500, 3):
        await journal.append([Append(f"app/{n}", (Event("set", 1, {"n": -n}), Event("gone")))])
        await journal.save_snapshot(f"app/{n}", 2 if n % 2 else 3, {"state": n}, 7)
    return journal


async def test_what_was_dumped_is_restored_and_can_be_written_on(journal, tmp_path):
    source = await filled()
    file = tmp_path / "backup"
    assert await dump(source.replay_all(""), file, ABOUT) == 2500
    assert await read_about(file) == ABOUT
    assert await restore(file, journal) == 2500
    assert await contents(journal) == await contents(source)
    await journal.append([Append("app/0", (Event("set"),), expected=1), Append("app/1", (Event("set"),), expected=1)])
    await journal.save_snapshot("app/0", 2, {})


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_damage_anywhere_is_noticed_before_anything_is_written(tmp_path, data):
    source, file, journal = MemoryJournal(), tmp_path / "backup", MemoryJournal()
    await source.append([Append(f"s{n}", (Event("e", 1, {"n": n}),)) for n in range(20)])
    file.unlink(missing_ok=True)
    await dump(source.replay_all(""), file, ABOUT)
    whole = file.read_bytes()
    at = data.draw(st.integers(10, len(whole) - 1))  # before that, gzip keeps the time, which means nothing
    if data.draw(st.booleans()):
        file.write_bytes(whole[:at])
    else:
        file.write_bytes(whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :])
    with pytest.raises(BackupUnusable):
        await restore(file, journal)
    assert await contents(journal) == {}


HEADER = '{"journal-backup":1,"about":{}}'


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["{}"],
        ["[1]"],
        ["no json"],
        ['{"journal-backup":1}'],
        [HEADER],
        [HEADER, "[]"],
        [HEADER, "5"],
        [HEADER, '{"a":1}', '{"streams":1}'],
    ],
)
async def test_a_file_that_is_something_else_is_named(tmp_path, lines):
    file = tmp_path / "backup"
    file.write_bytes(gzip.compress("\n".join(lines).encode()))
    with pytest.raises(BackupUnusable, match="backup is no usable backup"):
        await restore(file, MemoryJournal())


async def test_a_file_of_a_newer_version_is_refused(tmp_path):
    file = tmp_path / "backup"
    file.write_bytes(gzip.compress(json.dumps({"journal-backup": 2, "about": {}}).encode()))
    for read in (read_about(file), restore(file, MemoryJournal())):
        with pytest.raises(NewerVersion, match="newer version"):
            await read


async def test_a_journal_that_is_not_empty_is_not_written_over(tmp_path):
    source, file = await filled(), tmp_path / "backup"
    await dump(source.replay_all(""), file, ABOUT)
    before = await contents(source)
    with pytest.raises(SequenceConflict):
        await restore(file, source)
    assert await contents(source) == before


async def test_a_backup_is_its_owners_alone_and_appears_when_it_is_complete(tmp_path):
    file = tmp_path / "backup"

    async def failing():
        async for entry in (await filled()).replay_all(""):
            yield entry
            assert not file.exists()
            raise JournalError("the journal broke")

    with pytest.raises(JournalError, match="broke"):
        await dump(failing(), file, ABOUT)
    assert list(tmp_path.iterdir()) == []
    await dump((await filled()).replay_all(""), file, ABOUT)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        await dump((await filled()).replay_all(""), file, ABOUT)


async def test_a_journal_is_read_while_it_is_being_written(tmp_path):
    async with SqliteJournal(tmp_path / "journal") as journal:
        await journal.append([Append("a", (Event("e", 1, {"n": 1}),)), Append("b", (Event("e"),))])
        read = {}
        async for name, recovered in read_streams(tmp_path / "journal"):
            await journal.append([Append("b", (Event("later"),))])
            read[name] = [stored.event.kind for stored in recovered.events]
        assert read == {"a": ["e"], "b": ["e"]}
    with pytest.raises(FileNotFoundError):
        await anext(read_streams(tmp_path / "none"))
