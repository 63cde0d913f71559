"""What only a journal on disk can suffer."""

import asyncio
import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.persistence import (
    Append,
    Event,
    JournalBroken,
    JournalFull,
    JournalLocked,
    NewerVersion,
    SqliteJournal,
    StaleEpoch,
)
from actors.testkit import VirtualLoop


def added(n, **more):
    return Event("added", 1, {"n": n, **more})


def numbers(recovered):
    return [stored.event.payload["n"] for stored in recovered.events]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work" / "journal.db"


def commits(journal):
    return journal._writer._commits


async def test_writes_of_many_callers_share_a_commit(path):
    async with SqliteJournal(path) as journal:
        before = commits(journal)
        await asyncio.gather(*(journal.append([Append(f"s{n}", (added(n),))]) for n in range(500)))
        assert commits(journal) - before <= 2


async def test_one_refused_write_does_not_take_its_commit_along(path):
    async with SqliteJournal(path) as journal:
        before = commits(journal)
        results = await asyncio.gather(
            *(journal.append([Append("a", (added(n),), expected=n if n != 3 else 77)]) for n in range(6)),
            return_exceptions=True,
        )
        assert [type(result).__name__ for result in results] == [
            "NoneType", "NoneType", "NoneType", "SequenceConflict", "SequenceConflict", "SequenceConflict",
        ]  # fmt: skip
        assert commits(journal) - before == 1
        assert numbers(await journal.replay("a")) == [0, 1, 2]


@pytest.mark.real
async def test_no_sqlite_call_runs_on_the_loop(path, monkeypatch):
    threads = set()
    connect = sqlite3.connect

    class Watched(sqlite3.Connection):
        def execute(self, *arguments):
            threads.add(threading.current_thread().name)
            return super().execute(*arguments)

    monkeypatch.setattr(sqlite3, "connect", lambda *a, **o: connect(*a, **o, factory=Watched))
    async with SqliteJournal(path) as journal:
        await journal.append([Append("a", (added(1),))])
        await journal.save_snapshot("a", 1, {})
        await journal.replay("a")
        assert [name async for name, _ in journal.replay_all("")] == ["a"]
        await journal.delete("a")
    assert len(threads) == 2
    assert all(name.startswith("journal-") for name in threads)


async def test_a_journal_open_elsewhere_is_locked_and_names_the_holder(path):
    async with SqliteJournal(path):
        with pytest.raises(JournalLocked, match=r"this process itself.*another work dir"):
            await SqliteJournal(path).open()
    async with SqliteJournal(path):
        pass


HOLDER = """
import asyncio, sys
from actors.persistence import Append, Event, SqliteJournal

async def main():
    journal = await SqliteJournal(sys.argv[1], epoch=int(sys.argv[2]) or None).open()
    n = 0
    while True:
        n += 1
        await journal.append([Append("a", (Event("added", 1, {"n": n}),))])
        print(n, flush=True)
        await asyncio.sleep(0.01)  # so that who stops this process seldom meets it in the midst of a write

asyncio.run(main())
"""


@pytest.fixture
def holder(path):
    """Starts a process that appends 1, 2, 3 … to stream a and prints each number once it is acknowledged."""
    processes = []

    def start(epoch=0):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(HOLDER), str(path), str(epoch)], stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout.readline() == "1\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.stdout.close()
        process.wait()


@pytest.mark.real
async def test_another_process_is_named_by_its_pid(path, holder):
    process = holder()
    with pytest.raises(JournalLocked, match=f"process {process.pid}"):
        await SqliteJournal(path).open()


@pytest.mark.real
async def test_what_was_acknowledged_survives_kill_9(path, holder):
    for _ in range(3):
        process = holder()
        acknowledged = 1
        while acknowledged < 50:
            acknowledged = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split()
        acknowledged = int(rest[-1]) if rest else acknowledged
        process.wait()
        async with SqliteJournal(path) as journal:
            found = numbers(await journal.replay("a"))
            assert found[:acknowledged] == list(range(1, acknowledged + 1))
            assert len(found) <= acknowledged + 1
            await journal.delete("a")


