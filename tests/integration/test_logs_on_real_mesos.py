"""``marathon logs`` against a real Mesos: what a task wrote is read from its agent, also after its end."""

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.ports import free_port
from tests.integration.real_mesos import RealMesos, real_mesos_or_skip
from tests.integration.service import Service, eventually


def logs(service: Service, app: str) -> str:
    command = [sys.executable, "-m", "actors.marathon", "logs", app]
    environment = {**os.environ, "MARATHON_URL": service.url}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30).stdout


def test_output_of_living_and_dead_tasks_is_read_from_their_agent(tmp_path: Path) -> None:
    real_mesos_or_skip()
    mesos = RealMesos(tmp_path / "mesos")
    mesos.start()
    try:
        state = str(tmp_path / "service")
        with Service("serve", "--master", mesos.url, "--port", str(free_port()), "--work-dir", state) as service:
            service.post(
                "/v2/apps", {"id": "/a/b", "cmd": "echo grüße; echo oh >&2; sleep 1000", "cpus": 0.1, "mem": 32}
            )
            eventually("it has written", lambda: logs(service, "/a/b") == "grüße\noh\n")
            service.put("/v2/apps/a/b?force=true", {"instances": 0})
            eventually("it has ended", lambda: not service.task_ids("a/b"))
            assert logs(service, "/a/b") == "grüße\noh\n"
            service.delete("/v2/apps/a/b")
    finally:
        mesos.stop()
