"""Apps of several roles side by side on a real Apache Mesos: the framework is told to use another while it runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ports import free_port
from tests.integration.service import Service, eventually
from tests.integration.test_the_talk import Real


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    engine = Real(tmp_path)
    yield engine
    engine.stop()


def test_apps_of_two_roles_run_side_by_side(real: Real, tmp_path: Path) -> None:
    assert real.mesos is not None
    port, state = str(free_port()), str(tmp_path / "service")
    sleeper = {"cmd": "sleep 1000", "cpus": 0.1, "mem": 32}
    with Service(
        "serve", "--master", real.mesos.url, "--port", port, "--work-dir", state, "--mesos-role", "web"
    ) as service:
        assert service.post("/v2/apps", {"id": "/a", **sleeper}).json["role"] == "web"
        eventually("the first runs", lambda: service.app("/a")["tasksRunning"] == 1)
        group = {"id": "/dev", "enforceRole": True, "apps": [{"id": "b", **sleeper}]}
        assert service.post("/v2/groups", group).status == 201
        eventually("the one of another role runs", lambda: service.app("/dev/b")["tasksRunning"] == 1)
        roles = {task["id"].partition(".")[0]: task["role"] for task in service.get("/v2/mesos/tasks").json["tasks"]}
        assert roles == {"a": "web", "dev_b": "dev"}
