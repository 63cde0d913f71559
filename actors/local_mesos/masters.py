"""The masters of an embedded cluster: one that leads, or several of which ZooKeeper elects one.

All of them are in this process, as their agents are: agents turn to whoever leads.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from actors.core import ActorRef, ActorSystem
from actors.local_mesos.master import (
    Candidate,
    MasterServer,
    MasterSettings,
    MemoryRegistry,
    SqliteRegistry,
    start_master,
)
from actors.local_mesos.messages import MasterChanged

__all__ = ["Masters"]

ELECTION_TIMEOUT = 30.0  # seconds


class Masters:
    """Made by `start`. ``leader`` is the leading master, None while there is none."""

    def __init__(self) -> None:
        self.all: tuple[MasterServer | Candidate, ...] = ()
        self.leader: ActorRef[Any] | None = None
        self._elected = asyncio.Event()
        self._agents: list[ActorRef[Any]] = []

    @classmethod
    async def start(
        cls,
        system: ActorSystem,
        *,
        count: int,
        zk: str | None,
        host: str,
        port: int,
        work_dir: Path | None,
        settings: MasterSettings,
    ) -> Masters:
        """Returns when one leads. The first is at ``port``, the others above it (0: any free ports).

        Raises ``ValueError`` for several without ``zk``, ``PortTaken``, ``RegistryError``, and ``RuntimeError`` when
        ZooKeeper elects nobody.
        """
        made = cls()
        if zk is None:
            if count != 1:
                raise ValueError(
                    f"masters: {count} masters need a ZooKeeper to elect one: give zk='zk://HOST:2181/mesos'"
                )
            server = await start_master(system, host=host, port=port, work_dir=work_dir, settings=settings)
            made.all, made.leader = (server,), server.ref
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
                    open_registry=lambda: memory if work_dir is None else SqliteRegistry(work_dir),
                    elected=made._turn_to,
                )
                made.all += (candidate,)
            async with asyncio.timeout(ELECTION_TIMEOUT):
                await made._elected.wait()
        except TimeoutError:
            await made.close()
            raise RuntimeError(
                f"no master was elected within {ELECTION_TIMEOUT:g} s: is a ZooKeeper at {zk}?"
            ) from None
        except BaseException:
            await made.close()
            raise
        return made

    def lead(self, agent: ActorRef[Any]) -> None:
        """Tell ``agent`` of every leader to come."""
        self._agents.append(agent)

    def _turn_to(self, leader: ActorRef[Any] | None) -> None:
        # A master that is elected may say so before the one before says that it is not.
        if leader is None and any(master.ref is not None for master in self.all):
            return
        self.leader = leader
        if leader is not None:
            self._elected.set()
        for agent in self._agents:
            agent.tell(MasterChanged(leader))

    async def close(self) -> None:
        self._agents.clear()
        for master in sorted(self.all, key=lambda master: master.ref is not None):  # so that nobody is elected last
            await master.close()
