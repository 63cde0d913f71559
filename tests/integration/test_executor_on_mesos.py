"""An executor of ours on a real Mesos agent, which judges it, and on an embedded one."""

import asyncio
import base64
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from actors import ActorSystem
from actors.mesos import (
    Disconnected,
    ExecutorLost,
    Framework,
    FrameworkMessage,
    LaunchGroup,
    Mesos,
    Reregistered,
    StatusUpdate,
)
from mesos_proto import CommandInfo, ExecutorID, ExecutorInfo, TaskID, TaskInfo, TaskState, TaskStatus, mesos_pb2
from tests.integration.embedded_mesos import EmbeddedMesos
from tests.integration.processes import LiveProcess
from tests.integration.service import eventually
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
    await asyncio.to_thread(eventually, "the executor ends", lambda: not executor.lives)


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


async def test_calls_that_are_no_executor_s_are_refused_in_the_same_words(mesos: Cluster, system: ActorSystem) -> None:
    framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
    await launch(framework, "any")
    ids: dict[str, object] = {"framework_id": {"value": framework.id}, "executor_id": {"value": "echo"}}
    status = {
        "task_id": {"value": "any"},
        "state": "TASK_RUNNING",
        "uuid": base64.b64encode(uuid.uuid4().bytes).decode(),
    }

    def update(**changes: object) -> dict[str, object]:
        return {**ids, "type": "UPDATE", "update": {"status": {**status, **changes}}}

    message = {**ids, "type": "MESSAGE", "message": {"data": "aGVsbG8="}}
    prefix, who = "Failed to validate Executor::Call: ", f"from executor echo of framework {framework.id}"
    expected: list[tuple[dict[str, object], tuple[int, str]]] = [
        (ids, (400, f"{prefix}Expecting 'type' to be present")),
        ({**ids, "type": "SUBSCRIBE"}, (400, f"{prefix}Expecting 'subscribe' to be present")),
        ({**ids, "type": "UPDATE"}, (400, f"{prefix}Expecting 'update' to be present")),
        ({**ids, "type": "MESSAGE"}, (400, f"{prefix}Expecting 'message' to be present")),
        (update(uuid="AAAAAAAAAAAAAAAAAAAAAA=="), (400, f"{prefix}Not a valid UUID")),
        (update(uuid="AAAA"), (400, f"{prefix}Not a valid UUID")),
        (update(), (400, f"{prefix}Received Call {who} with invalid source, expecting 'SOURCE_EXECUTOR'")),
        (
            update(source="SOURCE_EXECUTOR", state="TASK_STAGING"),
            (400, f"{prefix}Received TASK_STAGING {who} which is not allowed"),
        ),
        (
            update(executor_id={"value": "other"}),
            (400, f"{prefix}ExecutorID in Call: echo does not match ExecutorID in TaskStatus: other"),
        ),
        ({**message, "framework_id": {"value": "F"}}, (400, "Framework cannot be found")),
        ({**message, "executor_id": {"value": "E"}}, (400, "Executor cannot be found")),
        ({**ids, "type": "HEARTBEAT", "executor_id": {"value": "E"}}, (202, "")),
    ]
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{mesos.url}/slaves") as slaves:
            (agent,) = (await slaves.json())["slaves"]
        url = f"http://127.0.0.1:{agent['port']}/slave(1)/api/v1/executor"
        for call, answer in expected:
            async with session.post(url, json=call) as response:
                assert (response.status, await response.text()) == answer, call
    await framework.shutdown()


async def test_a_task_group_of_processes_ends_with_the_one_that_fails(tmp_path: Path, system: ActorSystem) -> None:
    """On the embedded Mesos alone: the real one here has no program that runs groups."""
    with EmbeddedMesos(tmp_path) as mesos:
        framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
        (offer,) = await offers_of(framework)
        executor = ExecutorInfo(
            executor_id="group", framework_id=framework.id, resources="cpus:0.1;mem:32;disk:32"
        ).proto
        executor.type = mesos_pb2.ExecutorInfo.DEFAULT
        tasks = [
            TaskInfo(
                name=name,
                task_id=name,
                agent_id=offer.agent_id,
                resources="cpus:0.1;mem:32",
                command=CommandInfo(command),
            )
            for name, command in (("fails", "sleep 1; exit 3"), ("sleeps", "sleep 1000"))
        ]
        await framework.driver.accept_offers([offer.id], [LaunchGroup(ExecutorInfo.from_proto(executor), tasks)])
        ended: dict[str, TaskState] = {}
        lost = False
        async for event in framework.events:
            if isinstance(event, StatusUpdate):
                await framework.driver.acknowledge(event.status)
                if event.status.state.is_terminal:
                    ended[event.status.task_id] = event.status.state
            lost = lost or isinstance(event, ExecutorLost)
            if lost and len(ended) == 2:
                break
        assert ended == {"fails": TaskState.TASK_FAILED, "sleeps": TaskState.TASK_KILLED}
        await framework.shutdown()


def executors(mesos: Cluster) -> list[LiveProcess]:
    return [process for process in mesos.sandbox_processes() if "tests.integration.echo_executor" in process.command]
