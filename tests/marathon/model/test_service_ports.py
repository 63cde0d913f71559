"""Service ports: unique in the cluster, kept across updates."""

import pytest

from actors.marathon.model import RootGroup, ValidationFailed, assign_service_ports, parse_app


def app(app_id: str, *ports: int) -> object:
    return parse_app({"id": app_id, "cmd": "sleep 1", "ports": list(ports)})


def ports_of(root: RootGroup) -> dict[str, tuple[int, ...]]:
    return {found.id: found.service_ports for found in root.all_apps()}


def test_each_zero_becomes_a_number_nobody_else_has() -> None:
    root = RootGroup().with_apps(app("/a", 0, 0), app("/b", 10001), app("/c", 0))
    assert ports_of(assign_service_ports(RootGroup(), root)) == {"/a": (10000, 10002), "/b": (10001,), "/c": (10003,)}


def test_an_app_keeps_its_numbers_when_it_changes() -> None:
    before = assign_service_ports(RootGroup(), RootGroup().with_apps(app("/a", 0), app("/b", 0, 0)))
    after = assign_service_ports(before, before.with_apps(app("/new", 0), app("/b", 0, 0, 0)))
    assert ports_of(after)["/b"][:2] == ports_of(before)["/b"]
    numbers = [port for ports in ports_of(after).values() for port in ports]
    assert len(numbers) == len(set(numbers))


def test_when_no_number_is_left_the_change_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="no service port is free in 10000-10001"):
        assign_service_ports(RootGroup(), RootGroup().with_app(app("/a", 0, 0, 0)), last=10001)


def test_mappings_of_containers_get_service_ports_too() -> None:
    bridged = parse_app(
        {
            "id": "/a",
            "container": {"docker": {"image": "i"}, "portMappings": [{}]},
            "networks": [{"mode": "container/bridge"}],
        }
    )
    assert ports_of(assign_service_ports(RootGroup(), RootGroup().with_app(bridged))) == {"/a": (10000,)}
