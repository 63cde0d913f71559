"""Health and readiness over HTTPS: certificates are not verified, as in Marathon."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from actors.http import Server, serve
from actors.marathon.health import NetworkProbe, Target
from actors.marathon.model import HealthCheck, ReadinessCheck
from actors.marathon.readiness import MAX_BODY, ask

pytestmark = pytest.mark.real

CERTIFICATES = Path(__file__).parents[2] / "mesos" / "certificates"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]), text="grüße" * 2000)

    app = web.Application()
    app.add_routes([web.get("/{status}", answer)])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
    made = await serve(app, tls=context)
    yield made
    await made.close()


async def test_a_health_check_speaks_tls_to_whoever_answers(server: Server) -> None:
    probe = NetworkProbe()
    target = Target("localhost", server.port)
    assert server.url.startswith("https://")
    assert await probe(HealthCheck(protocol="HTTPS", path="/200"), target) is None
    assert "status 500" in str(await probe(HealthCheck(protocol="HTTPS", path="/500"), target))
    assert await probe(HealthCheck(protocol="HTTP", path="/200"), target) is not None


async def test_a_readiness_check_speaks_tls_and_keeps_only_the_beginning(server: Server) -> None:
    check = ReadinessCheck(protocol="HTTPS", path="503", preserve_last_response=True)
    response = await ask(check, Target("127.0.0.1", server.port))
    assert response is not None
    assert (response.status, response.content_type) == (503, "text/plain")
    assert response.body.startswith("grüße")
    assert len(response.body.encode()) <= MAX_BODY + 3
    unanswered = await ask(check.replace(protocol="HTTP"), Target("127.0.0.1", server.port))
    assert unanswered is None or unanswered.status == 400
