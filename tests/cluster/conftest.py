"""Nodes of a simulated cluster: each a system on a machine of the in-memory network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors import ActorSystem
from actors.cluster import Cluster, MemoryCluster, MemoryCoordinator
from actors.remote import Codec, Remote, default_codec
from actors.testkit import HERE, seeded_settings

SECRET = "a secret of all the systems"


class Node:
    """One node, which can die in several ways."""

    def __init__(self, system: ActorSystem, remote: Remote, coordinator: MemoryCoordinator, machine: str) -> None:
        self.system = system
        self.remote = remote
        self.coordinator = coordinator
        self.machine = machine
        self.cluster: Cluster

    def stop(self) -> None:
        """As SIGSTOP: it says nothing, to nobody. (Its actors run on; nobody hears of it.)"""
        asyncio.get_running_loop().network.cut(self.machine)
        self.coordinator.freeze()

    def resume(self) -> None:
        """As SIGCONT."""
        asyncio.get_running_loop().network.heal(self.machine)
        self.coordinator.thaw()

    async def crash(self) -> None:
        """As ``kill -9``."""
        network = asyncio.get_running_loop().network
        network.reset(self.machine)
        network.cut(self.machine)
        self.coordinator.crash()
        await self.system.stop_actors()

    def names(self) -> list[str]:
        """Who is a member, as it sees it."""
        return [node.address.host for node in self.cluster.state().members]


@pytest.fixture
async def node(seed: int) -> Any:
    """Starts a node: its n-th call is on machine 10.0.0.n."""
    place, started = MemoryCluster(), []

    async def start(
        *roles: str, name: str = "app", at: MemoryCluster | None = None, codec: Codec = default_codec, **options: Any
    ) -> Node:
        machine = f"10.0.0.{len(started) + 1}"
        token = HERE.set(machine)
        try:
            system = ActorSystem(name, seeded_settings(seed + len(started)))
            remote = await Remote.start(system, machine, 2552, secret=SECRET, codec=codec)
            started.append(Node(system, remote, MemoryCoordinator(at or place), machine))
            started[-1].cluster = await Cluster.join(system, started[-1].coordinator, roles=roles, **options)
        finally:
            HERE.reset(token)
        return started[-1]

    yield start
    asyncio.get_running_loop().network.heal()
    for each in started:
        each.coordinator.thaw()
    for each in started:
        await each.system.terminate()
        await each.coordinator.close()


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits until something is so; returns how long that took."""

    async def until(so: Callable[[], object], seconds: float = 60.0) -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while not so():
            assert loop.time() - begun < seconds, "it did not come so"
            await asyncio.sleep(0.01)
        return loop.time() - begun

    return until
