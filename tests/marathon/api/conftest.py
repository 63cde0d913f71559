"""The API over small stand-ins of the service's actors, asked over real HTTP on the virtual network.

The stand-ins keep the contract of `actors.marathon.messages` and nothing else: a change is applied at once, and the
deployment of it stays in the list until the test says otherwise.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import yarl

from actors import Actor, ActorRef, ActorSystem, Props
from actors.http import serve
from actors.marathon.api import Sandboxes, Service, ServiceInfo, make_app
from actors.marathon.api.sandboxes import Chunk, SandboxNotFound
from actors.marathon.messages import (
    Action,
    ActionKind,
    AppLocked,
    CancelDeployment,
    CancelPart,
    Condition,
    DeploymentCancelled,
    DeploymentNotFound,
    DeploymentStarted,
    DeploymentStatus,
    FrameworkStatus,
    GetAppVersion,
    GetAppVersions,
    GetFramework,
    GetInstances,
    GetQueue,
    GetRoot,
    GetRootAt,
    GetRootVersions,
    GetTaskCounts,
    GetTaskFailures,
    Instance,
    KillInstances,
    ListDeployments,
    PartNotFound,
    QueueItem,
    ResetDelay,
    TaskFailure,
    UpdateRoot,
    VersionNotKept,
)
from actors.marathon.model import RootGroup
from actors.marathon.task_counts import count

from .documented import problems, template_of


@dataclass
class World:
    """What the stand-ins answer from; tests look into it and change it."""

    roots: dict[str, RootGroup] = field(default_factory=dict)
    deployments: list[DeploymentStatus] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    failures: dict[str, TaskFailure] = field(default_factory=dict)
    queue: list[QueueItem] = field(default_factory=list)
    updates: list[UpdateRoot] = field(default_factory=list)
    locks: bool = False
    silent: bool = False
    master: str | None = "http://127.0.0.1:5050"
    error: Exception | None = None

    @property
    def root(self) -> RootGroup:
        return next(reversed(self.roots.values()), RootGroup())

    def update(self, message: UpdateRoot) -> DeploymentStarted:
        if self.error is not None:
            raise self.error
        version = f"2026-01-01T00:00:{len(self.roots) + 1:02d}.000Z"
        before, after = self.root, message.change(self.root, version)
        touched = {
            key: app
            for key, app in (*before.apps.items(), *after.apps.items())
            if before.app(key) is not after.app(key)
        }
        locking = [d.id for d in self.deployments if touched.keys() & set(d.affected_apps)]
        if self.locks and locking and not message.force:
            raise AppLocked(tuple(locking))
        self.updates.append(message)
        self.roots[version] = after
        step = tuple(Action(ActionKind.SCALE, key) for key in touched)
        status = DeploymentStatus(
            id=f"d{len(self.updates)}",
            version=version,
            steps=(step,) if step else (),
            current_step=1,
            current_actions=step,
            affected_apps=tuple(touched),
            original={key: before.apps[key] for key in touched if key in before.apps},
            target={key: after.apps[key] for key in touched if key in after.apps},
        )
        self.deployments.append(status)
        return DeploymentStarted(status.id, version, after, status)

    def run(self, app_id: str, count: int = 1, **fields: Any) -> list[Instance]:
        """Instances of an app, as if launched."""
        app = self.root.apps[app_id]
        moment = datetime(2026, 1, 1, 12, 0, 0, 5000, UTC)
        name = app_id[1:].replace("/", "_")
        new = []
        for number in range(len(self.instances), len(self.instances) + count):
            defaults: dict[str, Any] = {
                "id": f"{name}.instance-{number}",
                "app_id": app_id,
                "app_version": app.version,
                "condition": Condition.RUNNING,
                "task_id": f"{name}.instance-{number}._app.1",
                "agent_id": "S0",
                "host": "127.0.0.1",
                "ports": (31000 + number,),
                "ip_addresses": ("127.0.0.1",),
                "staged_at": moment,
                "started_at": moment,
            }
            new.append(Instance(**{**defaults, **fields}))
        self.instances.extend(new)
        return new


class StandIn(Actor):
    """All of Marathon's actors in one."""

    def __init__(self, world: World) -> None:
        self.world = world

    def receive(self, message: Any) -> None:
        if self.world.silent:
            return
        try:
            self.reply(self._answer(message))
        except Exception as error:
            self.reply(error)

    def _answer(self, message: Any) -> Any:
        world = self.world
        match message:
            case UpdateRoot():
                return world.update(message)
            case GetRoot():
                return world.root
            case GetRootVersions(group_id):
                return tuple(key for key, root in reversed(world.roots.items()) if root.group_at(group_id) is not None)
            case GetRootAt(version):
                if version not in world.roots:
                    raise VersionNotKept("the root group", version)
                return world.roots[version]
            case GetAppVersions(app_id):
                found = {root.apps[app_id].version for root in world.roots.values() if app_id in root.apps}
                return tuple(sorted((version or "" for version in found), reverse=True))
            case GetAppVersion(app_id, version):
                apps = (root.app(app_id) for root in world.roots.values())
                kept = next((app for app in apps if app is not None and app.version == version), None)
                if kept is None:
                    raise VersionNotKept(f"app {app_id}", version)
                return kept
            case ListDeployments():
                return tuple(world.deployments)
            case CancelDeployment(key, force):
                found = next((d for d in world.deployments if d.id == key), None)
                if found is None:
                    raise DeploymentNotFound(key)
                world.deployments.remove(found)
                return DeploymentCancelled(key) if force else DeploymentStarted("revert", "v", world.root, found)
            case CancelPart(key, app_id):
                found = next((d for d in world.deployments if d.id == key), None)
                if found is None:
                    raise DeploymentNotFound(key)
                if app_id not in found.affected_apps:
                    raise PartNotFound(key, app_id)
                return DeploymentCancelled(key)
            case GetInstances(app_ids):
                return tuple(i for i in world.instances if app_ids is None or i.app_id in app_ids)
            case GetTaskCounts(app_ids):
                standing = {i.app_id for i in world.instances if app_ids is None or i.app_id in app_ids}
                return {key: count(i for i in world.instances if i.app_id == key) for key in standing}
            case KillInstances(ids, _):
                killed = tuple(i for i in world.instances if i.id in ids)
                world.instances = [i for i in world.instances if i.id not in ids]
                return killed
            case GetTaskFailures():
                return dict(world.failures)
            case GetQueue():
                return tuple(world.queue)
            case ResetDelay(app_id):
                return any(item.app.id == app_id for item in world.queue)
            case GetFramework():
                return FrameworkStatus("framework-1", world.master, connected=world.master is not None)
        raise TypeError(f"unexpected {message!r}")


