"""A framework's own executor between its agent and its tasks: what it is told, what it may say, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from actors.http import Server, serve
from actors.local_mesos import messages as m
from actors.local_mesos.agent import AgentApi, EndTasks
from actors.local_mesos.simulated_runner import Fate, always, as_written, exit_status
from mesos_proto import executor_pb2
from mesos_proto import mesos_pb2 as pb

from .conftest import AGENT_ID, Bench
from .scripted_executor import Call, Event, ScriptedExecutor

Status = pb.TaskStatus


class Agents:
    """The bench's agent behind HTTP, and its executor."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.executor: ScriptedExecutor
        self.url = ""
        self._server: Server | None = None
        self._api: AgentApi | None = None

    async def start(self) -> None:
        await self.bench.start()
        await self.serve()
        self.executor = ScriptedExecutor(self.url)

    async def serve(self) -> None:
        await self.close()
        self._api = AgentApi(self.bench.runner, self.bench.system)
        self._api.agent = self.bench.agent
        self._server = await serve(self._api.application())
        self.url = self._server.url

    async def stop(self) -> None:
        await self.executor.__aexit__(None, None, None)
        await self.close()

    async def close(self) -> None:
        if self._server is not None and self._api is not None:
            self._api.close()
            await self._server.close()

    async def restart(self) -> m.ReregisterAgent:
        """As by a kill -9; the executor has to subscribe again."""
        registration = await self.bench.restart()
        await self.serve()
        await self.executor.__aexit__(None, None, None)
        self.executor = ScriptedExecutor(self.url)
        return registration

    def task(self, name: str, **fields: Any) -> pb.TaskInfo:
        executor = pb.ExecutorInfo(
            type=pb.ExecutorInfo.CUSTOM,
            executor_id=pb.ExecutorID(value="E"),
            framework_id=self.bench.framework.id,
            command=pb.CommandInfo(value="./executor"),
            **fields,
        )
        return pb.TaskInfo(
            name=name, task_id=pb.TaskID(value=name), agent_id=pb.AgentID(value=AGENT_ID), executor=executor
        )

    def launch(self, *names: str, **fields: Any) -> None:
        for name in names:
            self.tell(m.RunTask(self.bench.framework, self.task(name, **fields)))

    def launch_group(self, *names: str) -> None:
        tasks = tuple(self.task(name) for name in names)
        self.tell(m.RunTaskGroup(self.bench.framework, tasks[0].executor, tasks))

    def tell(self, message: Any) -> None:
        self.bench.agent.tell(message, self.bench.master)

    async def running(self, *names: str) -> None:
        """These tasks run, and their framework knows."""
        self.launch(*names)
        await self.executor.subscribe()
        for _ in names:
            await self.executor.next(Event.LAUNCH)
        for name in names:
            await self.executor.update(self.executor.status(name, pb.TASK_RUNNING))
            await self.bench.until("TASK_RUNNING")


@pytest.fixture
async def agents(bench: Bench) -> AsyncIterator[Agents]:
    agents = Agents(bench)
    await agents.start()
    yield agents
    await agents.stop()


# -- its tasks -----------------------------------------------------------------------------------------------------


async def test_tasks_wait_for_the_executor_and_are_launched_in_order_once_it_subscribes(agents: Agents) -> None:
    agents.launch("a", "b")
    await asyncio.sleep(30)
    subscribed = await agents.executor.subscribe()
    assert subscribed.executor_info.executor_id.value == "E"
    assert subscribed.framework_info.name == "f"
    assert subscribed.agent_info.id.value == AGENT_ID
    assert [(await agents.executor.next(Event.LAUNCH)).launch.task.task_id.value for _ in range(2)] == ["a", "b"]
    agents.launch("c")
    assert (await agents.executor.next(Event.LAUNCH)).launch.task.task_id.value == "c"


