"""Each event of the stream: its name and its fields, to the letter (``Formats.scala``)."""

from dataclasses import replace
from typing import Any

import pytest

from actors.marathon.api.event_json import (
    ApiPosted,
    EventStreamAttached,
    EventStreamDetached,
    PodCreated,
    PodDeleted,
    PodUpdated,
    event_fields,
    event_type,
)
from actors.marathon.messages import (
    Action,
    ActionKind,
    AppTerminated,
    Condition,
    DeploymentFailed,
    DeploymentInfo,
    DeploymentNodeChanged,
    DeploymentStatus,
    DeploymentStepFailure,
    DeploymentStepSuccess,
    DeploymentSuccess,
    DomainEvent,
    FailedHealthCheck,
    FrameworkMessageReceived,
    GroupChangeFailed,
    GroupChangeSuccess,
    HealthCheckAdded,
    HealthCheckRemoved,
    HealthStatusChanged,
    Instance,
    InstanceChanged,
    InstanceHealthChanged,
    SchedulerDisconnected,
    SchedulerEnded,
    SchedulerRegistered,
    SchedulerReregistered,
    TaskStatusChanged,
    UnhealthyInstanceKilled,
    UnknownInstanceTerminated,
)
from actors.marathon.model import HealthCheck

INSTANCE = Instance(
    id="x.instance-1",
    app_id="/x",
    app_version="v1",
    condition=Condition.RUNNING,
    task_id="x.instance-1._app.1",
    agent_id="S0",
    host="h",
    ports=(31000,),
    ip_addresses=("10.0.0.1", "fd00::1"),
)
WAITING = replace(INSTANCE, condition=Condition.SCHEDULED, task_id=None, agent_id=None, host=None)
CHECK = HealthCheck.model_validate({})
STEP = (Action(ActionKind.SCALE, "/x"),)
STEP_JSON = {"actions": [{"action": "ScaleApplication", "app": "/x"}]}
PLAN = DeploymentStatus("d1", "v1", (STEP,), 1, STEP, ("/x",))
PLAN_JSON = {"id": "d1", "steps": [STEP_JSON], "version": "v1"}

