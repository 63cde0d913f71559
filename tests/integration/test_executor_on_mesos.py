"""An executor of ours on a real Mesos agent, which judges it, and on an embedded one."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from actors import ActorSystem
from actors.mesos import Disconnected, Framework, FrameworkMessage, Mesos, Reregistered
from mesos_proto import CommandInfo, ExecutorID, ExecutorInfo, TaskID, TaskInfo, TaskState, TaskStatus
from tests.integration.test_framework_on_mesos import INFO, Cluster, cluster, offers_of, reach, system, until

__all__ = ["system"]  # the fixture

pytestmark = pytest.mark.real
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["real", "embedded"])
def mesos(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    with cluster(request.param, tmp_path) as mesos:
        yield mesos


async def launch(framework: Framework, task_id: str) -> TaskStatus:
    (offer,) = await offers_of(framework)
    executor = ExecutorInfo(
        executor_id="echo",
        framework_id=framework.id,
        command=CommandInfo(
            sys.executable,
            arguments=[sys.executable, "-m", "tests.integration.echo_executor"],
            environment={"PYTHONPATH": str(ROOT)},
        ),
        resources="cpus:0.1;mem:64",
    )
    task = TaskInfo(
        name=task_id,
        task_id=task_id,
        agent_id=offer.agent_id,
        resources="cpus:0.1;mem:32",
        executor=executor,
        data=b"x",
    )
    await framework.driver.launch_tasks([task], [offer.id])
    return await reach(framework, task_id, TaskState.TASK_RUNNING)


async def echo(framework: Framework, running: TaskStatus, data: bytes) -> bytes:
    assert running.agent_id is not None
    await framework.driver.send_framework_message(ExecutorID("echo"), running.agent_id, data)
    message = await until(framework, FrameworkMessage)
    assert isinstance(message, FrameworkMessage)
    return message.data


async def test_an_executor_runs_kills_and_talks_and_ends_with_its_framework(
    mesos: Cluster, system: ActorSystem
) -> None:
    framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
    running = await launch(framework, "first")
    assert (running.executor_id, running.data) == ("echo", b"x")
    await launch(framework, "second")  # by the same executor
    assert await echo(framework, running, b"hello") == b"1:hello"
    await framework.driver.kill_task(TaskID("first"))
    await reach(framework, "first", TaskState.TASK_KILLED)
    (executor,) = executors(mesos)
    await framework.shutdown()
    await asyncio.to_thread(executor.wait, 20)


async def test_an_executor_outlives_its_agent_and_subscribes_again(mesos: Cluster, system: ActorSystem) -> None:
    framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
    running = await launch(framework, "survivor")
    before = executors(mesos)
    mesos.kill()
    await until(framework, Disconnected)
    await asyncio.to_thread(mesos.start)
    await until(framework, Reregistered)
    assert executors(mesos) == before
    assert await echo(framework, running, b"still there") == b"2:still there"
    await framework.driver.kill_task(TaskID("survivor"))
    await reach(framework, "survivor", TaskState.TASK_KILLED)
    await framework.shutdown()


def executors(mesos: Cluster) -> list[psutil.Process]:
    return [process for process in mesos.sandbox_processes() if "tests.integration.echo_executor" in process.cmdline()]
