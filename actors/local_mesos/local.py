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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.core import ActorRef, ActorSystem, AskTimeout, Props
from actors.http import PortTaken, Server, serve
from actors.local_mesos.agent import (
    Agent,
    AgentApi,
    AgentSettings,
    EndTasks,
    FileCheckpoint,
    MemoryCheckpoint,
    WhenRegistered,
)
from actors.local_mesos.defaults import DEFAULT_RESOURCES
from actors.local_mesos.master import Candidate, MasterServer, MasterSettings
from actors.local_mesos.masters import Masters
from actors.local_mesos.messages import MasterChanged
from actors.local_mesos.offered import agent_attributes, agent_resources
from actors.local_mesos.process_runner import ProcessRunner
from actors.local_mesos.simulated_runner import Script, SimulatedRunner, as_written
from actors.local_mesos.task_runner import TaskRunner
from actors.local_mesos.work_dir import WorkDir
from mesos_proto import mesos_pb2

__all__ = ["LocalMesos", "RunnerFactory"]

log = logging.getLogger(__name__)

AGENT_PORT = 5050  # the first agent of a real cluster listens one above it
REGISTRATION_TIMEOUT = 30.0  # seconds
REGISTRATION_OF_ONE = 0.02  # seconds besides for each agent: thousands take their turns, on a busy machine too
END_TIMEOUT = 30.0  # seconds for all tasks to end: their grace period is 3

#: Makes the task runner of the agent of that number (counted from 1) and folder (None: nothing is kept on disk).
RunnerFactory = Callable[[int, Path | None], TaskRunner]


@dataclass(frozen=True, slots=True)
class _Running:
    """An agent and what is open for it."""

    ref: ActorRef[Any]
    checkpoint: FileCheckpoint | None = None
    server: Server | None = None
    api: AgentApi | None = None

    async def close(self, system: ActorSystem) -> None:
        await system.graceful_stop(self.ref, END_TIMEOUT)
        if self.api is not None:
            self.api.close()
        if self.server is not None:
            await self.server.close()
        if self.checkpoint is not None:
            self.checkpoint.close()