@pytest.mark.real
async def test_a_stopped_holder_of_an_older_epoch_is_overtaken_and_its_late_writes_refused(path, holder):
    process = holder(epoch=1)
    os.kill(process.pid, signal.SIGSTOP)
    try:
        with pytest.raises(JournalLocked):
            await SqliteJournal(path, epoch=1).open()
        async with asyncio.timeout(60):
            while True:
                try:
                    journal = await SqliteJournal(path, epoch=2).open()
                    break
                except JournalLocked:  # stopped in the middle of a write: let it finish that one
                    os.kill(process.pid, signal.SIGCONT)
                    await asyncio.sleep(0.05)
                    os.kill(process.pid, signal.SIGSTOP)
        before = numbers(await journal.replay("a"))
        await journal.append([Append("a", (added(-1),))])
    finally:
        os.kill(process.pid, signal.SIGCONT)
    assert process.wait(90) == 1
    assert numbers(await journal.replay("a")) == [*before, -1]
    await journal.close()


class Image:
    """Copies of a journal's files: what a crash at that moment leaves."""

    def __init__(self, path):
        self.wal = path.with_name("journal.db-wal").read_bytes()
        self.ack = path.with_name("journal.db-ack").read_bytes()
        self.database = path.read_bytes()

    def put(self, folder, wal=None, ack=None, database=None):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "journal.db").write_bytes(self.database if database is None else database)
        (folder / "journal.db-wal").write_bytes(self.wal if wal is None else wal)
        (folder / "journal.db-ack").write_bytes(self.ack if ack is None else ack)
        return folder / "journal.db"


async def crash_images(path, count):
    """An image after each of ``count`` acknowledged commits."""
    images = []
    async with SqliteJournal(path) as journal:
        for n in range(count):
            await journal.append([Append("a", (added(n, text="x" * 3000),)), Append(f"b{n}", (added(n),))])
            images.append(Image(path))
    return images


async def test_a_torn_tail_is_given_up_and_reported_and_nothing_acknowledged_with_it(path, tmp_path, caplog):
    images = await crash_images(path, 4)
    before, after = images[2], images[3]
    assert len(after.wal) > len(before.wal)
    reported = 0
    for size in range(len(before.wal), len(after.wal), 997):
        torn = after.put(tmp_path / "torn", wal=after.wal[:size], ack=before.ack)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "actors.persistence"):
            async with SqliteJournal(torn) as journal:
                assert numbers(await journal.replay("a")) == [0, 1, 2]
                reported += journal.unfinished_bytes > 0
                assert ("ever acknowledged" in caplog.text) == (journal.unfinished_bytes > 0)
                await journal.append([Append("a", (added(3),), expected=3)])
    assert reported > 3