EVENTS: list[tuple[DomainEvent, str, dict[str, Any]]] = [
    (
        ApiPosted("10.0.0.9", "/v2/apps", {"id": "/x"}),
        "api_post_event",
        {"clientIp": "10.0.0.9", "uri": "/v2/apps", "appDefinition": {"id": "/x"}},
    ),
    (
        TaskStatusChanged(INSTANCE, "TASK_RUNNING", "started", INSTANCE.task_id),
        "status_update_event",
        {
            "slaveId": "S0",
            "taskId": "x.instance-1._app.1",
            "taskStatus": "TASK_RUNNING",
            "message": "started",
            "appId": "/x",
            "host": "h",
            "ipAddresses": [
                {"ipAddress": "10.0.0.1", "protocol": "IPv4"},
                {"ipAddress": "fd00::1", "protocol": "IPv6"},
            ],
            "ports": [31000],
            "version": "v1",
        },
    ),
    (
        InstanceChanged(WAITING),
        "instance_changed_event",
        {
            "instanceId": "x.instance-1",
            "condition": "Scheduled",
            "runSpecId": "/x",
            "agentId": None,
            "host": None,
            "runSpecVersion": "v1",
        },
    ),
    (
        InstanceHealthChanged(INSTANCE, None),
        "instance_health_changed_event",
        {"instanceId": "x.instance-1", "runSpecId": "/x", "healthy": None, "runSpecVersion": "v1"},
    ),
    (
        UnknownInstanceTerminated("y.instance-2", "/y", Condition.KILLED),
        "unknown_instance_terminated_event",
        {"instanceId": "y.instance-2", "runSpecId": "/y", "condition": "Killed"},
    ),
    (
        FrameworkMessageReceived("marathon-x", "S1", b"hi\xff\x80"),
        "framework_message_event",
        {"executorId": "marathon-x", "slaveId": "S1", "message": [104, 105, -1, -128]},
    ),
    (
        HealthCheckAdded("/x", "v1", CHECK),
        "add_health_check_event",
        {"appId": "/x", "version": "v1", "healthCheck": CHECK.to_wire()},
    ),
    (HealthCheckRemoved("/x"), "remove_health_check_event", {"appId": "/x"}),
    (
        FailedHealthCheck("/x", "x.instance-1", CHECK),
        "failed_health_check_event",
        {
            "appId": "/x",
            "taskId": "x.instance-1",
            "instanceId": "x.instance-1",
            "healthCheck": CHECK.to_wire(),
        },
    ),
    (
        HealthStatusChanged("/x", "x.instance-1", "v1", True),
        "health_status_changed_event",
        {"appId": "/x", "instanceId": "x.instance-1", "version": "v1", "alive": True},
    ),
    (
        UnhealthyInstanceKilled(INSTANCE, "status 500"),
        "unhealthy_instance_kill_event",
        {
            "appId": "/x",
            "taskId": "x.instance-1._app.1",
            "instanceId": "x.instance-1",
            "version": "v1",
            "reason": "status 500",
            "host": "h",
            "slaveId": "S0",
        },
    ),
    (GroupChangeSuccess("/", "v2"), "group_change_success", {"groupId": "/", "version": "v2"}),
    (
        GroupChangeFailed("/", "v2", "locked"),
        "group_change_failed",
        {"groupId": "/", "version": "v2", "reason": "locked"},
    ),
    (
        DeploymentNodeChanged("d1", "/db", "ready", ("/web",)),
        "deployment_node_changed",
        {"id": "d1", "node": "/db", "state": "ready", "notifies": ["/web"]},
    ),
    (DeploymentInfo(PLAN, STEP), "deployment_info", {"plan": PLAN_JSON, "currentStep": STEP_JSON}),
    (DeploymentStepSuccess(PLAN, STEP), "deployment_step_success", {"plan": PLAN_JSON, "currentStep": STEP_JSON}),
    (DeploymentStepFailure(PLAN, STEP), "deployment_step_failure", {"plan": PLAN_JSON, "currentStep": STEP_JSON}),
    (DeploymentSuccess("d1", PLAN), "deployment_success", {"id": "d1", "plan": PLAN_JSON, "graph": []}),
    (DeploymentFailed("d1", PLAN, "undone"), "deployment_failed", {"id": "d1", "plan": PLAN_JSON, "reason": "undone"}),
    (AppTerminated("/x"), "app_terminated_event", {"appId": "/x"}),
    *(
        (made("10.0.0.9", "/v2/pods"), f"pod_{kind}_event", {"clientIp": "10.0.0.9", "uri": "/v2/pods"})
        for made, kind in ((PodCreated, "created"), (PodUpdated, "updated"), (PodDeleted, "deleted"))
    ),
    (EventStreamAttached("10.0.0.9"), "event_stream_attached", {"remoteAddress": "10.0.0.9"}),
    (EventStreamDetached("10.0.0.9"), "event_stream_detached", {"remoteAddress": "10.0.0.9"}),
    (
        SchedulerRegistered("f1", "http://m:5050"),
        "scheduler_registered_event",
        {"frameworkId": "f1", "master": "http://m:5050"},
    ),
    (SchedulerReregistered("f1", "http://m:5050"), "scheduler_reregistered_event", {"master": "http://m:5050"}),
    (SchedulerDisconnected("lost"), "scheduler_disconnected_event", {}),
]


@pytest.mark.parametrize(("event", "name", "fields"), EVENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_an_event_has_marathons_name_and_fields(event: DomainEvent, name: str, fields: dict[str, Any]) -> None:
    assert event_type(event) == name
    assert event_fields(event) == fields


def test_every_event_but_our_own_has_a_name() -> None:
    kinds = {kind.__name__ for kind in DomainEvent.__subclasses__() if kind.__module__.startswith("actors.")}
    assert kinds - {type(event).__name__ for event, _, _ in EVENTS} == {SchedulerEnded.__name__}
