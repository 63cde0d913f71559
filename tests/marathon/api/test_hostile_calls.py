"""Calls that mean no good: paths that would lead to files, headers that pretend, many changes at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from actors.http import serve
from actors.marathon.api import Service as ApiService
from actors.marathon.api import ServiceInfo, make_app
from actors.marathon.messages import Condition
from tests.marathon.deploy.conftest import Service

from .conftest import Api

UP = ("../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..%5c", "....//", "%252e%252e%252f", ".%00./")


@pytest.fixture
def secret() -> Path:
    """Of this very checkout, four levels above the API's files: its name is known, and so is its text."""
    return Path(__file__).resolve().parents[3] / "pyproject.toml"


@pytest.mark.parametrize("up", UP)
@pytest.mark.parametrize("below", ["/", "/ui/", "/ui/lib/", "/v2/apps/", "/v2/logs/", "/v2/mesos/", "/v2/pods/"])
async def test_no_path_leads_to_a_file(api: Api, secret: Path, below: str, up: str) -> None:
    for depth in (1, 3, 6, 12):
        for target in (secret.name, str(secret).lstrip("/"), "etc/passwd"):
            answer = await api.session.get(aiohttp.client.URL(f"{api.url}{below}{up * depth}{target}", encoded=True))
            text = await answer.text()
            assert answer.status != 500, (below, up, depth, text)
            assert "[build-system]" not in text
            assert "root:" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/v2/apps/%00",
        "/v2/apps/a%0d%0aX-Evil:%201",
        "/v2/groups/%ff%fe",
        "/v2/apps/" + "a/" * 2000,
        "/v2/apps?label=" + "a," * 2000,
        "/v2/pods/::::status",
        "/v2/pods/a::nothing",
        "/v2/queue//delay",
        "/v2/deployments/%2e%2e",
        "/v2/apps/x/versions/not-a-time",
        "/v2/apps/x/versions/9999999999999999-01-01T00:00:00Z",
        "/v2/groups/versions/0000-00-00T00:00:00Z",
        "/v2/tasks?status=",
        "/v2/logs/x/stdout?offset=99999999999999999999",
    ],
)
async def test_strange_paths_and_queries_get_an_answer_in_words(api: Api, path: str) -> None:
    for method in ("GET", "DELETE", "PUT"):
        answer = await api.session.request(method, aiohttp.client.URL(api.url + path, encoded=True), json={})
        assert answer.status < 500, (method, path, await answer.text())
        assert "X-Evil" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "evil"},
        {"X-Marathon-Via": "evil:1"},
        {"X-HTTP-Method-Override": "DELETE"},
        {"Host": "evil"},
    ],
)
async def test_no_header_changes_what_is_done(api: Api, headers: dict[str, str]) -> None:
    await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
    answer = await api.session.get(f"{api.url}/v2/apps/x", headers=headers)
    assert answer.status == 200
    assert list(api.world.root.apps) == ["/x"]


@pytest.fixture
async def whole() -> AsyncIterator[tuple[Service, str]]:
    """The whole service over a Mesos of the tests."""
    service = Service()
    await service.start()
    server = await serve(make_app(ApiService(service.system, service.marathon, ServiceInfo("0.1.0", ""))))
    yield service, server.url
    await server.close()
    await service.kill()


async def test_of_many_changes_at_once_each_is_made_whole_or_told_why_not(whole: tuple[Service, str]) -> None:
    service, url = whole

    async def call(session: aiohttp.ClientSession, number: int) -> tuple[int, Any]:
        method, path, body = [
            ("POST", "/v2/apps", {"id": f"/new-{number}", "cmd": "x", "instances": 1}),
            ("POST", "/v2/apps", {"id": "/same", "cmd": "x"}),
            ("PUT", "/v2/apps/same", {"cmd": "x", "instances": number % 3}),
            ("PUT", "/v2/groups/g", {"apps": [{"id": f"a{number}", "cmd": "x"}]}),
            ("DELETE", "/v2/apps/same", None),
        ][number % 5]
        async with session.request(method, url + path, json=body) as answer:
            return answer.status, await answer.json()

    async with aiohttp.ClientSession() as session:
        answers = await asyncio.gather(*(call(session, number) for number in range(60)))
        statuses = Counter(status for status, _ in answers)
        assert statuses.keys() <= {200, 201, 404, 409}, statuses
        assert all(body["message"] for status, body in answers if status >= 400)
        assert all(body["deployments"] for status, body in answers if status == 409 and "locked" in body["message"])
        await service.deployed()
        apps = (await (await session.get(f"{url}/v2/apps?embed=apps.tasks")).json())["apps"]
    assert {app["id"] for app in apps} >= {f"/new-{number}" for number in range(0, 60, 5)}
    for app in apps:
        assert len(app["tasks"]) == app["instances"] == app["tasksRunning"], app["id"]
    assert {one.condition for one in await service.instances()} == {Condition.RUNNING}
