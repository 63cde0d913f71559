"""The talk's stories, as a person at a shell would live them: curl's requests, real processes, `kill -9`.

One app, a group, a group with `dependencies`. The same stories run over both engines: the embedded Mesos of ``marathon
up``, and a real Apache Mesos behind ``marathon serve``, which is itself killed and started again with its work dir.
"""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.integration.ports import free_port, free_port_range
from tests.integration.processes import processes_of
from tests.integration.real_mesos import RealMesos, real_mesos_or_skip
from tests.integration.service import PATIENCE, Service, eventually

TALK = {
    "id": "my-app", "cmd": "python3 -m http.server $PORT0", "cpus": 0.1, "mem": 64,
    "instances": 10, "ports": [0], "healthChecks": [{"intervalSeconds": 1}],
}  # fmt: skip


class Engine:
    """Where the story is played: how the service is started, and where its sandboxes lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.resources = free_port(), f"cpus:8;mem:8192;disk:10240;ports:[{free_port_range()}]"
        self.mesos: RealMesos | None = None

    def start(self) -> Service:
        raise AssertionError("an engine says how it starts")

    def stop(self) -> None: ...


class Embedded(Engine):
    def start(self) -> Service:
        resources = ("--mesos-port", "0", "--resources", self.resources)
        return Service("up", "--port", str(self.port), *resources, "--work-dir", str(self.folder))


class Real(Engine):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        real_mesos_or_skip()
        # One agent: two on one machine would give away the same ports, as each has all of them.
        self.mesos = RealMesos(folder / "mesos", agents=1, resources=self.resources)
        self.mesos.start()

    def start(self) -> Service:
        assert self.mesos is not None
        state = str(self.folder / "service")
        return Service("serve", "--master", self.mesos.url, "--port", str(self.port), "--work-dir", state)

    def stop(self) -> None:
        assert self.mesos is not None
        self.mesos.stop()


ENGINES: Any = {"params": [Embedded, Real], "ids": ["embedded", "real-mesos"]}


@pytest.fixture(**ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """One whose parts the test may kill."""
    engine = request.param(tmp_path)
    yield engine
    engine.stop()


@pytest.fixture(scope="module", **ENGINES)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Path]]:
    """A service for all that leave it as they found it, and where its sandboxes lie."""
    engine = request.param(tmp_path_factory.mktemp("running"))
    with engine.start() as service:
        yield service, engine.folder
    engine.stop()


def serves(host: str, port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/", timeout=PATIENCE) as answer:
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
        servers = [each for each in processes_of("/my-app", engine.folder) if "http.server" in each.command]
        servers[0].kill()
        eventually("the killed one is gone", lambda: service.task_ids("/my-app") != before)
        eventually("a replacement is healthy", lambda: service.all_healthy("/my-app", 10))
        assert len(before & service.task_ids("/my-app")) == 9

        # scaled, and the same tasks are there after kill -9 of the service
        scaled = service.put("/v2/apps//my-app", {"instances": 20})
        assert scaled.status == 200 and scaled.json["deploymentId"], scaled.text
        eventually("twenty are running and healthy", lambda: service.all_healthy("/my-app", 20))
        before, processes = service.task_ids("/my-app"), set(processes_of("/my-app", engine.folder))
        service.kill()
        service = engine.start()
        eventually("the twenty are found again", lambda: service.all_healthy("/my-app", 20))
        assert service.task_ids("/my-app") == before
        assert set(processes_of("/my-app", engine.folder)) == processes

        # the real Mesos dies and comes back with its work dir: the service subscribes again, the tasks are kept
        if engine.mesos is not None:
            engine.mesos.kill()
            engine.mesos.start()
            eventually("subscribed again", lambda: service.put("/v2/apps//my-app", {"instances": 21}).status == 200)
            eventually("twenty-one run", lambda: service.all_healthy("/my-app", 21))
            assert before < service.task_ids("/my-app")

        # deleted: no process is left behind
        gone = service.delete("/v2/apps//my-app")
        assert gone.status == 200 and gone.json["deploymentId"]
        eventually("no process is left", lambda: not processes_of("/my-app", engine.folder))
        eventually("the app is gone", lambda: service.get("/v2/apps//my-app").status == 404)
        assert service.stop() == 0, service.words
    except BaseException as error:
        error.add_note(service.words)
        raise
    finally:
        service.stop()


CHECK = {"intervalSeconds": 1, "gracePeriodSeconds": 60}


def server(app_id: str, gate: Path, **fields: Any) -> dict[str, Any]:
    """An app that answers once there is a file ``gate``, so that its deployment ends when the test lets it. With an
    environment variable COLOUR the file's name goes on with its value."""
    cmd = f"while [ ! -e {gate}$COLOUR ]; do sleep 0.1; done; exec python3 -m http.server $PORT0"
    return {"id": app_id, "cmd": cmd, "cpus": 0.1, "mem": 32, "ports": [0], "healthChecks": [CHECK], **fields}


