"""What an app's ``container`` and ``networks`` become in the ContainerInfo that Mesos gets."""

from __future__ import annotations

from typing import Any

import pytest

from mesos_proto import mesos_pb2

from .test_task_info import task_of

DOCKER = mesos_pb2.ContainerInfo.DockerInfo
BRIDGE = [{"mode": "container/bridge"}]
NAMED = [{"mode": "container", "name": "blue", "labels": {"tier": "back"}}]


def docker(mappings: list[dict[str, Any]] | None = None, volumes: Any = (), **fields: Any) -> dict[str, Any]:
    made = {"type": "DOCKER", "docker": {"image": "nginx", **fields}, "volumes": list(volumes)}
    return made if mappings is None else {**made, "portMappings": mappings}


def mapped(ports: Any) -> list[tuple[int, int, str]]:
    return [(one.container_port, one.host_port, one.protocol) for one in ports]


def test_a_docker_container_is_run_as_the_app_says() -> None:
    parameters = [{"key": "label", "value": "a=b"}, {"key": "label", "value": "c=d"}]
    task, _ = task_of(container=docker(forcePullImage=True, privileged=True, parameters=parameters))
    made = task.container
    assert (made.type, made.docker.image) == (mesos_pb2.ContainerInfo.DOCKER, "nginx")
    assert (made.docker.force_pull_image, made.docker.privileged) == (True, True)
    assert [(one.key, one.value) for one in made.docker.parameters] == [("label", "a=b"), ("label", "c=d")]
    assert (made.docker.network, mapped(made.docker.port_mappings)) == (DOCKER.HOST, [])
    assert {one.name: one.value for one in task.command.environment.variables}["MARATHON_APP_DOCKER_IMAGE"] == "nginx"


def test_an_image_with_its_own_command_is_not_given_another() -> None:
    task, _ = task_of(container=docker(), cmd=None)
    assert (task.command.shell, task.command.HasField("value"), list(task.command.arguments)) == (False, False, [])
    with_arguments, _ = task_of(container=docker(), cmd=None, args=["-g", "daemon off;"])
    assert not with_arguments.command.HasField("value")
    assert list(with_arguments.command.arguments) == ["-g", "daemon off;"]


def test_a_bridge_maps_each_port_and_protocol_to_the_host_port_that_was_found() -> None:
    mappings = [{"containerPort": 80, "hostPort": 0}, {"containerPort": 53, "hostPort": 31005, "protocol": "udp,tcp"}]
    task, placement = task_of(networks=BRIDGE, container=docker(mappings))
    first, second = placement.host_ports
    assert first is not None
    assert second == 31005
    assert task.container.docker.network == DOCKER.BRIDGE
    assert mapped(task.container.docker.port_mappings) == [
        (80, first, "tcp"),
        (53, 31005, "udp"),
        (53, 31005, "tcp"),
    ]
    assert not task.container.network_infos


def test_a_container_port_of_0_is_the_host_port() -> None:
    task, placement = task_of(networks=BRIDGE, container=docker([{"containerPort": 0, "hostPort": 0}]))
    (port,) = placement.host_ports
    assert mapped(task.container.docker.port_mappings) == [(port, port, "tcp")]


def test_on_a_named_network_only_what_asks_for_a_host_port_takes_one() -> None:
    task, placement = task_of(
        networks=NAMED, container=docker([{"containerPort": 80}, {"containerPort": 81, "hostPort": 0}])
    )
    assert placement.host_ports[0] is None
    assert task.container.docker.network == DOCKER.USER
    assert [one.name for one in task.container.network_infos] == ["blue"]
    assert mapped(task.container.docker.port_mappings) == [(81, placement.host_ports[1], "tcp")]
    variables = {one.name: one.value for one in task.command.environment.variables}
    assert (variables["PORT0"], variables["PORT1"]) == ("80", str(placement.host_ports[1]))


@pytest.mark.parametrize(("networks", "name"), [(BRIDGE, "mesos-bridge"), (NAMED, "blue")])
def test_a_mesos_container_has_its_ports_mapped_by_its_network(networks: list[dict[str, Any]], name: str) -> None:
    container = {**docker([{"containerPort": 80, "hostPort": 0}]), "type": "MESOS"}
    task, placement = task_of(networks=networks, container=container)
    made = task.container
    assert (made.type, made.mesos.image.docker.name, made.mesos.image.cached) == (
        mesos_pb2.ContainerInfo.MESOS,
        "nginx",
        True,
    )
    (network,) = made.network_infos
    assert (network.name, mapped(network.port_mappings)) == (name, [(80, placement.host_ports[0], "tcp")])
    labels = [(one.key, one.value) for one in network.labels.labels]
    assert labels == ([("tier", "back")] if name == "blue" else [])


@pytest.mark.parametrize("kind", ["DOCKER", "MESOS"])
def test_volumes_of_the_host_and_secrets_are_mounted(kind: str) -> None:
    volumes: list[dict[str, Any]] = [
        {"containerPath": "/data", "hostPath": "/srv/data", "mode": "RW"},
        {"containerPath": "/etc/app", "hostPath": "/srv/app", "mode": "RO"},
    ]
    if kind == "MESOS":
        volumes.append({"containerPath": "/run/key", "secret": "key"})
    task, _ = task_of(container={**docker(volumes=volumes), "type": kind}, secrets={"key": {"source": "vault/key"}})
    first, second, *rest = task.container.volumes
    assert (first.container_path, first.host_path, first.mode) == ("/data", "/srv/data", mesos_pb2.Volume.RW)
    assert (second.container_path, second.host_path, second.mode) == ("/etc/app", "/srv/app", mesos_pb2.Volume.RO)
    for secret in rest:
        assert (secret.container_path, secret.mode) == ("/run/key", mesos_pb2.Volume.RO)
        assert secret.source.secret.reference.name == "vault/key"
    assert len(rest) == (kind == "MESOS")
