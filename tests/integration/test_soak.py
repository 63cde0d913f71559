"""An hour of people who deploy, scale, upgrade and destroy, and look on: what the service holds ends where it began.

The whole service with its embedded Mesos and real tasks. ``MINUTES`` in the environment says how long::

    MINUTES=5 python -m pytest -s tests/integration/test_soak.py

With ``KEEP=FOLDER`` what was held is kept there.
"""

import json
import os
import random
import socket
import statistics
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.integration.kept import keep
from tests.integration.ports import free_port
from tests.integration.processes import processes_of
from tests.integration.service import Service, eventually, request

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(3 * 3600)]

STAYS = {"id": "/stays", "cmd": "exec sleep 100000", "cpus": 0.01, "mem": 1, "instances": 5}
APPS = ["/one", "/two", "/folder/three"]
WARM = 0.2
"""The share of the time after which everything has been used once: caches, pools, the threads of the loop."""


@dataclass(frozen=True)
class Held:
    """What the service holds while nothing is going on."""

    memory: float  # MB, resident
    files: int
    threads: int
    actors: int

    @classmethod
    def by(cls, service: Service) -> "Held":
        process = psutil.Process(service.process.pid)
        return cls(process.memory_info().rss / 1e6, process.num_fds(), process.num_threads(), actors_of(service))


def actors_of(service: Service) -> int:
    with urllib.request.urlopen(f"{service.url}/observer/feed", timeout=10) as feed:
        for line in feed:
            if line.startswith(b"data:"):
                return len(json.loads(line[5:])["actors"])
    raise AssertionError("the observer says nothing")


def quiet(service: Service) -> bool:
    return bool(service.get("/v2/deployments").json == [])


def looks_on(service: Service) -> None:
    """Somebody opens the event stream and goes away in the midst of it; somebody else asks half a question."""
    wanted = urllib.request.Request(f"{service.url}/v2/events", headers={"Accept": "text/event-stream"})
    with urllib.request.urlopen(wanted, timeout=10) as stream:
        stream.readline()
    with socket.create_connection(("127.0.0.1", int(service.url.rsplit(":", 1)[1]))) as connection:
        connection.sendall(b"POST /v2/apps HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{")


class Churn:
    """One round: something of everything, and then as it was."""

    def __init__(self, service: Service, chance: random.Random) -> None:
        self._service, self._random = service, chance
        self.changes = 0

    def round(self) -> None:
        for app_id in APPS:
            cmd = self._random.choice(["exec sleep 1000", "exec sleep 1000", "sleep 0.2; exit 1"])
            self._change("PUT", app_id, {**STAYS, "id": app_id, "cmd": cmd, "backoffSeconds": 1})
        looks_on(self._service)
        self._pause()
        for app_id in APPS:
            self._change("PUT", app_id, {"instances": self._random.randint(0, 8)})
            self._change("PUT", app_id, {"env": {"ROUND": str(self.changes)}})
        for path in ("/v2/groups", "/v2/apps?embed=apps.tasks", "/v2/queue", "/v2/tasks", "/v2/info", "/metrics"):
            assert self._service.get(path).status == 200
        self._pause()
        for app_id in APPS:
            self._change("DELETE", app_id)
        eventually("all is as it was", lambda: quiet(self._service), 60)
        eventually("nothing of it runs", lambda: self._service.get("/v2/apps//one").status == 404)

    def _pause(self) -> None:
        """Some of what was begun is done when the next comes, and some is in the midst of it."""
        threading.Event().wait(self._random.uniform(0.0, 1.5))

    def _change(self, method: str, app_id: str, body: Any = None) -> None:
        answer = request(method, f"{self._service.url}/v2/apps/{app_id}?force=true", body)
        assert answer.status in (200, 201), f"{method} {app_id}: {answer.text}"
        self.changes += 1


def middle(held: list[Held], of: Callable[[Held], float]) -> float:
    return statistics.median(of(one) for one in held)


def test_what_the_service_holds_ends_where_it_began(tmp_path: Path) -> None:
    seconds = 60 * float(os.environ.get("MINUTES", "60"))
    options = ("--port", str(free_port()), "--mesos-port", "0", "--work-dir", str(tmp_path / "work"))
    with Service("up", *options) as service:
        assert service.post("/v2/apps", STAYS).status == 201
        eventually("it runs", lambda: service.app("stays")["tasksRunning"] == 5)
        stay = service.task_ids("stays")
        churn = Churn(service, random.Random(0))
        began, held = time.monotonic(), []
        while (passed := time.monotonic() - began) < seconds:
            churn.round()
            held.append((passed, Held.by(service)))
            sys.stdout.write(f"{passed:5.0f} s  {churn.changes:6} changes  {held[-1][1]}\n")
            keep("soak", seconds=round(passed), changes=churn.changes, **asdict(held[-1][1]))
        warm = [each for passed, each in held if passed > WARM * seconds]
        first, last = warm[: len(warm) // 5 + 1], warm[-(len(warm) // 5 + 1) :]
        assert service.task_ids("stays") == stay, "what nobody touched was touched"
        assert len(processes_of("/stays", tmp_path)) == 5
        assert not [process for app_id in APPS for process in processes_of(app_id, tmp_path)]
        for of in (lambda one: one.files, lambda one: one.threads, lambda one: one.actors):
            assert middle(last, of) <= middle(first, of), (first, last)
        assert middle(last, lambda one: one.memory) <= 1.1 * middle(first, lambda one: one.memory), (first, last)