async def test_an_update_is_completed_stored_acknowledged_and_sent_to_the_framework(agents: Agents) -> None:
    agents.launch("a")
    subscribed = await agents.executor.subscribe()
    await agents.executor.next(Event.LAUNCH)
    await agents.executor.update(agents.executor.status("a", pb.TASK_RUNNING))
    status = await agents.bench.until("TASK_RUNNING")
    assert (status.executor_id.value, status.agent_id.value, status.source) == ("E", AGENT_ID, Status.SOURCE_EXECUTOR)
    assert status.container_status.container_id == subscribed.container_id
    assert status.container_status.network_infos[0].ip_addresses[0].ip_address == "127.0.0.1"
    assert status.timestamp > 0


async def test_an_update_said_twice_is_acknowledged_twice_and_told_once(agents: Agents) -> None:
    await agents.running("a")
    await agents.executor.update(agents.executor.status("a", pb.TASK_RUNNING))
    await agents.bench.silence(60)


async def test_nothing_follows_a_task_s_last_status(agents: Agents) -> None:
    await agents.running("a")
    await agents.executor.update(agents.executor.status("a", pb.TASK_FINISHED))
    await agents.bench.until("TASK_FINISHED")
    await agents.executor.update(agents.executor.status("a", pb.TASK_RUNNING, "later"))
    await agents.bench.silence(60)


async def test_a_kill_is_passed_on_with_its_policy(agents: Agents) -> None:
    await agents.running("a")
    policy = pb.KillPolicy(grace_period=pb.DurationInfo(nanoseconds=7))
    agents.tell(m.KillTask("F", "a", policy))
    kill = (await agents.executor.next(Event.KILL)).kill
    assert (kill.task_id.value, kill.kill_policy) == ("a", policy)


async def test_a_task_killed_before_its_executor_came_is_never_launched(agents: Agents) -> None:
    agents.launch("a", "b")
    agents.tell(m.KillTask("F", "a"))
    status = await agents.bench.until("TASK_KILLED")
    assert status.message == "Killed before delivered to the executor"
    assert status.reason == Status.REASON_TASK_KILLED_DURING_LAUNCH
    await agents.executor.subscribe()
    assert (await agents.executor.next(Event.LAUNCH)).launch.task.task_id.value == "b"


async def test_an_executor_none_of_whose_tasks_are_wanted_any_more_ends(agents: Agents) -> None:
    agents.launch("a")
    agents.tell(m.KillTask("F", "a"))
    await agents.bench.until("TASK_KILLED")
    assert (await agents.bench.next(m.ExecutorExited, within=10)).executor_id == "E"


async def test_a_group_is_launched_together_and_killed_together_before_that(agents: Agents) -> None:
    agents.launch_group("a", "b")
    agents.launch_group("c", "d")
    await asyncio.sleep(1)
    agents.tell(m.KillTask("F", "d"))
    killed = {(await agents.bench.until("TASK_KILLED")).task_id.value for _ in range(2)}
    assert killed == {"c", "d"}
    await agents.executor.subscribe()
    group = (await agents.executor.next(Event.LAUNCH_GROUP)).launch_group.task_group
    assert [task.task_id.value for task in group.tasks] == ["a", "b"]


async def test_messages_go_both_ways(agents: Agents) -> None:
    await agents.running("a")
    agents.tell(m.FrameworkMessage("F", "E", b"to it"))
    assert (await agents.executor.next(Event.MESSAGE)).message.data == b"to it"
    said = agents.executor.call(Call.MESSAGE, message=Call.Message(data=b"from it"))
    assert await agents.executor.post(said) == (202, "")
    message = await agents.bench.next(m.ExecutorMessage)
    assert message == m.ExecutorMessage("F", AGENT_ID, "E", b"from it")


# -- its subscription ----------------------------------------------------------------------------------------------


async def test_a_heartbeat_comes_every_half_hour(agents: Agents) -> None:
    await agents.running("a")
    begun = agents.bench.system.clock.time()
    await agents.executor.next(Event.HEARTBEAT)
    assert agents.bench.system.clock.time() - begun == pytest.approx(1800, abs=1)


