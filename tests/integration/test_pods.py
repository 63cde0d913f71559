"""The pod of docs/pods.md over the embedded Mesos: its containers share a folder, its health is theirs, and it lives
and dies as one. A real Apache Mesos takes its task group; that of the tests has no default executor to run it with."""

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.service import PATIENCE, Service, eventually
from tests.integration.test_the_talk import Embedded, Real

PAGE = Path(__file__).resolve().parents[2] / "docs" / "pods.md"


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    engine = Real(tmp_path)
    yield engine
    engine.stop()


def documented() -> Any:
    (block,) = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    pod = json.loads(block)
    pod["containers"][0]["healthCheck"] |= {"delaySeconds": 1, "intervalSeconds": 2, "timeoutSeconds": 1}
    pod["containers"][1]["exec"]["command"]["shell"] = (
        "echo written > work/new; mv work/new work/index.html; exec sleep 1000"
    )
    return pod


def stable(service: Service, count: int) -> Any:
    """The instances, once the pod is stable with so many."""
    status = service.get("/v2/pods/shop/web::status").json
    return status["instances"] if status["status"] == "STABLE" and len(status["instances"]) == count else None


def page(instance: Any) -> str:
    (endpoint,) = instance["containers"][0]["endpoints"]
    url = f"http://{instance['agentHostname']}:{endpoint['allocatedHostPort']}/"
    with urllib.request.urlopen(url, timeout=PATIENCE) as said:
        return str(said.read().decode().strip())


def test_a_pod_shares_a_folder_and_lives_and_dies_as_one(tmp_path: Path) -> None:
    engine = Embedded(tmp_path)
    service = engine.start()
    try:
        created = service.post("/v2/pods", documented())
        assert created.status == 201, created.text
        instances = eventually("the pod is stable", lambda: stable(service, 2))
        assert [page(one) for one in instances] == ["written", "written"]
        assert {c["conditions"][0]["value"] for one in instances for c in one["containers"][:1]} == {"true"}

        victim = instances[0]["id"]
        killed = service.delete(f"/v2/pods/shop/web::instances/{victim}")
        assert killed.json["id"] == victim

        def replaced() -> Any:
            now = stable(service, 2)
            return now if now and victim not in {one["id"] for one in now} else None

        assert {page(one) for one in eventually("another took its place", replaced)} == {"written"}

        service.kill()
        service = engine.start()
        again = eventually("the same instances are found", lambda: stable(service, 2))
        assert instances[1]["id"] in {one["id"] for one in again}

        assert service.delete("/v2/pods/shop/web").status == 202
        eventually("it is gone", lambda: service.get("/v2/deployments").json == [])
        assert service.get("/v2/pods").json == []
    finally:
        service.stop()


def test_a_real_mesos_takes_the_group_of_a_pod(real: Real) -> None:
    service = real.start()
    try:
        assert service.post("/v2/pods", documented()).status == 201

        def launched() -> Any:
            tasks = service.get("/v2/mesos/tasks").json["tasks"]
            return tasks if any(task["state"] != "TASK_STAGING" for task in tasks) else None

        by_executor: dict[str, set[str]] = {}
        for task in eventually("the master knows the tasks", launched):
            # An error would say that the master refused the group: no executor for it had been started.
            assert task["state"] != "TASK_ERROR", task
            by_executor.setdefault(task["executor_id"], set()).add(task["name"])
        assert {frozenset(names) for names in by_executor.values()} == {frozenset({"server", "writer"})}
    finally:
        service.stop()
