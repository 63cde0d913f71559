"""A service asks Mesos for its framework only while it can prove that it leads."""

import asyncio

import pytest

from actors.marathon.fenced_master import FencedDetector
from actors.mesos import NoMaster, StaticDetector
from actors.persistence import MemoryJournal, MemoryStore, StaleEpoch

MASTER = "http://10.0.0.1:5050"


async def test_the_master_is_told_while_the_journal_is_ours_and_not_after() -> None:
    store = MemoryStore()
    detector = FencedDetector(StaticDetector(MASTER), MemoryJournal(store, epoch=1))
    assert await detector.detect(None) == MASTER
    MemoryJournal(store, epoch=2)
    with pytest.raises(StaleEpoch, match="epoch 2"):
        await detector.detect(MASTER)


async def test_without_a_proof_in_time_there_is_no_master() -> None:
    class Away(MemoryJournal):
        async def append(self, writes: object) -> None:
            await asyncio.sleep(3600)

    with pytest.raises(NoMaster, match="cannot prove"):
        await FencedDetector(StaticDetector(MASTER), Away()).detect(None)
