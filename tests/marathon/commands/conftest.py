"""The commands against a small HTTP server that answers from a table (`run`), and against a service that runs in this
process on simulated tasks (`live`)."""

import asyncio
import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from actors import ActorSystem
from actors.http import serve
from actors.local_mesos.local import LocalMesos
from actors.local_mesos.simulated_runner import Fate
from actors.local_mesos.task_runner import TaskCommand
from actors.marathon import Marathon
from actors.marathon.api import Service, ServiceInfo, make_app
from actors.marathon.commands import _wait, cli
from actors.persistence import SqliteJournal


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any


@dataclass
class Fake:
    """`answers` maps ``"GET /v2/apps"`` to a body, a (status, body) pair, or a function of the request."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""
    streams: list[Iterator[tuple[str, dict[str, Any]]]] | None = None
    """What each connection to the events is told before it breaks; while there is none left, no answer at all."""

    def answer(self, asked: Asked) -> tuple[int, Any]:
        self.asked.append(asked)
        found = self.answers.get(
            f"{asked.method} {asked.path}", (404, {"message": f"App '{asked.path}' does not exist"})
        )
        if callable(found):
            found = found(asked)
        return found if isinstance(found, tuple) else (200, found)


@pytest.fixture
def service() -> Iterator[Fake]:
    fake = Fake({"GET /v2/deployments": [], "GET /v2/queue": {"queue": []}})

    class Handler(BaseHTTPRequestHandler):
        def do(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            if parts.path == "/v2/events" and fake.streams is not None:
                if fake.streams:
                    self.stream(fake.streams.pop(0))
                return
            status, answer = fake.answer(Asked(self.command, parts.path, parse_qs(parts.query), body))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def stream(self, events: Iterator[tuple[str, dict[str, Any]]]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for name, event in events:
                self.wfile.write(f"event: {name}\ndata: {json.dumps(event)}\n\n".encode())

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

        def log_message(self, *_: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A connection that a test breaks off is no error."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


Run = Callable[..., Result]


@pytest.fixture
def run(service: Fake, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, pointed at the fake by the environment."""
    monkeypatch.setenv("MARATHON_URL", service.url)
    monkeypatch.setattr(_wait, "TICK", 0.01)
    return lambda *arguments, **options: CliRunner().invoke(cli, arguments, prog_name="marathon", **options)


@pytest.fixture(scope="module")
def live_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A whole service in a thread of its own, on an embedded Mesos whose tasks are figures."""
    url: Future[str] = Future()
    ended: Future[None] = Future()
    thread = threading.Thread(
        target=lambda: asyncio.run(_serve(tmp_path_factory.mktemp("live"), url, ended)), name="service"
    )
    thread.start()
    try:
        yield url.result(90)
    finally:
        ended.set_result(None)
        thread.join(90)


async def _serve(folder: Path, url: Future[str], ended: Future[None]) -> None:
    try:
        async with (
            ActorSystem("marathon") as system,
            SqliteJournal(folder / "journal", durability="process") as journal,
        ):
            local = await LocalMesos.start(system, port=0, runner="simulated", script=_fate, work_dir=folder / "mesos")
            async with local:
                marathon = await Marathon.start(system, master=local.url, journal=journal)
                service = Service(system, marathon, ServiceInfo(version="0", master=local.url))
                server = await serve(make_app(service), "127.0.0.1", 0)
                url.set_result(server.url)
                await asyncio.wrap_future(ended)
                await server.close()
                await marathon.stop()
    except BaseException as error:
        if not url.done():
            url.set_exception(error)
        raise


def _fate(command: TaskCommand, chance: random.Random) -> Fate:
    """``slow 0.3`` starts after so many seconds; everything runs until it is killed."""
    found = re.search(r"slow (\S+)", command.shell or "")
    return Fate(starts_after=float(found[1]) if found else 0.0)


@pytest.fixture
def live(live_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, pointed at the running service."""
    monkeypatch.setenv("MARATHON_URL", live_url)
    return lambda *arguments, **options: CliRunner().invoke(cli, arguments, prog_name="marathon", **options)
