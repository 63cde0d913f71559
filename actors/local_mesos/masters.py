"""The masters of an embedded cluster: one that leads, or some of several of which ZooKeeper elects one.

::

    one master                          its agents talk to its actor
    with a ZooKeeper                    the masters here stand for election, maybe against others elsewhere;
                                        each agent has a connection to whoever leads, wherever it is (``agent_link.py``)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from actors.core import ActorRef, ActorSystem
from actors.local_mesos.agent_link import LeaderLink
from actors.local_mesos.master import (
    Candidate,
    MasterServer,
    MasterSettings,
    MemoryRegistry,
    SqliteRegistry,
    start_master,
)
from mesos_proto import mesos_pb2

__all__ = ["Masters"]

ELECTION_TIMEOUT = 30.0  # seconds


class Masters:
    """Made by `start`."""

    def __init__(self, system: ActorSystem) -> None:
        self.all: tuple[MasterServer | Candidate, ...] = ()
        self._system = system
        self._leader: mesos_pb2.MasterInfo | None = None
        self._links: list[LeaderLink] = []
        self._following: asyncio.Task[None] | None = None

    @property
    def leader(self) -> ActorRef[Any] | None:
        """The leading master, when it is one of these."""
        return next((master.ref for master in self.all if master.ref is not None), None)

    @classmethod
    async def start(
        cls,
        system: ActorSystem,
        *,
        count: int,
        zk: str | None,
        host: str,
        port: int,
        registry: Path | None,
        settings: MasterSettings,
    ) -> Masters:
        """Returns when one leads, here or elsewhere. The first is at ``port``, the others above it (0: any free ports).

        ``registry`` is the folder of the registry, which only the leader has open; None: it is in memory.

        Raises ``ValueError`` for several or none without ``zk``, ``PortTaken``, ``RegistryError``, and ``RuntimeError``
        when ZooKeeper elects nobody.
        """
        made = cls(system)
        if zk is None:
            if count != 1:
                what = f"{count} masters need a ZooKeeper to elect one" if count else "agents alone need a ZooKeeper"
                raise ValueError(f"masters: {what}: give zk='zk://HOST:2181/mesos'")
            made.all = (await start_master(system, host=host, port=port, work_dir=registry, settings=settings),)
            return made
        from actors.local_mesos.master.zookeeper_election import ZooKeeperElection  # kazoo, for those who use it

        memory = MemoryRegistry()  # of all, as the file is
        try:
            for index in range(count):
                candidate = await Candidate.stand(
                    system,
                    ZooKeeperElection(zk),
                    host=host,
                    port=port and port + index,
                    settings=settings,
                    open_registry=lambda: memory if registry is None else SqliteRegistry(registry),
                )
                made.all += (candidate,)
            elected = asyncio.Event()
            following = made._follow(ZooKeeperElection(zk).leaders(None), elected)
            made._following = asyncio.get_running_loop().create_task(following, name=f"follow the leader at {zk}")
            async with asyncio.timeout(ELECTION_TIMEOUT):
                await elected.wait()
        except TimeoutError:
            await made.close()
            raise RuntimeError(
                f"no master was elected within {ELECTION_TIMEOUT:g} s: is a ZooKeeper at {zk}"
                + ("?" if count else ", and do masters stand for election there?")
            ) from None
        except BaseException:
            await made.close()
            raise
        return made

    def lead(self, agent: ActorRef[Any]) -> None:
        """Connect ``agent`` to whoever leads, now and later. With one master alone the agent has been told of it."""
        if self._following is not None:
            link = LeaderLink(self._system, agent)
            self._links.append(link)
            link.turn_to(self._leader)

    async def _follow(self, leaders: AsyncGenerator[mesos_pb2.MasterInfo | None, None], elected: asyncio.Event) -> None:
        async with aclosing(leaders):
            async for leader in leaders:
                self._leader = leader
                if leader is not None:
                    elected.set()
                for link in self._links:
                    link.turn_to(leader)

    async def close(self) -> None:
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.wait((following,))
        for link in self._links:
            await link.close()
        self._links.clear()
        for master in sorted(self.all, key=lambda master: master.ref is not None):  # so that nobody is elected last
            await master.close()