class Listener:
    """What ``curl -N /v2/events`` prints, from the moment of its making."""

    def __init__(self, service: Service) -> None:
        self.events: list[dict[str, Any]] = []
        wanted = urllib.request.Request(f"{service.url}/v2/events", headers={"Accept": "text/event-stream"})
        self._stream = urllib.request.urlopen(wanted, timeout=PATIENCE)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            for line in self._stream:
                if line.startswith(b"data:"):
                    self.events.append(json.loads(line[5:]))
        except OSError:
            pass  # the service has ended, and the stream with it

    def moment(self, kind: str, **fields: Any) -> datetime:
        """When the first such event happened. It may have been sent a moment ago."""

        def look() -> dict[str, Any] | None:
            told = (event for event in self.events.copy() if event["eventType"] == kind)
            return next((event for event in told if fields.items() <= event.items()), None)

        event = eventually(f"{kind} with {fields} is told", look)
        return datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00"))  # type: ignore[index]


def actions_of(deployment: dict[str, Any]) -> list[dict[str, str]]:
    """The steps, each as app → action."""
    return [{action["app"]: action["action"] for action in step["actions"]} for step in deployment["steps"]]


def no_deployment(service: Service) -> bool:
    return bool(service.get("/v2/deployments").json == [])


def test_the_talks_group(running: tuple[Service, Path]) -> None:
    service, folder = running
    try:
        gate = folder / "product"
        group = {"id": "/product", "apps": [server("web", gate, instances=2), server("search", gate)]}
        created = service.post("/v2/groups", group)
        assert created.status == 201, created.text
        (deployment,) = service.get("/v2/deployments").json
        assert deployment["id"] == created.json["deploymentId"] == created.headers["Marathon-Deployment-Id"]
        both = ("/product/web", "/product/search")
        assert actions_of(deployment) == [
            dict.fromkeys(both, "StartApplication"),
            dict.fromkeys(both, "ScaleApplication"),
        ]
        gate.touch()
        eventually("the group runs", lambda: service.all_healthy("/product/web", 2))
        eventually("all of it", lambda: service.all_healthy("/product/search", 1) and no_deployment(service))
        assert {app["id"] for app in service.get("/v2/groups//product").json["apps"]} == set(both)
        assert service.post("/v2/groups", group).status == 409

        # one of them changed by a PUT of the group: that one is restarted, the other is left alone
        before = service.task_ids("/product/search")
        group["apps"][0]["env"] = {"COLOUR": "green"}  # type: ignore[index]
        changed = service.put("/v2/groups//product", group)
        assert changed.status == 200, changed.text
        (deployment,) = service.get("/v2/deployments").json
        assert actions_of(deployment) == [{"/product/web": "RestartApplication"}]
        gate.with_name("productgreen").touch()
        eventually("it is done", lambda: no_deployment(service))
        assert service.all_healthy("/product/web", 2)
        assert service.task_ids("/product/search") == before

        assert service.delete("/v2/groups//product").status == 200
        eventually("no process is left", lambda: not any(processes_of(app_id, folder) for app_id in both))
    except BaseException as error:
        error.add_note(service.words)
        raise


def test_the_talks_group_with_dependencies(running: tuple[Service, Path]) -> None:
    """The site waits for its data, by way of their groups, and for nothing else; in the end it is stopped first."""
    service, folder = running
    try:
        listener = Listener(service)
        gates = {name: folder / f"shop-{name}" for name in ("db", "slow", "web")}
        shop = {
            "id": "/shop",
            "groups": [
                {"id": "data", "apps": [server("db", gates["db"])]},
                {"id": "reports", "apps": [server("slow", gates["slow"])]},
                {"id": "site", "dependencies": ["../data"], "apps": [server("web", gates["web"])]},
            ],
        }
        db, slow, web = "/shop/data/db", "/shop/reports/slow", "/shop/site/web"
        created = service.put("/v2/groups//shop", shop)
        assert created.status == 200, created.text
        (deployment,) = service.get("/v2/deployments").json
        assert actions_of(deployment) == [
            dict.fromkeys((db, slow, web), "StartApplication"),
            dict.fromkeys((db, slow), "ScaleApplication"),
            {web: "ScaleApplication"},
        ]
        assert (deployment["totalSteps"], deployment["affectedApps"]) == (3, [db, slow, web])
        eventually("the first two run", lambda: [service.app(a)["tasksRunning"] for a in (db, slow)] == [1, 1])
        assert not service.task_ids(web)
        gates["db"].touch()
        eventually("it is started, with the slow one still shut", lambda: service.task_ids(web))
        gates["slow"].touch()
        gates["web"].touch()
        eventually("all is deployed", lambda: no_deployment(service))
        healthy = {a: listener.moment("instance_health_changed_event", runSpecId=a, healthy=True) for a in (db, slow)}
        started = listener.moment("instance_changed_event", runSpecId=web, condition="Provisioned")
        assert healthy[db] <= started < healthy[slow]

        assert service.delete("/v2/groups//shop").status == 200
        eventually("all is stopped", lambda: no_deployment(service))
        ended = {a: listener.moment("status_update_event", appId=a, taskStatus="TASK_KILLED") for a in (db, web)}
        assert ended[web] < ended[db]
        eventually("no process is left", lambda: not any(processes_of(a, folder) for a in (db, slow, web)))
    except BaseException as error:
        error.add_note(service.words)
        raise
