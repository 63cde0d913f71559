"""A whole Mesos in this process: a master behind its HTTP API, and agents.

::

    local = await LocalMesos.start(system, port=0, agents=2)
    ...                                     # http requests to local.url, as to any master
    await local.stop()                      # ends every task; keep_tasks=True leaves them running

With a ``work_dir`` all of it survives ``kill -9``: the next ``start`` there finds the same agents with their tasks.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors.core import ActorRef, ActorSystem, AskTimeout, Props
from actors.local_mesos.agent import Agent, AgentSettings, EndTasks, FileCheckpoint, MemoryCheckpoint, WhenRegistered
from actors.local_mesos.defaults import DEFAULT_RESOURCES
from actors.local_mesos.master import MasterServer, MasterSettings, start_master
from actors.local_mesos.messages import MasterChanged
from actors.local_mesos.offered import agent_attributes, agent_resources
from actors.local_mesos.process_runner import ProcessRunner
from actors.local_mesos.simulated_runner import Script, SimulatedRunner, as_written
from actors.local_mesos.task_runner import TaskRunner
from actors.local_mesos.work_dir import WorkDir
from mesos_proto import mesos_pb2

__all__ = ["LocalMesos", "RunnerFactory"]

log = logging.getLogger(__name__)

REGISTRATION_TIMEOUT = 30.0  # seconds
END_TIMEOUT = 30.0  # seconds for all tasks to end: their grace period is 3

#: Makes the task runner of the agent of that number (counted from 1) and folder (None: nothing is kept on disk).
RunnerFactory = Callable[[int, Path | None], TaskRunner]


class LocalMesos:
    """A running embedded cluster. ``url`` is the master's, ``agents`` are its agents' actors."""

    def __init__(
        self,
        system: ActorSystem,
        server: MasterServer,
        agents: tuple[ActorRef[Any], ...],
        work_dir: WorkDir | None,
        temporary: bool,
        checkpoints: list[FileCheckpoint],
    ) -> None:
        self.url: str = server.url
        self.master: ActorRef[Any] = server.ref
        self.agents = agents
        self._system = system
        self._server = server
        self._work_dir = work_dir
        self._temporary = temporary
        self._checkpoints = checkpoints

    @property
    def work_dir(self) -> Path | None:
        return self._work_dir.path if self._work_dir is not None else None

    @classmethod
    async def start(
        cls,
        system: ActorSystem,
        *,
        host: str = "127.0.0.1",
        port: int = 5050,
        agents: int = 2,
        resources: str = DEFAULT_RESOURCES,
        attributes: str = "",
        work_dir: Path | None = None,
        runner: str | RunnerFactory = "process",
        script: Script = as_written,
        master: MasterSettings | None = None,
    ) -> LocalMesos:
        """Start a master and its agents; returns when every agent is registered.

        ``resources`` (cpus, mem and disk in MB, ports) and ``attributes`` are of each agent, in Mesos's own form;
        what ``resources`` leaves out is as by default, and on one machine the agents' ports are made disjoint
        (``offered`` says how). ``runner`` is "process", "simulated" (tasks follow ``script``), or makes one for
        each agent. Without a ``work_dir`` processes run in a temporary folder that ``stop`` removes, and
        simulated tasks leave nothing on disk.

        Raises ``OfferedError``, ``PortTaken``, ``WorkDirHeld``, ``RunnerUnusable``, ``CheckpointBroken``; whatever
        it raises, nothing is left running.
        """
        simulated = runner == "simulated"
        offered = [agent_resources(resources, i, one_machine=not simulated) for i in range(agents)]
        described = agent_attributes(attributes)
        make = _factory(runner, system, script)
        temporary = work_dir is None and not simulated
        folder = Path(tempfile.mkdtemp(prefix="local-mesos-")) if temporary else work_dir
        held = WorkDir.hold(folder) if folder is not None else None
        server = None
        refs: list[ActorRef[Any]] = []
        checkpoints: list[FileCheckpoint] = []
        try:
            home = held.path if held is not None else None
            server = await start_master(
                system, host=host, port=port, work_dir=home and home / "master", settings=master or MasterSettings()
            )
            name = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
            for i in range(agents):
                info = mesos_pb2.AgentInfo(hostname=name, resources=offered[i], attributes=described)
                own = home / f"agent-{i + 1}" if home is not None else None
                checkpoint = FileCheckpoint(own / "meta" / "checkpoint") if own is not None else MemoryCheckpoint()
                if isinstance(checkpoint, FileCheckpoint):
                    checkpoints.append(checkpoint)
                settings = AgentSettings(info, ip=name)
                refs.append(system.spawn(Props(Agent, settings, checkpoint, make(i + 1, own), server.ref)))
            local = cls(system, server, tuple(refs), held, temporary, checkpoints)
            await asyncio.gather(*(agent.ask(WhenRegistered(), REGISTRATION_TIMEOUT) for agent in refs))
        except BaseException:
            await _close(system, refs, server, held, checkpoints)
            raise
        return local

    async def stop(self, keep_tasks: bool = False) -> None:
        """Stop agents and master. Tasks end (SIGTERM, SIGKILL after 3 s) and their last statuses are kept for the
        next start in this ``work_dir``; with ``keep_tasks`` they go on, for the next start to find.
        """
        if not keep_tasks:
            ends = [agent.ask(EndTasks(), END_TIMEOUT) for agent in self.agents]
            for answer in await asyncio.gather(*ends, return_exceptions=True):
                if isinstance(answer, AskTimeout):
                    log.error("not every task was ended in %g s: %s", END_TIMEOUT, answer)
                elif isinstance(answer, BaseException):
                    raise answer
        await _close(self._system, list(self.agents), self._server, self._work_dir, self._checkpoints)
        if self._temporary and self._work_dir is not None:
            if keep_tasks:
                log.warning("the tasks that go on have their sandboxes in %s", self._work_dir.path)
            else:
                await asyncio.to_thread(shutil.rmtree, self._work_dir.path)


def _factory(runner: str | RunnerFactory, system: ActorSystem, script: Script) -> RunnerFactory:
    if callable(runner):
        return runner
    if runner == "simulated":
        return lambda index, folder: SimulatedRunner(system.clock, system.random, script)
    if runner != "process":
        raise ValueError(f"runner is 'process', 'simulated' or a function of (index, folder), not {runner!r}")

    def process(index: int, folder: Path | None) -> TaskRunner:
        assert folder is not None
        return ProcessRunner(folder)

    return process


async def _close(
    system: ActorSystem,
    agents: list[ActorRef[Any]],
    server: MasterServer | None,
    held: WorkDir | None,
    checkpoints: list[FileCheckpoint],
) -> None:
    for agent in agents:
        agent.tell(MasterChanged(None))  # so that neither takes the other's stop for a fault
    if server is not None:
        await server.close()
    await asyncio.gather(*(system.graceful_stop(agent, END_TIMEOUT) for agent in agents))
    for checkpoint in checkpoints:
        checkpoint.close()
    if held is not None:
        held.release()
