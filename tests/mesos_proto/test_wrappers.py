from __future__ import annotations

import math
import pickle
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.message import EncodeError

from mesos_proto import (
    AgentID,
    CheckTimes,
    CommandInfo,
    CommandURI,
    ContainerID,
    ContainerInfo,
    ExecutorInfo,
    Filters,
    FrameworkInfo,
    HealthCheck,
    InverseOffer,
    Offer,
    PortMapping,
    Ranges,
    Resources,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
    Volume,
    json_codec,
    mesos_pb2,
    parse_attributes,
)

OFFER = mesos_pb2.Offer(
    id={"value": "O1"},
    framework_id={"value": "F1"},
    agent_id={"value": "A1"},
    hostname="node-1",
    url={"scheme": "http", "address": {"hostname": "node-1", "ip": "10.0.0.1", "port": 5051}, "path": "/slave(1)"},
    domain={"fault_domain": {"region": {"name": "eu"}, "zone": {"name": "eu-1"}}},
    resources=Resources.parse("cpus:4;ports:[31000-31001]").to_protos(),
    attributes=parse_attributes("rack:a;level:10;zones:[1-3]"),
    executor_ids=[{"value": "E1"}],
    allocation_info={"role": "web"},
    unavailability={"start": {"nanoseconds": 1_000_000_000}, "duration": {"nanoseconds": 60_000_000_000}},
)


def test_a_task_is_the_message_that_says_all_of_it() -> None:
    task = TaskInfo(
        name="n",
        task_id="t",
        agent_id="a",
        resources="cpus:0.5;mem:64;ports:[31000-31001]",
        command=CommandInfo("sleep 1", environment={"A": "b"}),
        container=ContainerInfo.mesos("alpine"),
        health_check=HealthCheck.tcp(80),
        labels={"k": "v"},
        discovery=mesos_pb2.DiscoveryInfo(visibility=mesos_pb2.DiscoveryInfo.CLUSTER, name="d"),
        kill_policy=timedelta(0),
        max_completion_time=timedelta(0),
        limits={"cpus": 2.0, "mem": math.inf},
        data=b"",
    )
    assert task.proto == mesos_pb2.TaskInfo(
        name="n",
        task_id={"value": "t"},
        agent_id={"value": "a"},
        resources=Resources.parse("cpus:0.5;mem:64;ports:[31000-31001]").to_protos(),
        command=CommandInfo("sleep 1", environment={"A": "b"}).proto,
        container=ContainerInfo.mesos("alpine").proto,
        health_check=HealthCheck.tcp(80).proto,
        labels={"labels": [{"key": "k", "value": "v"}]},
        discovery={"visibility": mesos_pb2.DiscoveryInfo.CLUSTER, "name": "d"},
        kill_policy={"grace_period": {"nanoseconds": 0}},
        max_completion_time={"nanoseconds": 0},
        limits={"cpus": {"value": 2.0}, "mem": {"value": math.inf}},
        data=b"",
    )
    assert (task.task_id, task.agent_id) == (TaskID("t"), AgentID("a"))
    assert type(task.task_id) is TaskID
    assert type(task.agent_id) is AgentID


@pytest.mark.parametrize("wrong", [{"name": 5}, {"task_id": None}, {"agent_id": b"a"}, {"data": "text"}])
def test_a_task_of_wrong_types_is_refused(wrong: dict[str, object]) -> None:
    whole = {"name": "n", "task_id": "t", "agent_id": "a", "resources": "cpus:1", "command": CommandInfo("x")}
    with pytest.raises(TypeError):
        TaskInfo(**(whole | wrong))  # type: ignore[arg-type]


def test_a_framework_reads_like_the_talk() -> None:
    info = FrameworkInfo(name="autoscale", user="user", failover_timeout=timedelta(minutes=5), checkpoint=True)
    assert info.proto == mesos_pb2.FrameworkInfo(name="autoscale", user="user", failover_timeout=300, checkpoint=True)
    assert (info.id, info.roles, info.failover_timeout) == (None, ("*",), timedelta(minutes=5))
    assert not info.proto.capabilities


def test_roles_bring_the_capability_that_mesos_demands_for_them() -> None:
    info = FrameworkInfo(name="n", user="u", roles=["a", "b"], capabilities=["PARTITION_AWARE"])
    assert info.roles == ("a", "b")
    assert info.capabilities == {"PARTITION_AWARE", "MULTI_ROLE"}
    with pytest.raises(ValueError, match="FLYING"):
        FrameworkInfo(name="n", user="u", capabilities=["FLYING"])


def test_a_failover_timeout_beyond_all_time_is_still_one() -> None:
    info = FrameworkInfo.from_proto(mesos_pb2.FrameworkInfo(name="n", user="u", failover_timeout=math.inf))
    assert info.failover_timeout > timedelta(days=365 * 1000)


