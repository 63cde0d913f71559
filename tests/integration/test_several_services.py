"""Several ``marathon serve`` that share one place: one leads, and what happens to it costs no task.

With a real ZooKeeper and, on one machine, with a work dir; on the embedded Mesos, whose tasks are real processes.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.integration.embedded_mesos import EmbeddedMesos
from tests.integration.faulty_link import FaultyLink
from tests.integration.ports import free_ports
from tests.integration.processes import processes_of
from tests.integration.real_mesos import RealMesos, real_mesos_or_skip
from tests.integration.real_zookeeper import RealZooKeeper, real_zookeeper_or_skip
from tests.integration.service import PATIENCE, Answer, Service, eventually, request

pytestmark = pytest.mark.real

SESSION = 3.0
"""Seconds after which a leader that is not heard of is followed."""

SLEEPER = {"cmd": "exec sleep 1000", "cpus": 0.01, "mem": 1}


@pytest.fixture(scope="module")
def mesos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedMesos]:
    with EmbeddedMesos(tmp_path_factory.mktemp("mesos"), agents=2) as mesos:
        yield mesos


class Services:
    """Several of them; each call goes to one, whoever leads."""

    def __init__(self, stack: ExitStack, *arguments: str) -> None:
        self._stack, self._arguments = stack, arguments
        self.all: list[Service] = []

    def start(self, count: int = 1) -> list[Service]:
        """As many more, at the same time."""
        first = free_ports(count)
        with ThreadPoolExecutor(count) as pool:
            asked = [pool.submit(self._start, str(first + number)) for number in range(count)]
        return [each.result() for each in asked]

    def _start(self, port: str) -> Service:
        service = Service("serve", *self._arguments, "-v", "--port", port)
        self._stack.callback(service.stop)  # also when another of them does not come up
        self.all.append(service)
        return service

    @property
    def alive(self) -> list[Service]:
        return [service for service in self.all if service.process.poll() is None]

    def leader(self, among: list[Service] | None = None, seconds: float = PATIENCE) -> Service:
        """Who says of itself that it leads."""

        def look() -> Service | None:
            for service in self.alive if among is None else among:
                if (
                    answer := answers(service, "/v2/leader")
                ) is not None and f"http://{answer.json['leader']}" == service.url:
                    return service
            return None

        try:
            return eventually("one leads", look, seconds)  # type: ignore[return-value]
        except AssertionError as error:
            error.add_note("\n--\n".join(one.words for one in self.all))
            raise


@pytest.fixture
def services(mesos: EmbeddedMesos) -> Iterator[Callable[..., Services]]:
    with ExitStack() as stack:

        def start(*arguments: str, count: int = 3) -> Services:
            services = Services(stack, "--master", mesos.url, *arguments)
            services.start(count)
            return services

        yield start


@pytest.fixture
def zk(zookeeper: RealZooKeeper, request: pytest.FixtureRequest) -> str:
    return f"zk://me:secret@{zookeeper.hosts}/{request.node.name}"


@pytest.fixture
def on_zookeeper(services: Callable[..., Services], zk: str) -> Services:
    return services("--zk", zk, "--zk-session-timeout", str(SESSION))


def answers(service: Service, path: str) -> Answer | None:
    try:
        answer = request("GET", service.url + path, timeout=5)
    except (OSError, HTTPException):
        return None
    return answer if answer.status == 200 else None


def tasks(app: str, mesos: EmbeddedMesos | RealMesos) -> set[str]:
    """The ids of the app's tasks of which a process lives."""
    found = (process.environment.get("MESOS_TASK_ID") for process in processes_of(app, mesos.work_dir))
    return {task_id for task_id in found if task_id is not None}


def test_they_pass_requests_on_and_follow_one_that_abdicates_and_one_that_is_stopped(
    on_zookeeper: Services, mesos: EmbeddedMesos
) -> None:
    pass_requests_on(on_zookeeper)
    follow_one_that_is_stopped(on_zookeeper, mesos)


def pass_requests_on(on_zookeeper: Services) -> None:
    """At the end the leader abdicates."""
    leader = on_zookeeper.leader()
    one, other = (service for service in on_zookeeper.all if service is not leader)
    created = one.post("/v2/apps", {"id": "/a", "instances": 1, **SLEEPER})
    assert created.status == 201
    assert created.headers["X-Marathon-Leader"] == leader.url
    eventually("it runs", lambda: other.app("a")["tasksRunning"] == 1)
    framework = {service.get("/v2/info").json["frameworkId"] for service in on_zookeeper.all}
    assert len(framework) == 1
    told = leader.get("/v2/info").json
    assert told["zookeeper_config"]["zk"].startswith("zk://127.0.0.1")
    assert told["marathon_config"]["ha"] is True
    assert one.get("/v2/nothing").status == 404
    assert "secret" not in "".join(service.words + service.get("/v2/info").text for service in on_zookeeper.all)
    # Told to abdicate through another, the leader ends as Marathon's does, and another leads.
    assert other.delete("/v2/leader").json == {"message": "Leadership abdicated"}
    assert leader.ended() == 103
    assert on_zookeeper.leader() is not leader
    assert eventually("the app is known", lambda: answers(one, "/v2/apps//a"))


