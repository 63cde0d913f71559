"""Which offers take an instance, what it takes of them, and the task that comes of it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.marathon.matching import Agent, NoMatch, OfferPool, Placed, Placement, build_task, unmet_constraint
from actors.marathon.matching.environment import task_environment
from actors.marathon.matching.ports import PortRanges
from actors.marathon.model import App
from mesos_proto import Resources, mesos_pb2

from .definitions import V1, app


def offer(resources: str = "cpus:4;mem:1000;disk:100;ports:[31000-31009]", **fields: Any) -> mesos_pb2.Offer:
    made = mesos_pb2.Offer(hostname=fields.pop("hostname", "host"), **fields)
    made.id.value, made.agent_id.value, made.framework_id.value = "o", "agent", "f"
    made.resources.extend(Resources.parse(resources).to_protos())
    return made


def placements(definition: App, of: mesos_pb2.Offer) -> tuple[list[Placement], NoMatch]:
    """All instances that fit, and why no more do."""
    pool, found = OfferPool(of, Random(0)), []
    placed = Placed({constraint[0] for constraint in definition.constraints})
    while isinstance(placement := pool.match(definition, placed), Placement):
        found.append(placement)
        placed.add(pool.agent)
    return found, placement


@pytest.mark.parametrize(
    ("fields", "count", "reason"),
    [
        ({"cpus": 1, "mem": 1}, 4, NoMatch.CPUS),
        ({"cpus": 0.1, "mem": 300}, 3, NoMatch.MEMORY),
        ({"cpus": 0.1, "mem": 1, "disk": 50}, 2, NoMatch.DISK),
        ({"cpus": 0.1, "mem": 1}, 10, NoMatch.PORTS),
        ({"cpus": 0.1, "mem": 1, "constraints": [["hostname", "UNIQUE"]]}, 1, NoMatch.CONSTRAINT),
    ],
)
def test_as_many_instances_as_fit(fields: dict[str, Any], count: int, reason: NoMatch) -> None:
    assert (len(placements(app("/a", **fields), offer())[0]), placements(app("/a", **fields), offer())[1]) == (
        count,
        reason,
    )


@pytest.mark.parametrize(
    ("home", "agent", "constraints", "placed"),
    [
        ("eu", "eu", [], True),
        ("eu", "us", [], False),
        ("eu", "us", [["@region", "IS", "us"]], True),
        ("eu", "us", [["@zone", "IS", "us-1"]], False),
        ("eu", None, [], True),
        (None, "us", [], True),
    ],
)
def test_instances_leave_the_masters_region_only_when_their_app_says_something_of_regions(
    home: str | None, agent: str | None, constraints: list[list[str]], placed: bool
) -> None:
    made = offer()
    if agent is not None:
        made.domain.fault_domain.region.name = agent
        made.domain.fault_domain.zone.name = f"{agent}-1"
    definition = app("/a", constraints=constraints)
    found = OfferPool(made, Random(0), home).match(definition, Placed({each[0] for each in constraints}))
    assert isinstance(found, Placement) if placed else found is NoMatch.CONSTRAINT


def test_amounts_are_exact() -> None:
    found, _ = placements(app("/a", cpus=0.1, mem=1), offer("cpus:1;mem:1000;ports:[1-100]"))
    assert len(found) == 10
    taken = sum((Resources(placement.resources) for placement in found), Resources())
    assert taken.scalar("cpus") == 1.0


def test_every_instance_has_ports_of_its_own_out_of_the_offer() -> None:
    two = [{"port": 0, "name": "a"}, {"port": 0, "name": "b"}]
    found, _ = placements(app("/a", portDefinitions=two), offer())
    ports = [port for placement in found for port in placement.host_ports]
    assert sorted(ports) == list(range(31000, 31010))


def test_required_ports_are_exactly_those() -> None:
    definition = app("/a", portDefinitions=[{"port": 31005}], requirePorts=True)
    found, reason = placements(definition, offer())
    assert [placement.host_ports for placement in found] == [(31005,)]
    assert reason is NoMatch.PORTS


def test_a_fixed_host_port_is_not_given_out_as_a_dynamic_one() -> None:
    mappings = [{"containerPort": 80, "hostPort": 31000}, {"containerPort": 81, "hostPort": 0}, {"containerPort": 82}]
    container = {"type": "MESOS", "docker": {"image": "nginx"}, "portMappings": mappings}
    definition = app("/a", container=container, networks=[{"mode": "container/bridge"}])
    found, _ = placements(definition, offer(resources="cpus:1;mem:100;ports:[31000-31002]"))
    assert [placement.host_ports[0] for placement in found] == [31000]
    assert set(found[0].host_ports[1:]) == {31001, 31002}


def test_reserved_resources_are_taken_only_by_those_who_accept_their_role() -> None:
    reserved = offer(resources="cpus(dev):4;mem:100;ports:[1-9]")
    assert placements(app("/a", cpus=1), reserved)[1] is NoMatch.CPUS
    found, _ = placements(app("/a", cpus=1, mem=10, acceptedResourceRoles=["*"]), reserved)
    assert found == []


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        (None, {"dev": 2.0, "*": 2.0}),  # all, one's own first
        (["dev", "*"], {"dev": 2.0, "*": 2.0}),
        (["dev"], {"dev": 2.0}),
        (["*"], {"*": 2.0}),
    ],
)
def test_an_app_of_a_role_takes_from_the_roles_it_accepts_its_own_first(
    accepted: list[str] | None, taken: dict[str, float]
) -> None:
    made = offer("cpus:2;cpus(dev):2;mem:100;mem(dev):100;ports:[1-9];ports(dev):[11-19]")
    made.allocation_info.role = "dev"
    fields = {} if accepted is None else {"acceptedResourceRoles": accepted}
    found, reason = placements(app("/a", role="dev", cpus=1, mem=1, **fields), made)
    assert reason is NoMatch.CPUS
    roles: dict[str, float] = {}
    for placement in found:
        for resource in placement.resources:
            if resource.name == "cpus":
                roles[resource.role] = roles.get(resource.role, 0) + resource.scalar.value
    assert roles == taken
    assert next(iter(roles)) == next(iter(taken))
    assert placements(app("/other", cpus=1, mem=1), made) == ([], NoMatch.ROLE)


def test_an_agent_that_goes_into_maintenance_takes_nothing() -> None:
    leaving = offer()
    leaving.unavailability.start.nanoseconds = 1
    assert placements(app("/a"), leaving) == ([], NoMatch.MAINTENANCE)


RACK1 = Agent("h1", "eu", "eu-1", {"rack": "r1", "size": "4"})
RACK2 = Agent("h2", "eu", "eu-2", {"rack": "r2"})
BARE = Agent("h3")


@pytest.mark.parametrize(
    ("constraint", "agent", "placed", "fits"),
    [
        (("hostname", "UNIQUE"), RACK1, [RACK2], True),
        (("hostname", "UNIQUE"), RACK1, [RACK1], False),
        (("@hostname", "UNIQUE"), RACK1, [RACK1], False),
        (("rack", "UNIQUE"), BARE, [], False),
        (("rack", "CLUSTER", "r1"), RACK1, [], True),
        (("rack", "CLUSTER", "r1"), RACK2, [], False),
        (("rack", "CLUSTER"), RACK2, [RACK1], False),
        (("rack", "CLUSTER"), RACK1, [RACK1], True),
        (("rack", "GROUP_BY"), RACK1, [RACK1], True),
        (("rack", "GROUP_BY"), RACK1, [RACK1, RACK2, RACK1], False),
        (("rack", "GROUP_BY", "2"), RACK1, [RACK1], False),
        (("rack", "GROUP_BY", "2"), RACK2, [RACK1], True),
        (("rack", "LIKE", "r[12]"), RACK1, [], True),
        (("rack", "LIKE", "r"), RACK1, [], False),
        (("rack", "LIKE", ".*"), BARE, [], False),
        (("rack", "UNLIKE", "r1"), RACK1, [], False),
        (("rack", "UNLIKE", "r1"), BARE, [], True),
        (("rack", "MAX_PER", "2"), RACK1, [RACK1], True),
        (("rack", "MAX_PER", "2"), RACK1, [RACK1, RACK1], False),
        (("size", "IS", "4.000"), RACK1, [], True),
        (("size", "IS", "4.001"), RACK1, [], False),
        (("@region", "IS", "eu"), RACK1, [], True),
        (("@zone", "IS", "eu-2"), RACK1, [], False),
    ],
)
def test_constraints(constraint: tuple[str, ...], agent: Agent, placed: list[Agent], fits: bool) -> None:
    counted = Placed([constraint[0]], placed)
    assert (unmet_constraint([constraint], agent, counted) is None) == fits


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 8)), max_size=5), st.integers(0, 12), st.integers(0, 5))
def test_ports_are_free_ones_and_each_only_once(spans: list[tuple[int, int]], count: int, seed: int) -> None:
    free, ranges = set(), []
    for begin, length in spans:
        span = set(range(begin, begin + length + 1))
        if not span & free:
            free |= span
            ranges.append((begin, begin + length))
    ports = PortRanges(ranges, Random(seed))
    assert len(ports) == len(free)
    excluded = {port for port in free if port % 7 == 0}
    chosen = ports.choose(count, excluded)
    assert len(chosen) == len(set(chosen)) == min(count, len(free - excluded))
    assert set(chosen) <= free - excluded
    for port in chosen:
        ports.remove(port)
        assert port not in ports
    assert len(ports) == len(free) - len(chosen)


def test_a_task_knows_its_ports_host_and_app() -> None:
    definition = app(
        "/shop/web",
        portDefinitions=[{"port": 10001, "name": "http-api"}, {"port": 10002}],
        labels={"team": "a", "long": "x" * 513},
        env={"HOST": "mine"},
    )
    variables = task_environment(definition, "host", "task", (31000, 31001))
    assert variables | {"MARATHON_APP_LABELS": ""} == {
        "PORT": "31000",
        "PORT0": "31000",
        "PORT1": "31001",
        "PORTS": "31000,31001",
        "PORT_10001": "31000",
        "PORT_10002": "31001",
        "PORT_HTTP_API": "31000",
        "HOST": "host",
        "MESOS_TASK_ID": "task",
        "MARATHON_APP_ID": "/shop/web",
        "MARATHON_APP_VERSION": V1,
        "MARATHON_APP_RESOURCE_CPUS": "0.1",
        "MARATHON_APP_RESOURCE_MEM": "32.0",
        "MARATHON_APP_RESOURCE_DISK": "0.0",
        "MARATHON_APP_RESOURCE_GPUS": "0",
        "MARATHON_APP_LABEL_TEAM": "a",
        "MARATHON_APP_LABELS": "",
    }
    pool = OfferPool(offer(), Random(0))
    placement = pool.match(definition, Placed(()))
    assert isinstance(placement, Placement)
    task = build_task(definition, pool.offer, placement, "task")
    assert task.name == "web.shop"
    assert task.command.value == "serve"
    assert {v.name: v.value for v in task.command.environment.variables}["HOST"] == "mine"  # the app's own wins
    assert [port.number for port in task.discovery.ports.ports] == list(placement.host_ports)
    assert {label.key for label in task.labels.labels} == {"team", "long"}


def test_arguments_are_run_without_a_shell_and_the_grace_period_is_handed_on() -> None:
    definition = app("/a", taskKillGracePeriodSeconds=7, user="nobody").replace(cmd=None, args=("sleep", "5"))
    pool = OfferPool(offer(), Random(0))
    placement = pool.match(definition, Placed(()))
    assert isinstance(placement, Placement)
    task = build_task(definition, pool.offer, placement, "task")
    assert (task.command.shell, task.command.value, list(task.command.arguments)) == (False, "sleep", ["sleep", "5"])
    assert task.kill_policy.grace_period.nanoseconds == 7_000_000_000
    assert task.command.user == "nobody"


def test_a_command_check_is_made_by_the_agent() -> None:
    check = {"protocol": "COMMAND", "command": {"value": "true"}, "maxConsecutiveFailures": 2}
    definition = app("/a", healthChecks=[check])
    pool = OfferPool(offer(), Random(0))
    placement = pool.match(definition, Placed(()))
    assert isinstance(placement, Placement)
    made = build_task(definition, pool.offer, placement, "task").health_check
    assert (made.type, made.command.value, made.consecutive_failures) == (mesos_pb2.HealthCheck.COMMAND, "true", 2)