async def test_a_tail_whose_bytes_were_scrambled_by_a_crash_is_given_up_too(path, tmp_path):
    images = await crash_images(path, 4)
    before, after = images[2], images[3]
    scrambled = before.wal + bytes(len(after.wal) - len(before.wal))
    async with SqliteJournal(after.put(tmp_path / "torn", wal=scrambled, ack=before.ack)) as journal:
        assert numbers(await journal.replay("a")) == [0, 1, 2]


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_acknowledged_commits_that_are_missing_are_an_error_and_never_a_torn_tail(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lost")
    images = await crash_images(folder / "journal.db", 4)
    last = images[-1]
    cut = data.draw(st.integers(0, len(last.wal) - 1))
    wal = (
        last.wal[:cut]
        if data.draw(st.booleans())
        else last.wal[:cut] + bytes([last.wal[cut] ^ 255]) + last.wal[cut + 1 :]
    )
    journal = SqliteJournal(last.put(folder / "damaged", wal=wal))
    try:
        assert numbers(await journal.replay("a")) == [0, 1, 2, 3]  # the damage is where nothing of ours is
    except JournalBroken:
        return
    finally:
        await journal.close()


async def test_the_remedy_of_lost_commits_works(path, tmp_path):
    images = await crash_images(path, 3)
    damaged = images[-1].put(tmp_path / "damaged", wal=images[1].wal)
    with pytest.raises(JournalBroken, match=r"lost its last 1 acknowledged commit.*journal\.db-ack"):
        await SqliteJournal(damaged).open()
    damaged.with_name("journal.db-ack").unlink()
    async with SqliteJournal(damaged) as journal:
        assert numbers(await journal.replay("a")) == [0, 1]


async def test_a_changed_byte_in_a_stored_event_is_found_by_its_checksum(path):
    async with SqliteJournal(path) as journal:
        await journal.append([Append("a", (added(1), added(2, text="important"))), Append("b", (added(3),))])
    content = path.read_bytes()
    assert content.count(b"important") == 1
    path.write_bytes(content.replace(b"important", b"imp0rtant"))
    async with SqliteJournal(path) as journal:
        with pytest.raises(JournalBroken, match="event 2 of stream 'a' does not match its checksum"):
            await journal.replay("a")
        with pytest.raises(JournalBroken, match="event 2 of stream 'a'"):
            assert [name async for name, _ in journal.replay_all("")] == []
        assert numbers(await journal.replay("b")) == [3]


class Written:
    """A journal's database with thirty events and a snapshot, and what each stream holds."""

    def __init__(self, path):
        async def write():
            async with SqliteJournal(path) as journal:
                for n in range(10):
                    await journal.append([Append(f"s{n}", tuple(added(k, text="x" * 200) for k in range(3)))])
                await journal.save_snapshot("s3", 2, {"n": 2})
                return {name: recovered async for name, recovered in journal.replay_all("")}

        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            self.streams = runner.run(write())
        self.content = path.read_bytes()

    def __repr__(self):
        return "Written()"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return Written(tmp_path_factory.mktemp("written") / "journal.db")


@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_damage_anywhere_in_the_file_never_gives_what_was_not_stored(data, written, tmp_path_factory):
    content = bytearray(written.content)
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    damaged = tmp_path_factory.mktemp("damaged") / "journal.db"
    damaged.write_bytes(content)
    journal = SqliteJournal(damaged)
    try:
        async for name, recovered in journal.replay_all(""):
            assert recovered.snapshot in (None, written.streams[name].snapshot)
            assert all(event in written.streams[name].events for event in recovered.events)
    except (JournalBroken, JournalLocked, NewerVersion):
        pass
    finally:
        await journal.close()


async def test_a_missing_event_is_found_by_the_gap(path):
    async with SqliteJournal(path) as journal:
        await journal.append([Append("a", (added(1), added(2), added(3)))])
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM events WHERE seq = 2")
    connection.close()
    async with SqliteJournal(path) as journal:
        with pytest.raises(JournalBroken, match="gap: event 3 follows 1"):
            await journal.replay("a")


async def test_a_file_that_is_no_journal_is_refused_and_left_alone(path):
    path.parent.mkdir()
    path.write_bytes(b"not a database, but somebody's notes" * 100)
    with pytest.raises(JournalBroken, match="damaged"):
        await SqliteJournal(path).open()
    assert path.read_bytes().startswith(b"not a database")
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE users (name TEXT)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalBroken, match="not a journal"):
        await SqliteJournal(path).open()
    assert path.read_bytes() == before


async def test_a_newer_format_is_refused_with_a_clear_word_and_left_alone(path):
    async with SqliteJournal(path) as journal:
        await journal.append([Append("a", (added(1),))])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(NewerVersion, match=r"format 99.*Upgrade"):
        await SqliteJournal(path).open()
    assert path.read_bytes() == before


async def test_an_older_format_is_migrated(path, monkeypatch):
    from actors.persistence import _sqlite_schema

    async with SqliteJournal(path) as journal:
        await journal.append([Append("a", (added(1),))])
    step = "ALTER TABLE streams ADD COLUMN born INTEGER;"
    monkeypatch.setattr(_sqlite_schema, "MIGRATIONS", (*_sqlite_schema.MIGRATIONS, step))
    monkeypatch.setattr(_sqlite_schema, "FORMAT", _sqlite_schema.FORMAT + 1)
    async with SqliteJournal(path) as journal:
        assert numbers(await journal.replay("a")) == [1]
        await journal.append([Append("b", (added(1),))])
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (_sqlite_schema.FORMAT,)
    connection.close()


