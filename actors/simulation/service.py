"""`SimulatedService`: the Marathon service as it is deployed, on hosts that share a disk and compete for its lease.

lease ─▶ journal under its epoch ─▶ Marathon's actors ─▶ HTTP API ─▶ until the lease is lost or the actors give up

The order is that of `marathon serve`; below the seams are a `DiskJournal` and a `MemoryCoordinator`. A host that
ends is started again after a second; which of several leads, the lease decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from actors.cluster import Lease
from actors.cluster.memory_coordinator import MemoryCluster, MemoryCoordinator
from actors.core import ActorSystem
from actors.http import serve
from actors.marathon import Marathon
from actors.marathon.api import Service, ServiceInfo, make_app
from actors.marathon.health import Target
from actors.marathon.model import HealthCheck
from actors.mesos import ConnectionSettings
from actors.simulation.disk import Disk, DiskJournal
from actors.simulation.mesos import SimulatedMesos
from actors.simulation.offers import Offers
from actors.simulation.world import Host, World
from actors.testkit import HERE

__all__ = ["API_PORT", "SimulatedService"]

API_PORT = 8080


class SimulatedService:
    """``hosts`` of the service, one of which leads; ``disk`` is what they share."""

    def __init__(self, world: World, mesos: SimulatedMesos, *, hosts: int = 1) -> None:
        self.world, self.mesos = world, mesos
        self.disk = Disk(world.chance, world.loop.time if hosts == 1 else lambda: world.loop._now)
        self.cluster = MemoryCluster()
        self.coordinators: dict[str, MemoryCoordinator] = {}
        self.led_by: str | None = None
        self.systems: dict[str, ActorSystem] = {}
        self.healthy: Callable[[str, int], bool] = lambda host, port: True
        self.hosts = [world.host("marathon" if hosts == 1 else f"marathon{n}") for n in range(1, hosts + 1)]
        for host in self.hosts:
            host.run(self._runs_on(host))

    def writer(self) -> str:
        """The host whose code is running."""
        return next((host.name for host in self.hosts if host.address == HERE.get()), "")

    @property
    def urls(self) -> list[str]:
        return [f"http://{host.address}:{API_PORT}" for host in self.hosts]

    def _runs_on(self, host: Host) -> Callable[[], Any]:
        return lambda: self._main(host)

    async def _main(self, host: Host) -> None:
        async with host.system(instrument=Offers(self.world).instrument) as system:
            self.systems[host.name] = system
            coordinator = self.coordinators[host.name] = MemoryCoordinator(self.cluster)
            lease = await coordinator.lease("marathon")
            self.world.happened("leads", host.name, f"leads in epoch {lease.epoch}")
            if self.led_by not in (None, host.name):
                self.world.sometimes("a second leader leads")
            self.led_by = host.name
            journal = DiskJournal(self.disk, epoch=lease.epoch)
            marathon = await Marathon.start(
                system,
                master=self.mesos.url,
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
                await coordinator.close()
                raise
        # The process ends here: what was not told to anybody by now never will be.

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
