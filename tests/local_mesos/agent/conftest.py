"""One agent between a scripted master and simulated tasks, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, TypeVar

import pytest

from actors.core import Actor, ActorRef, ActorSystem, Props
from actors.local_mesos import messages as m
from actors.local_mesos.agent import Agent, AgentSettings, Checkpoint, MemoryCheckpoint, WhenRegistered
from actors.local_mesos.simulated_runner import Script, SimulatedRunner, as_written
from actors.local_mesos.task_runner import TaskRunner
from mesos_proto import mesos_pb2 as pb

M = TypeVar("M")
AGENT_ID = "S0"


class ScriptedMaster(Actor[Any]):
    """Keeps what it is told; answers registrations if ``bench.answers``."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def receive(self, message: Any) -> None:
        self._bench.told(message)
        if isinstance(message, m.RegisterAgent | m.ReregisterAgent) and self._bench.answers:
            message.agent.tell(m.AgentRegistered(message.info.id.value or AGENT_ID), self.ref)


class Bench:
    def __init__(self, system: ActorSystem) -> None:
        self.system = system
        self.answers = True
        self.checkpoint: Checkpoint = MemoryCheckpoint()
        self.runner: TaskRunner = SimulatedRunner(system.clock, system.random)
        self.heard: list[tuple[float, Any]] = []  # (virtual time, message) that the master got
        self._seen = 0
        self._more = asyncio.Event()
        self.master = system.spawn(Props(ScriptedMaster, self))
        self.agent: ActorRef[Any]
        self.framework = pb.FrameworkInfo(name="f", user="u", id=pb.FrameworkID(value="F"), checkpoint=True)

    def script(self, script: Script) -> None:
        self.runner = SimulatedRunner(self.system.clock, self.system.random, script)

    def told(self, message: Any) -> None:
        self.heard.append((self.system.clock.time(), message))
        self._more.set()

    # -- the agent -------------------------------------------------------------------------------------------------

    async def start(self, registered: bool = True) -> None:
        info = pb.AgentInfo(hostname="127.0.0.1")
        self.agent = self.system.spawn(Props(Agent, AgentSettings(info), self.checkpoint, self.runner, self.master))
        if registered:
            await self.next(m.RegisterAgent)
        if registered and self.answers:
            await self.agent.ask(WhenRegistered(), 60)

    async def crash(self) -> None:
        """The agent ends as in a kill -9: nobody told it, and what it did not store is gone."""
        await asyncio.sleep(0.001)  # what the test just said to it has arrived
        await self.system.graceful_stop(self.agent, 5)
        self._seen = len(self.heard)

    async def restart(self) -> m.ReregisterAgent:
        await self.crash()
        await self.start(registered=False)
        return await self.next(m.ReregisterAgent)

    # -- the master's side -----------------------------------------------------------------------------------------

    async def next(self, kind: type[M], within: float = 3600.0) -> M:
        """The next message of that kind that the master has not been asked for yet."""
        async with asyncio.timeout(within):
            while True:
                while self._seen < len(self.heard):
                    _, message = self.heard[self._seen]
                    self._seen += 1
                    if isinstance(message, kind):
                        return message
                self._more.clear()
                await self._more.wait()

    async def silence(self, seconds: float) -> None:
        """Nothing reaches the master in that time."""
        await asyncio.sleep(seconds)
        assert [message for _, message in self.heard[self._seen :]] == []

    def run(self, text: str, name: str = "t", **fields: Any) -> pb.TaskInfo:
        return self.run_command(pb.CommandInfo(value=text), name, **fields)

    def run_command(self, command: pb.CommandInfo, name: str = "t", **fields: Any) -> pb.TaskInfo:
        task = pb.TaskInfo(
            name=name,
            task_id=pb.TaskID(value=name),
            agent_id=pb.AgentID(value=AGENT_ID),
            command=command,
            **fields,
        )
        self.agent.tell(m.RunTask(self.framework, task), self.master)
        return task

    def acknowledge(self, update: m.UpdateStatus) -> None:
        status = update.status
        self.agent.tell(m.AcknowledgeUpdate(update.framework_id, status.task_id.value, status.uuid), self.master)

    async def until(self, *states: str, acknowledge: bool = True) -> pb.TaskStatus:
        """The task goes through exactly these states; returns its last status."""
        for state in states:
            update = await self.next(m.UpdateStatus)
            assert pb.TaskState.Name(update.status.state) == state, update.status
            if acknowledge:
                self.acknowledge(update)
        return update.status


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with ActorSystem("agent-test") as system:
        yield Bench(system)


__all__ = ["AGENT_ID", "Bench", "as_written"]
