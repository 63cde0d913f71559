"""The commands against a small HTTP server that answers from a table, as a service would."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from actors.marathon.commands import _wait, cli


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
            status, answer = fake.answer(Asked(self.command, parts.path, parse_qs(parts.query), body))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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
    monkeypatch.setattr(_wait, "POLL", 0.01)
    return lambda *arguments, **options: CliRunner().invoke(cli, arguments, prog_name="marathon", **options)