def test_a_leader_that_is_killed_in_the_midst_of_a_deployment_costs_no_task_and_doubles_none(
    on_zookeeper: Services, mesos: EmbeddedMesos
) -> None:
    finishes_what_the_killed_leader_began(on_zookeeper, mesos, "shop")


def test_the_same_with_a_work_dir_on_one_machine(
    services: Callable[..., Services], mesos: EmbeddedMesos, tmp_path: Path
) -> None:
    finishes_what_the_killed_leader_began(services("--work-dir", str(tmp_path / "work"), count=2), mesos, "store")


@pytest.mark.slow
def test_the_same_on_a_real_mesos(zk: str, tmp_path: Path) -> None:
    real_mesos_or_skip()
    with RealMesos(tmp_path / "mesos", agents=2) as mesos, ExitStack() as stack:
        services = Services(stack, "--master", mesos.url, "--zk", zk, "--zk-session-timeout", str(SESSION))
        services.start(3)
        finishes_what_the_killed_leader_began(services, mesos, "mall")


def finishes_what_the_killed_leader_began(services: Services, mesos: EmbeddedMesos | RealMesos, name: str) -> None:
    """Ten of ``db`` run when ``web`` begins, which depends on it; the leader dies when some of that run, none ready."""
    db, web = f"/{name}/db", f"/{name}/web"
    leader = services.leader()
    go = mesos.work_dir / f"go-{name}"
    up = f"{mesos.work_dir}/up-$MESOS_TASK_ID"  # made when a task is ready
    command = {"value": f"test -e {up}"}
    ready = {"protocol": "COMMAND", "command": command, "intervalSeconds": 1, "delaySeconds": 1}
    cmd = f"while [ ! -e {go} ]; do sleep 0.1; done; touch {up}; exec sleep 1000"
    slow = {**SLEEPER, "cmd": cmd, "healthChecks": [ready]}
    group = {
        "id": f"/{name}",
        "apps": [
            {"id": db, "instances": 10, **SLEEPER},
            {"id": web, "instances": 10, "dependencies": [db], **slow},
        ],
    }
    deployment = leader.post("/v2/groups", group).json["deploymentId"]
    eventually("some of the second app are started", lambda: len(tasks(web, mesos)) >= 3)
    assert [one["id"] for one in leader.get("/v2/deployments").json] == [deployment]
    before = tasks(db, mesos) | tasks(web, mesos)
    leader.kill()
    go.touch()
    survivor = services.alive[0]
    eventually("the deployment is finished", lambda: finished(survivor))
    assert survivor.app(db)["tasksRunning"] == 10
    assert survivor.all_healthy(web, 10)
    for app in (db, web):
        assert len(tasks(app, mesos)) == 10, "none is lost, none is doubled"
    assert before <= tasks(db, mesos) | tasks(web, mesos), "what ran goes on"
    assert survivor.get("/v2/leader").json["leader"] != leader.url.removeprefix("http://")


def ran_as_processes(app: str, count: int, service: Service, mesos: EmbeddedMesos | RealMesos) -> set[str]:
    """The tasks, once so many run. What is said to run may still be becoming the process that it is going to be."""
    eventually("they run", lambda: service.app(app)["tasksRunning"] == count)
    return eventually("as processes", lambda: found if len(found := tasks(app, mesos)) == count else None)


def finished(service: Service) -> bool:
    got = answers(service, "/v2/deployments")
    return got is not None and got.json == []


def follow_one_that_is_stopped(on_zookeeper: Services, mesos: EmbeddedMesos) -> None:
    """When it goes on, what it writes is refused, and it ends."""
    leader = on_zookeeper.leader()
    others = [service for service in on_zookeeper.alive if service is not leader]
    assert leader.post("/v2/apps", {"id": "/before", "instances": 3, **SLEEPER}).status == 201
    ran = ran_as_processes("/before", 3, leader, mesos)
    leader.process.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(posted, leader, {"id": "/late", **SLEEPER})
        second = on_zookeeper.leader(others)
        assert second.post("/v2/apps", {"id": "/after", "instances": 2, **SLEEPER}).status == 201
        leader.process.send_signal(signal.SIGCONT)
        assert late.result() not in (200, 201), "what the stale leader was asked is not acknowledged"
    assert leader.ended() == 103
    assert "the lease is lost" in leader.words
    eventually("all run", lambda: len(tasks("/after", mesos)) == 2 and finished(second))
    assert tasks("/before", mesos) == ran
    assert second.get("/v2/apps//late").status == 404
    assert second.app("before")["tasksRunning"] == 3


