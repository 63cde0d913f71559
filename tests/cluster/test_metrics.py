"""Metrics: sampled while somebody watches, smoothed as Akka does, told of all nodes on the one that asked."""

import asyncio
import itertools
import math
from collections import Counter

import pytest

from actors import Actor, Props
from actors.cluster import (
    AdaptiveLoadBalancing,
    ClusterMetricsChanged,
    MemoryCoordinator,
    MetricsSettings,
    NodeMetrics,
    Receptionist,
    SystemCollector,
    cpu_capacity,
    heap_capacity,
    load_capacity,
    mix_capacity,
    service_group,
)
from actors.cluster import Node as Member
from actors.cluster._cgroup import cpu_limit, memory_limit
from actors.cluster.adaptive import weights
from actors.remote import Address, Codec


class Recorder(Actor):
    def __init__(self, seen):
        self.seen = seen

    def receive(self, message):
        self.seen.append(message)


class Samples:
    """A collector that counts its calls."""

    def __init__(self, **figures):
        self.figures = {name.replace("_", "-"): value for name, value in figures.items()}
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return self.figures


def sampled_by(collector, **settings):
    return {"metrics": MetricsSettings(collector=collector, **settings)}


def watch(node):
    seen = []
    ref = node.system.spawn(Props(Recorder, seen))
    node.cluster.subscribe(ref, ClusterMetricsChanged)
    return ref, seen


def hosts(event):
    return [each.node.address.host for each in event.nodes]


def metrics(host="10.0.0.1", **figures):
    member = Member(Address("app", host, 2552), 1, frozenset(), host, 0.0)
    return NodeMetrics(member, 0.0, {name.replace("_", "-"): value for name, value in figures.items()})


async def test_a_subscriber_is_told_the_figures_of_all_nodes_each_interval(node, until):
    one = await node(**sampled_by(Samples(heap_memory_used=30.0, heap_memory_max=100)))
    await node(**sampled_by(Samples(system_load_average=3.0, processors=4)))
    await until(lambda: len(one.names()) == 2)
    _, seen = watch(one)
    await until(lambda: seen and len(seen[-1].nodes) == 2, 7)
    first, second = seen[-1].nodes
    assert (first.node.address.host, first.heap, first.load) == ("10.0.0.1", 0.3, None)
    assert (second.node.address.host, second.heap, second.load) == ("10.0.0.2", None, 0.75)
    assert first.mailbox_depth is not None
    assert first.loop_lag is not None
    assert one.cluster.metrics() == seen[-1].nodes
    before = len(seen)
    await asyncio.sleep(30)
    assert len(seen) - before == 10


async def test_a_node_that_is_seen_before_it_listens_is_asked_again_at_the_next_sample(node, until, monkeypatch):
    one = await node(codec=Codec(), **sampled_by(Samples(heap_memory_used=30.0)))
    _, seen = watch(one)
    members = MemoryCoordinator.members

    async def slow(self):
        await asyncio.sleep(0.5)
        return await members(self)

    monkeypatch.setattr(MemoryCoordinator, "members", slow)  # the others know of it, and it has no actor yet
    await node(codec=Codec(), **sampled_by(Samples(heap_memory_used=10.0)))
    await until(lambda: len(seen[-1].nodes) == 2, 2 * 3.0 + 0.5)


async def test_nobody_samples_unless_somebody_watches_and_all_stop_soon_after(node, until):
    samples = [Samples(heap_memory_used=1), Samples(heap_memory_used=2)]
    one = await node(**sampled_by(samples[0]))
    await node(**sampled_by(samples[1]))
    await until(lambda: len(one.names()) == 2)
    await asyncio.sleep(60)
    assert [each.calls for each in samples] == [0, 0]
    ref, seen = watch(one)
    await asyncio.sleep(121)
    assert all(each.calls >= 39 for each in samples)
    one.system.stop(ref)
    await asyncio.sleep(45)
    before = [each.calls for each in samples]
    await asyncio.sleep(600)
    assert [each.calls for each in samples] == before
    assert one.cluster._metrics == ()
    assert len(seen) == 41


async def test_who_only_looks_is_informed_for_a_while(node):
    one = await node(**sampled_by(samples := Samples(heap_memory_used=1)))
    assert one.cluster.metrics() == ()
    await asyncio.sleep(4)
    assert hosts(ClusterMetricsChanged(one.cluster.metrics())) == ["10.0.0.1"]
    await asyncio.sleep(60)
    before = samples.calls
    await asyncio.sleep(60)
    assert samples.calls == before


