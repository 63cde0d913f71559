"""Rows of a table of the wire: a call, and what must be said of its answer.

The calls find a shop: ``/shop`` with ``/shop/db`` (2 instances run, one is staging) and ``/shop/web`` (waits for an
offer), and ``/tool`` alone, whose task failed once. Its deployments are d1 (tool) and d2 (shop), both still listed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from actors.marathon.messages import Condition, QueueItem, TaskFailure

from .conftest import Answer, Api, serving

__all__ = [
    "ABSENT",
    "ANY",
    "DB_TASK",
    "NEW",
    "RESULT",
    "STARTED",
    "V1",
    "V2",
    "ZEROS",
    "Row",
    "asked",
    "differences",
    "ids",
    "open_shop",
]

V1, V2 = "2026-01-01T00:00:01.000Z", "2026-01-01T00:00:02.000Z"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
TOOL = {"id": "/tool", "cmd": "./Tool --run", "labels": {"tier": "back", "a": "x"}}
SHOP = {
    "id": "/shop",
    "apps": [
        {"id": "db", "cmd": "sleep 1", "instances": 2, "labels": {"tier": "back"}},
        {"id": "web", "cmd": "sleep 2", "dependencies": ["db"], "labels": {"tier": "front"}},
    ],
}
NEW = {"id": "/new", "cmd": "sleep 3"}
DB_TASK = "shop_db.instance-0._app.1"
STARTED = {"Marathon-Deployment-Id": "d3"}
RESULT = {"version": "2026-01-01T00:00:03.000Z", "deploymentId": "d3"}
ZEROS = dict.fromkeys(("tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy"), 0)


class _Absent:
    """The field is not there at all: null would be something else to clients."""

    def __repr__(self) -> str:
        return "absent"


class _Any:
    """The field is there, whatever it holds."""

    def __repr__(self) -> str:
        return "present"


ABSENT, ANY = _Absent(), _Any()


@dataclass(frozen=True)
class Row:
    """`shows` has, by path into the body (``app.tasks.0.id``; empty for the whole), what is found there.

    A `body` of bytes is sent as it is, as JSON. `accept` is the header.
    """

    id: str
    method: str
    path: str
    body: Any = None
    status: int = 200
    shows: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    accept: str | None = None


@asynccontextmanager
async def open_shop() -> AsyncIterator[Api]:
    async with serving(abdicate=lambda: None) as api:
        await api.post("/v2/apps", TOOL)
        await api.post("/v2/groups", SHOP)
        world = api.world
        world.run("/shop/db", 2)
        world.run("/shop/db", 1, condition=Condition.STAGING, host="other", started_at=None)
        world.failures["/tool"] = TaskFailure("/tool", "t", "TASK_FAILED", "exit 1", "h", "S0", V1, MOMENT)
        world.queue.append(QueueItem(world.root.apps["/shop/web"], 1, 0.0, MOMENT, processed_offers=1))
        yield api


def ids(*app_ids: str) -> dict[str, Any]:
    return {"apps.*": len(app_ids), **{f"apps.{n}.id": app_id for n, app_id in enumerate(app_ids)}}


async def asked(api: Api, row: Row) -> Answer:
    headers = {} if row.accept is None else {"Accept": row.accept}
    if isinstance(row.body, bytes):
        headers["Content-Type"] = "application/json"
        return await api.call(row.method, row.path, data=row.body, headers=headers)
    return await api.call(row.method, row.path, row.body, headers=headers)


def differences(row: Row, answer: Answer) -> list[str]:
    """What of the answer is not as the row says."""
    found = [] if answer.status == row.status else [f"status {answer.status} instead of {row.status}: {answer.text}"]
    for name, wanted in row.headers.items():
        found.extend(_unlike(f"header {name}", answer.headers.get(name, ABSENT), wanted))
    for path, wanted in row.shows.items():
        found.extend(_unlike(path or "the body", _at(answer.body, path), wanted))
    return found


def _unlike(what: str, found: Any, wanted: Any) -> list[str]:
    if wanted is ANY:
        return [f"{what} is absent"] if found is ABSENT else []
    # 1 == True in Python; in JSON they are not the same.
    same = (
        found is wanted
        if wanted is ABSENT
        else (found == wanted and isinstance(found, bool) == isinstance(wanted, bool))
    )
    return [] if same else [f"{what} is {found!r} instead of {wanted!r}"]


def _at(body: Any, path: str) -> Any:
    for step in path.split(".") if path else ():
        if isinstance(body, list) and step.isdigit() and int(step) < len(body):
            body = body[int(step)]
        elif isinstance(body, dict) and step in body:
            body = body[step]
        elif isinstance(body, list) and step == "*":
            return len(body)
        else:
            return ABSENT
    return body