async def test_a_second_subscription_ends_the_first(agents: Agents) -> None:
    await agents.running("a")
    async with ScriptedExecutor(agents.url) as second:
        await second.subscribe()
        assert await agents.executor.ended()
        agents.tell(m.KillTask("F", "a"))
        await second.next(Event.KILL)


async def test_what_happens_while_it_is_away_waits_for_its_return(agents: Agents) -> None:
    await agents.running("a")
    agents.executor.leave()
    await asyncio.sleep(1)
    agents.launch("b")
    agents.tell(m.KillTask("F", "a"))
    agents.tell(m.FrameworkMessage("F", "E", b"data"))
    await asyncio.sleep(1)
    await agents.executor.subscribe()
    assert (await agents.executor.next(Event.LAUNCH)).launch.task.task_id.value == "b"
    assert (await agents.executor.next(Event.KILL)).kill.task_id.value == "a"
    assert (await agents.executor.next(Event.MESSAGE)).message.data == b"data"


async def test_a_task_that_was_lost_on_the_way_to_it_is_said_to_be(agents: Agents) -> None:
    agents.launch("a", "b")
    await agents.executor.subscribe()
    agents.executor.leave()
    await agents.executor.subscribe(tasks=[agents.task("b")])
    status = await agents.bench.until("TASK_LOST")
    assert (status.task_id.value, status.reason) == ("a", Status.REASON_AGENT_RESTARTED)


HELLO = Call.Message(data=b"hello")
REFUSED = [
    ({}, 400, "Failed to validate Executor::Call: Expecting 'type' to be present"),
    ({"type": Call.SUBSCRIBE}, 400, "Failed to validate Executor::Call: Expecting 'subscribe' to be present"),
    ({"type": Call.UPDATE}, 400, "Failed to validate Executor::Call: Expecting 'update' to be present"),
    ({"type": Call.MESSAGE}, 400, "Failed to validate Executor::Call: Expecting 'message' to be present"),
    ({"type": Call.MESSAGE, "message": HELLO, "framework": "G"}, 400, "Framework cannot be found"),
    ({"type": Call.MESSAGE, "message": HELLO, "executor": "G"}, 400, "Executor cannot be found"),
    ({"type": Call.MESSAGE, "message": HELLO}, 403, "Executor is not subscribed"),
    ({"type": Call.HEARTBEAT}, 202, ""),
]


@pytest.mark.parametrize(("fields", "status", "text"), REFUSED)
async def test_a_call_that_is_refused_hears_why(agents: Agents, fields: dict[str, Any], status: int, text: str) -> None:
    agents.launch("a")
    ids = {"framework": "F", "executor": "E"} | {
        name: fields[name] for name in fields if name in ("framework", "executor")
    }
    call = executor_pb2.Call(
        framework_id=pb.FrameworkID(value=ids["framework"]),
        executor_id=pb.ExecutorID(value=ids["executor"]),
        **{name: value for name, value in fields.items() if name not in ids},
    )
    assert await agents.executor.post(call) == (status, text)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"uuid": None}, "Expecting 'uuid' to be present"),
        ({"uuid": b"short"}, "Not a valid UUID"),
        ({"source": Status.SOURCE_AGENT}, "Received Call from executor E of framework F with invalid source, "
         "expecting 'SOURCE_EXECUTOR'"),
        ({"state": pb.TASK_STAGING}, "Received TASK_STAGING from executor E of framework F which is not allowed"),
        ({"executor_id": pb.ExecutorID(value="X")},
         "ExecutorID in Call: E does not match ExecutorID in TaskStatus: X"),
    ],
)  # fmt: skip
async def test_an_update_that_is_not_the_executor_s_to_say_is_refused(
    agents: Agents, change: dict[str, Any], text: str
) -> None:
    await agents.running("a")
    status = agents.executor.status("a", pb.TASK_FINISHED)
    for name, value in change.items():
        status.ClearField(name)  # type: ignore[arg-type]
        status.MergeFrom(Status(**{"task_id": status.task_id, "state": status.state, name: value}))
    call = agents.executor.call(Call.UPDATE, update=Call.Update(status=status))
    assert await agents.executor.post(call) == (400, f"Failed to validate Executor::Call: {text}")


