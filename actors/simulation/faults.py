"""The faults that befall a simulated cluster: each has a name, is drawn with its arguments, strikes, and heals.

All are recoverable by contract: what is durable stays durable, and when they are over everything must come right.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.local_mesos.simulated_runner import Fate
    from actors.simulation.disk import Disk
    from actors.simulation.mesos import SimulatedMesos
    from actors.simulation.world import Host, World
    from actors.simulation.zookeeper import SimulatedZooKeeper

__all__ = ["FAULTS", "LATENCY", "Befallen", "Fault", "known", "mildest"]

LATENCY = (0.0005, 0.01)
"""Seconds of one way over the network while nothing is wrong with it."""


class Befallen:
    """What faults befall: the ``hosts`` of a framework, or service, or cluster, and what these stand on."""

    def __init__(
        self,
        world: World,
        hosts: list[Host],
        *,
        mesos: SimulatedMesos | None = None,
        disk: Disk | None = None,
        zookeeper: SimulatedZooKeeper | None = None,
    ) -> None:
        self.world, self.hosts = world, hosts
        self._mesos, self._disk, self._zookeeper = mesos, disk, zookeeper
        self.bad_starts_until = 0.0
        self.sick: int | None = None
        self.disturbed_at = 0.0
        world.befallen = self

    def strike(self, kind: str, *arguments: Any) -> None:
        """A fault of `FAULTS` strikes now; as mildly as can be, where arguments are left out."""
        fault = known(kind)
        fault.strike(self, *arguments, *mildest(fault)[len(arguments) :])

    def bad_start(self, chance: random.Random) -> Fate | None:
        """How a task fares that is started while starts are bad; None when they are not."""
        from actors.local_mesos.simulated_runner import Fate  # not before a safeguard may be left out of it

        if self.world.loop._now >= self.bad_starts_until:
            return None
        self.disturbed()
        if chance.random() < 0.3:
            return Fate(starts_after=chance.uniform(0, 1), runs=chance.uniform(0, 2), status=1 << 8)
        return Fate(starts_after=chance.uniform(0.5, 6))

    @property
    def mesos(self) -> SimulatedMesos:
        assert self._mesos is not None, "this world has no Mesos"
        return self._mesos

    @property
    def disk(self) -> Disk:
        assert self._disk is not None, "this world has no disk"
        return self._disk

    @property
    def zookeeper(self) -> SimulatedZooKeeper:
        assert self._zookeeper is not None, "this world has no ZooKeeper"
        return self._zookeeper

    def disturbed(self, seconds: float = 0.0) -> None:
        """Tasks suffer from something else than us, or are out of our sight, for so long."""
        self.disturbed_at = max(self.disturbed_at, self.world.loop._now + seconds)

    def calm_network(self) -> None:
        self.world.network.latency = LATENCY

    def calm(self) -> None:
        """The faults are over."""
        world = self.world
        if self._disk is not None:
            self._disk.free()
        world.happened("calm", "world", "the faults are over: cuts heal, the dead return")
        world.network.heal()
        self.calm_network()
        self.sick, self.bad_starts_until = None, 0.0
        for host in world.hosts.values():
            host.machine.drift(1.0)
            host.machine.resume()
            host.start()


Draw = Callable[[random.Random], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Fault:
    """``strike(stage, *arguments)``; the arguments are drawn by ``draw``, smaller ones are milder.

    ``aims``: events in whose moment it bites hardest; one that hangs on an event mostly hangs on one of these.
    """

    strike: Callable[..., None]
    draw: Draw
    aims: tuple[str, ...] = ()


def _seconds(least: float, most: float) -> Draw:
    return lambda chance: (round(chance.choice([chance.uniform(least, most), least]), 2),)


def _host(least: float, most: float) -> Draw:
    return lambda chance: (chance.randrange(100), *_seconds(least, most)(chance))


def _pick(stage: Befallen, draw: int) -> Host:
    hosts = [host for host in stage.world.hosts.values() if host.name != "users"]
    return hosts[draw % len(hosts)]


def _kill(which: Callable[[Befallen, int], Host], *, silently: bool = False) -> Callable[..., None]:
    def strike(stage: Befallen, draw: int, seconds: float) -> None:
        host = which(stage, draw)
        word = "power cut" if silently else "kill -9"
        stage.world.fault(word, host.name, f"{word}, back in {seconds:g} s")
        stage.disturbed(seconds)
        host.kill(silently=silently, down_for=seconds)

    return strike


def _pause(which: Callable[[Befallen, int], Host]) -> Callable[..., None]:
    def strike(stage: Befallen, draw: int, seconds: float) -> None:
        host = which(stage, draw)
        stage.world.fault("pause", host.name, f"stands still for {seconds:g} s")
        stage.disturbed(seconds)
        host.machine.pause()
        stage.world.later(seconds, host.machine.resume)

    return strike


def _reboot(stage: Befallen, draw: int, seconds: float) -> None:
    agent = stage.mesos.agents[draw % len(stage.mesos.agents)]
    stage.world.fault("reboot", agent.host.name, f"the machine reboots, back in {seconds:g} s")
    stage.disturbed(seconds)
    agent.reboot(seconds)


def _reset(stage: Befallen, draw: int) -> None:
    _reset_one(stage, _pick(stage, draw))


def _reset_one(stage: Befallen, host: Host) -> None:
    stage.world.fault("reset", host.name, "all its connections are reset")
    stage.world.network.reset(host.address)


def _reset_connection(stage: Befallen, draw: int, which: int) -> None:
    """One connection of many: what was under way on it is lost, and nobody notices but who waits for an answer."""
    host = _ours(stage, draw)
    mine = [each for each in stage.world.network.transports.values() if each.touches(host.address)]
    if mine:
        chosen = mine[which % len(mine)]
        stage.world.fault("reset of one", host.name, f"{chosen!r} is reset")
        for end in (chosen, chosen.peer):
            end.lose_soon(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))


def _reset_service(stage: Befallen, draw: int) -> None:
    _reset_one(stage, _ours(stage, draw))


def _lose_calls(stage: Befallen, draw: int, delay: float) -> None:
    """The connection that carries a framework's calls breaks by itself: calls, or what they were answered, are lost."""
    host = _ours(stage, draw)

    def lose() -> None:
        for each in [*stage.world.network.transports.values()]:
            if each.touches(host.address) and "_Line" in repr(each):
                stage.world.fault("calls lost", host.name, f"{each!r} is reset")
                for end in (each, each.peer):
                    end.lose_soon(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))

    stage.world.later(delay, lose)


