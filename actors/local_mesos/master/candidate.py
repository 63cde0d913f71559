"""A master that stands for election: leads when it is elected, and sends everybody to the leader when it is not.

::

    election                          candidate                                 its front
    its own info                 ──►  opens the registry, spawns the master ──► answers
    another's, or nobody's       ──►  stops the master, closes the registry ──► 307 to the leader, or 503

The registry is the leader's alone. One that the leader before still holds is asked for again each second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

from actors.core import ActorRef, ActorSystem, Props
from actors.http import Server, serve
from mesos_proto import mesos_pb2

from .election import Election
from .master import Master
from .registry import Registry, RegistryError
from .server import Front, master_info, new_master_id
from .settings import MasterSettings

__all__ = ["Candidate"]

log = logging.getLogger(__name__)


class Candidate:
    """Made by `stand`. ``ref`` is the master while it leads, else None."""

    def __init__(
        self,
        system: ActorSystem,
        settings: MasterSettings,
        info: mesos_pb2.MasterInfo,
        server: Server,
        front: Front,
        open_registry: Callable[[], Registry],
    ) -> None:
        self.url = server.url
        self.ref: ActorRef[Any] | None = None
        self._system = system
        self._settings = settings
        self._info = info
        self._server = server
        self._front = front
        self._open_registry = open_registry
        self._registry: Registry | None = None
        self._led = False
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def stand(
        cls,
        system: ActorSystem,
        election: Election,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: MasterSettings | None = None,
        open_registry: Callable[[], Registry],
    ) -> Candidate:
        """Answers at ``host:port`` (0: any free port) when this returns.

        Raises `PortTaken`.
        """
        settings = settings or MasterSettings()
        front = Front(system, settings)
        server = await serve(front.application(), host, port, in_front=front.in_front, unpack=False)
        info = master_info(system, settings, host, server.port)
        candidate = cls(system, settings, info, server, front, open_registry)
        candidate._task = asyncio.get_running_loop().create_task(candidate._run(election), name=f"stand {server.url}")
        return candidate

    async def close(self) -> None:
        """Withdraw, and stop answering."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait((task,))
        await self._follow(None)
        self._front.close()
        await self._server.close()

    async def _run(self, election: Election) -> None:
        async with aclosing(election.leaders(self._info)) as leaders:
            async for leader in leaders:
                if leader is not None and leader.id == self._info.id:
                    await self._lead()
                else:
                    await self._follow(leader)

    async def _lead(self) -> None:
        if self.ref is not None:
            return
        while self._registry is None:
            registry = self._open_registry()
            try:
                await registry.recover()
            except RegistryError as error:
                await registry.close()
                log.warning("master %s is elected, and waits for the registry: %s", self.url, error)
                await self._system.clock.sleep(1.0)
            else:
                self._registry = registry
        info = mesos_pb2.MasterInfo()
        info.CopyFrom(self._info)
        if self._led:  # ids of offers, frameworks and agents begin with the master's, and must not come twice
            info.id = new_master_id(self._system)
        self._led = True
        self.ref = self._system.spawn(
            Props(Master, self._settings, info, self._registry), f"mesos-master-{info.id[:8]}"
        )
        self._front.turn_to(self.ref, info)
        log.info("master %s leads", self.url)

    async def _follow(self, leader: mesos_pb2.MasterInfo | None) -> None:
        self._front.turn_to(None, leader)
        ref, self.ref = self.ref, None
        registry, self._registry = self._registry, None
        if ref is not None:
            log.warning("master %s does not lead any more", self.url)
            await self._system.graceful_stop(ref, 10.0)
        if registry is not None:
            await registry.close()