async def test_requests_that_are_no_calls_are_refused_in_mesos_s_words(agents: Agents) -> None:
    url = agents.url + "/slave(1)/api/v1/executor"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            assert response.status == 405
        async with session.post(url, data=b"{}", headers={"Content-Type": "text/plain"}) as response:
            assert (response.status, await response.text()) == (
                415,
                "Expecting 'Content-Type' of application/json or application/x-protobuf",
            )
        async with session.post(url, data=b"x", headers={"Content-Type": "application/x-protobuf"}) as response:
            assert (response.status, await response.text()) == (400, "Failed to parse body into Call protobuf")


# -- its end -------------------------------------------------------------------------------------------------------


async def test_an_executor_that_ends_fails_its_tasks_and_the_framework_hears_of_it(bench: Bench) -> None:
    bench.script(always(Fate(runs=100, status=exit_status(3))))
    agents = Agents(bench)
    await agents.start()
    await agents.running("a", "b")
    exited = await agents.bench.next(m.ExecutorExited)
    assert exited == m.ExecutorExited("F", AGENT_ID, "E", exit_status(3))
    failed = [message for _, message in agents.bench.heard if isinstance(message, m.UpdateStatus)][-2:]
    assert {(one.status.task_id.value, one.status.state, one.status.message) for one in failed} == {
        ("a", pb.TASK_FAILED, "Executor terminated"),
        ("b", pb.TASK_FAILED, "Executor terminated"),
    }
    assert failed[0].status.reason == Status.REASON_EXECUTOR_TERMINATED
    assert await agents.executor.ended()
    await agents.stop()


async def test_an_executor_that_never_subscribes_is_killed_after_a_minute(agents: Agents) -> None:
    agents.launch("a")
    begun = agents.bench.system.clock.time()
    status = await agents.bench.until("TASK_FAILED")
    assert agents.bench.system.clock.time() - begun == pytest.approx(60, abs=1)
    assert status.message == "Executor did not register within 1mins"
    assert status.reason == Status.REASON_EXECUTOR_REGISTRATION_TIMEOUT
    agents.launch("b")  # another one is started
    await agents.executor.subscribe()
    await agents.executor.next(Event.LAUNCH)


async def test_an_executor_that_cannot_start_fails_its_tasks_with_the_reason(bench: Bench) -> None:
    bench.script(always(Fate(refused="command './executor' does not exist")))
    agents = Agents(bench)
    await agents.start()
    agents.launch("a")
    status = await bench.until("TASK_FAILED")
    assert status.message == "Failed to launch container: command './executor' does not exist"
    assert status.reason == Status.REASON_CONTAINER_LAUNCH_FAILED
    await agents.stop()


async def test_a_framework_s_end_shuts_its_executor_down_and_kills_it_after_its_grace(agents: Agents) -> None:
    agents.launch("a", shutdown_grace_period=pb.DurationInfo(nanoseconds=int(7e9)))
    await agents.executor.subscribe()
    await agents.executor.next(Event.LAUNCH)
    agents.tell(m.ShutdownFramework("F"))
    begun = agents.bench.system.clock.time()
    await agents.executor.next(Event.SHUTDOWN)
    exited = await agents.bench.next(m.ExecutorExited)
    assert exited.status == 9
    assert agents.bench.system.clock.time() - begun == pytest.approx(7, abs=0.1)
    assert await agents.bench.runner.usage() == {}


async def test_a_shutdown_executor_takes_no_more_tasks(agents: Agents) -> None:
    await agents.running("a")
    agents.tell(m.ShutdownExecutor("F", "E"))
    await agents.executor.next(Event.SHUTDOWN)
    agents.launch("b")
    status = await agents.bench.until("TASK_LOST")
    assert (status.task_id.value, status.reason) == ("b", Status.REASON_EXECUTOR_TERMINATED)
    assert (await agents.bench.until("TASK_FAILED")).task_id.value == "a"


