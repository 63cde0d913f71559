"""The examples as their readers run them: as programs, unchanged, on the real and on the embedded Mesos."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_framework_on_mesos import Cluster, cluster

pytestmark = pytest.mark.real
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", params=["real", "embedded"])
def mesos(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(request.param, tmp_path_factory.mktemp("mesos")) as mesos:
        yield mesos


def run(*command: str) -> str:
    """What the example prints; it has to end well."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_framework_launches_commands_and_finishes(mesos: Cluster) -> None:
    said = run("examples.framework", "--master", mesos.url, "--instances", "3")
    assert sorted(line.split(" ")[:2] for line in said.splitlines()) == [
        ["run-1:", "TASK_FINISHED"],
        ["run-2:", "TASK_FINISHED"],
        ["run-3:", "TASK_FINISHED"],
    ]


def test_the_framework_tells_what_failed(mesos: Cluster) -> None:
    said = run("examples.framework", "--master", mesos.url, "--instances", "1", "--command", "exit 3")
    assert said == "run-1: TASK_FAILED Command exited with status 3\n"


def test_the_framework_brings_its_own_mesos() -> None:
    assert "run-2: TASK_FINISHED" in run("examples.framework", "--instances", "2")


def test_the_executor_works_for_its_framework(mesos: Cluster) -> None:
    said = run("examples.primes", "--master", mesos.url, "--limit", "10000", "--parts", "6")
    assert said == "1229 primes below 10000, counted in 6 parts\n"


def test_the_executor_is_started_by_agents_alone() -> None:
    done = subprocess.run([sys.executable, "-m", "examples.executor"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "MESOS_AGENT_ENDPOINT is not set: an executor is started by a Mesos agent" in done.stderr


def test_the_batch_runs_jobs_after_those_they_need(mesos: Cluster) -> None:
    said = run("examples.batch", "--master", mesos.url).splitlines()
    order = [line.split(" s  ")[1] for line in said]
    assert order.index("fetch is done") < order.index("clean runs") < order.index("clean is done")
    assert order.index("index is done") < order.index("report runs")
    assert order[-1] == "report is done"


def test_the_batch_tells_by_its_exit_code_that_a_job_failed(tmp_path: Path) -> None:
    (tmp_path / "jobs.json").write_text('{"a": {"run": "exit 4"}, "b": {"run": "true", "needs": ["a"]}}')
    command = [sys.executable, "-m", "examples.batch", str(tmp_path / "jobs.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 1
    assert "a failed: Command exited with status 4" in done.stdout
    assert "b failed: it needs a" in done.stdout


def test_the_cron_runs_commands_until_it_is_told_to_end(mesos: Cluster, tmp_path: Path) -> None:
    (tmp_path / "crontab").write_text("@every 1 true\n")
    command = [sys.executable, "-m", "examples.cron", str(tmp_path / "crontab"), "--master", mesos.url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as cron:
        assert cron.stdout is not None
        said: list[str] = []
        while said.count("line-1 is done") < 2:
            line = cron.stdout.readline()
            assert line, f"it ended: {said}"
            if "left out" not in line:  # where a run takes longer than a second
                said.append(line[21:].strip())
        cron.terminate()
    assert said == ["line-1 runs", "line-1 is done"] * 2
    assert cron.returncode == 0


def test_tenants_share_and_leave_a_picture(tmp_path: Path) -> None:
    said = run("examples.tenants", "--seconds", "9", "--agents", "3", "--plot", str(tmp_path / "tenants.svg"))
    assert "web 12" in said
    assert "<svg" in (tmp_path / "tenants.svg").read_text()
