"""What an app's fields become in the TaskInfo that Mesos gets."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from actors.marathon.matching import OfferPool, Placed, build_task
from actors.marathon.matching.offer_pool import Placement
from mesos_proto import mesos_pb2

from .conftest import Service
from .definitions import app
from .test_matching import offer


def task_of(**fields: Any) -> tuple[mesos_pb2.TaskInfo, Placement]:
    pool = OfferPool(offer(), Random(0))
    definition = app("/a", **fields)
    placement = pool.match(definition, Placed(()))
    assert isinstance(placement, Placement), placement
    return build_task(definition, pool.offer, placement, "task"), placement


@pytest.mark.parametrize(
    ("check", "kind", "scheme"),
    [
        ({"protocol": "MESOS_TCP"}, mesos_pb2.HealthCheck.TCP, None),
        ({"protocol": "MESOS_HTTP", "path": "/up"}, mesos_pb2.HealthCheck.HTTP, "http"),
        ({"protocol": "MESOS_HTTPS", "path": "/up"}, mesos_pb2.HealthCheck.HTTP, "https"),
    ],
)
def test_a_check_that_mesos_runs_is_handed_on_with_its_times(
    check: dict[str, Any], kind: int, scheme: str | None
) -> None:
    times = {"gracePeriodSeconds": 1, "intervalSeconds": 2, "timeoutSeconds": 3, "delaySeconds": 4}
    task, placement = task_of(healthChecks=[{**check, **times, "maxConsecutiveFailures": 5}])
    made = task.health_check
    assert made.type == kind
    assert (made.grace_period_seconds, made.interval_seconds, made.timeout_seconds, made.delay_seconds) == (1, 2, 3, 4)
    assert made.consecutive_failures == 5
    if scheme is None:
        assert made.tcp.port == placement.host_ports[0]
    else:
        assert (made.http.port, made.http.scheme, made.http.path) == (placement.host_ports[0], scheme, "/up")


def test_a_check_that_the_service_runs_is_not_mesoss() -> None:
    task, _ = task_of(healthChecks=[{}])
    assert not task.HasField("health_check")


def test_what_is_to_be_fetched_is_named_to_the_agent() -> None:
    task, _ = task_of(
        fetch=[
            {"uri": "http://a/x.tar.gz"},
            {"uri": "http://a/run", "executable": True, "extract": False, "cache": True, "destPath": "bin/run"},
        ]
    )
    first, second = task.command.uris
    assert (first.value, first.extract, first.executable, first.cache) == ("http://a/x.tar.gz", True, False, False)
    assert (second.extract, second.executable, second.cache, second.output_file) == (False, True, True, "bin/run")


def test_a_secret_is_handed_on_by_reference() -> None:
    task, _ = task_of(env={"PASSWORD": {"secret": "db"}}, secrets={"db": {"source": "vault/db"}})
    (variable,) = [one for one in task.command.environment.variables if one.name == "PASSWORD"]
    assert variable.type == mesos_pb2.Environment.Variable.SECRET
    assert (variable.secret.type, variable.secret.reference.name) == (mesos_pb2.Secret.REFERENCE, "vault/db")
    assert not variable.value


def test_the_secret_of_a_registry_is_handed_on_by_reference() -> None:
    image = {"image": "registry.example/web", "pullConfig": {"secret": "registry"}}
    task, _ = task_of(container={"type": "MESOS", "docker": image}, secrets={"registry": {"source": "vault/registry"}})
    config = task.container.mesos.image.docker.config
    assert (config.type, config.reference.name) == (mesos_pb2.Secret.REFERENCE, "vault/registry")


@pytest.mark.parametrize("tty", [True, False])
def test_a_mesos_container_has_a_terminal_when_asked(tty: bool) -> None:
    task, _ = task_of(container={"type": "MESOS", "docker": {"image": "web"}}, tty=tty)
    assert task.container.HasField("tty_info") is tty


def test_options_of_linux_containers_are_handed_on() -> None:
    linux = {"seccomp": {"profileName": "strict.json"}, "ipcInfo": {"mode": "PRIVATE", "shmSize": 16}}
    task, _ = task_of(container={"type": "MESOS", "linuxInfo": linux})
    made = task.container.linux_info
    assert (made.seccomp.profile_name, made.seccomp.unconfined) == ("strict.json", False)
    assert (made.ipc_mode, made.shm_size) == (mesos_pb2.LinuxInfo.PRIVATE, 16)


def test_a_port_of_any_number_has_a_variable_with_the_number_it_got() -> None:
    mapping = {"containerPort": 0, "hostPort": 0}
    task, placement = task_of(
        networks=[{"mode": "container/bridge"}], container={"portMappings": [mapping], "type": "MESOS"}
    )
    (port,) = placement.host_ports
    variables = {one.name: one.value for one in task.command.environment.variables}
    assert variables[f"PORT_{port}"] == variables["PORT"] == str(port)


def test_a_prefix_goes_before_ports_and_host_only() -> None:
    definition = app("/a", portDefinitions=[{"port": 0, "name": "web"}], env={"MINE": "1"})
    pool = OfferPool(offer(), Random(0))
    placement = pool.match(definition, Placed(()))
    assert isinstance(placement, Placement)
    task = build_task(definition, pool.offer, placement, "task", "MARATHON_")
    names = {one.name for one in task.command.environment.variables}
    assert {"MARATHON_PORT0", "MARATHON_PORT_WEB", "MARATHON_HOST", "MESOS_TASK_ID", "MARATHON_APP_ID", "MINE"} <= names
    assert not {"PORT0", "HOST", "MARATHON_MESOS_TASK_ID", "MARATHON_MINE"} & names


def test_a_custom_executor_runs_the_command() -> None:
    task, _ = task_of(executor="/usr/bin/mine", cmd="serve")
    assert task.executor.command.value == "chmod ug+rx '/usr/bin/mine' && exec '/usr/bin/mine' serve"
    assert not task.HasField("command")


@pytest.mark.parametrize(("protocol", "described"), [("tcp", ["tcp"]), ("udp", ["udp"]), ("udp,tcp", ["udp", "tcp"])])
def test_ports_are_described_for_discovery(protocol: str, described: list[str]) -> None:
    ports = [{"port": 0, "name": "web", "protocol": protocol, "labels": {"vip": "a"}}]
    task, placement = task_of(portDefinitions=ports)
    found = task.discovery.ports.ports
    assert [port.protocol for port in found] == described
    assert {(port.name, port.number, port.labels.labels[0].key) for port in found} == {
        ("web", placement.host_ports[0], "vip")
    }


async def test_the_services_prefix_reaches_its_tasks() -> None:
    service = Service()
    await service.start(env_prefix="M_")
    await service.put(app("/a"))
    await service.deployed()
    (task,) = service.world.running("/a")
    names = {one.name for one in task.info.command.environment.variables}
    assert {"M_PORT0", "M_HOST"} <= names
    await service.kill()
