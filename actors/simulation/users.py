"""`Users`: people who change apps over HTTP, and remember what was acknowledged to them.

What a user was told is a promise; what he was told nothing about (a time-out, a reset) may have been done or not, and
may still be done later. So of each app it is known what it *may* be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from actors.simulation.world import World

__all__ = ["Definition", "Users"]

PATIENCE = 8.0
"""Seconds that a user waits for an answer."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a user wants of an app. ``command`` is another for each version."""

    command: str
    instances: int
    dependencies: tuple[str, ...] = ()
    minimum: float = 1.0
    over: float = 1.0
    checked: bool = False

    def body(self, app_id: str) -> dict[str, Any]:
        checks = [{"protocol": "MESOS_HTTP", "intervalSeconds": 2, "gracePeriodSeconds": 600, "portIndex": 0}]
        body: dict[str, Any] = {
            "id": app_id,
            "cmd": self.command,
            "instances": self.instances,
            "cpus": 0.5,
            "mem": 64,
            "dependencies": list(self.dependencies),
            "upgradeStrategy": {"minimumHealthCapacity": self.minimum, "maximumOverCapacity": self.over},
            "backoffSeconds": 1,
            "maxLaunchDelaySeconds": 4,
            "unreachableStrategy": {"inactiveAfterSeconds": 3, "expungeAfterSeconds": 6},
        }
        if self.checked:
            body["healthChecks"] = [checks[0] | {"protocol": "HTTP"}]
        return body


@dataclass(slots=True)
class Promise:
    """Of one app: what was acknowledged last (None: it is gone), and what else it may be."""

    known: Definition | None = None
    maybe: list[Definition | None] = field(default_factory=list)

    def allows(self, seen: tuple[str, int] | None) -> bool:
        return any(seen == (each and (each.command, each.instances)) for each in (self.known, *self.maybe))


class Users:
    """``urls`` are of the service's hosts; whoever does not answer, the next one is asked."""

    def __init__(self, world: World, urls: list[str]) -> None:
        self.world, self.urls = world, urls
        self.host = world.host("users")
        self.promises: dict[str, Promise] = {}
        self.by_hand: set[str] = set()
        self.on_put: Callable[[dict[str, Definition | None], bool], None] = lambda wanted, force: None
        self.on_promised: Callable[[], None] = lambda: None
        self.on_refused: Callable[[], None] = lambda: None
        self.waiting = 0
        self._session: aiohttp.ClientSession | None = None
        self._life: Any = None
        self.host.run(self._main)
        self._work: asyncio.Queue[Any] = asyncio.Queue()

    async def _main(self) -> None:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE)) as session:
            self._session = session
            while True:
                work = await self._work.get()
                try:
                    await work()
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    self.world.happened("user failed", "users", f"got no answer: {type(error).__name__}")
                finally:
                    self.waiting -= 1

    def do(self, work: Any) -> None:
        """Let users do it after what they do already."""
        self.waiting += 1
        self._work.put_nowait(work)

    async def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        assert self._session is not None
        for url in self.urls:
            try:
                async with self._session.request(method, url + path, json=body) as answer:
                    return answer.status, await answer.json(content_type=None)
            except aiohttp.ClientConnectorError:
                if url == self.urls[-1]:
                    raise
        raise AssertionError("there is no service")

    async def put(self, wanted: dict[str, Definition], *, force: bool = False) -> None:
        """Deploy these together."""
        told = ", ".join(f"{app_id} ×{each.instances} ({each.command})" for app_id, each in wanted.items())
        self.world.happened("put", "users", f"want {told}{' by force' if force else ''}")
        self.on_put(dict(wanted), force)
        promises = {app_id: self.promises.setdefault(app_id, Promise()) for app_id in wanted}
        for app_id, promise in promises.items():
            promise.maybe.append(wanted[app_id])
        status, answer = await self._ask(
            "PUT", f"/v2/apps?force={str(force).lower()}", [each.body(app_id) for app_id, each in wanted.items()]
        )
        self._answered(status, answer, dict(wanted))

    async def destroy(self, app_id: str) -> None:
        """Destroy an app."""
        self.world.happened("destroy", "users", f"destroy {app_id}")
        self.on_put({app_id: None}, True)
        self.promises.setdefault(app_id, Promise()).maybe.append(None)
        status, answer = await self._ask("DELETE", f"/v2/apps/{app_id}?force=true")
        self._answered(status, answer, {app_id: None}, gone=True)

    def _answered(self, status: int, answer: Any, wanted: dict[str, Definition | None], gone: bool = False) -> None:
        if status in (200, 201) or (status == 404 and gone):
            for app_id, each in wanted.items():
                promise = self.promises[app_id]
                promise.maybe.remove(each)
                promise.known = each
            self.on_promised()
            self.world.happened("promised", "users", f"were promised it ({status})")
        elif status < 500:
            for app_id, each in wanted.items():
                self.promises[app_id].maybe.remove(each)
            self.on_refused()
            self.world.happened("refused", "users", f"were refused: {status} {str(answer)[:120]}")
        else:
            self.world.happened("in doubt", "users", f"are in doubt: {status} {str(answer)[:120]}")

    async def kill_one(self, app_id: str, draw: int) -> None:
        """Kill one of an app's tasks by hand."""
        status, answer = await self._ask("GET", f"/v2/apps/{app_id}/tasks")
        tasks = sorted(task["id"] for task in answer.get("tasks", ())) if status == 200 else []
        if tasks:
            chosen = tasks[draw % len(tasks)]
            self.by_hand.add(chosen)
            self.world.happened("kill by hand", "users", f"kill {chosen}")
            await self._ask("DELETE", f"/v2/apps/{app_id}/tasks/{chosen}")

    async def look(self) -> None:
        """Compare what is there with what was promised."""
        status, answer = await self._ask("GET", "/v2/apps")
        if status == 200:
            self.compare({app["id"]: (app["cmd"], app["instances"]) for app in answer["apps"]})

    def compare(self, seen: dict[str, tuple[str, int]]) -> None:
        for app_id, promise in self.promises.items():
            if not promise.allows(seen.get(app_id)):
                self.world.violated(
                    "no acknowledged change is lost",
                    f"{app_id} is {seen.get(app_id)}, while {promise.known} was promised (in doubt: {promise.maybe})",
                )

    async def state(self) -> tuple[dict[str, Any], list[Any]]:
        """The apps and the deployments, from whoever answers."""
        _, apps = await self._ask("GET", "/v2/apps")
        _, deployments = await self._ask("GET", "/v2/deployments")
        return {app["id"]: app for app in apps["apps"]}, deployments