async def test_a_late_subscriber_is_told_what_is_known_at_once_and_none_after_unsubscribing(node):
    one = await node(**sampled_by(Samples(heap_memory_used=1)))
    watch(one)
    await asyncio.sleep(4)
    ref, seen = watch(one)
    await asyncio.sleep(0.1)
    assert len(seen) == 1
    one.cluster.unsubscribe(ref)
    await asyncio.sleep(30)
    assert len(seen) == 1


async def test_half_of_a_change_is_in_the_average_after_the_half_life(node):
    samples = Samples(cpu_combined=0.0, system_load_average=1.0, processors=1)
    one = await node(**sampled_by(samples, interval=3, half_life=12))
    _, seen = watch(one)
    await asyncio.sleep(4)
    samples.figures = {"cpu-combined": 0.8, "system-load-average": 2.0, "processors": 1}
    await asyncio.sleep(12)
    assert seen[-1].nodes[0].cpu == pytest.approx(0.4)
    assert seen[-1].nodes[0].load == 2.0  # is an average already
    assert MetricsSettings().alpha == pytest.approx(0.159, abs=0.0005)


async def test_what_is_no_figure_is_left_out(node):
    one = await node(**sampled_by(Samples(heap_memory_used=-1, cpu_combined=math.nan, jobs=3)))
    _, seen = watch(one)
    await asyncio.sleep(4)
    (own,) = seen[-1].nodes
    assert (own.heap, own.cpu, own.figures["jobs"]) == (None, None, 3)


async def test_a_collector_that_fails_is_logged_once_and_costs_only_its_own_figures(node, caplog):
    def fails():
        raise OSError("no such file: /proc/loadavg")

    one = await node(**sampled_by(fails))
    _, seen = watch(one)
    await asyncio.sleep(20)
    assert len(seen) == 7
    assert set(seen[-1].nodes[0].figures) == {"mailbox-depth", "mailbox-depth-max", "event-loop-lag"}
    assert caplog.text.count("no such file: /proc/loadavg'") == 1


async def test_messages_that_wait_in_mailboxes_are_counted(node):
    class Busy(Actor):
        async def receive(self, message):
            await self.context.system.clock.sleep(1000)

    one = await node(**sampled_by(Samples()))
    busy = one.system.spawn(Busy)
    for _ in range(6):
        busy.tell("work")
    _, seen = watch(one)
    await asyncio.sleep(4)
    figures = seen[-1].nodes[0].figures
    assert figures["mailbox-depth-max"] == 5
    assert figures["mailbox-depth"] >= 5


async def test_a_node_that_is_not_reached_or_gone_is_left_out_and_one_that_is_back_is_told_again(node, until):
    one, two, three = [await node(**sampled_by(Samples(heap_memory_used=1))) for _ in range(3)]
    await until(lambda: len(one.names()) == 3)
    _, seen = watch(one)
    await until(lambda: seen and len(seen[-1].nodes) == 3, 7)
    asyncio.get_running_loop().network.cut(two.machine)
    await three.cluster.leave()
    await until(lambda: hosts(seen[-1]) == ["10.0.0.1"], 12)
    asyncio.get_running_loop().network.heal(two.machine)
    await until(lambda: hosts(seen[-1]) == ["10.0.0.1", "10.0.0.2"], 15)


async def test_one_that_joins_later_is_asked_too(node, until):
    one = await node(**sampled_by(Samples(heap_memory_used=1)))
    _, seen = watch(one)
    await asyncio.sleep(4)
    await node(**sampled_by(Samples(heap_memory_used=1)))
    await until(lambda: len(seen[-1].nodes) == 2, 7)


# The process's own figures


def test_the_collector_tells_of_this_process_and_its_machine():
    collector = SystemCollector(memory_limit=1 << 40)
    first = collector()
    sum(range(3_000_000))
    figures = collector()
    assert "cpu-combined" not in first
    assert 1_000_000 < figures["heap-memory-used"] < figures["heap-memory-max"] < 1 << 40
    assert figures["processors"] >= 1
    for name in ("cpu-combined", "cpu-stolen", "cpu-process"):
        assert 0 <= figures.get(name, 0) <= 1
    assert SystemCollector(memory_limit=1 << 26)()["heap-memory-max"] == 1 << 26


