"""Calls made up from the OpenAPI document, right ones and wrong ones, against the whole service (its Mesos has no
agents): no call gets a 500, and every answer is as the document says.

    document ─▶ schemathesis: a strategy per operation ─▶ calls over HTTP ─▶ the service ─▶ answers ─▶ the document
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from actors.http import serve
from actors.marathon.api import Service as ApiService
from actors.marathon.api import ServiceInfo, make_app
from actors.marathon.api.openapi import document
from tests.marathon.deploy.conftest import Service
from tests.marathon.deploy.fake_mesos import MesosWorld

schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")
modes = schemathesis.GenerationMode

pytestmark = pytest.mark.real

CHECKS = [checks.response_schema_conformance, checks.status_code_conformance, checks.content_type_conformance]
PATIENCE = 90
"""Seconds that a call may take on a busy machine."""

ENDLESS = ("/v2/events",)
ELSEWHERE = ("/v2/mesos/{what}",)  # it is the master's to answer


@pytest.fixture
async def url() -> AsyncIterator[str]:
    """A service with a little of everything, so that right calls find something."""
    service = Service()
    service.world = MesosWorld(agents=0)
    await service.start(max_deployments=100_000)
    app = make_app(ApiService(service.system, service.marathon, ServiceInfo("0.1.0", "http://127.0.0.1:1")))
    server = await serve(app)
    yield server.url
    await server.close()
    await service.kill()


def operations() -> list[Any]:
    schema = schemathesis.openapi.from_dict(document("0.1.0"))
    made = [result.ok() for result in schema.get_all_operations()]
    return [one for one in made if one.path not in (*ENDLESS, *ELSEWHERE)]


def fuzz(url: str, examples: int, *, derandomize: bool, within: float) -> None:
    """Gives up by itself after `within` seconds: were pytest to end the test, it would read sources to say where it
    stood while this thread goes on to read some too, and of CPython's parser the one then spoils the other."""
    end = time.monotonic() + within - PATIENCE
    for operation in operations():
        # Of queries and paths, nearly every text is a right one.
        for mode in (modes.POSITIVE, modes.NEGATIVE) if operation.body else (modes.POSITIVE,):

            @settings(
                max_examples=examples,
                deadline=None,
                database=None,
                derandomize=derandomize,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def answered_as_documented(case: Any) -> None:
                assert time.monotonic() < end, f"{case.operation.label} was reached only now: the machine is too busy"
                response = case.call(base_url=url, timeout=PATIENCE)
                assert response.status_code != 500, f"{case.as_curl_command()}\n{response.text}"
                case.validate_response(response, checks=CHECKS)

            answered_as_documented()


@pytest.mark.timeout(900)  # half a minute of work, which a busy machine may stretch
async def test_no_call_that_the_document_suggests_gets_a_500_or_an_undocumented_answer(url: str) -> None:
    await asyncio.to_thread(fuzz, url, 2, derandomize=True, within=850)


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_nor_does_any_of_many_calls(url: str) -> None:
    await asyncio.to_thread(fuzz, url, 100, derandomize=False, within=3500)