async def test_an_agent_that_ends_its_tasks_waits_for_its_executors(agents: Agents) -> None:
    await agents.running("a")
    ended = asyncio.ensure_future(agents.bench.agent.ask(EndTasks(), 60))
    await agents.executor.next(Event.SHUTDOWN)
    assert await ended == 1
    assert await agents.bench.runner.usage() == {}


# -- after kill -9 -------------------------------------------------------------------------------------------------


async def test_a_restarted_agent_takes_its_executor_back_with_what_it_kept(agents: Agents) -> None:
    await agents.running("a")
    agents.launch("b")
    await agents.executor.next(Event.LAUNCH)
    finished = agents.executor.status("a", pb.TASK_FINISHED)
    registration = await agents.restart()
    assert [executor.executor_id.value for executor in registration.executors] == ["E"]
    await agents.executor.subscribe(tasks=[agents.task("b")], updates=[finished])
    assert (await agents.executor.next(Event.ACKNOWLEDGED)).acknowledged.uuid == finished.uuid
    assert (await agents.bench.until("TASK_FINISHED")).task_id.value == "a"
    await agents.executor.update(agents.executor.status("b", pb.TASK_RUNNING))
    assert (await agents.bench.until("TASK_RUNNING")).task_id.value == "b"


async def test_an_update_that_was_stored_before_the_restart_is_not_told_twice(agents: Agents) -> None:
    await agents.running("a")
    await agents.restart()
    again = agents.executor.status("a", pb.TASK_RUNNING)
    await agents.executor.subscribe(updates=[again])
    assert (await agents.executor.next(Event.ACKNOWLEDGED)).acknowledged.uuid == again.uuid
    await agents.bench.silence(60)


async def test_a_task_that_the_executor_never_got_is_dropped(agents: Agents) -> None:
    await agents.running("a")
    agents.launch("b")
    await agents.executor.next(Event.LAUNCH)
    await agents.restart()
    await agents.executor.subscribe()
    status = await agents.bench.until("TASK_LOST")
    assert (status.task_id.value, status.message) == ("b", "Task launched during agent restart")


async def test_a_kill_ordered_while_it_was_away_outlives_the_agent(agents: Agents) -> None:
    await agents.running("a")
    agents.executor.leave()
    await asyncio.sleep(1)
    agents.tell(m.KillTask("F", "a"))
    await agents.restart()
    await agents.executor.subscribe()
    assert (await agents.executor.next(Event.KILL)).kill.task_id.value == "a"


async def test_an_executor_that_does_not_come_back_is_ended_with_its_tasks(agents: Agents) -> None:
    await agents.running("a")
    await agents.restart()
    status = await agents.bench.until("TASK_FAILED")
    assert status.message == "Executor did not reregister within 15secs"
    assert status.reason == Status.REASON_EXECUTOR_REREGISTRATION_TIMEOUT
    assert await agents.bench.runner.usage() == {}


async def test_an_executor_that_was_stored_and_not_yet_started_is_started_after_the_restart(agents: Agents) -> None:
    agents.launch_group("a", "b")
    await asyncio.sleep(0.5)
    agents.bench.script(as_written)  # another runner: it has never heard of it
    await agents.restart()
    await agents.executor.subscribe()
    group = (await agents.executor.next(Event.LAUNCH_GROUP)).launch_group.task_group
    assert [task.task_id.value for task in group.tasks] == ["a", "b"]


async def test_without_checkpoints_nothing_of_it_is_left_after_the_restart(agents: Agents) -> None:
    agents.bench.framework.checkpoint = False
    await agents.running("a")
    registration = await agents.restart()
    assert (registration.tasks, registration.executors) == ((), ())
    await asyncio.sleep(1)
    assert await agents.bench.runner.usage() == {}
