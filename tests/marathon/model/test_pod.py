"""Reading a pod: what is filled in, what is refused and where, and what the rest of the service sees of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.marathon.model import Pod, ValidationFailed, VersionInfo, WrongType, parse_app, parse_pod, run_spec_of

V1 = "2026-01-01T00:00:00.001Z"
RUN = {"command": {"shell": "sleep 1"}}


def container(name: str = "a", **fields: Any) -> dict[str, Any]:
    return {"name": name, "exec": RUN, "resources": {"cpus": 0.1, "mem": 32}, **fields}


def pod(*containers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": "/pod", "containers": list(containers) or [container()], **fields}


def checked(**fields: Any) -> dict[str, Any]:
    return container(endpoints=[{"name": "http"}], healthCheck={"http": {"endpoint": "http"}, **fields})


def violations(data: Any) -> dict[str, list[str]]:
    with pytest.raises(ValidationFailed) as failed:
        parse_pod(data)
    return {detail.path: list(detail.errors) for detail in failed.value.details}


NET = {"networks": [{"name": "n"}]}


@pytest.mark.parametrize(
    ("data", "path", "text"),
    [
        (pod(id="/"), "/id", "must not be root"),
        (pod(id="/Pod"), "/id", "must fully match regular expression"),
        (pod(container(), container()), "/containers", "container names are unique"),
        (pod(container(exec=None)), "/containers(0)", "must either have an exec or an image"),
        (pod(container(endpoints=[{"name": "x"}, {"name": "x"}])), "/", "Endpoint names are unique"),
        (
            pod(
                container(endpoints=[{"name": "x", "containerPort": 1}]),
                container("b", endpoints=[{"name": "y", "containerPort": 1}]),
                **NET,
            ),
            "/",
            "Container ports are unique",
        ),
        (
            pod(container(endpoints=[{"name": "x", "hostPort": 80}, {"name": "y", "hostPort": 80}])),
            "/",
            "Host ports are unique",
        ),
        (
            pod(container(endpoints=[{"name": "x", "containerPort": 1}])),
            "/containers(0)/endpoints(0)/containerPort",
            "is not allowed when using host-mode networking",
        ),
        (
            pod(container(endpoints=[{"name": "x"}]), **NET),
            "/containers(0)/endpoints(0)/containerPort",
            "is required when using container-mode networking",
        ),
        (
            pod(container(endpoints=[{"name": "x", "protocol": ["tcp", "tcp"]}])),
            "/containers(0)/endpoints(0)/protocol",
            "Duplicate protocols within the same endpoint are not allowed",
        ),
        (pod(networks=[{"mode": "container"}]), "/networks(0)/name", "must name the container network to join"),
        (pod(networks=[{"mode": "host", "name": "n"}]), "/networks(0)/name", "must not be set"),
        (pod(networks=[{"mode": "host"}, {"name": "n"}]), "/networks", "may not be combined"),
        (pod(checked(timeoutSeconds=60)), "/containers(0)/healthCheck/timeoutSeconds", "got 60, expected less than 60"),
        (
            pod(checked(tcp={"endpoint": "http"})),
            "/containers(0)/healthCheck",
            "Only one of http, tcp, or command may be specified",
        ),
        (
            pod(container(healthCheck={"tcp": {"endpoint": "none"}})),
            "/containers(0)/healthCheck/tcp/endpoint",
            "contained in the container endpoints",
        ),
        (
            pod(container(volumeMounts=[{"name": "v", "mountPath": "x"}])),
            "/containers(0)/volumeMounts(0)/name",
            "Referenced Volume in VolumeMount should exist",
        ),
        (pod(volumes=[{"name": "v"}]), "/volumes(0)", "volume must be referenced by at least one container"),
        (
            pod(
                container(volumeMounts=[{"name": "v", "mountPath": "x"}]),
                volumes=[{"name": "v", "persistent": {"size": 1}}],
            ),
            "/volumes(0)/persistent",
            "does not offer persistent local volumes",
        ),
        (
            pod(environment={"A": {"secret": "s"}}),
            "/environment/A",
            "references a secret that is not defined: s",
        ),
        (
            pod(container(image={"kind": "DOCKER", "id": "i", "pullConfig": {"secret": "s"}})),
            "/containers(0)/image/pullConfig",
            "must refer to an existing secret",
        ),
        (
            pod(scheduling={"placement": {"constraints": [{"fieldName": "a", "operator": "NEAR"}]}}),
            "/scheduling/placement/constraints(0)",
            "Constraint operator must be one of the following",
        ),
        (pod(container(exec={"command": {}})), "/containers(0)/exec/command", "must have either shell or argv"),
        (pod(scaling={"kind": "fixed", "instances": -1}), "/scaling/instances", "-1"),
    ],
)
def test_a_broken_rule_is_told_at_its_path(data: dict[str, Any], path: str, text: str) -> None:
    found = violations(data)
    assert path in found, found
    assert any(text in error for error in found[path]), found


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], "/"),
        ({}, "/id"),
        (pod(id=1), "/id"),
        (pod(container(name=1)), "/containers(0)/name"),
        (pod(container(resources={"cpus": "1", "mem": 1})), "/containers(0)/resources/cpus"),
        (pod(scaling={"kind": "elastic"}), "/scaling/kind"),
        ({"id": "/pod", "containers": {}}, "/containers"),
    ],
)
def test_a_wrong_type_is_named_by_its_path(data: Any, path: str) -> None:
    with pytest.raises(WrongType) as wrong:
        parse_pod(data)
    assert path in {detail.path for detail in wrong.value.details}


def test_the_id_in_the_body_must_be_the_one_of_the_path() -> None:
    with pytest.raises(ValidationFailed, match="does not match definition's id"):
        parse_pod(pod(), "/other")
    assert parse_pod({key: value for key, value in pod().items() if key != "id"}, "/other").id == "/other"


def test_the_service_sees_what_an_instance_takes_and_how_it_is_placed_and_upgraded() -> None:
    made = parse_pod(
        pod(
            container(endpoints=[{"name": "x"}, {"name": "y", "hostPort": 8080}]),
            container("b", resources={"cpus": 0.2, "mem": 10.5, "disk": 1, "gpus": 2}),
            scaling={"kind": "fixed", "instances": 3},
            scheduling={
                "backoff": {"backoff": 0.5, "backoffFactor": 2, "maxLaunchDelay": 9.5},
                "upgrade": {"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0.1},
                "placement": {"constraints": [{"fieldName": "hostname", "operator": "MAX_PER", "value": "2"}]},
                "killSelection": "OLDEST_FIRST",
                "unreachableStrategy": "disabled",
            },
        )
    )
    assert (made.instances, made.cpus, made.mem, made.disk, made.gpus) == (3, 0.4, 74.5, 11, 2)
    assert made.wanted_host_ports == (0, 8080)
    assert made.constraints == (("hostname", "MAX_PER", "2"),)
    assert (made.backoff_seconds, made.backoff_factor, made.max_launch_delay_seconds) == (1, 2, 10)
    assert made.upgrade_strategy.minimum_health_capacity == 0.5
    assert (made.kill_selection, made.unreachable_strategy.disabled) == ("OLDEST_FIRST", True)
    assert made.service_ports == ()


def test_equal_checks_of_two_containers_stay_two() -> None:
    check = {"exec": {"command": {"shell": "true"}}}
    made = parse_pod(pod(container(healthCheck=check), container("b"), container("c", healthCheck=check)))
    assert len(made.health_checks) == 2
    assert [made.check_of(name) for name in ("a", "b", "c")] == [0, None, 1]


def test_a_pod_is_stored_whole_and_an_app_stays_an_app() -> None:
    info = VersionInfo(last_scaling_at=V1, last_config_change_at=V1, last_restart_at=V1)
    made = parse_pod(pod(checked())).replace(version=V1, version_info=info, instances=7, role="dev")
    again = run_spec_of(made.to_wire())
    assert isinstance(again, Pod)
    assert (again, again.instances, again.role, again.version_info) == (made, 7, "dev", info)
    assert "versionInfo" not in made.wire
    app = parse_app({"id": "/a", "cmd": "x"})
    assert run_spec_of(app.to_wire()) == app


def test_only_a_change_of_more_than_the_count_is_a_change_of_the_configuration() -> None:
    made = parse_pod(pod())
    assert made.same_config(parse_pod(pod(scaling={"kind": "fixed", "instances": 5})))
    assert not made.same_config(parse_pod(pod(user="x")))
    assert not made.same_config(parse_app({"id": "/pod", "cmd": "x"}))


WORDS = """name mode host persistent secret http tcp exec endpoint endpoints command shell argv resources cpus mem kind
    healthCheck volumeMounts mountPath placement constraints backoff upgrade instances"""
FIELDS = """id labels user environment containers secrets volumes networks scaling scheduling executorResources role"""


def one_of(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words.split())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70000) | st.text(max_size=6) | one_of("host a fixed"),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(one_of(WORDS), children, max_size=4),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(one_of(FIELDS), JSON, max_size=5), st.dictionaries(st.text(max_size=12), JSON))
def test_whatever_json_comes_it_is_a_pod_or_a_clear_error(fields: dict[str, Any], strange: dict[str, Any]) -> None:
    try:
        made = parse_pod({**pod(container(**{"x-" + key: value for key, value in strange.items()})), **fields})
    except ValidationFailed as failed:
        details = failed.details
    else:
        assert run_spec_of(made.to_wire()) == made
        assert parse_pod(made.wire) == made.replace(version=None, version_info=None)
        return
    assert details
    assert all(detail.path.startswith("/") and detail.errors for detail in details)
