"""How many versions are kept (``--zk_max_versions``), in memory, in the journal, and after a restart."""

from __future__ import annotations

from actors.marathon.changes import settled
from actors.marathon.model import RootGroup
from actors.marathon.state import RootHistory
from actors.marathon.state.recovery import recover_root
from actors.marathon.state.root_history import COMPACT_AFTER, MAX_VERSIONS
from actors.persistence import MemoryJournal

from .definitions import V1, app, later


async def test_fifty_versions_are_kept_of_the_root_and_of_each_app() -> None:
    journal, history, version = MemoryJournal(), RootHistory(), V1
    changes = COMPACT_AFTER + 30
    for number in range(changes):
        version = later(version)
        root: RootGroup = history.current.with_app(app("/a", instances=number))
        root = settled(history.current, root, version)
        await journal.append(history.difference(root))
        history.record(root)
        for stream, seq, payload in history.snapshots_due():
            await journal.save_snapshot(stream, seq, payload)
    assert MAX_VERSIONS == 50
    for known in (history, await recover_root(journal)):
        assert len(known.versions) == len(known.app_versions("/a")) == MAX_VERSIONS
        assert known.versions[0] == known.app_versions("/a")[0] == version
        oldest = known.app_at("/a", known.app_versions("/a")[-1])
        assert oldest is not None
        assert oldest.instances == changes - MAX_VERSIONS
        assert known.current.apps["/a"].instances == changes - 1
    assert len((await journal.replay("app//a")).events) < COMPACT_AFTER