def test_an_offer_says_what_and_where() -> None:
    offer = Offer(OFFER)
    assert (offer.id, offer.agent_id, offer.framework_id, offer.hostname) == ("O1", "A1", "F1", "node-1")
    assert offer.url == "http://10.0.0.1:5051/slave(1)"
    assert offer.domain == ("eu", "eu-1")
    assert offer.resources == Resources.parse("cpus:4;ports:[31000-31001]")
    assert offer.resources is offer.resources
    assert offer.attributes == {"rack": "a", "level": 10.0, "zones": Ranges([(1, 3)])}
    assert offer.executor_ids == ("E1",)
    assert offer.allocation_role == "web"
    assert offer.unavailability == (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), timedelta(minutes=1))


def test_a_bare_offer_says_that_it_does_not_know() -> None:
    bare = Offer(mesos_pb2.Offer(id={"value": "O"}, framework_id={"value": "F"}, agent_id={"value": "A"}, hostname="h"))
    assert (bare.url, bare.domain, bare.unavailability, bare.attributes) == (None, None, None, {})
    assert bare.allocation_role == "*"
    assert not bare.resources


def test_an_inverse_offer_asks_resources_back() -> None:
    inverse = InverseOffer(
        mesos_pb2.InverseOffer(
            id={"value": "I"}, framework_id={"value": "F"}, unavailability={"start": {"nanoseconds": 0}}
        )
    )
    assert (inverse.id, inverse.agent_id) == ("I", None)
    assert inverse.unavailability == (datetime(1970, 1, 1, tzinfo=UTC), None)


def test_wrappers_are_equal_by_content_and_work_as_keys_and_patterns() -> None:
    one, other = Offer(OFFER), Offer.from_proto(pickle.loads(pickle.dumps(OFFER)))
    assert one == other
    assert {one: 1}[other] == 1
    assert one != InverseOffer(mesos_pb2.InverseOffer())
    assert pickle.loads(pickle.dumps(one)) == one
    match TaskStatus.of(task_id="t", state=TaskState.TASK_RUNNING):
        case TaskStatus(task, TaskState.TASK_RUNNING):
            assert task == "t"
        case _:
            pytest.fail("does not match")


def test_wrappers_do_not_change() -> None:
    offer = Offer(OFFER)
    with pytest.raises(AttributeError, match="Offer is immutable: cannot set 'hostname'"):
        offer.hostname = "other"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="immutable"):
        del offer.proto


def test_a_task_carries_all_that_was_said() -> None:
    task = TaskInfo(
        name="web",
        task_id=TaskID("web.1"),
        agent_id=AgentID("A1"),
        resources="cpus:0.1;mem:64",
        command=CommandInfo("run $PORT0", environment={"A": "b"}, uris=["http://x/y.tgz"], user="nobody"),
        container=ContainerInfo.mesos("busybox", volumes=[Volume("data", "/srv", read_only=True)]),
        health_check=HealthCheck.http(8080, "/ping", times=CheckTimes(delay=timedelta(seconds=1))),
        labels={"team": "blue"},
        kill_policy=timedelta(seconds=7),
        max_completion_time=timedelta(hours=1),
        limits={"mem": math.inf},
        data=b"x",
    )
    assert TaskInfo.from_proto(task.proto) == task
    assert (task.name, task.task_id, task.agent_id, task.data) == ("web", "web.1", "A1", b"x")
    assert task.resources == Resources.parse("cpus:0.1;mem:64")
    assert task.command is not None
    assert (task.command.value, task.command.shell, task.command.user) == ("run $PORT0", True, "nobody")
    assert task.command.environment == {"A": "b"}
    assert task.command.uris == (CommandURI("http://x/y.tgz"),)
    assert task.container is not None
    assert (task.container.type, task.container.image) == ("MESOS", "busybox")
    assert task.container.volumes[0].read_only
    assert task.health_check is not None
    assert (task.health_check.type, task.health_check.port) == ("HTTP", 8080)
    assert task.health_check.times == CheckTimes(delay=timedelta(seconds=1))
    assert (task.kill_policy, task.max_completion_time) == (timedelta(seconds=7), timedelta(hours=1))
    assert (task.labels, task.limits) == ({"team": "blue"}, {"mem": math.inf})
    assert task.executor is None
    assert task.proto.IsInitialized()


def test_a_plain_task_is_the_same_whether_its_message_was_read_or_not() -> None:
    def plain() -> TaskInfo:
        return TaskInfo(name="t", task_id="t1", agent_id="a", resources="cpus:1", command=CommandInfo("true"))

    task, other = plain(), plain()
    written = task.to_wire()
    assert task.proto == mesos_pb2.TaskInfo.FromString(written)
    assert mesos_pb2.TaskInfo.FromString(task.to_wire()) == task.proto
    assert (task, hash(task), pickle.loads(pickle.dumps(other))) == (other, hash(other), other)
    incomplete = CommandInfo.from_proto(mesos_pb2.CommandInfo(uris=[mesos_pb2.CommandInfo.URI()]))
    with pytest.raises(EncodeError, match="uris"):
        TaskInfo(name="t", task_id="t1", agent_id="a", resources="cpus:1", command=incomplete)


