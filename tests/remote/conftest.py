"""Systems on machines of the in-memory network."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Actor, ActorSystem, Terminated
from actors.remote import Remote
from actors.testkit import HERE, seeded_settings

SECRET = "a secret of all the systems"


class Node:
    """A system on a machine of its own."""

    def __init__(self, system: ActorSystem, remote: Remote) -> None:
        self.system = system
        self.remote = remote

    def full(self, path: str) -> str:
        return f"{self.remote.address}{path}"


class Recorder(Actor):
    """Keeps what it is told, and by whom."""

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    def receive(self, message: Any) -> None:
        self.seen.append(message)


class Echo(Actor):
    """Answers with what it is told; ``("fail", error)`` with that error."""

    def receive(self, message: Any) -> None:
        match message:
            case "stop":
                self.context.stop(self.ref)
            case _:
                self.reply(message)


class Watcher(Actor):
    """Watches, and keeps what it is told of deaths."""

    def __init__(self, watched: Any, seen: list[Any]) -> None:
        self.watched = watched
        self.seen = seen

    def pre_start(self) -> None:
        self.context.watch(self.watched)

    def receive(self, message: Any) -> None:
        match message:
            case Terminated():
                self.seen.append((self.context.system.clock.time(), message))
            case "unwatch":
                self.context.unwatch(self.watched)


@pytest.fixture
async def node(seed):
    """Starts a system: its n-th call is on machine 10.0.0.n unless it says where."""
    started = []

    async def start(name="node", machine=None, port=0, **options):
        machine = machine or f"10.0.0.{len(started) + 1}"
        token = HERE.set(machine)
        try:
            system = ActorSystem(name, seeded_settings(seed + len(started)))
            remote = await Remote.start(system, machine, port, **({"secret": SECRET} | options))
        finally:
            HERE.reset(token)
        started.append(Node(system, remote))
        return started[-1]

    yield start
    for each in started:
        await each.system.terminate()