@pytest.mark.parametrize(
    ("cgroup", "files", "memory", "cpus"),
    [
        ("0::/a/b\n", {"a/memory.max": "500", "a/b/memory.max": "max", "a/b/cpu.max": "50000 100000"}, 500, 0.5),
        ("0::/\n", {"memory.max": "700", "cpu.max": "max 100000"}, 700, None),
        ("0::/the/hosts/path\n", {"memory.max": "700"}, 700, None),
        (
            "5:cpu,cpuacct:/x\n4:memory:/x\n",
            {
                "memory/x/memory.limit_in_bytes": "900",
                "cpu,cpuacct/x/cpu.cfs_quota_us": "150000",
                "cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            },
            900,
            1.5,
        ),
        (
            "5:cpu,cpuacct:/\n4:memory:/\n",
            {"memory/memory.limit_in_bytes": "9223372036854771712", "cpu,cpuacct/cpu.cfs_quota_us": "-1"},
            None,
            None,
        ),
        ("", {}, None, None),
    ],
    ids=["version 2", "a container's", "a path of the host", "version 1", "version 1 without limits", "none"],
)
def test_limits_are_the_least_of_the_control_groups(tmp_path, cgroup, files, memory, cpus):
    proc = tmp_path / "cgroup"
    proc.write_text(cgroup)
    for name, text in files.items():
        (tmp_path / "sys" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys" / name).write_text(text + "\n")
    assert memory_limit(proc, tmp_path / "sys") == memory
    assert cpu_limit(proc, tmp_path / "sys") == cpus


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="interval must be a number of seconds above 0, not 0"):
        MetricsSettings(interval=0)
    with pytest.raises(ValueError, match="memory_limit must be above 0 bytes"):
        SystemCollector(memory_limit=0)


# Routing by them


def test_capacities_are_what_is_left():
    busy = metrics(
        heap_memory_used=75, heap_memory_max=100, system_load_average=6, processors=4, cpu_combined=0.5, cpu_stolen=0.1
    )
    assert heap_capacity(busy) == 0.25
    assert load_capacity(busy) == 0
    assert cpu_capacity(busy) == pytest.approx(0.37)
    assert mix_capacity(busy) == pytest.approx((0.25 + 0 + 0.37) / 3)
    assert cpu_capacity(metrics(cpu_combined=0.5)) is None
    assert mix_capacity(metrics(heap_memory_used=75, heap_memory_max=100)) == 0.25
    assert mix_capacity(metrics()) is None


def test_weights_are_in_units_of_the_lowest_capacity():
    one, two, three = (Address("app", f"10.0.0.{n}", 1) for n in (1, 2, 3))
    assert weights({one: 0.6, two: 0.3, three: 0.1}) == {one: 6, two: 3, three: 1}
    assert weights({one: 0.5, two: 0.0}) == {one: 50, two: 0}
    assert weights({}) == {}


class Worker(Actor):
    async def pre_start(self):
        await Receptionist(self.context.system).register("workers", self.ref)

    def receive(self, message):
        self.reply(self.context.system.settings.seed)


async def test_a_router_gives_more_to_nodes_with_more_room(node, until):
    used = {"10.0.0.1": 20, "10.0.0.2": 60, "10.0.0.3": 80}
    nodes = [
        await node(**sampled_by(Samples(heap_memory_used=part, heap_memory_max=100), interval=1))
        for part in used.values()
    ]
    for each in nodes:
        each.system.spawn(Worker)
    router = nodes[0].system.spawn(service_group("workers", AdaptiveLoadBalancing(heap_capacity)))
    await until(lambda: len(nodes[0].names()) == 3)
    await asyncio.sleep(3)
    await router.ask("the first look")
    await asyncio.sleep(5)
    answers = Counter([await router.ask("work") for _ in range(700)])
    first, second, third = sorted(answers.values(), reverse=True)
    assert first + second + third == 700
    assert first == pytest.approx(400, abs=50)  # 80 : 40 : 20 of free memory
    assert second == pytest.approx(200, abs=50)
    assert third == pytest.approx(100, abs=40)


async def test_before_anything_is_known_all_are_alike_and_full_nodes_are_not_left_with_nobody(node, until):
    nodes = [await node(**sampled_by(Samples(heap_memory_used=100, heap_memory_max=100))) for _ in range(2)]
    for each in nodes:
        each.system.spawn(Worker)
    router = nodes[0].system.spawn(service_group("workers", AdaptiveLoadBalancing(heap_capacity)))
    await asyncio.sleep(3)
    early = Counter([await router.ask("work") for _ in range(200)])
    await asyncio.sleep(7)
    late = Counter([await router.ask("work") for _ in range(200)])
    for part in itertools.chain(early.values(), late.values()):
        assert 60 < part < 140
