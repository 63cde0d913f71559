"""``marathon serve`` behind TLS and passwords, against a Mesos that wants to know who registers."""

import asyncio
import os
import ssl
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from actors import ActorSystem
from actors.local_mesos import start_master
from actors.local_mesos.master import MasterSettings
from actors.marathon.commands import cli

pytestmark = pytest.mark.real

CERTIFICATES = Path(__file__).parents[2] / "mesos" / "certificates"
TLS = ["--tls-cert", str(CERTIFICATES / "server.pem"), "--tls-key", str(CERTIFICATES / "server.key")]
PASSWORD, SECRET = "correct-horse", "battery-staple"


class Running:
    """A `marathon` process; `said` has what it wrote to stderr."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said = ""

    async def until(self, words: str) -> str:
        """The first line with these words, which may have come before others that were waited for."""
        assert self.process.stderr is not None
        for line in self.said.splitlines():
            if words in line:
                return line
        while line := (await asyncio.wait_for(self.process.stderr.readline(), 90)).decode():
            self.said += line
            if words in line:
                return line
        raise AssertionError(f"it never said {words!r}:\n{self.said}")

    async def end(self) -> int:
        if self.process.returncode is None:
            self.process.terminate()
        out, err = await asyncio.wait_for(self.process.communicate(), 90)
        self.said += out.decode() + err.decode()
        return await self.process.wait()


Start = Callable[..., Any]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    started: list[Running] = []

    async def run(*arguments: str, **variables: str) -> Running:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "actors.marathon", *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env={**os.environ, **variables},
        )  # fmt: skip
        started.append(Running(process))
        return started[-1]

    yield run
    for running in started:
        await running.end()


def file_with(folder: Path, name: str, text: str) -> str:
    file = folder / name
    file.write_text(text)
    return str(file)


async def test_a_secured_service_answers_who_it_knows_and_shows_no_secret(start: Start, tmp_path: Path) -> None:
    async with ActorSystem() as system:
        master = await start_master(system, settings=MasterSettings(credentials={"marathon": SECRET}))
        credentials = file_with(tmp_path, "credentials", f"ops:{PASSWORD}\n")
        serve = await start(
            "serve", "--master", master.url, "--port", "0", "--work-dir", str(tmp_path / "work"), "-vv", *TLS,
            "--credentials", credentials,
            "--mesos-principal", "marathon", "--mesos-secret-file", file_with(tmp_path, "secret", SECRET + "\n"),
        )  # fmt: skip
        url = (await serve.until("Marathon answers at")).split()[3]
        await serve.until("registered with Mesos")
        assert url.startswith("https://")
        known = {
            "MARATHON_URL": url,
            "MARATHON_CREDENTIALS": credentials,
            "SSL_CERT_FILE": str(CERTIFICATES / "ca.pem"),
        }
        apps = await start("apps", "--json", **known)
        assert await apps.process.wait() == 0
        stranger = await start("apps", **{**known, "MARATHON_CREDENTIALS": ""})
        assert await stranger.process.wait() == 1
        await stranger.end()
        assert "MARATHON_CREDENTIALS" in stranger.said
        info = await asyncio.to_thread(read, url.replace("https://", f"https://ops:{PASSWORD}@") + "/v2/info")
        assert '"principal"' not in info
        assert await serve.end() == 0
        for secret in (PASSWORD, SECRET):
            assert secret not in serve.said + info
        await master.close()


def read(url: str) -> str:
    context = ssl.create_default_context(cafile=CERTIFICATES / "ca.pem")
    user, _, host = url.removeprefix("https://").partition("@")
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, f"https://{host}", *user.split(":"))
    opener = urllib.request.build_opener(
        urllib.request.HTTPSHandler(context=context), urllib.request.HTTPBasicAuthHandler(passwords)
    )
    with opener.open(f"https://{host}") as answer:
        text: str = answer.read().decode()
        return text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--credentials", "{folder}/none"], "--credentials: {folder}/none cannot be read"),
        (["--credentials", "{folder}/bad"], "line 1 is not of the form user:password"),
        (["--tls-key", "{folder}/bad"], "--tls-key is of no use alone"),
        (["--tls-cert", "{folder}/bad"], "{folder}/bad cannot be used for TLS"),
        (["--mesos-secret-file", "{folder}/bad"], "--mesos-principal NAME"),
    ],
)
def test_files_that_are_of_no_use_are_named(tmp_path: Path, options: list[str], words: str) -> None:
    """Before anything is started: so it needs no process of its own."""
    file_with(tmp_path, "bad", PASSWORD)
    made = [option.format(folder=tmp_path) for option in options]
    serve = ["serve", "--master", "http://127.0.0.1:9", "--port", "0", "--work-dir", str(tmp_path)]
    refused = CliRunner().invoke(cli, [*serve, *made], prog_name="marathon")
    assert refused.exit_code == 1
    assert words.format(folder=tmp_path) in refused.stderr
    assert PASSWORD not in refused.output


async def test_open_doors_are_pointed_out(start: Start, tmp_path: Path) -> None:
    serve = await start(
        "serve", "--master", "http://127.0.0.1:9", "--host", "0.0.0.0", "--port", "0", "--work-dir", str(tmp_path)
    )
    assert "--credentials" in await serve.until("warning")
