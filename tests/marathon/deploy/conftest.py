"""A service over a fake Mesos, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from actors import Actor, ActorSystem, Props, Settings
from actors.marathon import Marathon
from actors.marathon.changes import settled
from actors.marathon.health import Target
from actors.marathon.messages import (
    Condition,
    DeploymentStarted,
    DomainEvent,
    GetInstances,
    Instance,
    InstanceChanged,
    ListDeployments,
    UpdateRoot,
)
from actors.marathon.model import App, HealthCheck, RootGroup
from actors.persistence import MemoryJournal, MemoryStore

from .fake_mesos import MesosWorld


class Recorder(Actor[Any]):
    def __init__(self, events: list[tuple[float, Any]]) -> None:
        self._events = events

    def receive(self, message: Any) -> None:
        self._events.append((self.context.system.clock.time(), message))


class Service:
    """Starts, kills and asks a service whose journal and Mesos stay.

    `seed` decides what it draws: other things after each start.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._starts = 0
        self.world = MesosWorld()
        self.store = MemoryStore()
        self.events: list[tuple[float, Any]] = []
        self.sick: set[str] = set()
        self.healthy_after: Callable[[str], float] = lambda app_id: 0.0
        self.marathon: Marathon
        self.system: ActorSystem
        self._settings: dict[str, Any] = {}

    async def start(self, **settings: Any) -> None:
        self._settings = settings or self._settings
        self._starts += 1
        self.system = ActorSystem("marathon", Settings(seed=self._seed * 1_000 + self._starts))
        await self.system.__aenter__()
        recorder = self.system.spawn(Props(Recorder, self.events), "recorder")
        self.system.event_stream.subscribe(recorder, DomainEvent)
        self.marathon = await Marathon.start(
            self.system,
            journal=MemoryJournal(self.store),
            connect=self.world.connect,
            probe=self.probe,
            user="test",
            **self._settings,
        )

    async def kill(self) -> None:
        """As ``kill -9`` does: nothing more is written, whatever was under way."""
        await self.system.terminate()

    async def restart(self) -> None:
        await self.kill()
        await self.start()

    async def probe(self, check: HealthCheck, target: Target) -> str | None:
        task = next(
            (t for t in self.world.tasks.values() if t.port == target.port and t.agent.hostname == target.host), None
        )
        if task is None:
            return "connection refused"
        age = self.system.clock.time() - task.launched_at
        return None if task.id not in self.sick and age >= self.healthy_after(task.app_id) else "sick"

    async def update(
        self, change: Callable[[RootGroup], RootGroup], *, force: bool = False, kill: frozenset[str] = frozenset()
    ) -> DeploymentStarted:
        def applied(root: RootGroup, version: str) -> RootGroup:
            return settled(root, change(root), version)

        return await self.marathon.supervisor.ask(UpdateRoot(applied, force, kill))

    async def put(self, *apps: App, force: bool = False) -> DeploymentStarted:
        return await self.update(lambda root: root.with_apps(*apps), force=force)

    async def remove(self, *app_ids: str) -> DeploymentStarted:
        def without(root: RootGroup) -> RootGroup:
            for app_id in app_ids:
                root = root.without_app(app_id)
            return root

        return await self.update(without)

    async def deployments(self) -> Any:
        return await self.marathon.supervisor.ask(ListDeployments())

    async def instances(self, *app_ids: str) -> tuple[Instance, ...]:
        return await self.marathon.instances.ask(GetInstances(frozenset(app_ids) if app_ids else None))

    async def until(
        self, condition: Callable[[], Awaitable[bool]] | Callable[[], bool], within: float = 600.0
    ) -> float:
        """Wait in virtual time; returns the moment at which it held."""
        clock = self.system.clock
        end = clock.time() + within
        while True:
            held = condition()
            if held if isinstance(held, bool) else await held:
                return clock.time()
            assert clock.time() < end, "it did not come to pass"
            await clock.sleep(0.05)

    async def deployed(self, within: float = 600.0) -> float:
        async def none_left() -> bool:
            return not await self.deployments()

        return await self.until(none_left, within)

    def seen(self, kind: type[Any]) -> list[Any]:
        return [event for _, event in self.events if isinstance(event, kind)]

    def moment_running(self, app_id: str) -> float:
        """When the app's first instance was told to run."""
        return self.moment(
            InstanceChanged, lambda e: e.instance.app_id == app_id and e.instance.condition is Condition.RUNNING
        )

    def moment(self, kind: type[Any], matches: Callable[[Any], bool]) -> float:
        return next(at for at, event in self.events if isinstance(event, kind) and matches(event))


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    await made.start()
    yield made
    await made.kill()
