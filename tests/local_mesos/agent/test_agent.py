"""The agent between master and tasks: registration, a task's statuses, their repetition, kills, and being restarted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from actors.local_mesos import messages as m
from actors.local_mesos.agent import EndTasks, MemoryCheckpoint, WhenRegistered
from actors.local_mesos.agent._records import Record
from actors.local_mesos.simulated_runner import Fate, SimulatedEngine, SimulatedRunner, always, as_written
from actors.local_mesos.task_runner import FetchFailed, Lost, NoContainerEngine, RunnerLost, Started, TaskCommand
from mesos_proto import mesos_pb2 as pb

from .conftest import AGENT_ID, Bench

Status = pb.TaskStatus
CAPABILITY = pb.FrameworkInfo.Capability


def capable(*kinds: CAPABILITY.Type) -> list[CAPABILITY]:
    return [CAPABILITY(type=kind) for kind in kinds]


def seconds(value: float) -> pb.DurationInfo:
    return pb.DurationInfo(nanoseconds=int(value * 1e9))


# -- registration --------------------------------------------------------------------------------------------------


async def test_registration_is_repeated_ever_more_seldom_until_it_is_answered(bench: Bench) -> None:
    bench.answers = False
    await bench.start()
    await asyncio.sleep(10)
    times = [at - bench.heard[0][0] for at, _ in bench.heard]
    assert times == pytest.approx([0, 1, 3, 7])
    bench.answers = True
    assert await bench.agent.ask(WhenRegistered(), 60) == AGENT_ID


async def test_an_agent_whose_checkpoint_is_broken_says_so_to_whoever_waits(bench: Bench) -> None:
    class Broken(MemoryCheckpoint):
        async def recover(self) -> None:  # type: ignore[override]
            raise OSError("no such disk")

    bench.checkpoint = Broken()
    await bench.start(registered=False)
    with pytest.raises(OSError, match="no such disk"):
        await bench.agent.ask(WhenRegistered(), 60)


async def test_after_a_lost_master_it_waits_for_another_and_brings_its_tasks(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000")
    first = await bench.next(m.UpdateStatus)
    await bench.system.graceful_stop(bench.master, 5)
    second = Bench(bench.system)
    bench.agent.tell(m.MasterChanged(second.master))
    again = await second.next(m.ReregisterAgent)
    assert again.info.id.value == AGENT_ID
    assert [task.task_id.value for task in again.tasks] == ["t"]
    assert (await second.next(m.UpdateStatus, within=1)).status == first.status, (
        "in flight, so sent to the new one at once"
    )


@pytest.mark.parametrize("aware", [False, True])
async def test_of_tasks_that_the_master_asks_about_only_the_unknown_are_dropped(bench: Bench, aware: bool) -> None:
    if aware:
        bench.framework.capabilities.extend(capable(CAPABILITY.PARTITION_AWARE))
    await bench.start()
    bench.run("sleep 9000", "here")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    bench.agent.tell(m.ReconcileTasks(bench.framework, ("here", "never came")), bench.master)
    status = await bench.until("TASK_DROPPED" if aware else "TASK_LOST", acknowledge=False)
    assert (status.task_id.value, status.reason) == ("never came", Status.REASON_RECONCILIATION)
    assert status.message == "Reconciliation: task unknown to the agent"
    again = await bench.next(m.UpdateStatus)
    assert again.status == status, "repeated until it is acknowledged, as every status"
    bench.acknowledge(again)
    await bench.silence(1000)


async def test_an_operation_that_is_sent_again_is_applied_once(bench: Bench) -> None:
    await bench.start()
    operation = pb.Offer.Operation(type=pb.Offer.Operation.RESERVE, id=pb.OperationID(value="o"))
    message = m.ApplyOperation("F", operation, b"16 bytes of uuid", (pb.Resource(name="cpus"),))
    bench.agent.tell(message, bench.master)
    said = await bench.next(m.UpdateOperationStatus)
    bench.agent.tell(message, bench.master)
    await bench.silence(1)
    assert said.status.state == pb.OPERATION_FINISHED
    bench.agent.tell(m.AcknowledgeOperationStatus("F", said.operation_uuid, said.status.uuid.value), bench.master)
    await bench.silence(1000)


# -- statuses ------------------------------------------------------------------------------------------------------


async def test_a_task_that_ends_well_is_starting_running_finished(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 5")
    status = await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED")
    assert status.message == "Command exited with status 0"
    assert status.source == Status.SOURCE_EXECUTOR
    assert not status.HasField("reason")
    assert status.agent_id.value == AGENT_ID
    assert status.executor_id.value == "t"
    assert status.container_status.network_infos[0].ip_addresses[0].ip_address == "127.0.0.1"


async def test_a_task_that_fails_says_how(bench: Bench) -> None:
    await bench.start()
    bench.run("exit 3")
    status = await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FAILED")
    assert (status.message, status.reason) == ("Command exited with status 3", Status.REASON_COMMAND_EXECUTOR_FAILED)


async def test_a_signal_is_named_in_the_system_s_words(bench: Bench) -> None:
    bench.script(always(Fate(runs=1, status=11)))
    await bench.start()
    bench.run("crash")
    status = await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FAILED")
    assert status.message == "Command terminated with signal Segmentation fault"


async def test_a_command_that_cannot_start_fails_with_the_reason(bench: Bench) -> None:
    bench.script(always(Fate(refused="command 'x' does not exist")))
    await bench.start()
    bench.run("x")
    status = await bench.until("TASK_STARTING", "TASK_FAILED")
    assert status.message == "command 'x' does not exist"


async def test_the_next_status_waits_for_the_acknowledgement_of_the_one_before(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1")
    starting = await bench.next(m.UpdateStatus)
    await bench.silence(9)
    bench.acknowledge(starting)
    running = await bench.next(m.UpdateStatus)
    assert running.status.state == pb.TASK_RUNNING
    assert running.latest_state == pb.TASK_FINISHED


async def test_a_status_is_repeated_with_its_uuid_after_10_then_20_then_40_seconds(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000")
    await asyncio.sleep(75)
    sent = [(at, update.status.uuid) for at, update in bench.heard if isinstance(update, m.UpdateStatus)]
    assert [at - sent[0][0] for at, _ in sent] == pytest.approx([0, 10, 30, 70])
    assert len({uuid for _, uuid in sent}) == 1


async def test_nothing_is_repeated_once_it_is_acknowledged_even_twice(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000")
    for _ in range(2):
        update = await bench.next(m.UpdateStatus)
        bench.acknowledge(update)
        bench.acknowledge(update)
    await bench.silence(900)


async def test_a_status_is_sent_only_after_it_is_stored(bench: Bench) -> None:
    class FullDisk(MemoryCheckpoint):
        full = False

        async def append(self, records: Sequence[Record]) -> None:
            if self.full:
                raise OSError("no space left")
            await super().append(records)

    disk = bench.checkpoint = FullDisk()
    await bench.start()
    disk.full = True
    bench.run("sleep 1000")
    await bench.silence(30)
    disk.full = False
    await bench.until("TASK_STARTING", "TASK_RUNNING")


async def test_a_group_of_nothing_runs_nothing_and_the_agent_goes_on(bench: Bench) -> None:
    await bench.start()
    bench.agent.tell(m.RunTaskGroup(bench.framework, pb.ExecutorInfo(executor_id=pb.ExecutorID(value="e")), ()))
    await bench.silence(60)  # neither a status, nor the words of an agent that begins anew


# -- kills ---------------------------------------------------------------------------------------------------------


async def test_a_killed_task_is_killed_whatever_its_status(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    bench.agent.tell(m.KillTask("F", "t"))
    status = await bench.until("TASK_KILLED")
    assert status.message == "Command terminated with signal Terminated"
    assert not status.HasField("reason")


async def test_the_shutdown_of_a_command_s_executor_kills_its_task(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    bench.agent.tell(m.ShutdownExecutor("F", "t"))
    await bench.until("TASK_KILLED")


async def test_a_framework_that_wants_to_know_hears_of_the_killing(bench: Bench) -> None:
    bench.framework.capabilities.extend(capable(CAPABILITY.TASK_KILLING_STATE))
    await bench.start()
    bench.run("sleep 1000")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    bench.agent.tell(m.KillTask("F", "t"))
    await bench.until("TASK_KILLING", "TASK_KILLED")


@pytest.mark.parametrize(
    ("of_the_task", "of_the_kill", "expected"), [(None, None, 3), (7, None, 7), (7, 2, 2), (None, 11, 11)]
)
async def test_the_grace_is_the_kill_s_or_the_task_s_or_three_seconds(
    bench: Bench, of_the_task: float | None, of_the_kill: float | None, expected: float
) -> None:
    bench.script(always(Fate(terminates=None)))
    await bench.start()
    policy = {"kill_policy": pb.KillPolicy(grace_period=seconds(of_the_task))} if of_the_task is not None else {}
    bench.run("stubborn", **policy)
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    begun = bench.system.clock.time()
    kill = pb.KillPolicy(grace_period=seconds(of_the_kill)) if of_the_kill is not None else None
    bench.agent.tell(m.KillTask("F", "t", kill))
    status = await bench.until("TASK_KILLED")
    assert status.message == "Command terminated with signal Killed"
    assert bench.system.clock.time() - begun == pytest.approx(expected)


async def test_a_kill_right_behind_the_launch_is_not_lost(bench: Bench) -> None:
    bench.script(always(Fate(starts_after=5)))
    await bench.start()
    bench.run("slow to start")
    bench.agent.tell(m.KillTask("F", "t"))
    states = []
    while not states or states[-1] != pb.TASK_KILLED:
        update = await bench.next(m.UpdateStatus, within=60)
        states.append(update.status.state)
        bench.acknowledge(update)


async def test_a_task_over_its_time_is_failed_for_that(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000", max_completion_time=seconds(4))
    begun = bench.system.clock.time()
    status = await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FAILED")
    assert status.reason == Status.REASON_MAX_COMPLETION_TIME_REACHED
    assert status.message == "Command terminated with signal Killed"
    assert bench.system.clock.time() - begun == pytest.approx(4)


# -- being restarted -----------------------------------------------------------------------------------------------


async def test_a_restarted_agent_has_its_id_and_its_tasks(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    again = await bench.restart()
    assert again.info.id.value == AGENT_ID
    assert [framework.id.value for framework in again.frameworks] == ["F"]
    assert [(task.task_id.value, task.state) for task in again.tasks] == [("t", pb.TASK_RUNNING)]
    await bench.silence(600)


async def test_an_unacknowledged_status_survives_with_its_uuid(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000")
    starting = await bench.next(m.UpdateStatus)
    again = await bench.restart()
    assert again.tasks[0].status_update_uuid == starting.status.uuid
    assert (await bench.next(m.UpdateStatus, within=1)).status == starting.status


async def test_a_task_that_ended_while_the_agent_was_away_is_told_with_its_exit_status(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 50; exit 4")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    await bench.crash()
    await asyncio.sleep(100)
    await bench.start(registered=False)
    assert (await bench.until("TASK_FAILED")).message == "Command exited with status 4"


async def test_a_task_that_started_and_ended_while_the_agent_was_away_is_told_in_full(bench: Bench) -> None:
    bench.script(always(Fate(starts_after=10, runs=10)))
    await bench.start()
    bench.run("x")
    await bench.until("TASK_STARTING")
    await bench.crash()
    await asyncio.sleep(100)
    await bench.start(registered=False)
    await bench.until("TASK_RUNNING", "TASK_FINISHED")


async def test_a_kill_before_the_crash_makes_the_end_after_it_a_kill(bench: Bench) -> None:
    bench.script(always(Fate(terminates=2)))
    await bench.start()
    bench.run("x")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    bench.agent.tell(m.KillTask("F", "t"))
    await asyncio.sleep(0.5)
    await bench.restart()
    await bench.until("TASK_KILLED")


async def test_an_accepted_task_that_the_runner_never_heard_of_is_launched(bench: Bench) -> None:
    class Deaf(SimulatedRunner):
        deaf = True

        def launch(self, command: TaskCommand) -> None:
            if not self.deaf:
                super().launch(command)

    runner = bench.runner = Deaf(bench.system.clock, bench.system.random)
    await bench.start()
    bench.run("sleep 1000")
    await bench.until("TASK_STARTING")
    runner.deaf = False
    await bench.restart()
    await bench.until("TASK_RUNNING")


async def test_tasks_of_a_framework_that_does_not_checkpoint_end_with_the_agent(bench: Bench) -> None:
    bench.framework.checkpoint = False
    await bench.start()
    bench.run("sleep 1000")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    again = await bench.restart()
    assert again.tasks == ()
    await asyncio.sleep(1)
    assert not any(isinstance(event, Started) for event in await bench.runner.attach(lambda event: None))


async def test_a_finished_and_acknowledged_task_leaves_no_trace(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1")
    await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED")
    await asyncio.sleep(1)
    assert (await bench.restart()).tasks == ()
    assert await bench.runner.attach(lambda event: None) == ()
    bench.run("sleep 1")
    await bench.until("TASK_STARTING", acknowledge=False)


# -- the ends of others --------------------------------------------------------------------------------------------


async def test_a_removed_framework_s_tasks_end_without_a_word(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    bench.agent.tell(m.ShutdownFramework("F"))
    await bench.silence(600)
    assert await bench.runner.attach(lambda event: None) == ()
    assert (await bench.restart()).tasks == ()


async def test_an_executor_that_fails_fails_its_task_and_no_other(bench: Bench) -> None:
    def script(command: TaskCommand, chance: random.Random) -> Fate:
        if command.shell == "bad":
            raise RuntimeError("this script has a fault")
        return as_written(command, chance)

    bench.script(script)
    await bench.start()
    bench.run("bad", "bad")
    bench.run("sleep 1000", "good")
    states: dict[str, list[pb.TaskState]] = {"bad": [], "good": []}
    while pb.TASK_FAILED not in states["bad"] or pb.TASK_RUNNING not in states["good"]:
        update = await bench.next(m.UpdateStatus, within=60)
        states[update.status.task_id.value].append(update.status.state)
        bench.acknowledge(update)
        if update.status.state == pb.TASK_FAILED:
            assert update.status.reason == Status.REASON_EXECUTOR_TERMINATED


async def test_a_lost_task_runner_is_replaced_and_what_it_had_is_failed(bench: Bench) -> None:
    class Mortal(SimulatedRunner):
        def die(self) -> None:
            assert self._listener is not None
            for name, container in self._containers.items():
                container.event = Lost(name, 0)
                if container.next is not None:
                    container.next.cancel()
            self._listener(RunnerLost("the task runner was killed"))

    runner = bench.runner = Mortal(bench.system.clock, bench.system.random)
    await bench.start()
    bench.run("sleep 1000")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    runner.die()
    status = await bench.until("TASK_FAILED")
    assert status.reason == Status.REASON_EXECUTOR_TERMINATED
    bench.run("sleep 1", "next")
    await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED")


async def test_tasks_ended_with_their_agent_are_killed_and_the_next_agent_says_so(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000", "a")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    assert await bench.agent.ask(EndTasks(), 60) == 1
    again = await bench.restart()
    assert [(task.task_id.value, task.state) for task in again.tasks] == [("a", pb.TASK_KILLED)]


@pytest.mark.parametrize("checkpoint", [True, False])
async def test_an_agent_says_that_its_tasks_ended_as_soon_as_the_last_one_did(bench: Bench, checkpoint: bool) -> None:
    bench.framework.checkpoint = checkpoint
    bench.script(lambda command, chance: Fate(terminates=float(command.shell or 0)))
    await bench.start()
    for seconds in ("1", "2", "0"):
        bench.run(seconds, f"lives on for {seconds} s")
        await bench.until("TASK_STARTING", "TASK_RUNNING")
    began = bench.system.clock.time()
    assert await bench.agent.ask(EndTasks(), 60) == 3
    assert bench.system.clock.time() - began == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("checkpoint", [True, False])
async def test_an_agent_says_that_its_tasks_ended_whose_framework_was_torn_down(bench: Bench, checkpoint: bool) -> None:
    bench.framework.checkpoint = checkpoint
    bench.script(always(Fate(terminates=2.0)))
    await bench.start()
    bench.run("lives on", "for 2 s")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    bench.agent.tell(m.ShutdownFramework("F"))
    began = bench.system.clock.time()
    await bench.agent.ask(EndTasks(), 60)
    assert bench.system.clock.time() - began == pytest.approx(2, abs=0.01)


async def test_a_task_for_an_agent_that_is_stopping_is_dropped(bench: Bench) -> None:
    bench.script(always(Fate(terminates=None)))
    bench.framework.capabilities.extend(capable(CAPABILITY.PARTITION_AWARE))
    await bench.start()
    bench.run("stubborn", "a")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    ended = asyncio.ensure_future(bench.agent.ask(EndTasks(), 60))
    await asyncio.sleep(1)
    bench.run("sleep 1", "b")
    status = await bench.until("TASK_DROPPED")
    assert status.message == "The agent is stopping"
    await ended


async def test_an_image_without_a_container_engine_is_failed_with_the_reason(bench: Bench) -> None:
    class Bare(SimulatedRunner):
        async def container_engine(self) -> SimulatedEngine:
            raise NoContainerEngine("this agent has no container engine")

    bench.runner = Bare(bench.system.clock, bench.system.random)
    await bench.start()
    image = pb.ContainerInfo(type=pb.ContainerInfo.DOCKER, docker=pb.ContainerInfo.DockerInfo(image="busybox"))
    bench.run("true", container=image)
    status = await bench.until("TASK_FAILED")
    assert status.message == "Failed to launch container: this agent has no container engine"
    assert status.reason == Status.REASON_CONTAINER_LAUNCH_FAILED


async def test_a_simulated_container_fares_as_its_command_says(bench: Bench) -> None:
    await bench.start()
    image = pb.ContainerInfo(type=pb.ContainerInfo.DOCKER, docker=pb.ContainerInfo.DockerInfo(image="busybox"))
    bench.run("sleep 5; exit 3", container=image)
    status = await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FAILED")
    assert status.message == "Container exited with status 3"


# -- health checks -------------------------------------------------------------------------------------------------


def command_check(text: str, **fields: float) -> pb.HealthCheck:
    times = {"delay_seconds": 1.0, "interval_seconds": 5.0, "grace_period_seconds": 0.0, **fields}
    return pb.HealthCheck(type=pb.HealthCheck.COMMAND, command=pb.CommandInfo(value=text), **times)  # type: ignore[arg-type]


async def test_a_healthy_task_is_said_to_be_so_once(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000", health_check=command_check("true"))
    status = await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING")
    assert status.healthy
    assert status.reason == Status.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED
    await bench.silence(100)


async def test_a_task_that_stays_unhealthy_is_killed(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000", health_check=command_check("exit 1", consecutive_failures=3))
    begun = bench.system.clock.time()
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    for _ in range(3):
        status = await bench.until("TASK_RUNNING")
        assert status.HasField("healthy") and not status.healthy
    status = await bench.until("TASK_KILLED")
    assert status.HasField("healthy") and not status.healthy
    assert bench.system.clock.time() - begun == pytest.approx(1 + 5 + 5, abs=0.1)


async def test_failures_within_the_grace_period_do_not_count(bench: Bench) -> None:
    await bench.start()
    bench.run("sleep 1000", health_check=command_check("exit 1", grace_period_seconds=30.0, consecutive_failures=1))
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    begun = bench.system.clock.time()
    await bench.until("TASK_RUNNING", "TASK_KILLED")
    assert bench.system.clock.time() - begun == pytest.approx(31, abs=1)


async def test_a_check_that_hangs_is_ended_and_has_failed(bench: Bench) -> None:
    await bench.start()
    check = command_check("sleep 999", timeout_seconds=2.0, consecutive_failures=1)
    bench.run("sleep 1000", health_check=check)
    await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING", "TASK_KILLED")


@pytest.mark.parametrize("kind", ["http", "tcp"])
async def test_a_port_is_looked_at_over_the_network(bench: Bench, kind: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if kind == "http":
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            await writer.drain()
        writer.close()

    check = pb.HealthCheck(delay_seconds=1, interval_seconds=5, grace_period_seconds=0)
    if kind == "http":
        check.type = pb.HealthCheck.HTTP
        check.http.port = 31000
    else:
        check.type = pb.HealthCheck.TCP
        check.tcp.port = 31000
    await bench.start()
    bench.run("sleep 1000", health_check=check)
    status = await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING")
    assert status.HasField("healthy") and not status.healthy, "nobody listens there yet"
    async with await asyncio.start_server(answer, "127.0.0.1", 31000):
        assert (await bench.until("TASK_RUNNING")).healthy
    bench.agent.tell(m.KillTask("F", "t"))
    await bench.until("TASK_KILLED")


# -- URIs ----------------------------------------------------------------------------------------------------------


async def test_a_task_whose_uris_cannot_be_fetched_never_starts(bench: Bench) -> None:
    class Offline(SimulatedRunner):
        async def fetch(self, sandbox: str, uris: Sequence[pb.CommandInfo.URI]) -> None:
            raise FetchFailed(f"{uris[0].value}: the server answered 404 Not Found")

    bench.runner = Offline(bench.system.clock, bench.system.random)
    await bench.start()
    bench.run_command(pb.CommandInfo(value="true", uris=[pb.CommandInfo.URI(value="http://h/x.tgz")]))
    status = await bench.until("TASK_FAILED")
    assert status.reason == Status.REASON_CONTAINER_LAUNCH_FAILED
    assert status.message.startswith("Failed to launch container: Failed to fetch all URIs for container '")
    assert "http://h/x.tgz: the server answered 404" in status.message


async def test_a_task_killed_while_its_uris_come_never_starts(bench: Bench) -> None:
    class Slow(SimulatedRunner):
        async def fetch(self, sandbox: str, uris: Sequence[pb.CommandInfo.URI]) -> None:
            await asyncio.sleep(100)

    bench.runner = Slow(bench.system.clock, bench.system.random)
    await bench.start()
    bench.run_command(pb.CommandInfo(value="true", uris=[pb.CommandInfo.URI(value="http://h/x.tgz")]))
    await asyncio.sleep(1)
    bench.agent.tell(m.KillTask("F", "t"))
    assert (await bench.until("TASK_KILLED")).reason == Status.REASON_TASK_KILLED_DURING_LAUNCH
    await bench.silence(0.5)


# -- memory --------------------------------------------------------------------------------------------------------


def megabytes(amount: float) -> pb.Resource:
    return pb.Resource(name="mem", type=pb.Value.SCALAR, scalar=pb.Value.Scalar(value=amount))


async def test_a_task_over_its_memory_is_failed_for_that(bench: Bench) -> None:
    bench.script(always(Fate(memory=80 << 20, terminates=None)))
    await bench.start()
    bench.run("greedy", resources=[megabytes(64)])
    status = await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FAILED")
    assert status.reason == Status.REASON_CONTAINER_LIMITATION_MEMORY
    assert status.message == "Memory limit exceeded: Requested: 64MB Maximum Used: 80MB"


@pytest.mark.parametrize("limit", [81.0, float("inf")])
async def test_a_limit_of_its_own_counts_instead_of_the_resource(bench: Bench, limit: float) -> None:
    bench.script(always(Fate(memory=80 << 20)))
    await bench.start()
    bench.run("greedy", resources=[megabytes(64)], limits={"mem": pb.Value.Scalar(value=limit)})
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    await bench.silence(60)
