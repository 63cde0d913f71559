"""What a status of Mesos means for its instance."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest

from actors import ActorSystem
from actors.marathon.api.task_json import mesos_state
from actors.marathon.instance_ids import InstanceIds, app_of_task, instance_of_task, task_of_instance
from actors.marathon.messages import Condition, Instance
from actors.marathon.task_states import alive, condition_of, is_stale
from mesos_proto import mesos_pb2

STATUS = mesos_pb2.TaskStatus


@pytest.mark.parametrize(
    ("state", "condition"),
    [
        ("TASK_STAGING", Condition.STAGING),
        ("TASK_STARTING", Condition.STARTING),
        ("TASK_RUNNING", Condition.RUNNING),
        ("TASK_KILLING", Condition.KILLING),
        ("TASK_FINISHED", Condition.FINISHED),
        ("TASK_FAILED", Condition.FAILED),
        ("TASK_KILLED", Condition.KILLED),
        ("TASK_ERROR", Condition.ERROR),
        ("TASK_DROPPED", Condition.DROPPED),
        ("TASK_UNREACHABLE", Condition.UNREACHABLE),
        ("TASK_GONE", Condition.GONE),
        ("TASK_GONE_BY_OPERATOR", Condition.GONE),
        ("TASK_UNKNOWN", Condition.UNKNOWN),
    ],
)
def test_each_state_is_a_condition_and_is_shown_as_it_came(state: str, condition: Condition) -> None:
    assert condition_of(STATUS(state=mesos_pb2.TaskState.Value(state))) is condition
    assert mesos_state(condition) == state.removesuffix("_BY_OPERATOR")


def test_every_state_that_mesos_knows_has_a_condition() -> None:
    for name, number in mesos_pb2.TaskState.items():
        assert condition_of(STATUS(state=number)), name


@pytest.mark.parametrize(
    ("reason", "message", "condition"),
    [
        (STATUS.REASON_RECONCILIATION, "", Condition.UNREACHABLE),
        (STATUS.REASON_AGENT_DISCONNECTED, "", Condition.UNREACHABLE),
        (STATUS.REASON_AGENT_REMOVED, "", Condition.UNREACHABLE),
        (STATUS.REASON_RECONCILIATION, "Reconciliation: Task is unknown to the agent", Condition.UNKNOWN),
        (STATUS.REASON_INVALID_OFFERS, "", Condition.GONE),
        (STATUS.REASON_AGENT_RESTARTED, "", Condition.GONE),
    ],
)
def test_a_lost_task_is_what_the_reason_says(reason: int, message: str, condition: Condition) -> None:
    assert condition_of(STATUS(state=mesos_pb2.TASK_LOST, reason=reason, message=message)) is condition


def test_only_progress_can_be_stale() -> None:
    assert is_stale(Condition.RUNNING, Condition.STAGING)
    assert not is_stale(Condition.STAGING, Condition.RUNNING)
    assert not is_stale(Condition.UNREACHABLE, Condition.RUNNING)


def test_what_counts_for_the_back_off_is_the_apps_own_end() -> None:
    failures = {condition.value for condition in Condition if condition.is_failure}
    assert failures == {"Failed", "Error", "Dropped", "Gone", "Finished"}
    terminal = {condition.value for condition in Condition if condition.is_terminal}
    assert terminal == failures | {"Killed", "Unknown"}


async def test_ids_are_spelled_as_marathon_does() -> None:
    async with ActorSystem() as system:
        ids = InstanceIds(system.clock, Random(1))
        made = [ids.make("/shop/web") for _ in range(100)]
    assert len(set(made)) == 100
    assert re.fullmatch(r"shop_web\.instance-[0-9a-f-]{36}", made[0])
    assert UUID(made[0].partition(".instance-")[2]).version == 1
    task_id = task_of_instance(made[0])
    assert task_id == f"{made[0]}._app.1"
    assert (instance_of_task(task_id), app_of_task(task_id)) == (made[0], "/shop/web")


def test_an_instance_runs_since_its_first_status_that_says_so_and_keeps_the_addresses_it_has() -> None:
    earlier, later = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    running = mesos_pb2.TaskStatus(state=mesos_pb2.TASK_RUNNING)
    running.container_status.network_infos.add().ip_addresses.add(ip_address="10.0.0.1")
    staging = Instance("a", "/a", "v", Condition.STAGING)
    started = alive(staging, Condition.RUNNING, running, earlier)
    assert started == Instance(
        "a", "/a", "v", Condition.RUNNING, since=earlier, started_at=earlier, ip_addresses=("10.0.0.1",)
    )
    assert alive(started, Condition.RUNNING, mesos_pb2.TaskStatus(), later) == started
    assert alive(started, Condition.STAGING, mesos_pb2.TaskStatus(), later) == started  # what was known is newer
