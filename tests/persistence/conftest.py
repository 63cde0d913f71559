import pytest

from actors.persistence import MemoryJournal, MemoryStore, SqliteJournal
from actors.persistence.zookeeper_journal import ZooKeeperJournal
from actors.zookeeper import ZooKeeper
from tests.zookeeper.stand_in import StandInZooKeeper


class Memory:
    """One store; each journal opened over it stands for a process that has the file open."""

    def __init__(self, path):
        self.store = MemoryStore()

    def open(self, *, epoch=None):
        return MemoryJournal(self.store, epoch=epoch)

    def fill(self, journal, spare=0):
        self.store.capacity = self.store.used + spare

    def make_room(self, journal):
        self.store.capacity = None


class Sqlite:
    def __init__(self, path):
        self.path = path / "journal.db"

    def open(self, *, epoch=None):
        return SqliteJournal(self.path, epoch=epoch)

    def fill(self, journal, spare=0):
        (pages,) = journal._writer._connection.execute("PRAGMA page_count").fetchone()
        journal._writer._connection.execute(f"PRAGMA max_page_count = {pages + spare // 4096}")

    def make_room(self, journal):
        journal._writer._connection.execute("PRAGMA max_page_count = 1000000")


class OnZooKeeper:
    """A ZooKeeper that all journals opened over it share, each in a session of its own."""

    def __init__(self, path):
        self.server = StandInZooKeeper()

    def open(self, *, epoch=None):
        session = ZooKeeper("zk://stand-in:2181/test", client=self.server.client)
        return ZooKeeperJournal(session, "/test/journal", epoch=epoch)

    def fill(self, journal, spare=0):
        journal.max_bytes = journal.used_bytes + spare

    def make_room(self, journal):
        journal.max_bytes = None


@pytest.fixture(params=[Memory, Sqlite, OnZooKeeper], ids=["memory", "sqlite", "zookeeper"])
def disk(request, tmp_path):
    """What outlives a journal's process: `open` gives a journal over it."""
    return request.param(tmp_path)


@pytest.fixture
async def journal(disk):
    journal = disk.open()
    yield journal
    await journal.close()