@dataclass(frozen=True)
class StandIns:
    supervisor: ActorRef[Any]
    instances: ActorRef[Any]
    queue: ActorRef[Any]
    scheduler: ActorRef[Any]


class FakeSandboxes(Sandboxes):
    files: Mapping[tuple[str, str], bytes] = {("x.instance-1._app.1", "stdout"): "grüße\nzwei\n".encode()}

    async def read(self, task_id: str, file: str, offset: int, length: int) -> Chunk:
        if (task_id, file) not in self.files:
            raise SandboxNotFound(f"no sandbox of task {task_id} is there")
        data = self.files[task_id, file]
        start = max(0, len(data) + offset) if offset < 0 else min(offset, len(data))
        return Chunk(data[start : start + length], start, len(data))

    async def task_ids(self, prefix: str) -> tuple[str, ...]:
        return tuple(task for task, file in self.files if task.startswith(prefix))


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]
    text: str


class Api:
    """A client that sends paths exactly as they are written, doubled slashes included.

    Each answer is compared with the OpenAPI document; `answered` has what was (method, documented path, status).
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, world: World, system: ActorSystem) -> None:
        self.session, self.url, self.world, self.system = session, url, world, system
        self.answered: set[tuple[str, str | None, int]] = set()

    async def call(
        self, method: str, path: str, json: Any = None, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        async with self.asked(method, path, json=json, data=data, headers=headers) as answer:
            text = await answer.text()
            is_json = answer.content_type == "application/json"
            body = await answer.json() if is_json else text
            undocumented = list(problems(method, path, json, answer.status, answer.headers, body))
            assert not undocumented, f"{method} {path}: the OpenAPI document is not true: {undocumented}"
            self.answered.add((method, template_of(urlsplit(path).path), answer.status))
            return Answer(answer.status, body, answer.headers.copy(), text)

    def asked(self, method: str, path: str, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        """The answer as it comes, not compared with anything. No redirect is followed: not all clients do."""
        target = yarl.URL(self.url + path, encoded=True)
        return self.session.request(method, target, allow_redirects=False, **options)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.call("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.call("POST", path, json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.call("PUT", path, json, **options)

    async def patch(self, path: str, json: Any = None) -> Answer:
        return await self.call("PATCH", path, json)

    async def delete(self, path: str) -> Answer:
        return await self.call("DELETE", path)


@asynccontextmanager
async def serving(abdicate: Callable[[], None] | None = None, **options: Any) -> AsyncIterator[Api]:
    """The API over fresh stand-ins; `options` are those of `make_app`."""
    world = World()
    async with ActorSystem("api") as system:
        ref = system.spawn(Props(StandIn, world))
        info = ServiceInfo(version="0.1.0", master="http://127.0.0.1:5050")
        service = Service(system, StandIns(ref, ref, ref, ref), info, FakeSandboxes(), timeout=2.0, abdicate=abdicate)
        server = await serve(make_app(service, **{"max_body": 100_000, **options}))
        try:
            async with aiohttp.ClientSession() as session:
                yield Api(session, server.url, world, system)
        finally:
            await server.close()


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serving() as made:
        yield made