def test_a_task_needs_a_command_or_an_executor() -> None:
    executor = ExecutorInfo(executor_id="e", command=CommandInfo("./run"), resources="cpus:0.1")
    for either in ({}, {"command": CommandInfo("true"), "executor": executor}):
        with pytest.raises(ValueError, match="task 't' needs either a command or an executor"):
            TaskInfo(name="t", task_id="t", agent_id="a", resources="cpus:1", **either)  # type: ignore[arg-type]
    task = TaskInfo(name="t", task_id="t", agent_id="a", resources="cpus:1", executor=executor)
    assert task.executor == executor


def test_an_executor_without_a_command_is_the_default_one() -> None:
    default = ExecutorInfo(executor_id="e", framework_id="f", shutdown_grace_period=timedelta(seconds=2))
    assert default.proto.type == mesos_pb2.ExecutorInfo.DEFAULT
    assert (default.framework_id, default.shutdown_grace_period) == ("f", timedelta(seconds=2))
    assert ExecutorInfo(executor_id="e", command=CommandInfo("x")).proto.type == mesos_pb2.ExecutorInfo.CUSTOM


def test_a_command_with_arguments_has_no_shell() -> None:
    assert not CommandInfo("/bin/sleep", arguments=["sleep", "1"]).shell
    assert not CommandInfo().shell
    assert CommandInfo("sleep 1").shell
    with pytest.raises(ValueError, match="a shell ignores arguments"):
        CommandInfo("sleep", arguments=["1"], shell=True)


def test_a_docker_container_has_its_ports() -> None:
    container = ContainerInfo.docker("nginx", network="BRIDGE", port_mappings=[PortMapping(31000, 80)])
    assert (container.type, container.image) == ("DOCKER", "nginx")
    assert container.port_mappings == (PortMapping(31000, 80, "tcp"),)


@pytest.mark.parametrize(("given", "seconds"), [(None, 5.0), (0, 0.0), (timedelta(hours=1), 3600.0)])
def test_a_refusal_holds_as_long_as_said(given: float | timedelta | None, seconds: float) -> None:
    assert Filters(given).refuse_seconds == seconds


def test_a_status_tells_unset_from_empty() -> None:
    status = TaskStatus(mesos_pb2.TaskStatus(task_id={"value": "t"}, state="TASK_LOST"))
    assert (status.uuid, status.reason, status.reason_name, status.agent_id, status.healthy) == (None,) * 5
    full = TaskStatus.of(
        task_id="t",
        state=TaskState.TASK_FAILED,
        reason=mesos_pb2.TaskStatus.REASON_COMMAND_EXECUTOR_FAILED,
        uuid=b"\0" * 16,
        healthy=False,
        timestamp=1.5,
    )
    assert full.reason == mesos_pb2.TaskStatus.REASON_COMMAND_EXECUTOR_FAILED
    assert (full.reason_name, full.healthy, full.timestamp) == ("REASON_COMMAND_EXECUTOR_FAILED", False, 1.5)
    assert full.uuid == b"\0" * 16


def test_states_are_those_of_the_protocol() -> None:
    assert {state.name: state.value for state in TaskState} == dict(mesos_pb2.TaskState.items())
    alive = {state for state in TaskState if not state.is_terminal}
    assert {state.name for state in alive} == {
        "TASK_STAGING",
        "TASK_STARTING",
        "TASK_RUNNING",
        "TASK_KILLING",
        "TASK_UNREACHABLE",
        "TASK_UNKNOWN",
    }


def test_a_container_knows_in_which_it_is_nested() -> None:
    nested = ContainerID.from_proto(mesos_pb2.ContainerID(value="b", parent={"value": "a"}))
    assert (nested, nested.parent, nested.parent and nested.parent.parent) == ("b", "a", None)


@pytest.mark.parametrize("text", ["rack", ":a", "rack:"])
def test_attributes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"attribute|non-empty"):
        parse_attributes(text)


def test_an_offer_s_address_that_is_no_text_is_replaced_too() -> None:
    proto = mesos_pb2.Offer(id={"value": "O"}, framework_id={"value": "F"}, agent_id={"value": "A"}, hostname="h")
    proto.url.CopyFrom(mesos_pb2.URL(scheme="http", address={"hostname": "name", "port": 5051}, path="name"))
    offer = Offer.from_proto(type(proto).FromString(proto.SerializeToString().replace(b"name", b"\xff\xfe!!")))
    assert offer.url == "http://\ufffd\ufffd!!:5051/\ufffd\ufffd!!"


def test_a_message_that_is_no_text_is_replaced_not_handed_on() -> None:
    proto = mesos_pb2.TaskStatus(task_id={"value": "t"}, state="TASK_FAILED", message="said: name")
    status = TaskStatus.from_proto(type(proto).FromString(proto.SerializeToString().replace(b"name", b"\xff\xfe!!")))
    assert status.message == "said: \ufffd\ufffd!!"
    assert b"said: \xef\xbf\xbd\xef\xbf\xbd!!" in json_codec.dumps(status.proto)
