"""Two processes on the real loop: killed, stopped, with TLS."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from actors import ActorNotFound, ActorSystem, Props, Terminated
from actors.remote import Codec, Remote, RemoteSettings, Tls
from tests.remote.conftest import SECRET, Recorder, Watcher

pytestmark = pytest.mark.real

FAST = {"heartbeat": 0.1, "detection": 3.0}  # for who is to notice a loss: a busy machine can look like one
PATIENT = {"heartbeat": 0.1, "detection": 60.0}
PATIENCE = 60  # seconds that a busy machine may take for what it would do at once


@pytest.fixture
def peer():
    """Starts a process; gives it and the address of its system."""
    started = []

    def start(**options):
        command = [
            sys.executable,
            "-m",
            "tests.remote.peer",
            json.dumps({"secret": SECRET, "settings": PATIENT} | options),
        ]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return started[-1], started[-1].stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


@pytest.fixture
async def own(request):
    settings = RemoteSettings(**getattr(request, "param", FAST))
    async with ActorSystem("own") as system:
        yield await Remote.start(system, secret=SECRET, settings=settings)


async def watched(own, address):
    echo = await own.resolve(f"{address}/user/it", PATIENCE)
    seen = asyncio.Queue()

    class Watching(Watcher):
        def receive(self, message):
            seen.put_nowait(message)

    own.system.spawn(Props(Watching, echo, []))
    assert await echo.ask("there?", PATIENCE) == "there?"
    return echo, seen


async def test_a_killed_process_is_lost_within_the_stated_time(own, peer):
    process, address = peer()
    echo, seen = await watched(own, address)
    process.kill()
    notice = await asyncio.wait_for(seen.get(), PATIENCE)
    assert isinstance(notice, Terminated)
    assert notice.ref is echo
    assert "its system is lost" in str(notice.reason)


async def test_a_stopped_process_is_lost_and_when_it_wakes_it_is_refused(own, peer):
    process, address = peer()
    echo, seen = await watched(own, address)
    os.kill(process.pid, signal.SIGSTOP)
    assert (await asyncio.wait_for(seen.get(), PATIENCE)).ref is echo
    os.kill(process.pid, signal.SIGCONT)
    await asyncio.sleep(0.5)
    with pytest.raises(ActorNotFound, match="quarantined"):
        await own.resolve(f"{address}/user/it", 2)


async def test_a_process_that_ends_in_order_says_so(own, peer):
    process, address = peer()
    _, seen = await watched(own, address)
    process.stdin.write("\n")
    process.stdin.flush()
    await asyncio.wait_for(seen.get(), PATIENCE)
    assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize("own", [PATIENT], ids=["patient"], indirect=True)
async def test_a_flood_arrives_whole_and_in_order(own, peer):
    _, address = peer()
    echo = await own.resolve(f"{address}/user/it", PATIENCE)
    seen = []
    recorder = own.system.spawn(Props(Recorder, seen))
    for n in range(50_000):
        await echo.send(n, recorder)
    while len(seen) < 50_000:  # noqa: ASYNC110 - a list has no event
        await asyncio.sleep(0.05)
    assert seen == list(range(50_000))


def certificates(folder: Path, *names: str) -> dict[str, Tls]:
    """A CA, and for each name a certificate of 127.0.0.1 signed by it."""

    def openssl(*arguments, **options):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, **options)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    authority = ["-days", "2", "-subj", "/CN=CA", "-addext", "keyUsage=critical,keyCertSign"]  # which Python 3.13 wants
    openssl("req", "-x509", *new, *authority, "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    for name in names:
        openssl("req", *new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2", "-extfile", "names"]
        openssl("x509", "-req", "-in", f"{name}.csr", *sign, "-out", f"{name}.pem")
    return {name: Tls(folder / f"{name}.pem", folder / f"{name}.key", folder / "ca.pem") for name in names}


async def test_mutual_certificates_let_in_who_has_one_of_the_authority_and_nobody_else(peer, tmp_path):
    for folder in ("ours", "others"):
        (tmp_path / folder).mkdir()
    ours = certificates(tmp_path / "ours", "one", "two")
    theirs = certificates(tmp_path / "others", "stranger")
    two = ours["two"]
    _, address = peer(secret=None, tls=[str(two.certificate), str(two.key), str(two.authority)])
    async with ActorSystem("own") as system:
        remote = await Remote.start(system, tls=ours["one"])
        assert await (await remote.resolve(f"{address}/user/it", PATIENCE)).ask("read me", PATIENCE) == "read me"
    # A stranger that even trusts our authority has no certificate of it.
    stranger = Tls(theirs["stranger"].certificate, theirs["stranger"].key, ours["one"].authority)
    async with ActorSystem("stranger") as system:
        remote = await Remote.start(system, tls=stranger)
        with pytest.raises(ActorNotFound):
            await remote.resolve(f"{address}/user/it", 2)
    async with ActorSystem("plain") as system:
        remote = await Remote.start(system, secret=SECRET)
        with pytest.raises(ActorNotFound):
            await remote.resolve(f"{address}/user/it", 2)


async def test_a_program_of_an_older_message_version_is_understood_and_drops_what_it_does_not_know(peer):
    @dataclass(frozen=True)
    class Order:
        item: str
        count: int

    codec = Codec()
    codec.message("tests.order", version=2)(Order)
    codec.upcast("tests.order", 1)(lambda fields: fields | {"count": 1})
    _, address = peer()
    async with ActorSystem("newer") as system:
        remote = await Remote.start(system, secret=SECRET, settings=RemoteSettings(**PATIENT), codec=codec)
        clerk = await remote.resolve(f"{address}/user/clerk", PATIENCE)
        clerk.tell("one")
        clerk.tell(Order("tea", 3))  # it cannot know what that means; it says so in its log
        clerk.tell("two")
        assert await clerk.ask("what did you hear?", PATIENCE) == Order("one two", 1)


@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HTTP/1.0\r\n\r\n", bytes(64), b"\x00\x00\x00\x05hello"],
    ids=["nothing", "http", "zeros", "a frame"],
)
async def test_a_stranger_is_sent_away_and_learns_nothing(peer, said):
    _, address = peer(settings=PATIENT | {"handshake_timeout": 0.5})
    host, port = address.rpartition("@")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(said)
    answer = await asyncio.wait_for(reader.read(), PATIENCE)
    assert b"peer" not in answer  # the name of the system
    assert SECRET.encode() not in answer
    writer.close()
