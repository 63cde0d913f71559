"""Members: how they come, how they go, and what the others hear of it."""

import asyncio

import pytest

from actors import Actor, Props, Terminated
from actors.cluster import (
    Cluster,
    ClusterEvent,
    ClusterNameConflict,
    ClusterState,
    FileCoordinator,
    MemberLeft,
    MemberReachable,
    MemberRemoved,
    MemberUnreachable,
    MemberUp,
    MemoryCluster,
    MemoryCoordinator,
    SelfRemoved,
)
from actors.remote import Remote
from tests.cluster.conftest import SECRET


class Recorder(Actor):
    def __init__(self, seen):
        self.seen = seen

    def receive(self, message):
        self.seen.append(message)


def events_of(node, *classes, **options):
    seen = []
    node.cluster.subscribe(node.system.spawn(Props(Recorder, seen)), *classes, **options)
    return seen


def told(seen):
    return [(type(event).__name__, event.node.address.host) for event in seen]


async def test_members_are_the_oldest_first_with_their_roles_wherever_one_looks(node, until):
    one = await node("master")
    two = await node("worker", "spare")
    three = await node()
    for each in (one, two, three):
        await until(lambda each=each: each.names() == ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    state = three.cluster.state()
    assert [sorted(member.roles) for member in state.members] == [["master"], ["spare", "worker"], []]
    assert [member.address.host for member in state.with_role("worker")] == ["10.0.0.2"]
    assert state.own == three.cluster.own
    assert Cluster(one.system) is one.cluster


async def test_who_subscribes_hears_of_those_who_are_there_and_then_of_changes(node, until):
    one = await node()
    seen = events_of(one, MemberUp, MemberRemoved)
    whole = events_of(one, initial="state")
    silent = events_of(one, ClusterEvent, initial="nothing")
    two = await node()
    await until(lambda: len(seen) == 2)
    assert told(seen) == [("MemberUp", "10.0.0.1"), ("MemberUp", "10.0.0.2")]
    assert isinstance(whole[0], ClusterState)
    assert told(whole[1:]) == told(silent) == [("MemberUp", "10.0.0.2")]
    late = events_of(two, MemberUp)
    await asyncio.sleep(1)
    assert told(late) == [("MemberUp", "10.0.0.1"), ("MemberUp", "10.0.0.2")]


async def test_one_that_leaves_says_so_and_is_removed(node, until):
    one, two = await node(), await node()
    seen, own = events_of(one, initial="nothing"), events_of(two, initial="nothing")
    await until(lambda: len(one.names()) == 2)
    await two.cluster.leave()
    await until(lambda: len(one.names()) == 1)
    assert told(seen)[-2:] == [("MemberLeft", "10.0.0.2"), ("MemberRemoved", "10.0.0.2")]
    assert seen[-1].reason == "left"
    assert told(own) == [("MemberLeft", "10.0.0.2"), ("MemberRemoved", "10.0.0.2")]
    assert two.names() == []
    assert not two.system.is_terminated


async def test_a_system_that_terminates_leaves(node, until):
    one, two = await node(), await node()
    seen = events_of(one, MemberRemoved)
    await until(lambda: len(one.names()) == 2)
    await two.system.terminate()
    await until(lambda: seen)
    assert (seen[0].node.address.host, seen[0].reason) == ("10.0.0.2", "left")


@pytest.mark.seeds(3)
async def test_one_that_is_killed_is_removed_and_its_actors_are_terminated(node, until):
    one, two = await node(), await node()
    there = two.system.spawn(Props(Recorder, []), "it")
    deaths, seen = [], events_of(one, MemberRemoved)

    class Watcher(Actor):
        def pre_start(self):
            self.context.watch(one.remote.ref_of(two.remote.name_of(there)))

        def receive(self, message):
            assert isinstance(message, Terminated)
            deaths.append(message)

    one.system.spawn(Watcher)
    await asyncio.sleep(5)
    await two.crash()
    assert await until(lambda: seen and deaths) < 2
    assert (seen[0].reason, deaths[0].ref.path) == ("lost", "actors://app@10.0.0.2:2552/user/it")


async def test_one_that_is_stopped_is_unreachable_then_removed_and_shuts_down_when_it_wakes(node, until):
    one, two = await node(), await node()
    seen, own = events_of(one, initial="nothing"), events_of(two, SelfRemoved)
    await asyncio.sleep(10)
    two.stop()
    await until(lambda: len(one.names()) == 1)
    two.resume()
    await until(lambda: two.system.is_terminated)
    assert [event.node.address.host for event in own] == ["10.0.0.2"]
    assert [type(event) for event in seen if event.node == two.cluster.own][-1] is MemberRemoved
    await asyncio.sleep(30)
    assert one.names() == ["10.0.0.1"]
    assert not one.system.is_terminated


@pytest.mark.parametrize("way", ["both ways", "towards", "from"])
async def test_two_that_do_not_reach_each_other_are_members_still_and_reachable_again(node, until, way):
    one, two, three = await node(), await node(), await node()
    seen = events_of(one, MemberUnreachable, MemberReachable, MemberRemoved)
    await asyncio.sleep(10)
    network = asyncio.get_running_loop().network
    if way in ("both ways", "towards"):
        network.cut("10.0.0.1", towards="10.0.0.2")
    if way in ("both ways", "from"):
        network.cut("10.0.0.2", towards="10.0.0.1")
    await until(lambda: one.cluster.state().unreachable and two.cluster.state().unreachable)
    assert told(seen) == [("MemberUnreachable", "10.0.0.2")]
    assert three.cluster.state().unreachable == frozenset()
    await asyncio.sleep(60)
    network.heal()
    await until(lambda: not one.cluster.state().unreachable)
    assert told(seen) == [("MemberUnreachable", "10.0.0.2"), ("MemberReachable", "10.0.0.2")]
    assert len(one.names()) == 3


async def test_of_two_that_do_not_reach_each_other_the_older_one_may_down_the_younger(node, until):
    one = await node(down_unreachable_after=20)
    two = await node(down_unreachable_after=20)
    seen = events_of(one, MemberRemoved)
    await asyncio.sleep(10)
    asyncio.get_running_loop().network.cut("10.0.0.1", towards="10.0.0.2")
    took = await until(lambda: two.system.is_terminated)
    assert 20 < took < 40
    await until(lambda: seen)
    assert seen[0].reason == "downed"
    assert not one.system.is_terminated


async def test_one_that_is_downed_is_removed_for_all_and_shuts_down(node, until):
    one, two, three = await node(), await node(), await node()
    seen = events_of(three, MemberRemoved)
    await until(lambda: len(one.names()) == 3)
    await one.cluster.down(two.remote.address)
    await until(lambda: two.system.is_terminated)
    await until(lambda: seen)
    assert seen[0].node.address.host == "10.0.0.2"
    with pytest.raises(LookupError, match="is no member"):
        await one.cluster.down(two.cluster.own)


async def test_while_the_coordinator_is_away_the_members_stay_and_nobody_joins(node, until):
    one, two = await node(), await node()
    await until(lambda: len(one.names()) == 2)
    one.coordinator.freeze()
    two.coordinator.freeze()
    seen = events_of(one, initial="nothing")
    await asyncio.sleep(4)
    assert one.names() == two.names() == ["10.0.0.1", "10.0.0.2"]
    assert seen == []


async def test_two_clusters_at_one_place_by_mistake_are_refused(node):
    place = MemoryCluster()
    await node(at=place)
    with pytest.raises(ClusterNameConflict, match="belongs to another cluster, of systems called 'app'"):
        await node(name="other", at=place)


async def test_two_clusters_in_one_folder_by_mistake_are_refused(node, tmp_path, system):
    first, second = FileCoordinator(tmp_path), FileCoordinator(tmp_path)
    await first.join("a", {"system": "other", "address": "actors://other@h:1"})
    await Remote.start(system)
    with pytest.raises(ClusterNameConflict, match="called 'other'"):
        await Cluster.join(system, second)
    await first.close()
    await second.close()


async def test_what_makes_no_sense_is_refused(node, system):
    one = await node()
    with pytest.raises(ValueError, match="has joined a cluster already"):
        await Cluster.join(one.system, MemoryCoordinator())
    with pytest.raises(LookupError, match="is in no cluster"):
        Cluster(system)
    with pytest.raises(LookupError, match="is not remote"):
        await Cluster.join(system, MemoryCoordinator())
    await Remote.start(system, secret=SECRET)
    for role in ("", "a,b"):
        with pytest.raises(ValueError, match="is no role"):
            await Cluster.join(system, MemoryCoordinator(), roles=[role])


async def test_events_end_with_unsubscribe(node, until):
    one = await node()
    seen = []
    recorder = one.system.spawn(Props(Recorder, seen))
    one.cluster.subscribe(recorder, MemberUp, MemberLeft, initial="nothing")
    one.cluster.unsubscribe(recorder, MemberUp)
    two = await node()
    await until(lambda: len(one.names()) == 2)
    await two.cluster.leave()
    await until(lambda: len(one.names()) == 1)
    assert [type(event) for event in seen] == [MemberLeft]
