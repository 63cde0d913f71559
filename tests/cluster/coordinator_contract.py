"""What `Coordinator` promises. A module of tests takes these over and gives two fixtures:

``process``: each call stands for a process of the cluster, with a `Coordinator` of its own: 5 s to live, 1 s heartbeat.
``while_``: an awaitable function; lets about so many seconds pass. (Real time is shorter: nothing happens in most.)
"""

import asyncio
import re
import time

import pytest

from actors.cluster import Coordinator, LeaseHeld
from actors.testkit import VirtualLoop


async def now():
    return asyncio.get_running_loop().time()


async def until(so):
    async with asyncio.timeout(60):
        while not so():  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.02)


def soon():
    """Seconds; in real time a busy machine has its say."""
    return 1 if isinstance(asyncio.get_running_loop(), VirtualLoop) else 60


async def test_it_is_a_coordinator(process):
    assert isinstance(process(), Coordinator)


async def test_one_of_many_gets_the_lease_and_each_later_one_a_greater_epoch(process):
    one, two = process(), process()
    first = await one.lease("leader")
    assert (first.epoch, first.name, first.held()) == (1, "leader", True)
    with pytest.raises(LeaseHeld, match=r"leader.*epoch 1.*End that process"):
        await two.lease("leader", wait=False)
    await first.release()
    assert not first.held()
    assert await first.lost() == "released"
    second = await two.lease("leader", wait=False)
    assert second.epoch == 2


async def test_the_lease_is_the_same_while_it_is_held(process):
    one = process()
    assert await one.lease("leader") is await one.lease("leader", wait=False)


async def test_leases_of_other_names_are_other_leases(process):
    one, two = process(), process()
    assert (await one.lease("a/b")).held()
    assert (await two.lease("a", wait=False)).held()
    assert (await two.lease("../a", wait=False)).held()


async def test_a_waiter_gets_the_lease_soon_after_its_release(process, while_):
    one, two = process(), process()
    first = await one.lease("leader")
    waiting = asyncio.create_task(two.lease("leader"))
    await while_(60)
    assert first.held()
    assert not waiting.done()
    await first.release()
    released = await now()
    second = await waiting
    assert second.epoch == 2
    assert await now() - released < soon()


async def test_a_waiter_that_gives_up_leaves_nothing_behind(process, while_):
    one, two = process(), process()
    first = await one.lease("leader")
    waiting = asyncio.create_task(two.lease("leader"))
    await while_(10)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await first.release()
    assert (await one.lease("leader", wait=False)).epoch == 2


async def test_a_claim_cancelled_under_way_bars_nobody(process):
    one, two = process(), process()
    claiming = asyncio.create_task(one.lease("leader"))
    await asyncio.sleep(0)
    claiming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await claiming
    assert (await two.lease("leader", wait=False)).held()


async def test_of_many_waiters_exactly_one_is_next(process, while_):
    one, others = process(), [process() for _ in range(5)]
    first = await one.lease("leader")
    waiting = [asyncio.create_task(other.lease("leader")) for other in others]
    await first.release()
    for epoch in range(2, 7):
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result().epoch for task in done] == [epoch]
        await while_(20)
        assert not any(task.done() for task in pending)
        await done.pop().result().release()
        waiting = list(pending)


async def test_the_holder_is_known_with_what_it_said_of_itself(process):
    one, two = process(), process()
    assert await two.holder("leader") is None
    await one.join("one", {"url": "http://127.0.0.1:8080"})
    lease = await one.lease("leader")
    holder = await two.holder("leader")
    assert (holder.epoch, holder.data) == (1, {"url": "http://127.0.0.1:8080"})
    await lease.release()
    assert await two.holder("leader") is None


async def test_members_are_listed_oldest_first_until_they_leave(process, while_):
    one, two = process(), process()
    await one.join("one", {"role": "master"})
    await while_(1)
    await two.join("two")
    members = await two.members()
    assert [(member.name, member.data) for member in members] == [("one", {"role": "master"}), ("two", {})]
    with pytest.raises(ValueError, match="joined already"):
        await one.join("again")
    await while_(100)
    assert len(await one.members()) == 2
    await one.leave()
    await one.leave()
    assert [member.name for member in await two.members()] == ["two"]
    await one.join("one again")
    assert [member.name for member in await two.members()] == ["two", "one again"]


async def test_a_watch_tells_the_members_now_and_after_each_change(process, while_):
    one, two = process(), process()
    await one.join("one")
    seen = []

    async def watch():
        async for members in one.watch():
            seen.append([member.name for member in members])

    watching = asyncio.create_task(watch())
    await until(lambda: len(seen) >= 1)
    await two.join("two")
    await until(lambda: len(seen) >= 2)
    await two.leave()
    await until(lambda: len(seen) >= 3)
    await while_(10)
    watching.cancel()
    assert seen == [["one"], ["one", "two"], ["one"]]


async def test_closing_leaves_and_releases(process):
    one, two = process(), process()
    await one.join("one")
    lease = await one.lease("leader")
    await one.close()
    assert not lease.held()
    assert await two.members() == ()
    assert (await two.lease("leader", wait=False)).epoch == 2


async def test_a_loop_that_stood_still_too_long_has_lost_its_lease(process):
    one, two = process(), process()
    lease = await one.lease("leader")
    time.sleep(4)  # noqa: ASYNC251 - the loop is to stand still; in virtual time it is only said to
    assert not lease.held()
    stood = re.search(r"was not renewed for (\S+)", await lease.lost())
    assert 4 <= float(stood[1]) < 4 + soon()
    assert (await two.lease("leader")).epoch == 2
    assert not lease.held()


async def test_a_member_that_was_expelled_learns_it_and_does_not_come_back(process, while_):
    one, two = process(), process()
    with pytest.raises(ValueError, match="has not joined"):
        await one.removed()
    expelled = await one.join("one")
    await two.join("two")
    removed = asyncio.create_task(one.removed())
    await while_(10)
    assert not removed.done()
    await two.expel(expelled)
    assert [member.name for member in await two.members()] == ["two"]
    assert await removed == "it was expelled"
    await while_(10)
    assert [member.name for member in await one.members()] == ["two"]
    await one.leave()
    await one.join("one again")
    assert [member.name for member in await two.members()] == ["two", "one again"]
