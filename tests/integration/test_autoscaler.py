"""``python -m examples.autoscaler --demo`` as a person sees it, on the embedded Mesos and on a real one."""

import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.integration.processes import LiveProcess, descendants_of
from tests.integration.real_zookeeper import RealZooKeeper
from tests.integration.service import eventually
from tests.integration.test_framework_on_mesos import Cluster, cluster

pytestmark = pytest.mark.real
ROOT = Path(__file__).resolve().parents[2]


class Demo:
    """A run of the demo, and the lines that it has printed so far."""

    def __init__(self, *options: str) -> None:
        pace = ["--back-off", "1", "--every", "0.25"]  # eight times as fast as for people
        command = [sys.executable, "-m", "examples.autoscaler", "--demo", *pace, *options]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def until(self, text: str, after: int = 0, seconds: float = 90.0) -> int:
        """The number of the first line with that text, of those after that many."""
        begun = time.monotonic()
        while time.monotonic() < begun + seconds:
            for number, line in enumerate(self.lines[after:], after):
                if text in line:
                    return number
            assert self.process.poll() is None, "\n".join(self.lines)
            time.sleep(0.1)
        raise AssertionError(f"no line with {text!r} after {after}:\n" + "\n".join(self.lines))

    def first_node(self) -> LiveProcess:
        (found,) = [each for each in descendants_of(self.process.pid) if "--cluster" in each.command]
        return found

    def ends(self, seconds: float = 120.0) -> str:
        self.process.wait(seconds)
        self._reader.join(10)
        said = "\n".join(self.lines)
        assert self.process.returncode == 0, said
        return said

    def kill(self) -> None:
        for child in descendants_of(self.process.pid):
            child.kill()
        self.process.kill()
        self.process.wait()


@pytest.fixture
def start() -> Iterator[Any]:
    started: list[Demo] = []

    def start(*options: str) -> Demo:
        started.append(Demo(*options))
        return started[-1]

    yield start
    for demo in started:
        if demo.process.poll() is None:
            demo.kill()


def test_it_grows_and_shrinks_with_the_load_and_loses_no_job_with_its_nodes_and_its_journal_in_zookeeper(
    start: Any, zookeeper: RealZooKeeper, tmp_path: Path
) -> None:
    plot, place = tmp_path / "plot.svg", f"zk://me:secret@{zookeeper.hosts}/autoscale"
    said = start("--most", "1", "--cluster", place, "--profile", "1x5,6x20,1x1", "--plot", str(plot)).ends()
    assert "2 nodes at most" in said
    assert "gives node-" in said
    counted = re.search(r"(\d+) of (\d+) jobs done", said)
    assert counted is not None, said
    assert counted[1] == counted[2]
    titles = [each.text for each in ElementTree.parse(plot).getroot().iter("{http://www.w3.org/2000/svg}text")]
    assert "nodes" in titles
    assert "load per node (mean, cut at 3)" in titles


@pytest.fixture(params=["real", pytest.param("embedded", marks=pytest.mark.slow)])
def mesos(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(request.param, tmp_path / "mesos") as mesos:
        yield mesos


def tasks_of(mesos: Cluster) -> dict[str, set[str]]:
    """The running tasks of frameworks that are called autoscale, by their ids."""
    with urllib.request.urlopen(f"{mesos.url}/state", timeout=60) as answer:
        frameworks = json.load(answer)["frameworks"]
    return {
        each["id"]: {task["id"] for task in each["tasks"] if task["state"] == "TASK_RUNNING"}
        for each in frameworks
        if each["name"] == "autoscale"
    }


def running(mesos: Cluster, count: int) -> dict[str, set[str]] | None:
    """The same, once so many run: a node may be a member before Mesos hears that its task runs."""
    found = tasks_of(mesos)
    return found if sum(map(len, found.values())) == count else None


def test_when_the_singletons_node_is_killed_another_is_the_same_framework_with_the_same_tasks(
    start: Any, mesos: Cluster, tmp_path: Path
) -> None:
    plot = str(tmp_path / "plot.svg")
    demo = start("--master", mesos.url, "--most", "2", "--profile", "1x5,16x20,1x1", "--plot", plot)
    demo.until("3 nodes")
    ((framework, tasks),) = eventually("two are tasks", lambda: running(mesos, 2)).items()
    killed = len(demo.lines)
    demo.first_node().kill()
    given = demo.until("gives node-", killed)  # the one that has taken over goes on scaling
    ((same, still),) = tasks_of(mesos).items()
    assert same == framework
    assert still <= tasks, "none was launched in place of one that ran"
    assert not [line for line in demo.lines[killed:given] if "lost node-" in line or "wants" in line]
    demo.ends()
    eventually("the framework is torn down", lambda: framework not in tasks_of(mesos))
