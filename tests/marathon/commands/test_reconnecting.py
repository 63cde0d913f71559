"""A service that is restarted while somebody watches: the commands say so, come back, and end as they would have."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from actors.marathon.commands import _events, _wait

from .conftest import Asked, Fake, Run

APP = {"id": "/web", "cmd": "sleep 1", "instances": 3}
TIME = "2026-01-01T00:00:0{}.000Z"
SUCCESS = {"id": "d1", "timestamp": TIME.format(7), "plan": {"version": TIME.format(4), "steps": []}, "graph": []}

Event = tuple[str, dict[str, Any]]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_events, "RETRY", 0.01)
    monkeypatch.setattr(_wait, "LOOK", 0.01)


def changed(state: str) -> Event:
    return "deployment_node_changed", {"id": "d1", "node": "/web", "state": state, "notifies": []}


@pytest.fixture
def restarted(service: Fake) -> threading.Event:
    """The service takes a deployment and goes away; it is back once the event is set."""
    back = threading.Event()
    looks = 0

    def deployment(_: Asked) -> Any:
        nonlocal looks
        looks += 1
        if 2 <= looks <= 4:
            raise ConnectionAbortedError  # no answer at all
        if looks == 5:
            back.set()
        node = {"id": "/web", "kind": "app", "action": "ScaleApplication", "waitsFor": []}
        return {"id": "d1", "graph": [{**node, "state": "begun"}]}

    shown = {**APP, "tasksRunning": 3, "deployments": []}
    service.answers |= {
        "PUT /v2/apps/web": {"deploymentId": "d1", "version": TIME.format(4)},
        "GET /v2/deployments/d1": deployment,
        "GET /v2/apps": {"apps": [shown]},
        "GET /v2/apps/web": {"app": shown},
    }
    return back


def test_a_deployment_is_watched_on_after_the_service_s_restart(
    service: Fake, run: Run, restarted: threading.Event
) -> None:
    def after() -> Iterator[Event]:
        restarted.wait(60)
        yield changed("ready")
        yield "deployment_success", SUCCESS

    service.streams = [iter([changed("begun")]), after()]
    result = run("deploy", "-", input=json.dumps(APP))
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines() == [
        "/web: scale begins (3/3 running)",
        f"no answer from {service.url}, trying again",
        "the service answers again",
        "/web is ready",
        "done: deploying /web took 3.0 s",
    ]


def test_one_that_ended_while_nobody_could_hear_of_it_is_judged_by_its_apps(service: Fake, run: Run) -> None:
    seen = threading.Event()
    gone = False
    node = {"id": "/web", "kind": "app", "action": "ScaleApplication", "waitsFor": [], "state": "begun"}

    def deployment(_: Asked) -> Any:
        if gone:
            return 404, {"message": "DeploymentPlan d1 does not exist"}
        seen.set()
        return {"id": "d1", "graph": [node]}

    def before() -> Iterator[Event]:
        nonlocal gone
        seen.wait(60)
        gone = True
        yield changed("begun")

    shown = {**APP, "tasksRunning": 1, "deployments": []}
    service.answers |= {
        "PUT /v2/apps/web": {"deploymentId": "d1", "version": TIME.format(4)},
        "GET /v2/deployments/d1": deployment,
        "GET /v2/apps": {"apps": [shown]},
        "GET /v2/apps/web": {"app": shown},
    }
    service.streams = [before(), iter(())]
    result = run("deploy", "-", input=json.dumps(APP))
    assert result.exit_code == 3
    assert "/web has 1 of 3 instances running" in result.stderr


def test_events_go_on_and_the_gap_is_told(service: Fake, run: Run) -> None:
    def told(name: str) -> Event:
        return "app_terminated_event", {"appId": name, "timestamp": TIME.format(1)}

    def last() -> Iterator[Event]:
        yield told("/second")
        raise ConnectionAbortedError

    service.streams = [iter([told("/first")]), last()]
    tries = 0

    def broke(text: str) -> None:
        nonlocal tries
        tries += "broke" in text
        said.append(text)
        if tries == 2:
            raise KeyboardInterrupt

    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        from actors.marathon.commands import events

        patch.setattr(events, "say", broke)
        result = run("events")
    assert result.exit_code == 130
    assert [line.split()[2] for line in result.stdout.splitlines()] == ["appId=/first", "appId=/second"]
    assert said[1:] == [f"the connection to {service.url} broke: trying again; what happens meanwhile is missed"] * 2