def _die_unheard(stage: Befallen, draw: int, down_for: float, later: float) -> None:
    """The master's power goes, and nobody who only listens to it learns so; then a task ends."""
    _kill(_master, silently=True)(stage, draw, down_for)
    stage.world.later(down_for + later, lambda: _fail_task(stage, draw))


def _lose_agent_with_full_disk(stage: Befallen, draw: int, seconds: float) -> None:
    """What becomes of the tasks of an agent that is away cannot be written, until it has become something else."""
    _pause(_agent)(stage, draw, seconds)
    stage.world.later(5.0, lambda: _fill(stage, seconds - 6.0))


def _cut(stage: Befallen, draw: int, seconds: float) -> None:
    host = _pick(stage, draw)
    stage.world.fault("cut", host.name, f"is cut off for {seconds:g} s")
    stage.disturbed(seconds)
    stage.world.network.cut(host.address)
    stage.world.later(seconds, lambda: stage.world.network.heal(host.address))


def _cut_one_way(stage: Befallen, draw: int, other: int, seconds: float) -> None:
    source, target = _pick(stage, draw), _pick(stage, other)
    if source is target:
        return
    stage.world.fault("one-way cut", source.name, f"does not get through to {target.name} for {seconds:g} s")
    stage.disturbed(seconds)
    stage.world.network.cut(source.address, towards=target.address)
    stage.world.later(seconds, lambda: stage.world.network.heal(source.address))


def _slow(stage: Befallen, seconds: float) -> None:
    network = stage.world.network
    stage.world.fault("slow network", "network", f"delays up to 1.5 s for {seconds:g} s")
    network.latency = (0.01, 1.5)
    stage.disturbed(seconds)
    stage.world.later(seconds, stage.calm_network)


