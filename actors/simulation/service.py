"""`SimulatedService`: the Marathon service as it is deployed, on hosts that share a disk and compete for its lease.

lease ─▶ journal under its epoch ─▶ Marathon's actors ─▶ HTTP API ─▶ until the lease is lost or the actors give up

The order is that of `marathon serve`; below the seams are a `DiskJournal`, and kazoo's stand-in. Several hosts compete
over a simulated ZooKeeper, one alone has a `MemoryCoordinator`. A host that ends is started again after a second; which
of several leads, the lease decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from actors.cluster import Lease
from actors.cluster.memory_coordinator import MemoryCluster, MemoryCoordinator
from actors.cluster.zookeeper_coordinator import ZooKeeperCoordinator
from actors.core import ActorSystem
from actors.http import serve
from actors.marathon import Marathon
from actors.marathon.api import Service, ServiceInfo, make_app
from actors.marathon.health import Target
from actors.marathon.model import HealthCheck
from actors.mesos import ConnectionSettings
from actors.simulation.disk import Disk, DiskJournal
from actors.simulation.leases import Leases
from actors.simulation.mesos import SimulatedMesos
from actors.simulation.offers import Offers
from actors.simulation.world import Host, World
from actors.simulation.zookeeper import SESSION, SimulatedZooKeeper
from actors.testkit import HERE
from actors.zookeeper import ZooKeeper

__all__ = ["API_PORT", "SimulatedService"]

API_PORT = 8080
LEASE = "marathon"


class SimulatedService:
    """``hosts`` of the service, one of which leads, as ``zookeeper`` says; ``disk`` is what they share."""

    def __init__(
        self, world: World, mesos: SimulatedMesos, *, hosts: int = 1, zookeeper: SimulatedZooKeeper | None = None
    ) -> None:
        self.world, self.mesos = world, mesos
        self.disk = Disk(world.chance, world.loop.time if hosts == 1 else lambda: world.loop._now)
        self.zookeeper = zookeeper
        self.leases = Leases(world)
        self._alone = MemoryCluster()
        self.systems: dict[str, ActorSystem] = {}
        self.healthy: Callable[[str, int], bool] = lambda host, port: True
        self.hosts = [world.host("marathon" if hosts == 1 else f"marathon{n}") for n in range(1, hosts + 1)]
        for host in self.hosts:
            host.run(self._runs_on(host))

    def writer(self) -> str:
        """The host whose code is running."""
        return next((host.name for host in self.hosts if host.address == HERE.get()), "")

    @property
    def led_by(self) -> str | None:
        """The host that leads, or did last."""
        return self.leases.last

    @property
    def newest_epoch(self) -> int:
        """Of the lease that was given away last."""
        if self.zookeeper is None:
            return max((claim.epoch for claim in self._alone.claims.values()), default=0)
        node = self.zookeeper.tree.nodes.get(f"/marathon/leases/{LEASE}/epoch")
        return 0 if node is None else int(node.data)

    @property
    def urls(self) -> list[str]:
        return [f"http://{host.address}:{API_PORT}" for host in self.hosts]

    def _runs_on(self, host: Host) -> Callable[[], Any]:
        return lambda: self._main(host)

    async def _main(self, host: Host) -> None:
        async with host.system(instrument=Offers(self.world).instrument) as system:
            self.systems[host.name] = system
            zookeeper = None
            coordinator: MemoryCoordinator | ZooKeeperCoordinator
            if self.zookeeper is None:
                coordinator = MemoryCoordinator(self._alone)
            else:
                where = f"{self.zookeeper.url}/marathon"
                zookeeper = ZooKeeper(where, session_timeout=SESSION, client=self.zookeeper.client)
                coordinator = ZooKeeperCoordinator(zookeeper)
            try:
                await self._lead(host, system, await coordinator.lease(LEASE))
            finally:
                await coordinator.close()
                if zookeeper is not None:
                    await zookeeper.close()

    async def _lead(self, host: Host, system: ActorSystem, lease: Lease) -> None:
        self.leases.given(host, lease)
        journal = DiskJournal(self.disk, epoch=lease.epoch)
        marathon = await Marathon.start(
            system,
            master=self.mesos.seen(),
            journal=journal,
            hostname=host.address,
            user="simulated",
            probe=self._probe,
            settings=ConnectionSettings(),
        )
        info = ServiceInfo(version="simulated", master=self.mesos.url, hostname=host.address)
        api = await serve(make_app(Service(system, marathon, info)), host.address, API_PORT)
        self.world.happened("serves", host.name, "answers users")
        try:
            await self._first_end(lease, marathon)
        except asyncio.CancelledError:  # told to end, as by SIGTERM
            await api.close()
            await marathon.stop()
            raise
        except RuntimeError:  # nothing may be done any more, before anything is ended in peace
            await marathon.stop()
            await api.close()
            raise

    async def _first_end(self, lease: Lease, marathon: Marathon) -> None:
        lost = asyncio.ensure_future(lease.lost())
        stopped = asyncio.ensure_future(marathon.when_stopped())
        try:
            done, _ = await asyncio.wait((lost, stopped), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            lost.cancel()
            stopped.cancel()
            raise
        raise RuntimeError(f"cannot go on: {[task.exception() or task.result() for task in done]}")

    async def _probe(self, check: HealthCheck, target: Target) -> str | None:
        await asyncio.sleep(self.world.network.delay())
        return None if self.healthy(target.host, target.port) else "sick"
