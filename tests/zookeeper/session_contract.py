"""What a session with any ZooKeeper does: the real one, and both that stand in for it. ``opened`` makes a session;
``app`` is a path of the test's own; ``ensemble`` may be stopped and started.
"""

import asyncio
from contextlib import suppress

import pytest
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError, NotEmptyError

from actors.zookeeper import SessionState, ZooKeeperAway


async def until(check):
    async with asyncio.timeout(60):
        while not await check():  # noqa: ASYNC110 - of a real server nobody tells
            await asyncio.sleep(0.05)


async def test_nodes_have_versions_and_are_deleted_without_children_only(opened, app):
    mine = opened()
    assert await mine.create(f"{app}/a", b"1", parents=True) == f"{app}/a"
    with pytest.raises(NodeExistsError):
        await mine.create(f"{app}/a")
    assert (await mine.set(f"{app}/a", b"2", version=0)).version == 1
    with pytest.raises(BadVersionError):
        await mine.set(f"{app}/a", b"3", version=0)
    assert (await mine.get(f"{app}/a")).data == b"2"
    with pytest.raises(NotEmptyError):
        await mine.delete(app)
    await mine.delete(f"{app}/a", version=1)
    assert await mine.exists(f"{app}/a") is None
    with pytest.raises(NoNodeError):
        await mine.create("/app/none/a")


async def test_sequences_go_on_where_a_node_was_deleted(opened, app):
    mine = opened()
    first = await mine.create(f"{app}/n-", sequence=True, parents=True)
    await mine.delete(first)
    assert [first, await mine.create(f"{app}/n-", sequence=True)] == [f"{app}/n-0000000000", f"{app}/n-0000000001"]


async def test_a_transaction_is_whole_or_nothing(opened, app):
    mine = opened()
    await mine.create(f"{app}/a", b"1", parents=True)
    with pytest.raises(NodeExistsError):
        await mine.all_or_none(("set_data", f"{app}/a", b"2", 0), ("create", f"{app}/a", b""))
    assert (await mine.get(f"{app}/a")).stat.version == 0
    await mine.all_or_none(("check", f"{app}/a", 0), ("create", f"{app}/b", b"", None, True), ("delete", f"{app}/a", 0))
    assert await mine.children(app) == ["b"]
    assert (await mine.get(f"{app}/b")).stat.ephemeralOwner == mine.session_id


async def test_a_watch_wakes_once_whoever_made_the_change(opened, app):
    mine, other = opened(), opened()
    await mine.ensure(app)
    woken = []
    await mine.children(app, lambda: woken.append("children"))
    assert await mine.exists(f"{app}/a", lambda: woken.append("made")) is None
    with pytest.raises(NoNodeError):
        await mine.get(f"{app}/a", lambda: woken.append("not there, so not watched"))
    await other.create(f"{app}/a")
    await other.create(f"{app}/b")
    await mine.get(f"{app}/a", lambda: woken.append("data"))
    await other.set(f"{app}/a", b"1")
    await other.set(f"{app}/a", b"2")
    await mine.get(f"{app}/a")  # an answer comes after what changed before it
    assert sorted(woken) == ["children", "data", "made"]


async def test_what_is_ephemeral_goes_with_the_session_that_is_closed(opened, app):
    mine, other = opened(), opened()
    await mine.create(f"{app}/mine", ephemeral=True, parents=True)
    assert await other.children(app) == ["mine"]
    await mine.close()

    async def gone():
        return await other.children(app) == []

    await until(gone)


async def test_a_server_that_went_and_came_back_keeps_sessions_and_what_is_ephemeral(opened, ensemble, app):
    mine, states = opened(), []
    await mine.create(f"{app}/mine", ephemeral=True, parents=True)
    session = mine.session_id
    mine.listen(states.append)
    woken = []
    await mine.get(f"{app}/mine", lambda: woken.append("perhaps"))
    await ensemble.stop()

    async def noticed():
        return mine.state is SessionState.SUSPENDED

    await until(noticed)
    await ensemble.start()
    assert (await mine.get(f"{app}/mine")).stat.ephemeralOwner == session == mine.session_id
    assert states == [SessionState.SUSPENDED, SessionState.CONNECTED]
    assert woken == ["perhaps"]


async def test_a_session_that_was_silent_too_long_is_over_and_a_new_one_begins(opened, ensemble, app):
    mine, other, states = opened(), opened(), []
    await mine.create(f"{app}/mine", ephemeral=True, parents=True)
    session = mine.session_id
    mine.listen(states.append)

    async def gone():
        return await other.children(app) == []

    async def answered():  # what is asked while the end of the session is learnt of fails with it
        with suppress(ZooKeeperAway):
            return await mine.exists(f"{app}/mine") is None

    async with ensemble.silent(mine):
        await until(gone)
    await until(answered)
    assert mine.session_id != session
    assert states[-2:] == [SessionState.EXPIRED, SessionState.CONNECTED]