def _stall(stage: Befallen, seconds: float) -> None:
    stage.world.fault("stalled disk", "disk", f"writes nothing for {seconds:g} s")
    stage.disk.stall(seconds)


def _fill(stage: Befallen, seconds: float) -> None:
    stage.world.fault("full disk", "disk", f"is full for {seconds:g} s")
    stage.disk.fill()
    stage.world.later(seconds, stage.disk.free)


def _stall_and_kill(stage: Befallen, draw: int, seconds: float, down_for: float) -> None:
    _stall(stage, seconds)
    # Whatever is promised meanwhile is not on the disk when the process dies.
    stage.world.later(seconds / 2, lambda: _kill(_ours)(stage, draw, down_for))


def _tear(stage: Befallen, draw: int, delay: float, down_for: float) -> None:
    """The power goes while the disk is at work."""
    stage.world.later(delay, lambda: _kill(_ours, silently=True)(stage, draw, down_for))


def _stall_and_lose(stage: Befallen, draw: int, seconds: float) -> None:
    _stall(stage, seconds)
    # What is to be launched waits for the disk, while its offers end with the subscription, which comes anew meanwhile.
    stage.world.later(seconds / 4, lambda: _reset_one(stage, _ours(stage, draw)))


def _last_words(stage: Befallen, seconds: float, down_for: float) -> None:
    """What the master said in its last moments reaches nobody; the framework sees its death at once, agents late."""
    master = stage.mesos.master
    stage.world.fault("last words", master.name, f"is cut off for {seconds:g} s, and dies meanwhile")
    stage.disturbed(seconds + down_for)
    stage.world.network.cut(master.address)
    stage.world.later(0.05, lambda: master.kill(silently=True, down_for=down_for))
    for host in stage.hosts:
        stage.world.later(0.06, partial(stage.world.network.reset, host.address))
    stage.world.later(seconds, lambda: stage.world.network.heal(master.address))


def _fail_task(stage: Befallen, draw: int) -> None:
    live = sorted(stage.mesos.live, key=lambda task: task.id)
    if live:
        task = live[draw % len(live)]
        stage.world.fault("task fails", task.agent, f"{task.id} fails")
        stage.disturbed()
        stage.mesos.agents[int(task.agent[5:]) - 1].fail_task(task.id)


def _bad_starts(stage: Befallen, seconds: float) -> None:
    stage.world.fault("bad starts", "tasks", f"start slowly or fail for {seconds:g} s")
    stage.bad_starts_until = stage.world.loop._now + seconds


def _sick(stage: Befallen, draw: int, seconds: float) -> None:
    stage.world.fault("sick", "tasks", f"are sick on port {draw % 4} of 4 for {seconds:g} s")
    stage.sick = draw % 4
    stage.disturbed()

    def well() -> None:
        stage.sick = None

    stage.world.later(seconds, well)


def _drift(stage: Befallen, draw: int, percent: float) -> None:
    host = _pick(stage, draw)
    stage.world.fault("drift", host.name, f"its clock goes {percent:+g} % wrong")
    host.machine.drift(1 + percent / 100)


def _lose_coordinator(stage: Befallen, draw: int, seconds: float) -> None:
    host, zookeeper, network = _ours(stage, draw), stage.zookeeper.host, stage.world.network
    stage.world.fault("no coordinator", host.name, f"and ZooKeeper do not hear each other for {seconds:g} s")
    network.cut(host.address, towards=zookeeper.address)
    network.cut(zookeeper.address, towards=host.address)
    stage.world.later(seconds, lambda: network.heal(host.address))


def _ours(stage: Befallen, draw: int) -> Host:
    return stage.hosts[draw % len(stage.hosts)]


def _master(stage: Befallen, draw: int) -> Host:
    masters = stage.mesos.masters
    return masters[draw % len(masters)]


def _zookeeper(stage: Befallen, draw: int) -> Host:
    return stage.zookeeper.host


def _agent(stage: Befallen, draw: int) -> Host:
    return stage.mesos.agents[draw % len(stage.mesos.agents)].host