def posted(service: Service, app: dict[str, Any]) -> int:
    """The answer's status; 0: there was none."""
    try:
        return service.post("/v2/apps", app).status
    except (OSError, HTTPException):
        return 0


@pytest.mark.slow
def test_a_zookeeper_that_is_killed_and_started_again_costs_neither_a_task_nor_what_was_acknowledged(
    services: Callable[..., Services], mesos: EmbeddedMesos, tmp_path: Path
) -> None:
    real_zookeeper_or_skip()
    with RealZooKeeper(tmp_path / "zookeeper") as mortal:
        three = services("--zk", f"zk://{mortal.hosts}/marathon", "--zk-session-timeout", str(SESSION))
        survives_without_zookeeper(three, mesos, mortal, "short", seconds=0.0)


@pytest.mark.slow
def test_a_zookeeper_that_is_away_for_a_minute_costs_neither_a_task_nor_what_was_acknowledged(
    services: Callable[..., Services], mesos: EmbeddedMesos, tmp_path: Path
) -> None:
    real_zookeeper_or_skip()
    with RealZooKeeper(tmp_path / "zookeeper") as mortal:
        three = services("--zk", f"zk://{mortal.hosts}/marathon", "--zk-session-timeout", str(SESSION))
        survives_without_zookeeper(three, mesos, mortal, "long", seconds=60.0)


@pytest.mark.slow
def test_a_leader_that_is_cut_off_from_zookeeper_ends_and_the_next_one_finishes_what_it_began(
    services: Callable[..., Services], zookeeper: RealZooKeeper, mesos: EmbeddedMesos
) -> None:
    shared = ["/cut-off", "--zk-session-timeout", str(SESSION)]
    with FaultyLink(zookeeper.hosts) as link:
        alone = services("--zk", f"zk://{link.hosts}{shared[0]}", *shared[1:], count=1)
        leader = alone.leader()
        others = services("--zk", f"zk://{zookeeper.hosts}{shared[0]}", *shared[1:], count=2)
        assert leader.post("/v2/apps", {"id": "/cut-off", "instances": 3, **SLEEPER}).status == 201
        eventually("they run", lambda: leader.app("cut-off")["tasksRunning"] == 3 and finished(leader))
        ran = tasks("/cut-off", mesos)
        link.cut()
        assert posted(leader, {"id": "/cut-off-unheard", **SLEEPER}) != 201, "what no journal has is not acknowledged"
        assert leader.ended() == 103, "who cannot prove its lease does not lead"
        second = others.leader(seconds=30)
        assert tasks("/cut-off", mesos) == ran
        assert second.app("cut-off")["tasksRunning"] == 3
        assert second.post("/v2/apps", {"id": "/cut-off-after", **SLEEPER}).status == 201
        eventually("it runs", lambda: second.app("cut-off-after")["tasksRunning"] == 1)


def survives_without_zookeeper(
    services: Services, mesos: EmbeddedMesos, zookeeper: RealZooKeeper, name: str, seconds: float
) -> None:
    leader = services.leader()
    assert leader.post("/v2/apps", {"id": f"/{name}", "instances": 3, **SLEEPER}).status == 201
    eventually("they run", lambda: finished(leader))
    ran = ran_as_processes(f"/{name}", 3, leader, mesos)
    zookeeper.kill()
    with ThreadPoolExecutor(1) as pool:
        unheard = pool.submit(posted, leader, {"id": f"/{name}-unheard", **SLEEPER})
        threading.Event().wait(seconds)
        if seconds > SESSION:
            assert leader.ended() == 103, "who cannot prove its lease does not lead"
            assert all(service.get("/v2/apps").status == 503 for service in services.alive)
        zookeeper.start()
        acknowledged = unheard.result() == 201
    second = services.leader()
    assert tasks(f"/{name}", mesos) == ran
    assert second.app(name)["tasksRunning"] == 3
    known = second.get(f"/v2/apps//{name}-unheard").status == 200
    assert known or not acknowledged
    assert second.post("/v2/apps", {"id": f"/{name}-after", **SLEEPER}).status == 201