class LocalMesos:
    """A running embedded cluster. ``url`` is the master's, ``agents`` are its agents' actors.

    Usable as ``async with await LocalMesos.start(…) as local``, which stops it at the end.
    """

    def __init__(
        self,
        system: ActorSystem,
        masters: Masters,
        agents: tuple[_Running, ...],
        work_dir: WorkDir | None,
        temporary: bool,
        url: str = "",
        forgets: bool = False,
    ) -> None:
        self.masters: tuple[MasterServer | Candidate, ...] = masters.all
        self.url: str = self.masters[0].url if self.masters else url
        self.agents: tuple[ActorRef[Any], ...] = tuple(agent.ref for agent in agents)
        self._system = system
        self._masters = masters
        self._running = agents
        self._work_dir = work_dir
        self._temporary = temporary
        self._forgets = forgets  # nothing of the tasks outlives the agents

    @property
    def master(self) -> ActorRef[Any] | None:
        """The leading master's actor."""
        return self._masters.leader

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
        masters: int = 1,
        zk: str | None = None,
        registry: Path | None = None,
    ) -> LocalMesos:
        """Start a master and its agents; returns when every agent is registered.

        ``resources`` (cpus, mem and disk in MB, ports) and ``attributes`` are of each agent, in Mesos's own form;
        what ``resources`` leaves out is as by default, and on one machine the agents' ports are made disjoint
        (``offered`` says how). ``runner`` is "process", "simulated" (tasks follow ``script``), or makes one for
        each agent. Without a ``work_dir`` processes run in a temporary folder that ``stop`` removes, and
        simulated tasks leave nothing on disk. Agents with a folder have HTTP endpoints on ports of their own.

        With ``zk`` (``zk://HOST:2181/mesos``) the ``masters`` stand for election there, as Mesos's do, also against
        those of other processes: frameworks find the leader by that URL, or are sent to it by the others; agents turn
        to it by themselves, over the network, wherever it is. With ``masters=0`` there are agents alone here, and
        ``url`` is the ZooKeeper's. ``registry`` is a folder that masters of several processes share: whoever leads has
        it open, and finds there what the leader before knew; without it each process has its own, in its work dir.

        Raises ``OfferedError``, ``PortTaken``, ``WorkDirHeld``, ``RunnerUnusable``, ``CheckpointBroken``; whatever
        it raises, nothing is left running.
        """
        simulated = runner == "simulated"
        described = agent_attributes(attributes)
        alike = agent_resources(resources, 0) if simulated else None
        infos = [
            mesos_pb2.AgentInfo(
                hostname=_shown(host),
                resources=alike or agent_resources(resources, index),
                attributes=described,
            )
            for index in range(agents)
        ]
        make = _factory(runner, system, script)
        temporary = work_dir is None and not simulated
        folder = Path(tempfile.mkdtemp(prefix="local-mesos-")) if temporary else work_dir
        held = WorkDir.hold(folder) if folder is not None else None
        home = held.path if held is not None else None
        started = None
        running: list[_Running] = []
        try:
            started = await Masters.start(
                system,
                count=masters,
                zk=zk,
                host=host,
                port=port,
                registry=registry or (home and home / "master"),
                settings=master or MasterSettings(),
            )
            for index, info in enumerate(infos, 1):
                own = home / f"agent-{index}" if home is not None else None
                master_ref = started.leader if zk is None else None
                running.append(await _start_agent(system, host, index, info, make(index, own), own, master_ref))
                started.lead(running[-1].ref)
            patience = REGISTRATION_TIMEOUT + REGISTRATION_OF_ONE * len(running)
            await asyncio.gather(*(agent.ref.ask(WhenRegistered(), patience) for agent in running))
        except BaseException:
            await _close(system, running, started, held)
            raise
        return cls(system, started, tuple(running), held, temporary, zk or "", forgets=simulated and home is None)

    async def stop(self, keep_tasks: bool = False) -> None:
        """Stop agents and master. Tasks end (SIGTERM, SIGKILL after 3 s) and their last statuses are kept for the
        next start in this ``work_dir``; with ``keep_tasks`` they go on, for the next start to find. Figures that no
        folder keeps end with their agents: nobody is left to be told of each.
        """
        if not keep_tasks and not self._forgets:
            ends = [agent.ask(EndTasks(), END_TIMEOUT) for agent in self.agents]
            answers = await asyncio.gather(*ends, return_exceptions=True)
            late = [answer for answer in answers if isinstance(answer, AskTimeout)]
            if late:
                of = f"on {len(late)} of {len(answers)} agents"
                log.error("not every task was ended in %g s %s: %s", END_TIMEOUT, of, late[0])
            for answer in answers:
                if isinstance(answer, BaseException) and not isinstance(answer, AskTimeout):
                    raise answer
        await _close(self._system, self._running, self._masters, self._work_dir)
        if self._temporary and self._work_dir is not None:
            if keep_tasks:
                log.warning("the tasks that go on have their sandboxes in %s", self._work_dir.path)
            else:
                await asyncio.to_thread(shutil.rmtree, self._work_dir.path)

    async def __aenter__(self) -> LocalMesos:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()


async def _start_agent(
    system: ActorSystem,
    host: str,
    number: int,
    info: mesos_pb2.AgentInfo,
    runner: TaskRunner,
    folder: Path | None,
    master: ActorRef[Any] | None,
) -> _Running:
    if folder is None:
        info.port = AGENT_PORT + number  # nobody listens there; the master tells agents apart by host and port
        return _Running(system.spawn(Props(Agent, AgentSettings(info), MemoryCheckpoint(), runner, master)))
    api = AgentApi(runner, system)
    checkpoint = FileCheckpoint(folder / "meta" / "checkpoint")
    server = await _serve(api, host, (await checkpoint.recover()).agent)
    info.port = server.port
    agent = system.spawn(Props(Agent, AgentSettings(info, ip=info.hostname), checkpoint, runner, master))
    api.agent = agent
    return _Running(agent, checkpoint, server, api)


async def _serve(api: AgentApi, host: str, before: mesos_pb2.AgentInfo | None) -> Server:
    """On the port that the agent had before: its executors come back there."""
    try:
        return await serve(api.application(), host, before.port if before is not None else 0, unpack=False)
    except PortTaken as error:
        log.warning("executors that outlived the last agent will not find this one, on another port: %s", error)
        return await serve(api.application(), host, 0, unpack=False)


def _shown(host: str) -> str:
    """Where tasks and people find what listens on ``host``."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host


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
    system: ActorSystem, agents: Sequence[_Running], masters: Masters | None, held: WorkDir | None
) -> None:
    for agent in agents:
        agent.ref.tell(MasterChanged(None))  # so that neither takes the other's stop for a fault
    if masters is not None:
        await masters.close()
    await asyncio.gather(*(agent.close(system) for agent in agents))
    if held is not None:
        held.release()
