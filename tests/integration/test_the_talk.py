"""The talk's story, as a person at a shell would live it: curl's requests, real processes, `kill -9`.

The same story runs over both engines: the embedded Mesos of ``marathon up``, and a real Apache Mesos behind
``marathon serve``, which is itself killed and started again with its work dir.
"""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.real_mesos import RealMesos, real_mesos_or_skip
from tests.integration.service import Service, eventually, free_port, processes_of

TALK = {
    "id": "my-app", "cmd": "python3 -m http.server $PORT0", "cpus": 0.1, "mem": 64,
    "instances": 10, "ports": [0], "healthChecks": [{}],
}  # fmt: skip


class Engine:
    """Where the story is played: how the service is started, and where its sandboxes lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.mesos: RealMesos | None = None

    def start(self) -> Service:
        raise AssertionError("an engine says how it starts")

    def stop(self) -> None: ...


class Embedded(Engine):
    def start(self) -> Service:
        return Service("up", "--port", str(self.port), "--mesos-port", "0", "--work-dir", str(self.folder))


class Real(Engine):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        real_mesos_or_skip()
        self.mesos = RealMesos(folder / "mesos", port=free_port(), agents=2)
        self.mesos.start()

    def start(self) -> Service:
        assert self.mesos is not None
        state = str(self.folder / "service")
        return Service("serve", "--master", self.mesos.url, "--port", str(self.port), "--work-dir", state)

    def stop(self) -> None:
        assert self.mesos is not None
        self.mesos.stop()


@pytest.fixture(params=[Embedded, Real], ids=["embedded", "real-mesos"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    engine = request.param(tmp_path)
    yield engine
    engine.stop()


def serves(host: str, port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/", timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def test_the_talk(engine: Engine) -> None:
    service = engine.start()
    try:
        # deployed: the step is shown while it runs, ten servers answer, ten are running and healthy
        created = service.post("/v2/apps", TALK)
        assert created.status == 201, created.text
        (deployment,) = service.get("/v2/deployments").json
        assert deployment["id"] == created.json["deployments"][0]["id"] == created.headers["Marathon-Deployment-Id"]
        actions = [action for step in deployment["steps"] for action in step["actions"]]
        assert {action["action"] for action in actions} <= {"StartApplication", "ScaleApplication"}
        assert {action["app"] for action in actions} == {"/my-app"}
        eventually("ten are running and healthy", lambda: service.all_healthy("/my-app", 10))
        tasks = service.get("/v2/apps//my-app/tasks").json["tasks"]
        assert len({(task["host"], task["ports"][0]) for task in tasks}) == 10
        assert all(serves(task["host"], task["ports"][0]) for task in tasks)

        # one process killed by hand: a replacement comes, the other nine stay
        before = service.task_ids("/my-app")
        servers = [each for each in processes_of("/my-app", engine.folder) if "http.server" in each.cmdline()]
        servers[0].kill()
        eventually("the killed one is gone", lambda: service.task_ids("/my-app") != before)
        eventually("a replacement is healthy", lambda: service.all_healthy("/my-app", 10))
        assert len(before & service.task_ids("/my-app")) == 9

        # scaled, and the same tasks are there after kill -9 of the service
        scaled = service.put("/v2/apps//my-app", {"instances": 20})
        assert scaled.status == 200 and scaled.json["deploymentId"], scaled.text
        eventually("twenty are running and healthy", lambda: service.all_healthy("/my-app", 20), 60)
        before, pids = service.task_ids("/my-app"), {process.pid for process in processes_of("/my-app", engine.folder)}
        service.kill()
        service = engine.start()
        eventually("the twenty are found again", lambda: service.all_healthy("/my-app", 20), 60)
        assert service.task_ids("/my-app") == before
        assert {process.pid for process in processes_of("/my-app", engine.folder)} == pids

        # the real Mesos dies and comes back with its work dir: the service subscribes again, the tasks are kept
        if engine.mesos is not None:
            engine.mesos.kill()
            engine.mesos.start()
            eventually("subscribed again", lambda: service.put("/v2/apps//my-app", {"instances": 21}).status == 200)
            eventually("twenty-one run", lambda: service.all_healthy("/my-app", 21), 120)
            assert before < service.task_ids("/my-app")

        # deleted: no process is left behind
        gone = service.delete("/v2/apps//my-app")
        assert gone.status == 200 and gone.json["deploymentId"]
        eventually("no process is left", lambda: not processes_of("/my-app", engine.folder), 60)
        eventually("the app is gone", lambda: service.get("/v2/apps//my-app").status == 404)
        assert service.stop() == 0, service.words
    except BaseException as error:
        error.add_note(service.words)
        raise
    finally:
        service.stop()
