"""What each call puts on the wire, and what is refused before it gets there."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from actors import ActorSystem
from actors.mesos import (
    ConnectionSettings,
    Create,
    Destroy,
    GrowVolume,
    InvalidCall,
    Launch,
    LaunchGroup,
    OperationToReconcile,
    Reserve,
    SchedulerDriver,
    ShrinkVolume,
    TaskToReconcile,
    Unreserve,
)
from mesos_proto import (
    AgentID,
    CommandInfo,
    ExecutorID,
    ExecutorInfo,
    Filters,
    FrameworkInfo,
    OfferID,
    OperationID,
    Resources,
    TaskID,
    TaskInfo,
    TaskStatus,
    json_codec,
    mesos_pb2,
    scheduler_pb2,
)
from tests.mesos.scripted_master import ScriptedMaster
from tests.mesos.words import registered, status

TASK = TaskInfo(name="t", task_id="t", agent_id="A1", resources="cpus:1", command=CommandInfo("true"))
OPERATION = mesos_pb2.OperationStatus(
    state=mesos_pb2.OPERATION_FINISHED,
    operation_id=mesos_pb2.OperationID(value="op"),
    uuid=mesos_pb2.UUID(value=b"0123456789abcdef"),
    agent_id=mesos_pb2.AgentID(value="A1"),
)

CALLS: list[tuple[Callable[[SchedulerDriver], Awaitable[None]], dict[str, Any]]] = [
    (
        lambda driver: driver.launch_tasks([TASK], [OfferID("O1")], Filters(refuse_seconds=9)),
        {
            "type": "ACCEPT",
            "accept": {
                "offer_ids": [{"value": "O1"}],
                "operations": [{"type": "LAUNCH", "launch": {"task_infos": [json_codec.to_dict(TASK.proto)]}}],
                "filters": {"refuse_seconds": 9.0},
            },
        },
    ),
    (
        lambda driver: driver.decline_offer(OfferID("O1")),
        {"type": "DECLINE", "decline": {"offer_ids": [{"value": "O1"}]}},
    ),
    (lambda driver: driver.revive_offers(["a"]), {"type": "REVIVE", "revive": {"roles": ["a"]}}),
    (lambda driver: driver.suppress_offers(["a"]), {"type": "SUPPRESS", "suppress": {"roles": ["a"]}}),
    (
        lambda driver: driver.kill_task(TaskID("t"), AgentID("A1"), timedelta(seconds=1.5)),
        {
            "type": "KILL",
            "kill": {
                "task_id": {"value": "t"},
                "agent_id": {"value": "A1"},
                "kill_policy": {"grace_period": {"nanoseconds": 1_500_000_000}},
            },
        },
    ),
    (
        lambda driver: driver.reconcile_tasks([TaskToReconcile(TaskID("t"))]),
        {"type": "RECONCILE", "reconcile": {"tasks": [{"task_id": {"value": "t"}}]}},
    ),
    (lambda driver: driver.reconcile_tasks(), {"type": "RECONCILE", "reconcile": {}}),
    (
        lambda driver: driver.send_framework_message(ExecutorID("e"), AgentID("A1"), b"\x00"),
        {
            "type": "MESSAGE",
            "message": {"executor_id": {"value": "e"}, "agent_id": {"value": "A1"}, "data": "AA=="},
        },
    ),
    (
        lambda driver: driver.shutdown_executor(ExecutorID("e"), AgentID("A1")),
        {"type": "SHUTDOWN", "shutdown": {"executor_id": {"value": "e"}, "agent_id": {"value": "A1"}}},
    ),
    (
        lambda driver: driver.acknowledge_operation(OPERATION),
        {
            "type": "ACKNOWLEDGE_OPERATION_STATUS",
            "acknowledge_operation_status": {
                "operation_id": {"value": "op"},
                "agent_id": {"value": "A1"},
                "uuid": "MDEyMzQ1Njc4OWFiY2RlZg==",
            },
        },
    ),
    (
        lambda driver: driver.reconcile_operations([OperationToReconcile(OperationID("op"), AgentID("A1"))]),
        {
            "type": "RECONCILE_OPERATIONS",
            "reconcile_operations": {"operations": [{"operation_id": {"value": "op"}, "agent_id": {"value": "A1"}}]},
        },
    ),
    (
        lambda driver: driver.accept_inverse_offers([OfferID("I1")]),
        {"type": "ACCEPT_INVERSE_OFFERS", "accept_inverse_offers": {"inverse_offer_ids": [{"value": "I1"}]}},
    ),
    (
        lambda driver: driver.decline_inverse_offers([OfferID("I1")]),
        {"type": "DECLINE_INVERSE_OFFERS", "decline_inverse_offers": {"inverse_offer_ids": [{"value": "I1"}]}},
    ),
    (
        lambda driver: driver.request_resources([mesos_pb2.Request(agent_id=mesos_pb2.AgentID(value="A1"))]),
        {"type": "REQUEST", "request": {"requests": [{"agent_id": {"value": "A1"}}]}},
    ),
    (
        lambda driver: driver.acknowledge(TaskStatus(status("t", "TASK_RUNNING", b"0123456789abcdef"))),
        {
            "type": "ACKNOWLEDGE",
            "acknowledge": {
                "agent_id": {"value": "A1"},
                "task_id": {"value": "t"},
                "uuid": "MDEyMzQ1Njc4OWFiY2RlZg==",
            },
        },
    ),
    (
        lambda driver: driver.update_framework(FrameworkInfo(name="n", user="u", id="F1"), ["a"]),
        {
            "type": "UPDATE_FRAMEWORK",
            "update_framework": {
                "framework_info": json_codec.to_dict(FrameworkInfo(name="n", user="u", id="F1").proto),
                "suppressed_roles": ["a"],
            },
        },
    ),
    (lambda driver: driver.teardown(), {"type": "TEARDOWN"}),
]


def without_defaults(call: Any) -> Any:
    """The fields that were set."""
    if isinstance(call, dict):
        return {name: without_defaults(value) for name, value in call.items() if value != []}
    return [without_defaults(each) for each in call] if isinstance(call, list) else call


def test_no_type_of_call_is_forgotten() -> None:
    # SUBSCRIBE is the connection's.
    assert {expected["type"] for _, expected in CALLS} | {"UNKNOWN", "SUBSCRIBE"} == set(scheduler_pb2.Call.Type.keys())


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
@pytest.mark.parametrize(("make", "expected"), CALLS, ids=[expected["type"] for _, expected in CALLS])
async def test_each_call_is_the_message_that_the_api_defines(
    system: ActorSystem,
    master: ScriptedMaster,
    make: Callable[[SchedulerDriver], Awaitable[None]],
    expected: dict[str, Any],
    encoding: str,
) -> None:
    framework, _ = await registered(system, master, settings=ConnectionSettings(encoding=encoding))
    await make(framework.driver)
    call = json_codec.to_dict(await master.call())
    assert without_defaults(call) == without_defaults({"framework_id": {"value": "F1"}, **expected})
    await framework.deactivate()


def test_operations_carry_what_they_are_given() -> None:
    disk, cpus = Resources.parse("disk:10"), Resources.parse("cpus:1")
    (one,) = disk.to_protos()
    identified = OperationID("op")
    made = [
        Launch([TASK]),
        LaunchGroup(ExecutorInfo(executor_id="e", command=CommandInfo("x")), [TASK]),
        Reserve(cpus, source=disk, operation_id=identified),
        Unreserve(cpus, identified),
        Create(disk, identified),
        Destroy(disk, identified),
        GrowVolume(one, one, identified),
        ShrinkVolume(one, 5.0, identified),
    ]
    protos = [operation.to_proto() for operation in made]
    kinds = [mesos_pb2.Offer.Operation.Type.Name(proto.type) for proto in protos]
    assert kinds == [
        "LAUNCH",
        "LAUNCH_GROUP",
        "RESERVE",
        "UNRESERVE",
        "CREATE",
        "DESTROY",
        "GROW_VOLUME",
        "SHRINK_VOLUME",
    ]
    assert [proto.id.value for proto in protos] == ["", "", *["op"] * 6]
    assert all(
        proto.IsInitialized() and proto.HasField(kind.lower()) for proto, kind in zip(protos, kinds, strict=True)
    )
    assert protos[2].reserve.source[0].name == "disk"
    assert protos[7].shrink_volume.subtract.value == 5.0


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda driver: driver.decline_offer([]), "offer_ids is empty"),
        (lambda driver: driver.accept_offers("O1", []), "is the string 'O1'"),
        (lambda driver: driver.accept_offers(["O1", "O1"], []), "names an offer twice"),
        (lambda driver: driver.kill_task(""), "task_id is missing"),
        (lambda driver: driver.send_framework_message("", "A1", b""), "executor_id is missing"),
    ],
)
async def test_what_mesos_would_pass_over_in_silence_is_refused_and_not_sent(
    system: ActorSystem, master: ScriptedMaster, make: Callable[[SchedulerDriver], Awaitable[None]], said: str
) -> None:
    framework, _ = await registered(system, master)
    with pytest.raises(InvalidCall, match=said):
        await make(framework.driver)
    await system.clock.sleep(1)
    assert not master.calls
    await framework.deactivate()


async def test_a_status_without_agent_cannot_be_acknowledged(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, _ = await registered(system, master)
    proto = status("t", "TASK_RUNNING", b"0123456789abcdef")
    proto.ClearField("agent_id")
    with pytest.raises(InvalidCall, match="agent_id is missing"):
        await framework.driver.acknowledge(TaskStatus(proto))
    await framework.deactivate()


async def test_roles_suppressed_and_the_framework_updated_are_said_again_at_the_next_subscription(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    info = FrameworkInfo(name="test", user="root", roles=["a", "b", "c"])
    framework, stream = await registered(system, master, info, suppressed_roles=["a"])
    assert list(stream.call.subscribe.suppressed_roles) == ["a"]
    await framework.driver.suppress_offers(["b"])
    await framework.driver.revive_offers(["a"])
    await stream.end()
    stream = await master.subscription("F1")
    assert list(stream.call.subscribe.suppressed_roles) == ["b"]
    await system.clock.sleep(0.1)
    await framework.driver.suppress_offers()
    await stream.end()
    stream = await master.subscription("F1")
    assert sorted(stream.call.subscribe.suppressed_roles) == ["a", "b", "c"]
    await system.clock.sleep(0.1)
    renewed = FrameworkInfo(name="test", user="root", roles=["d"], id=framework.id)
    await framework.driver.update_framework(renewed, suppressed_roles=["d"])
    await stream.end()
    stream = await master.subscription("F1")
    assert list(stream.call.subscribe.framework_info.roles) == ["d"]
    assert list(stream.call.subscribe.suppressed_roles) == ["d"]
    await framework.deactivate()
