"""The lease's epoch keeps a leader out of the journal that was stopped, overtaken, and woke up again."""

import pytest

from actors.cluster import MemoryCluster, MemoryCoordinator
from actors.persistence import Append, Event, MemoryJournal, MemoryStore, SqliteJournal, StaleEpoch


@pytest.fixture(params=["memory", "sqlite"])
def opened(request, tmp_path):
    store = MemoryStore()

    def start(epoch):
        if request.param == "memory":
            return MemoryJournal(store, epoch=epoch)
        return SqliteJournal(tmp_path / "journal.db", epoch=epoch)

    return start


def event(n):
    return Event("happened", 1, {"n": n})


async def test_what_a_stale_leader_writes_late_is_refused(opened):
    cluster = MemoryCluster()
    async with MemoryCoordinator(cluster) as first, MemoryCoordinator(cluster) as second:
        lease = await first.lease("leader")
        old = opened(lease.epoch)
        await old.append([Append("app", (event(1),))])
        first.freeze()
        newer = await second.lease("leader")
        new = opened(newer.epoch)
        assert [stored.event.payload["n"] for stored in (await new.replay("app")).events] == [1]
        await new.append([Append("app", (event(2),), expected=1)])
        first.thaw()
        with pytest.raises(StaleEpoch):
            await old.append([Append("app", (event(3),))])
        assert not lease.held()
        assert (await new.replay("app")).seq == 2
        await old.close()
        await new.close()
