"""Readiness: during a deployment, a new instance counts only once it has said over HTTP that it takes traffic.

    step                         readiness checker                          instance
    ----                         -----------------                          --------
    AwaitReadiness(instances) ─▶ for each: at once, then every
                                 intervalSeconds                        ──▶ GET path at the port named portName
                             ◀── ReadinessSeen(instance, result)        ◀── status, and the body if it is to be kept
                                 the right status: it is asked no more

One checker belongs to one step and ends with it. What it has seen is not stored: a step that begins again asks again.
As with health checks, certificates are not verified and redirects are answers like others.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from actors.core import Actor, Failure
from actors.marathon.deployment_status import ReadinessResponse, ReadinessResult
from actors.marathon.health import Target, target_of_port
from actors.marathon.instance import Condition, Goal, Instance
from actors.marathon.messages import ActionKind
from actors.marathon.model import App, ReadinessCheck
from actors.marathon.plan import AppChange
from actors.marathon.rolling import is_current

__all__ = ["AwaitReadiness", "ReadinessChecker", "ReadinessSeen", "ask", "must_be_ready"]

MAX_ASKED = 100
"""Instances asked at once; others wait their turn."""

MAX_BODY = 4096
"""Bytes kept of the body of an answer (``preserveLastResponse``)."""


@dataclass(frozen=True, slots=True)
class AwaitReadiness:
    """Ask these running instances until they are ready, and no others any more."""

    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True)
class ReadinessSeen:
    """What an instance answered last."""

    instance_id: str
    result: ReadinessResult


@dataclass(frozen=True, slots=True)
class _Tick:
    instance_id: str


def must_be_ready(change: AppChange, instance: Instance) -> bool:
    """Whether the deployment's step waits for the readiness of `instance`: of what it launches, not of what was there.

    In a restart that is every instance of the present configuration, else those launched since the app was scaled.
    """
    app = change.target
    if app is None or not app.readiness_checks or instance.condition is not Condition.RUNNING:
        return False
    if instance.goal is not Goal.RUNNING:
        return False
    if change.kind is ActionKind.RESTART:
        return is_current(app, instance)
    return instance.app_version >= (app.version or "")


class ReadinessChecker(Actor[Any]):
    """See the head of this module. It reports to its parent."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._check = app.readiness_checks[0]
        self._awaited: dict[str, Instance] = {}
        self._ready: set[str] = set()
        self._turn = asyncio.Semaphore(MAX_ASKED)

    def receive(self, message: Any) -> None:
        match message:
            case AwaitReadiness(instances):
                self._await(instances)
            case _Tick(instance_id) if instance_id in self._awaited:
                self.context.pipe_to(self._ask(self._awaited[instance_id]))
            case _Tick():
                pass  # it was taken off the list while its tick was in the mailbox
            case ReadinessSeen(instance_id, result):
                if instance_id in self._awaited:
                    self.context.parent.tell(message, self.ref)
                    if result.ready:
                        self._ready.add(instance_id)
                        self._forget(instance_id)
            case Failure(error):
                raise error
            case _:
                self.unhandled(message)

    def _await(self, instances: tuple[Instance, ...]) -> None:
        wanted = {one.id: one for one in instances if one.id not in self._ready}
        for instance_id in self._awaited.keys() - wanted.keys():
            self._forget(instance_id)
        for instance_id in wanted.keys() - self._awaited.keys():
            tick = _Tick(instance_id)
            self.context.timers.start_fixed_rate(tick, tick, self._check.interval_seconds, 0.0)
        self._awaited = wanted

    def _forget(self, instance_id: str) -> None:
        self._awaited.pop(instance_id, None)
        self.context.timers.cancel(_Tick(instance_id))

    async def _ask(self, instance: Instance) -> ReadinessSeen:
        target = target_of_port(self._app, self._app.port_names.index(self._check.port_name), instance)
        async with self._turn:
            response = await ask(self._check, target) if target is not None else None
        ready = response is not None and response.status in self._check.http_status_codes_for_ready
        kept = response if self._check.preserve_last_response else None
        return ReadinessSeen(instance.id, ReadinessResult(self._check.name, instance.task_id or "", ready, kept))


async def ask(check: ReadinessCheck, target: Target) -> ReadinessResponse | None:
    """What the instance answers; None when it does not, or not within the timeout."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    url = f"{check.protocol.lower()}://{host}:{target.port}/{check.path.removeprefix('/')}"
    timeout = aiohttp.ClientTimeout(total=check.timeout_seconds)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(url, ssl=False, allow_redirects=False) as answer,
        ):
            body = await answer.content.read(MAX_BODY) if check.preserve_last_response else b""
            return ReadinessResponse(answer.status, answer.content_type, body.decode("utf-8", "replace"))
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return None
