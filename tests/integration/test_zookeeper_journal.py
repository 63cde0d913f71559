"""The contract of journals, held against a real ZooKeeper; and what only a real one does."""

import asyncio
import itertools
import signal
import sys

import pytest

from actors.persistence import Append, Event, JournalBroken, StaleEpoch
from actors.persistence.zookeeper_journal import ZooKeeperJournal
from actors.testkit.scenarios import JournalScenarios
from actors.zookeeper import ZooKeeper
from tests.integration.real_zookeeper import RealZooKeeper, real_zookeeper_or_skip

pytestmark = pytest.mark.real


@pytest.fixture
async def session(zookeeper):
    async with ZooKeeper(f"zk://{zookeeper.hosts}/test") as session:
        yield session


class Disk:
    paths = (f"/test/journal-{number}" for number in itertools.count())

    def __init__(self, session):
        self.session, self.path = session, next(self.paths)

    def open(self, *, epoch=None):
        return ZooKeeperJournal(self.session, self.path, epoch=epoch)

    def fill(self, journal, spare=0):
        journal.max_bytes = journal.used_bytes + spare

    def make_room(self, journal):
        journal.max_bytes = None


@pytest.fixture
def disk(session):
    return Disk(session)


class TestJournal(JournalScenarios): ...


async def test_what_is_larger_than_a_request_may_be_is_stored_whole(disk):
    journal = disk.open()
    texts = [str(number) * 700 for number in range(3000)]
    long = "".join(f"{number:x}" for number in range(700_000))  # compresses to more than a megabyte
    await journal.append(
        [Append("long", (Event("e", 1, {"text": long}),))]
        + [Append(f"s{n}", (Event("e", 1, {"text": text}),)) for n, text in enumerate(texts)]
    )
    await journal.close()
    again = disk.open()
    assert (await again.replay("long")).events[0].event.payload == {"text": long}
    found = [recovered.events[0].event.payload["text"] async for _, recovered in again.replay_all("s")]
    assert sorted(found) == sorted(texts)
    await again.close()


async def test_a_zookeeper_that_is_killed_loses_nothing_and_doubles_nothing(tmp_path):
    real_zookeeper_or_skip()
    with RealZooKeeper(tmp_path) as mortal:
        async with ZooKeeper(f"zk://{mortal.hosts}/test", session_timeout=3.0) as session:
            journal = ZooKeeperJournal(session, "/test/journal")
            acknowledged = 0

            async def write():
                nonlocal acknowledged
                while True:
                    event = Event("e", 1, {"n": acknowledged})
                    await journal.append([Append("a", (event,), expected=acknowledged)])
                    acknowledged += 1

            writing = asyncio.create_task(write())
            await asyncio.sleep(0.5)
            for _ in range(2):
                mortal.kill()
                before = acknowledged
                await asyncio.sleep(0.5)
                assert acknowledged <= before + 1, "nothing is acknowledged while there is no server"
                await asyncio.to_thread(mortal.start)
                async with asyncio.timeout(60):
                    while True:
                        await asyncio.sleep(0.05)
                        if acknowledged > before + 1:
                            break
            writing.cancel()
            await asyncio.wait([writing])
            await journal.close()
            again = ZooKeeperJournal(session, "/test/journal")
            numbers = [stored.event.payload["n"] for stored in (await again.replay("a")).events]
            await again.close()
        assert numbers == list(range(len(numbers)))
        assert acknowledged <= len(numbers) <= acknowledged + 1


WRITER = """
import asyncio, sys
from actors.persistence import Append, Event, JournalError
from actors.persistence.zookeeper_journal import ZooKeeperJournal
from actors.zookeeper import ZooKeeper

async def main():
    async with ZooKeeper(sys.argv[1], session_timeout=2.0) as session:
        journal = ZooKeeperJournal(session, "/test/stopped", epoch=1)
        try:
            while True:
                await journal.append([Append("a", (Event("old"),))])
                print("stored", flush=True)
        except JournalError as error:
            print(type(error).__name__, error, flush=True)

asyncio.run(main())
"""


async def test_a_stopped_writer_is_refused_when_it_goes_on(zookeeper, session):
    pipe = asyncio.subprocess.PIPE
    url = f"zk://{zookeeper.hosts}/test"
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, url, stdout=pipe)
    assert await writer.stdout.readline() == b"stored\n"
    writer.send_signal(signal.SIGSTOP)
    journal = await ZooKeeperJournal(session, "/test/stopped", epoch=2).open()
    stood = (await journal.replay("a")).seq
    await journal.append([Append("a", (Event("new"),), expected=stood)])
    writer.send_signal(signal.SIGCONT)
    said, _ = await asyncio.wait_for(writer.communicate(), 60)
    last = said.decode().splitlines()[-1]
    assert last.startswith((StaleEpoch.__name__, JournalBroken.__name__))
    assert "belongs to epoch 2" in last
    await journal.close()
    again = await ZooKeeperJournal(session, "/test/stopped", epoch=2).open()
    assert (await again.replay("a")).seq == stood + 1
    await again.close()
