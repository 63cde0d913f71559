"""Commands that change: they wait, say what they wait for, and their exit codes tell how it ended."""

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Asked, Fake, Run

STARTED = {"deploymentId": "d1", "version": "v"}


DEPLOYMENT = "GET /v2/deployments/d1"


def app(running: int, instances: int = 3, deployments: Any = ()) -> dict[str, Any]:
    """The answers about one app."""
    shown = {"id": "/web", "instances": instances, "tasksRunning": running, "deployments": list(deployments)}
    return {"GET /v2/apps/web": {"app": shown}, "GET /v2/apps": {"apps": [shown]}}


def deployment(times: int) -> Any:
    """A deployment that is there for so many looks."""
    looks = 0

    def answer(_: Asked) -> Any:
        nonlocal looks
        looks += 1
        if looks > times:
            return 404, {"message": "DeploymentPlan d1 does not exist"}
        node = {"id": "/web", "kind": "app", "action": "ScaleApplication", "waitsFor": [], "state": "begun"}
        return {"id": "d1", "graph": [node]}

    return answer


@pytest.fixture
def definition(tmp_path: Path) -> Path:
    file = tmp_path / "web.json"
    file.write_text(json.dumps({"id": "web", "cmd": "sleep 1", "instances": 3}))
    return file


def test_deploy_puts_the_whole_definition_and_waits(service: Fake, run: Run, definition: Path) -> None:
    service.answers |= {"PUT /v2/apps/web": STARTED, DEPLOYMENT: deployment(2), **app(3)}
    result = run("deploy", str(definition))
    assert result.exit_code == 0, result.stderr
    put = next(asked for asked in service.asked if asked.method == "PUT")
    assert (put.query, put.body["instances"]) == ({"partialUpdate": ["false"]}, 3)
    assert result.stdout == ""
    began, done = result.stderr.splitlines()
    assert began == "/web: scale begins (3/3 running)"
    assert done.startswith("done: deploying web took ")


def test_a_deployment_that_ends_short_of_its_goal_exits_with_3(service: Fake, run: Run, definition: Path) -> None:
    service.answers |= {"PUT /v2/apps/web": STARTED, DEPLOYMENT: deployment(1), **app(1)}
    result = run("deploy", str(definition))
    assert result.exit_code == 3
    assert "/web has 1 of 3 instances running" in result.stderr


def test_waiting_too_long_exits_with_4_and_says_what_it_waited_for(service: Fake, run: Run, definition: Path) -> None:
    declined = [{"reason": "InsufficientCpus", "declined": 3, "processed": 3}]
    summary = {"processedOffersCount": 3, "rejectSummaryLastOffers": declined}
    delay = {"timeLeftSeconds": 0, "overdue": True}
    service.answers |= {
        "PUT /v2/apps/web": STARTED,
        DEPLOYMENT: deployment(10**6),
        **app(1),
        "GET /v2/queue": {
            "queue": [{"app": {"id": "/web"}, "count": 2, "delay": delay, "processedOffersSummary": summary}]
        },
    }
    result = run("deploy", str(definition), "--wait-timeout", "0.05s")
    assert result.exit_code == 4
    assert "/web has 1/3 running, of the last 3 offers none would do: refused 3 for too few CPUs" in result.stderr
    assert "marathon deployments watch d1" in result.stderr


def test_detached_prints_the_id_and_does_not_wait(service: Fake, run: Run, definition: Path) -> None:
    service.answers["PUT /v2/apps/web"] = STARTED
    result = run("deploy", str(definition), "--detach", "--force")
    assert (result.stdout, result.exit_code) == ("d1\n", 0)
    assert [asked.path for asked in service.asked] == ["/v2/apps/web"]
    assert service.asked[0].query["force"] == ["true"]


def test_stdin_groups_and_arrays_go_where_they_belong(service: Fake, run: Run) -> None:
    service.answers |= {"PUT /v2/groups": STARTED, "PUT /v2/apps": STARTED}
    group = json.dumps({"id": "g", "apps": [{"id": "a", "cmd": "x"}]})
    assert run("deploy", "-", "--detach", input=group).exit_code == 0
    assert run("deploy", "-", "--detach", input=json.dumps([{"id": "a", "cmd": "x"}])).exit_code == 0
    assert [asked.path for asked in service.asked] == ["/v2/groups", "/v2/apps"]


def test_a_syntax_error_is_shown_with_line_column_and_caret(run: Run, tmp_path: Path, service: Fake) -> None:
    file = tmp_path / "bad.json"
    file.write_text('{\n  "id": "web",\n  "cpus": 0.1 "mem": 64\n}')
    result = run("deploy", str(file))
    assert result.exit_code == 1
    place, line, caret = result.stderr.splitlines()
    assert place.endswith("bad.json:3:15: Expecting ',' delimiter")
    assert line == '  3 |   "cpus": 0.1 "mem": 64'
    assert line[caret.index("^")] == '"'
    assert line[caret.index("^") :] == '"mem": 64'
    assert service.asked == []


def test_stdin_is_called_so(service: Fake, run: Run) -> None:
    assert run("deploy", "-", input=" \n").stderr == "error: stdin is empty\n"
    assert run("deploy", "-", input="{").stderr.startswith("error: stdin:1:2: ")
    assert run("deploy", "-", input="3").stderr.startswith("error: stdin defines no app or group")
    assert service.asked == []


