"""The format of the state: marked, migrated when it is older, refused when it is newer."""

from __future__ import annotations

import pytest

from actors import ActorSystem
from actors.marathon import Marathon
from actors.marathon.messages import GetRoot
from actors.marathon.state.format import FORMAT, STREAM, bring_up_to_date
from actors.persistence import Append, Event, Journal, MemoryJournal, MemoryStore, NewerVersion


async def format_of(journal: Journal) -> int:
    return int((await journal.replay(STREAM)).events[-1].event.payload["format"])


async def journal_with(*events: Event, stream: str = "root") -> MemoryJournal:
    journal = MemoryJournal()
    await journal.append([Append(stream, events)])
    return journal


V1 = "2026-01-01T00:00:00.000Z"
ROOT = Event("root-changed", 1, {"version": "2026-01-01T00:00:00.000Z"})


async def test_a_new_state_is_marked_with_the_present_format() -> None:
    journal = MemoryJournal()
    for _ in range(2):
        await bring_up_to_date(journal)
        assert await format_of(journal) == FORMAT
    assert (await journal.replay(STREAM)).seq == 1


async def test_an_older_state_is_migrated_step_by_step_and_once() -> None:
    journal = await journal_with(ROOT)  # without a mark: format 1
    done: list[str] = []

    async def second(journal: Journal) -> None:
        done.append("1 to 2")
        await journal.append([Append("root", (Event("renamed"),))])

    async def third(journal: Journal) -> None:
        done.append("2 to 3")
        assert (await journal.replay("root")).events[-1].event.kind == "renamed"

    for _ in range(2):
        await bring_up_to_date(journal, (second, third))
    assert done == ["1 to 2", "2 to 3"]
    assert await format_of(journal) == 3
    await bring_up_to_date(journal, (second, third, second))
    assert done == ["1 to 2", "2 to 3", "1 to 2"]


async def test_a_migration_that_was_interrupted_is_made_again() -> None:
    journal = await journal_with(ROOT)
    tried: list[int] = []

    async def migration(journal: Journal) -> None:
        tried.append(len(tried))
        if len(tried) == 1:
            raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        await bring_up_to_date(journal, (migration,))
    await bring_up_to_date(journal, (migration,))
    assert (tried, await format_of(journal)) == ([0, 1], 2)


async def test_a_state_from_before_there_were_pods_is_taken_over() -> None:
    store = MemoryStore()
    info = {"version": V1, "versionInfo": {"lastScalingAt": V1, "lastConfigChangeAt": V1}}
    app = {"id": "/a", "cmd": "sleep 1", "instances": 0, "role": "*", **info}
    await MemoryJournal(store).append(
        [
            Append("root", (Event("root-changed", 1, {"version": V1}),)),
            Append("app//a", (Event("app-set", 1, {"version": V1, "app": app}),)),
        ]
    )
    async with ActorSystem() as system:
        marathon = await Marathon.start(system, master="http://127.0.0.1:9", journal=MemoryJournal(store), user="test")
        root = await marathon.supervisor.ask(GetRoot())
        assert (list(root.apps), root.apps["/a"].role, root.all_pods()) == (["/a"], "*", ())
        await marathon.stop()
    assert await format_of(MemoryJournal(store)) == FORMAT == 2


async def test_a_newer_state_is_refused_by_the_service_and_left_as_it_is() -> None:
    store = MemoryStore()
    await MemoryJournal(store).append([Append(STREAM, (Event("state-format", 1, {"format": FORMAT + 1}),))])
    before = {name: list(stream.events) for name, stream in store.streams.items()}
    async with ActorSystem() as system:
        with pytest.raises(NewerVersion, match="Upgrade it, or restore a backup"):
            await Marathon.start(system, master="http://127.0.0.1:9", journal=MemoryJournal(store), user="test")
    assert {name: list(stream.events) for name, stream in store.streams.items()} == before