FAULTS: dict[str, Fault] = {
    "kill service": Fault(_kill(_ours), _host(0.5, 20), ("provisioned", "change written")),
    "cut power of service": Fault(_kill(_ours, silently=True), _host(0.5, 20)),
    "pause service": Fault(_pause(_ours), _host(0.5, 40)),
    "kill master": Fault(_kill(_master), _host(0.5, 10), ("provisioned", "accept")),
    "cut power of master": Fault(_kill(_master, silently=True), _host(0.5, 10)),
    "pause master": Fault(_pause(_master), _host(0.5, 40)),
    "kill agent": Fault(_kill(_agent), _host(0.5, 25)),
    "pause agent": Fault(_pause(_agent), _host(0.5, 25)),
    "reboot agent": Fault(_reboot, _host(1, 30), ("launch",)),
    "reset": Fault(_reset, lambda chance: (chance.randrange(100),)),
    "reset one": Fault(
        _reset_connection,
        lambda chance: (chance.randrange(100), chance.randrange(100)),
        ("durable", "accept", "provisioned", "kill"),
    ),
    "reset service": Fault(_reset_service, lambda chance: (chance.randrange(100),), ("provision heard",)),
    "lose calls": Fault(
        _lose_calls,
        lambda chance: (chance.randrange(100), round(chance.uniform(0.0, 0.015), 4)),
        ("durable", "provision heard", "change written", "promised"),
    ),
    "die unheard": Fault(_die_unheard, lambda chance: (*_host(0.5, 3)(chance), round(chance.uniform(1, 8), 2))),
    "lose agent with full disk": Fault(_lose_agent_with_full_disk, _host(18, 30)),
    "cut": Fault(_cut, _host(0.5, 40)),
    "cut one way": Fault(_cut_one_way, lambda chance: (chance.randrange(100), *_host(0.5, 40)(chance))),
    "slow network": Fault(_slow, _seconds(1, 20)),
    "stall disk": Fault(_stall, _seconds(0.1, 10)),
    "kill service while its disk stalls": Fault(
        _stall_and_kill, lambda chance: (*_host(0.1, 4)(chance), 1.0), ("put",)
    ),
    "stall disk and reset": Fault(_stall_and_lose, _host(2, 10), ("promised", "launch", "runs")),
    "cut power while writing": Fault(
        _tear,
        lambda chance: (chance.randrange(100), round(chance.uniform(0.001, 0.01), 4), 1.0),
        ("change written",),
    ),
    "last words": Fault(_last_words, lambda chance: (*_seconds(0.1, 10)(chance), 1.0), ("accept",)),
    "fill disk": Fault(_fill, _seconds(0.5, 10)),
    "fail task": Fault(_fail_task, lambda chance: (chance.randrange(100),)),
    "bad starts": Fault(_bad_starts, _seconds(1, 20)),
    "sick tasks": Fault(_sick, _host(1, 20)),
    "drift": Fault(_drift, lambda chance: (chance.randrange(100), round(chance.uniform(-3, 3), 2))),
    "lose coordinator": Fault(_lose_coordinator, _host(1, 20)),
    "kill node": Fault(_kill(_ours), _host(0.5, 20), ("leads", "deposit", "durable")),
    "cut power of node": Fault(_kill(_ours, silently=True), _host(0.5, 20), ("leads", "deposit", "durable")),
    "pause node": Fault(_pause(_ours), _host(0.5, 40), ("leads", "deposit", "durable")),
    "kill zookeeper": Fault(_kill(_zookeeper), _host(0.5, 15), ("subscribe", "durable")),
    "pause zookeeper": Fault(_pause(_zookeeper), _host(0.5, 15)),
}


def known(kind: str) -> Fault:
    """The fault of that name; raises `ValueError`."""
    if kind not in FAULTS:
        raise ValueError(f"there is no fault {kind!r}; there are: {', '.join(sorted(FAULTS))}")
    return FAULTS[kind]


class _Mild(random.Random):
    """Draws the smallest there is."""

    def random(self) -> float:
        return 0.0

    def getrandbits(self, k: int, /) -> int:
        return 0

    def uniform(self, a: float, b: float) -> float:
        return min(max(a, 0.0), b)


def mildest(fault: Fault) -> tuple[Any, ...]:
    """The arguments with which it is as mild as it can be drawn."""
    return fault.draw(_Mild())