async def test_max_bytes_bounds_the_file_and_says_so(path):
    async with SqliteJournal(path, max_bytes=200_000) as journal:
        with pytest.raises(JournalFull, match="max_bytes"):
            for n in range(200):
                await journal.append([Append("a", (added(n, text="x" * 5000),), expected=n)])
        held = (await journal.replay("a")).seq
        assert 10 < held < 50
        await journal.save_snapshot("a", held, {})
        await journal.append([Append("a", (added(0, text="x" * 5000),), expected=held)])
    assert path.stat().st_size <= 200_000


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, text=True)
    if mount.returncode:
        pytest.skip(f"only root may make a small file system: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.real
async def test_a_disk_without_room_refuses_the_write_and_the_service_goes_on(small_disk):
    filler = small_disk / "filler"
    filler.write_bytes(bytes(1_200_000))
    async with SqliteJournal(small_disk / "journal.db") as journal:
        stored = 0
        with pytest.raises(JournalFull, match="Free space"):
            while True:
                await journal.append([Append("a", (added(stored, text="x" * 5000),), expected=stored)])
                stored += 1
        assert (await journal.replay("a")).seq == stored > 5
        filler.unlink()
        await journal.append([Append("a", (added(stored),), expected=stored)])
    async with SqliteJournal(small_disk / "journal.db") as journal:
        assert (await journal.replay("a")).seq == stored + 1


async def test_after_a_failed_sync_nothing_more_is_taken(path, monkeypatch, caplog):
    class Failing:
        """Stands for a connection whose COMMIT meets a disk that cannot sync."""

        def __init__(self, connection):
            self.connection = connection

        def execute(self, statement, *arguments):
            if statement == "COMMIT":
                error = sqlite3.OperationalError("disk I/O error")
                error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
                raise error
            return self.connection.execute(statement, *arguments)

        def __getattr__(self, name):
            return getattr(self.connection, name)

    async with SqliteJournal(path) as journal:
        await journal.append([Append("a", (added(1),))])
        journal._writer._connection = Failing(journal._writer._connection)
        with pytest.raises(JournalBroken, match="disk I/O error"):
            await journal.append([Append("a", (added(2),))])
        journal._writer._connection = journal._writer._connection.connection
        with pytest.raises(JournalBroken, match="disk I/O error"):
            await journal.append([Append("a", (added(3),))])
        assert numbers(await journal.replay("a")) == [1]
    async with SqliteJournal(path) as journal:
        await journal.append([Append("a", (added(2),), expected=1)])


async def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalBroken, match="file"):
        await SqliteJournal(tmp_path / "file" / "journal.db").open()


async def test_an_epoch_older_than_the_stored_one_cannot_open_it(path):
    async with SqliteJournal(path, epoch=7):
        pass
    with pytest.raises(StaleEpoch):
        await SqliteJournal(path, epoch=6).open()
    async with SqliteJournal(path) as journal:
        assert journal._writer.epoch == 7


def test_an_unknown_durability_is_refused(path):
    with pytest.raises(ValueError, match="durability"):
        SqliteJournal(path, durability="maybe")


@pytest.mark.real
async def test_an_opening_that_failed_keeps_no_thread_and_may_be_tried_again(path):
    async with SqliteJournal(path):
        second = SqliteJournal(path)
        for _ in range(3):
            with pytest.raises(JournalLocked):
                await second.open()
        alive = [thread.name for thread in threading.enumerate() if thread.name.startswith("journal-writer")]
        while len(alive) > 1:
            await asyncio.sleep(0.01)
            alive = [thread.name for thread in threading.enumerate() if thread.name.startswith("journal-writer")]
    await second.append([Append("a", (added(1),))])
    await second.close()


async def test_a_journal_abandoned_before_it_opened_leaves_nothing(path):
    journal = SqliteJournal(path)
    await journal.close()
    assert not path.exists()
