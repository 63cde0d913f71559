"""Ten thousand connections that ask for nothing, or for ever: whoever asks properly is answered as before."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from tests.integration.ports import free_port
from tests.integration.service import Service, eventually, request

pytestmark = [pytest.mark.real, pytest.mark.slow]

MANY = 10_000
BEGINNINGS = [
    b"",
    b"GET /v2/apps HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    b"POST /v2/apps HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{",
    b"POST /v2/apps HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[[[[[\r\n",
]


@pytest.fixture
def many(tmp_path: Path) -> Iterator[int]:
    """As many connections as are allowed on both sides; the limit is put back."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < MANY + 1000:
        pytest.skip(f"the hard limit of open files here is {hard}; {MANY + 1000} are needed: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield MANY
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_connections_starve_nobody_and_leave_nothing(tmp_path: Path, many: int) -> None:
    port = free_port()
    options = ("--port", str(port), "--mesos-port", "0", "--work-dir", str(tmp_path / "work"))
    with Service("up", *options) as service:
        process = psutil.Process(service.process.pid)
        before = process.num_fds()
        with ExitStack() as stack:
            for number in range(many):
                # From several of this machine's addresses: one alone has not ports enough to come from.
                source = (f"127.0.0.{2 + number % 4}", 0)
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 30, source))
                connection.sendall(BEGINNINGS[number % len(BEGINNINGS)])
            eventually("all are taken", lambda: process.num_fds() >= before + many, 60)
            app = {"id": "/web", "cmd": "exec sleep 1000", "cpus": 0.01, "mem": 1}
            assert service.post("/v2/apps", app).status == 201
            eventually("it runs", lambda: service.app("web")["tasksRunning"] == 1)
            for _ in range(20):
                asked = time.monotonic()
                assert request("GET", f"{service.url}/v2/apps").status == 200
                assert time.monotonic() - asked < 5, "who asks properly waits for those who do not"
        eventually("their connections are gone", lambda: process.num_fds() <= before + 20, 60)
