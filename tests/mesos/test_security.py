"""Who we are to a master, and how we know that it is the master."""

import asyncio
import ssl
from pathlib import Path

import pytest
from aiohttp import web

from actors import ActorSystem
from actors.mesos import Credential, MasterUnreachable, Mesos, Security
from actors.mesos.operator import OperatorClient
from tests.mesos.scripted_master import ScriptedMaster
from tests.mesos.words import INFO, registered

CERTIFICATES = Path(__file__).parent / "certificates"


async def test_principal_and_secret_go_with_every_request(system: ActorSystem, master: ScriptedMaster) -> None:
    credential = Credential("alice", "sesame")
    framework, stream = await registered(system, master, credential=credential)
    await framework.driver.revive_offers()
    basic = "Basic YWxpY2U6c2VzYW1l"
    assert stream.request.headers["Authorization"] == master.call_headers[0]["Authorization"] == basic
    assert "sesame" not in repr(credential)
    await framework.deactivate()


async def test_a_secret_is_not_asked_for_where_none_is_given(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    assert "Authorization" not in stream.request.headers
    await framework.deactivate()


def test_a_ca_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="tls: /nowhere is not a file of CA certificates"):
        Security.of(None, "/nowhere")


class SecureMaster(ScriptedMaster):
    """Speaks TLS, on a real socket."""

    async def open(self, port: int = 0) -> None:
        app = web.Application()
        app.router.add_post(self.path, self._handle)
        app.on_shutdown.append(self._end_streams)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"


@pytest.mark.real
async def test_stream_and_calls_are_encrypted_and_the_master_is_known_by_its_ca(system: ActorSystem) -> None:
    async with SecureMaster.start() as master:
        framework, _ = await registered(system, master, tls=CERTIFICATES / "ca.pem")
        await framework.driver.revive_offers()
        assert master.kinds() == ["REVIVE"]
        await framework.deactivate()


@pytest.mark.real
async def test_a_master_that_no_known_ca_vouches_for_is_not_spoken_to(system: ActorSystem) -> None:
    async with SecureMaster.start() as master:
        with pytest.raises(MasterUnreachable, match="certificate verify failed"):
            await Mesos(system).register_framework(master.url, INFO, registration_timeout=0.5)
        async with OperatorClient(system, master.url) as client:
            with pytest.raises(MasterUnreachable, match="certificate verify failed"):
                await client.get_health()
        assert master.subscribes == 0
        await asyncio.sleep(0)
