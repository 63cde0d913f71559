"""Launching, updates, acknowledgements, kills, reconciliation."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors.local_mesos import messages as m
from mesos_proto import mesos_pb2

from .conftest import Bench, Json, amounts, capabilities, launch, scalar


async def test_a_launched_task_reaches_its_agent_and_its_update_the_framework(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer, cpus=1), refuse_seconds=0)
    status = await scheduler.status()
    assert (status["state"], status["source"]) == ("TASK_RUNNING", "SOURCE_EXECUTOR")
    assert [run.task.task_id.value for run in bench.messages(m.RunTask)] == ["t"]
    rest = (await scheduler.offers(2))[1]
    assert amounts(rest)["cpus"] == 3


async def test_an_acknowledgement_goes_to_the_agent_and_a_terminal_task_leaves_with_it(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    await scheduler.acknowledge(await scheduler.status("TASK_RUNNING"))
    await scheduler.call("KILL", {"task_id": {"value": "t"}})
    killed = await scheduler.status("TASK_KILLED")
    assert len((await bench.ask_operator("GET_TASKS"))["tasks"]) == 1, "the record stays until it is acknowledged"
    await scheduler.acknowledge(killed)
    assert len(bench.messages(m.AcknowledgeUpdate)) == 2
    tasks = await bench.ask_operator("GET_TASKS")
    assert [len(tasks[name]) for name in ("tasks", "completed_tasks")] == [0, 1]


async def test_an_update_that_the_agent_repeats_is_forwarded_again_but_told_to_operators_once(bench: Bench) -> None:
    await bench.start()
    operator = await bench.watch()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    await scheduler.status("TASK_RUNNING")
    bench.agents[0].tell(("update", scheduler.id["value"], "t", "TASK_RUNNING"))
    await scheduler.status("TASK_RUNNING", after=len(scheduler.events))
    assert operator.types().count("TASK_UPDATED") == 1


def changed(change: Json) -> Any:
    def change_it(task: Json) -> Json:
        return {name: value for name, value in {**task, **change}.items() if value is not None}

    return change_it


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resources": []}, "Task uses no resources"),
        ({"task_id": {"value": "a/b"}}, "'a/b' contains invalid characters"),
        ({"task_id": {"value": ""}}, "ID must not be empty"),
        ({"task_id": {"value": "x" * 256}}, "ID must not be greater than 255 characters"),
        (
            {"command": None},
            "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present",
        ),
        (
            {"resources": [scalar("cpus", -1, "*"), scalar("mem", 32, "*")]},
            "Resource 'cpus(allocated: *):-1' is invalid: Invalid scalar resource: value <= 0",
        ),
        (
            {"kill_policy": {"grace_period": {"nanoseconds": -1}}},
            "Task's 'kill_policy.grace_period' must be non-negative",
        ),
        (
            {"health_check": {"type": "HTTP"}},
            "Task uses invalid health check: Expecting 'http' to be set for HTTP health check",
        ),
        ({"limits": {"disk": {"value": 1}}}, "Only cpus and mem may be included in a task's resource limits"),
        (
            {"resources": [scalar("cpus", 1, "*"), scalar("mem", 32, "other")]},
            "Invalid task resources: The resources have multiple allocation roles ('other' and '*') but only one "
            "allocation role is allowed",
        ),
    ],
)
async def test_an_invalid_task_is_an_error_and_the_offer_comes_back(bench: Bench, change: Json, message: str) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, changed(change)(scheduler.task(offer)), refuse_seconds=0)
    status = await scheduler.status()
    assert (status["state"], status["reason"], status["message"]) == ("TASK_ERROR", "REASON_TASK_INVALID", message)
    assert "uuid" not in status
    assert amounts((await scheduler.offers(2))[1])["cpus"] == 4
    assert not bench.messages(m.RunTask)


async def test_a_task_may_not_take_more_than_is_offered(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer, "a", cpus=3), scheduler.task(offer, "b", cpus=3))
    assert (await scheduler.status(task_id="a"))["state"] == "TASK_RUNNING"
    refused = await scheduler.status(task_id="b")
    assert refused["message"].startswith("Total resources cpus(allocated: *):3; mem(allocated: *):128 required by task")


async def test_the_same_id_twice_is_an_error_about_the_attempt_while_the_first_runs(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer), scheduler.task(offer))
    assert (await scheduler.status("TASK_ERROR"))["message"] == "Task has duplicate ID: t"
    assert await scheduler.status("TASK_RUNNING")
    assert len((await bench.ask_operator("GET_TASKS"))["tasks"]) == 1


@pytest.mark.parametrize(("aware", "state"), [(False, "TASK_LOST"), (True, "TASK_DROPPED")])
async def test_one_invalid_offer_voids_the_call_and_gives_the_others_back(
    bench: Bench, aware: bool, state: str
) -> None:
    await bench.start()
    names = ("MULTI_ROLE", "PARTITION_AWARE") if aware else ("MULTI_ROLE",)
    scheduler = await bench.subscribe(capabilities=capabilities(*names))
    offer = (await scheduler.offers())[0]
    reserve = {"type": "RESERVE", "id": {"value": "op"}, "reserve": {"resources": []}}
    await scheduler.accept([offer, {"id": {"value": "gone"}}], launch(scheduler.task(offer)), reserve)
    status = await scheduler.status()
    assert (status["state"], status["reason"]) == (state, "REASON_INVALID_OFFERS")
    assert status["message"] == "Task launched with invalid offers: Offer gone is no longer valid"
    operation = (await scheduler.wait("UPDATE_OPERATION_STATUS"))["update_operation_status"]["status"]
    assert operation["state"] == "OPERATION_ERROR"
    assert await scheduler.offers(2), "offered again at once, unfiltered"


async def test_a_group_is_launched_whole_or_not_at_all(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    executor = {
        "type": "DEFAULT",
        "executor_id": {"value": "e"},
        "framework_id": scheduler.id,
        "resources": [scalar("cpus", 0.1, "*"), scalar("mem", 32, "*"), scalar("disk", 10, "*")],
    }

    def group(*tasks: Json) -> Json:
        body = {"executor": executor, "task_group": {"tasks": list(tasks)}}
        return {"type": "LAUNCH_GROUP", "launch_group": body}

    bad = {**scheduler.task(offer, "bad"), "resources": []}
    await scheduler.accept([offer], group(scheduler.task(offer, "good"), bad), refuse_seconds=0)
    for name in ("good", "bad"):
        status = await scheduler.status(task_id=name)
        assert (status["state"], status["reason"]) == ("TASK_ERROR", "REASON_TASK_GROUP_INVALID")
        assert status["message"] == "Task 'bad' is invalid: Task uses no resources"
    offer = (await scheduler.offers(2))[1]
    await scheduler.accept([offer], group(scheduler.task(offer, "a"), scheduler.task(offer, "b")), refuse_seconds=0)
    offer = (await scheduler.offers(3))[2]
    (launched,) = bench.messages(m.RunTaskGroup)
    assert [task.task_id.value for task in launched.tasks] == ["a", "b"]
    assert amounts(offer)["cpus"] == 4 - 2 - 0.1
    assert len((await bench.ask_operator("GET_EXECUTORS"))["executors"]) == 1


async def test_a_kill_reaches_the_agent_with_its_policy_and_of_an_unknown_task_is_reconciled(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    await scheduler.status("TASK_RUNNING")
    policy = {"grace_period": {"nanoseconds": 7}}
    await scheduler.call("KILL", {"task_id": {"value": "t"}, "agent_id": {"value": "elsewhere"}})
    await scheduler.call("KILL", {"task_id": {"value": "t"}, "kill_policy": policy})
    await scheduler.status("TASK_KILLED")
    (kill,) = bench.messages(m.KillTask)
    assert kill.kill_policy.grace_period.nanoseconds == 7
    await scheduler.call("KILL", {"task_id": {"value": "ghost"}})
    status = await scheduler.status("TASK_LOST")
    assert status["message"] == "Reconciliation: Task is unknown"


@pytest.mark.parametrize("aware", [False, True])
async def test_explicit_reconciliation_tells_what_is_known(bench: Bench, aware: bool) -> None:
    await bench.start()
    names = ("MULTI_ROLE", "PARTITION_AWARE") if aware else ("MULTI_ROLE",)
    scheduler = await bench.subscribe(capabilities=capabilities(*names))
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    await scheduler.status("TASK_RUNNING")
    after = len(scheduler.events)
    agent = {"agent_id": offer["agent_id"]}
    asked = [
        {"task_id": {"value": "t"}},
        {"task_id": {"value": "gone"}, **agent},
        {"task_id": {"value": "ghost"}},
        {"task_id": {"value": "far"}, "agent_id": {"value": "elsewhere"}},
    ]
    await scheduler.call("RECONCILE", {"tasks": asked})
    found = {name: await scheduler.status(None, after, name) for name in ("t", "gone", "ghost", "far")}
    expected = ["TASK_RUNNING", "TASK_GONE", "TASK_UNKNOWN", "TASK_UNKNOWN"]
    if not aware:
        expected[1:] = ["TASK_LOST"] * 3
    assert [status["state"] for status in found.values()] == expected
    assert [status["message"].removeprefix("Reconciliation: ") for status in found.values()] == [
        "Latest task state",
        "Task is unknown to the agent",
        "Task is unknown",
        "Task is unknown",
    ]
    assert all(status["reason"] == "REASON_RECONCILIATION" and "uuid" not in status for status in found.values())


async def test_implicit_reconciliation_tells_every_task(bench: Bench) -> None:
    await bench.start()
    bench.runs_tasks = False
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer, "a"), scheduler.task(offer, "b"))
    await scheduler.call("RECONCILE", {"tasks": []})
    assert (await scheduler.status(task_id="a"))["state"] == "TASK_STAGING"
    assert (await scheduler.status(task_id="b"))["state"] == "TASK_STAGING"


async def test_messages_reach_executors_and_frameworks(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    agent_id = {"value": bench.agent_id()}
    body = {"agent_id": agent_id, "executor_id": {"value": "e"}, "data": "aGk="}
    assert await scheduler.call("MESSAGE", body) == (202, "")
    assert [message.data for message in bench.messages(m.FrameworkMessage)] == [b"hi"]
    bench.master.ref.tell(m.ExecutorMessage(scheduler.id["value"], bench.agent_id(), "e", b"ho"))
    assert (await scheduler.wait("MESSAGE"))["message"]["data"] == "aG8="


async def test_what_tasks_and_executors_hold_is_shown_until_they_end(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe(checkpoint=True)
    offer = (await scheduler.offers())[0]
    executor = {
        "executor_id": {"value": "e"},
        "command": {"value": "run"},
        "resources": [scalar("cpus", 0.5, "*"), scalar("mem", 32, "*")],
    }
    with_executor = {**scheduler.task(offer, "c"), "executor": executor}
    del with_executor["command"]
    await scheduler.launch(offer, scheduler.task(offer, "a"), scheduler.task(offer, "b"), with_executor)
    assert await held(bench) == (3.5, 416)
    await scheduler.call("KILL", {"task_id": {"value": "a"}})
    await scheduler.status("TASK_KILLED")
    assert await held(bench) == (2.5, 288), "its end is not acknowledged, and yet it holds nothing"
    bench.master.ref.tell(m.ExecutorExited(scheduler.id["value"], bench.agent_id(), "e", 0))
    assert await held(bench) == (2.0, 256)
    await scheduler.call("TEARDOWN")
    assert await held(bench) == (0, 0)


async def held(bench: Bench) -> tuple[float, float]:
    """The cpus and mem used on the agent; those of its frameworks must be the same."""
    agents = await bench.get("/master/slaves")
    frameworks = (await bench.get("/master/frameworks"))["frameworks"]
    used = agents["slaves"][0]["used_resources"]
    for name in ("cpus", "mem"):
        assert sum(framework["used_resources"][name] for framework in frameworks) == used[name]
    return used["cpus"], used["mem"]


@pytest.mark.parametrize("valid", [True, False])
async def test_a_launch_of_many_tasks_lets_others_have_the_loop(bench: Bench, valid: bool) -> None:
    bench.runs_tasks = False
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    tasks = [scheduler.task(offer, f"t{number}", cpus=0.001, mem=1) for number in range(1000)]
    call = asyncio.create_task(scheduler.accept([offer] if valid else [offer, offer], launch(*tasks)))
    seen = [0]
    while seen[-1] < 1000:
        await bench.sleep(0)
        done = len(bench.messages(m.RunTask)) if valid else scheduler.types().count("UPDATE")
        if done != seen[-1]:
            seen.append(done)
    await call
    assert len(seen) > 10, seen


async def test_a_task_is_counted_by_its_end_though_an_earlier_status_waits_to_be_told(
    bench: Bench,
) -> None:
    bench.runs_tasks = False
    await bench.start()
    scheduler = await bench.subscribe(name="short")
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    status = mesos_pb2.TaskStatus(task_id={"value": "t"}, agent_id={"value": bench.agent_id()}, state="TASK_STARTING")
    status.uuid = bench.new_uuid()
    bench.master.ref.tell(m.UpdateStatus(scheduler.id["value"], status, mesos_pb2.TASK_FINISHED))
    await scheduler.status("TASK_STARTING")
    found = await bench.get("/metrics/snapshot")
    assert found["master/tasks_finished"] == 1
    assert found[f"master/frameworks/short/{scheduler.id['value']}/tasks/terminal/task_finished"] == 1
    assert found[f"master/frameworks/short/{scheduler.id['value']}/calls/accept"] == 1