@pytest.mark.parametrize(
    ("definition", "warning"),
    [
        ({"id": "a", "cmd": "x", "instance": 3}, "/: unknown field 'instance' is ignored; did you mean 'instances'?"),
        ({"id": "a", "cmd": "x", "health_checks": []}, "did you mean 'healthChecks'?"),
        ({"id": "a", "cmd": "x", "healthChecks": [{"pat": "/"}]}, "/healthChecks(0): unknown field 'pat'"),
        (
            {"id": "a", "container": {"docker": {"image": "i", "forcePull": True}}},
            "/container/docker: unknown field 'forcePull'",
        ),
        (
            {"id": "g", "apps": [{"id": "a", "cmdd": "x"}]},
            "/apps(0): unknown field 'cmdd' is ignored; did you mean 'cmd'?",
        ),
        ({"id": "g", "groups": [], "dependancies": []}, "did you mean 'dependencies'?"),
    ],
)
def test_an_unknown_field_is_pointed_out_with_the_nearest_name(
    service: Fake, run: Run, definition: Any, warning: str
) -> None:
    service.answers |= {"PUT /v2/apps/a": STARTED, "PUT /v2/groups": STARTED}
    result = run("deploy", "-", "--detach", input=json.dumps(definition))
    assert result.exit_code == 0
    assert warning in result.stderr
    assert "^" in result.stderr


def test_an_unknown_field_of_a_pod_is_pointed_out_too(service: Fake, run: Run) -> None:
    pod = {"id": "p", "containers": [{"name": "a", "resorces": {}, "resources": {"cpus": 1, "mem": 1}}], "version": "1"}
    service.answers["GET /v2/pods/p"] = (500, {"message": "not to be asked further"})
    stderr = run("deploy", "-", "--detach", input=json.dumps(pod)).stderr
    assert "/containers(0): unknown field 'resorces' is ignored; did you mean 'resources'?" in stderr
    assert "'version'" not in stderr, "the API shows it"


def test_known_old_and_status_fields_are_no_mistakes(service: Fake, run: Run) -> None:
    service.answers["PUT /v2/apps/a"] = STARTED
    data = {
        "id": "a",
        "cmd": "x",
        "ports": [0],
        "uris": [],
        "tasksRunning": 3,
        "env": {"ANY": "x"},
        "labels": {"any": "x"},
    }
    assert "warning" not in run("deploy", "-", "--detach", input=json.dumps(data)).stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [("[1", "Expecting ',' delimiter"), ("3", "defines no app or group"), ('{"cmd": "x"}', "defines no app")],
)
def test_what_defines_nothing_is_refused(run: Run, text: str, words: str) -> None:
    result = run("deploy", "-", input=text)
    assert (result.exit_code, words in result.stderr) == (1, True)


def test_a_file_that_is_not_there_is_wrong_usage(run: Run) -> None:
    assert run("deploy", "none.json").exit_code == 2


def test_a_refusal_is_told_with_paths_in_words(service: Fake, run: Run) -> None:
    details = [{"path": "/cpus", "errors": ["error.expected.jsnumber", "must be a number, is the string '1'"]}]
    service.answers["PUT /v2/apps/a"] = (422, {"message": "Invalid JSON", "details": details})
    result = run("deploy", "-", input='{"id": "a"}')
    assert result.exit_code == 1
    assert "error: Invalid JSON\n  /cpus: must be a number, is the string '1'\n" in result.stderr


def test_a_lock_hints_at_force(service: Fake, run: Run) -> None:
    service.answers["PATCH /v2/apps/web"] = (409, {"message": "App is locked", "deployments": [{"id": "d7"}]})
    result = run("scale", "web", "2")
    assert result.exit_code == 1
    assert "deployment d7" in result.stderr
    assert "--force" in result.stderr


def test_scale_patches_the_count(service: Fake, run: Run) -> None:
    service.answers |= {"PATCH /v2/apps/web": STARTED, **app(5, 5)}
    assert run("scale", "/web", "5").exit_code == 0
    (patch,) = (asked for asked in service.asked if asked.method == "PATCH")
    assert patch.body == {"instances": 5}
    assert run("scale", "web", "-1").exit_code == 2


def test_destroy_needs_a_yes(service: Fake, run: Run) -> None:
    service.answers |= {**app(3), "DELETE /v2/apps/web": STARTED}
    without = run("destroy", "web")
    assert without.exit_code == 2
    assert "--yes" in without.stderr
    assert [asked.method for asked in service.asked] == ["GET"]
    assert run("destroy", "web", "--yes").exit_code == 0
    deleted = next(asked for asked in service.asked if asked.method == "DELETE")
    assert deleted.query == {"force": ["false"]}


def test_a_group_as_a_service_answers_it_can_be_deployed(service: Fake, run: Run) -> None:
    service.answers["PUT /v2/groups"] = STARTED
    below = {"id": "/g/h", "apps": [], "groups": [], "pods": [], "dependencies": [], "version": "v1"}
    answered = {"id": "/g", "apps": [{"id": "/g/a", "cmd": "x", "version": "v1"}], "groups": [below], "version": "v2"}
    result = run("deploy", "-", "--detach", input=json.dumps(answered))
    assert (result.exit_code, "warning" in result.stderr) == (0, False)
    (sent,) = [asked.body for asked in service.asked if asked.method == "PUT"]
    assert "version" not in sent
    assert "version" not in sent["groups"][0]
    assert sent["apps"] == answered["apps"]
