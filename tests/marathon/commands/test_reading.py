"""Commands that read: tables for people, JSON and ids for programs, errors that say what to do."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from actors.marathon.commands import COMMANDS, cli

from .conftest import Asked, Fake, Run

APP: dict[str, Any] = {
    "id": "/web",
    "instances": 3,
    "cpus": 0.1,
    "mem": 64,
    "tasksRunning": 3,
    "tasksHealthy": 2,
    "tasksUnhealthy": 1,
    "healthChecks": [{}],
    "deployments": [],
    "version": "2026-01-01T00:00:00.000Z",
}
TASK: dict[str, Any] = {
    "id": "web.instance-1._app.1",
    "appId": "/web",
    "state": "TASK_RUNNING",
    "host": "127.0.0.1",
    "ports": [31000, 31001],
    "healthCheckResults": [{"alive": False}],
    "startedAt": "2026-01-01T00:00:00.000Z",
}


def test_apps_are_a_table_on_stdout(service: Fake, run: Run) -> None:
    service.answers["GET /v2/apps"] = {
        "apps": [APP, {**APP, "id": "/db", "healthChecks": [], "tasksRunning": 1, "tasksUnhealthy": 0}]
    }
    result = run("apps")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[0][:5] == ["ID", "KIND", "RUNNING", "HEALTHY", "CPUS"]
    assert lines[1][:7] == ["/db", "app", "1/3", "-", "0.1", "64", "waiting"]
    assert lines[2][:7] == ["/web", "app", "3/3", "2", "0.1", "64", "unhealthy"]
    assert result.stderr == ""


def test_json_is_what_the_api_answered_and_quiet_is_ids(service: Fake, run: Run) -> None:
    service.answers["GET /v2/apps"] = {"apps": [APP]}
    assert json.loads(run("apps", "--json").stdout) == [APP]
    assert run("apps", "-q").stdout == "/web\n"
    run("apps", "--label", "a==b")
    assert {"label": ["a==b"]} in [asked.query for asked in service.asked]


def test_ps_lists_tasks_of_all_apps_or_one(service: Fake, run: Run) -> None:
    service.answers |= {"GET /v2/tasks": {"tasks": [TASK]}, "GET /v2/apps/web/tasks": {"tasks": []}}
    row = run("ps").stdout.splitlines()[1].split()
    assert row[:4] == ["web.instance-1._app.1", "running", "unhealthy", "127.0.0.1:31000,31001"]
    empty = run("ps", "/web")
    assert (empty.stdout, empty.exit_code) == ("", 0)
    assert "TASK" in empty.stderr


def test_an_app_that_is_not_there_is_an_error_with_a_hint(run: Run) -> None:
    result = run("ps", "none")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "error: App" in result.stderr
    assert "'marathon apps' lists the apps and pods there are" in result.stderr


def test_an_id_that_is_nearly_one_is_told_which(service: Fake, run: Run) -> None:
    service.answers |= {
        "GET /v2/apps": {"apps": [APP, {**APP, "id": "/shop/db"}]},
        "GET /v2/pods": [{"id": "/shop/blog"}],
        "GET /v2/apps/shop/blgo/versions": (404, {"message": "App '/shop/blgo' does not exist"}),
        "GET /v2/apps/other/versions": (404, {"message": "App '/other' does not exist"}),
    }
    assert "hint: did you mean '/shop/blog'? 'marathon apps' lists" in run("versions", "shop/blgo").stderr
    assert "did you mean" not in run("versions", "other").stderr


def test_no_service_is_an_error_that_says_how_to_start_one() -> None:
    result = CliRunner().invoke(cli, ["apps", "--url", "http://127.0.0.1:9"])
    assert result.exit_code == 1
    assert "no Marathon service answers at http://127.0.0.1:9" in result.stderr
    assert "marathon up" in result.stderr


def test_what_is_no_marathon_is_told_so_and_a_deployment_is_called_one(service: Fake, run: Run) -> None:
    service.answers["GET /v2/apps"] = (404, "404 Not Found.")
    assert "this may be no Marathon service; name yours with --url" in run("apps").stderr
    service.answers["GET /v2/deployments/x"] = (404, {"message": "DeploymentPlan x does not exist"})
    assert run("deployments", "show", "x").stderr.startswith("error: Deployment x does not exist\nhint: it has ended")


def test_a_url_that_is_none_is_wrong_usage() -> None:
    assert CliRunner().invoke(cli, ["apps", "--url", "localhost"]).exit_code == 2


def test_a_mistyped_command_gets_the_nearest_name() -> None:
    result = CliRunner().invoke(cli, ["deplyo"])
    assert result.exit_code == 2
    assert "Did you mean 'deploy'?" in result.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_explains_itself_with_examples(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "-h"], prog_name="marathon")
    assert result.exit_code == 0
    assert f"marathon {name}" in result.stdout.partition("Options:")[0]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from actors.marathon.commands import cli\n"
        "text = CliRunner().invoke(cli, ['--help']).output\n"
        "assert 'Exit codes' in text and '130  interrupted' in text\n"
        "heavy = ('aiohttp', 'pydantic', 'google.protobuf', 'rich', 'asyncio', 'actors.core')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def file_of(text: str) -> Callable[[Asked], dict[str, Any]]:
    def read(asked: Asked) -> dict[str, Any]:
        offset = int(asked.query["offset"][0])
        start = max(0, len(text) + offset) if offset < 0 else offset
        return {"data": text[start:], "offset": start, "next": len(text), "size": len(text)}

    return read


def test_logs_end_with_the_last_lines_of_each_file(service: Fake, run: Run) -> None:
    out = "".join(f"line {number}\n" for number in range(5))
    path = f"GET /v2/logs/{TASK['id']}"
    service.answers |= {
        "GET /v2/apps/web/tasks": {"tasks": [TASK]},
        "GET /v2/logs": {"tasks": [TASK["id"]]},
        f"{path}/stdout": {"data": out, "offset": 0, "next": len(out), "size": len(out)},
        f"{path}/stderr": (404, {"message": "stderr of task x cannot be read"}),
    }
    assert run("logs", "web", "--tail", "2").stdout == "line 3\nline 4\n"


def test_logs_of_several_tasks_begin_with_the_tasks_name(service: Fake, run: Run) -> None:
    other = {**TASK, "id": "web.instance-2._app.1"}
    service.answers |= {
        "GET /v2/apps/web/tasks": {"tasks": [TASK, other]},
        "GET /v2/logs": {"tasks": [TASK["id"], other["id"]]},
    }
    for task in (TASK, other):
        service.answers[f"GET /v2/logs/{task['id']}/stdout"] = {
            "data": "hello\nlast",
            "offset": 0,
            "next": 10,
            "size": 10,
        }
    result = run("logs", "web", "--stdout")
    assert result.stdout.splitlines() == [
        "web.1._app.1 | hello",
        "web.1._app.1 | last",
        "web.2._app.1 | hello",
        "web.2._app.1 | last",
    ]
    assert "|" not in run("logs", "web", "--stdout", "--no-prefix").stdout


def test_logs_of_a_pod_are_those_of_its_containers_by_name(service: Fake, run: Run) -> None:
    ids = [f"pods_web.instance-5e300614-9b1c.{name}.1" for name in ("server", "writer")]
    service.answers |= {
        "GET /v2/pods/pods/web::status": {"instances": [{"containers": [{"containerId": each} for each in ids]}]},
        "GET /v2/logs": {"tasks": ids},
    }
    for each in ids:
        service.answers[f"GET /v2/logs/{each}/stdout"] = {"data": "said\n", "offset": 0, "next": 5, "size": 5}
    result = run("logs", "pods/web", "--stdout")
    assert result.stdout == "pods_web.5e300614.server | said\npods_web.5e300614.writer | said\n"


SERVER: dict[str, Any] = {
    "containerId": "pods_web.instance-5e.server.1",
    "status": "TASK_RUNNING",
    "conditions": [{"name": "healthy", "value": "true"}],
    "endpoints": [{"name": "http", "allocatedHostPort": 31000}],
}
WRITER: dict[str, Any] = {"containerId": "pods_web.instance-5e.writer.1", "status": "TASK_STAGING"}
POD: dict[str, Any] = {
    "id": "/pods/web",
    "spec": {
        "labels": {"tier": "web"},
        "containers": [
            {"name": "server", "resources": {"cpus": 0.1, "mem": 64}, "healthCheck": {}},
            {"name": "writer", "resources": {"cpus": 0.1, "mem": 32}},
        ],
        "executorResources": {"cpus": 0.1, "mem": 32},
        "scaling": {"kind": "fixed", "instances": 2},
    },
    "instances": [{"id": "5e", "agentHostname": "box", "status": "STABLE", "containers": [SERVER, WRITER]}],
}


def test_ps_of_a_pod_lists_its_containers(service: Fake, run: Run) -> None:
    service.answers["GET /v2/pods/pods/web::status"] = POD
    first, second = run("ps", "pods/web").stdout.splitlines()[1:]
    assert first.split()[1:4] == ["running", "healthy", "box:31000"]
    assert second.split()[1:4] == ["staging", "-", "box"]
    assert run("ps", "pods/web", "-q").stdout.split() == [SERVER["containerId"], WRITER["containerId"]]
    assert json.loads(run("ps", "pods/web", "--json").stdout) == POD["instances"]


def test_ps_lists_containers_of_pods_among_the_tasks_of_apps(service: Fake, run: Run) -> None:
    service.answers |= {"GET /v2/tasks": {"tasks": [TASK]}, "GET /v2/pods::status": [POD]}
    ids = [SERVER["containerId"], WRITER["containerId"], TASK["id"]]
    assert [line.split()[0] for line in run("ps").stdout.splitlines()[1:]] == ids
    assert run("ps", "-q").stdout.split() == ids
    assert json.loads(run("ps", "--json").stdout) == [TASK, *POD["instances"]]


def test_apps_lists_pods_among_them(service: Fake, run: Run) -> None:
    service.answers |= {"GET /v2/apps": {"apps": [APP]}, "GET /v2/pods::status": [POD]}
    first, second = (line.split() for line in run("apps").stdout.splitlines()[1:])
    assert first[:7] == ["/pods/web", "pod", "1/2", "1", "0.3", "128", "waiting"]
    assert second[:2] == ["/web", "app"]
    assert run("apps", "-q").stdout.split() == ["/pods/web", "/web"]
    assert json.loads(run("apps", "--json").stdout) == [APP, POD]


@pytest.mark.parametrize(("overdue", "word"), [(True, "waiting"), (False, "delayed")])
def test_what_waits_to_be_launched_says_so_also_while_it_is_deployed(
    service: Fake, run: Run, overdue: bool, word: str
) -> None:
    item = {"count": 1, "app": {"id": "/web"}, "delay": {"overdue": overdue, "timeLeftSeconds": 5}}
    service.answers |= {
        "GET /v2/apps": {"apps": [{**APP, "deployments": [{"id": "d"}]}]},
        "GET /v2/queue": {"queue": [item]},
    }
    assert run("apps").stdout.splitlines()[1].split()[6] == word


def test_a_pod_that_a_deployment_changes_is_deploying(service: Fake, run: Run) -> None:
    deployment = {"id": "d", "affectedApps": [], "affectedPods": ["/pods/web"]}
    service.answers |= {
        "GET /v2/apps": {"apps": []},
        "GET /v2/pods::status": [POD],
        "GET /v2/deployments": [deployment],
    }
    assert run("apps").stdout.splitlines()[1].split()[6] == "deploying"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("--label", "tier==web"), True),
        (("--label", "tier==db"), False),
        (("--id", "WEB"), True),
        (("--id", "other"), False),
    ],
)
def test_apps_are_filtered_whether_they_are_pods_or_not(
    service: Fake, run: Run, arguments: tuple[str, ...], shown: bool
) -> None:
    service.answers |= {"GET /v2/apps": {"apps": []}, "GET /v2/pods::status": [POD]}
    assert (run("apps", *arguments, "-q").stdout == "/pods/web\n") is shown


def test_tasks_that_have_written_nothing_are_said_to(service: Fake, run: Run) -> None:
    service.answers |= {
        "GET /v2/apps/web/tasks": {"tasks": [TASK]},
        "GET /v2/logs": {"tasks": [TASK["id"]]},
        f"GET /v2/logs/{TASK['id']}/stdout": {"data": "", "offset": 0, "next": 0, "size": 0},
    }
    result = run("logs", "web", "--stdout")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "nothing has been written\n")


def test_logs_of_what_is_neither_app_nor_pod_say_so(service: Fake, run: Run) -> None:
    result = run("logs", "nobody")
    assert result.exit_code == 1
    assert "does not exist" in result.output


def test_logs_of_an_app_without_tasks_are_those_of_the_last_one(service: Fake, run: Run) -> None:
    service.answers |= {
        "GET /v2/apps/web/tasks": {"tasks": []},
        "GET /v2/logs": {"tasks": ["old", "last"]},
        "GET /v2/logs/last/stderr": {"data": "it broke\n", "offset": 0, "next": 9, "size": 9},
    }
    result = run("logs", "web", "--stderr")
    assert result.stdout == "it broke\n"
    assert "no task of web runs" in result.stderr


def test_following_survives_a_service_that_is_away_for_a_while(
    service: Fake, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actors.marathon.commands import logs

    text, rounds = "one\n", 0

    def later(_: float) -> None:
        nonlocal text, rounds
        rounds += 1
        text += f"line {rounds}\n"
        if rounds == 5:
            raise KeyboardInterrupt

    def tasks(_: Asked) -> dict[str, Any]:
        if rounds in (2, 3):
            raise ConnectionAbortedError  # no answer at all
        return {"tasks": [TASK]}

    service.answers |= {
        "GET /v2/apps/web/tasks": tasks,
        "GET /v2/logs": {"tasks": [TASK["id"]]},
        f"GET /v2/logs/{TASK['id']}/stdout": lambda asked: file_of(text)(asked),
    }
    monkeypatch.setattr(logs.time, "sleep", later)
    result = run("logs", "web", "-f", "--stdout")
    assert result.stdout == "one\nline 1\nline 2\nline 3\nline 4\n"
    assert result.stderr.count(f"no answer from {service.url}, trying again\n") == 1


def test_following_reads_on_and_finds_new_tasks(service: Fake, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from actors.marathon.commands import logs

    text, rounds = "one\n", 0
    other = {**TASK, "id": "web.instance-2._app.1"}

    def later(_: float) -> None:
        nonlocal text, rounds
        rounds += 1
        if rounds == 1:
            text += "tw"
        elif rounds == 2:
            text += "o\n"
            service.answers["GET /v2/apps/web/tasks"] = {"tasks": [TASK, other]}
        elif rounds == 4:
            raise KeyboardInterrupt

    service.answers |= {
        "GET /v2/apps/web/tasks": {"tasks": [TASK]},
        "GET /v2/logs": {"tasks": [TASK["id"]]},
        f"GET /v2/logs/{TASK['id']}/stdout": lambda asked: file_of(text)(asked),
        f"GET /v2/logs/{other['id']}/stdout": file_of("new\n"),
    }
    monkeypatch.setattr(logs.time, "sleep", later)
    result = run("logs", "web", "-f", "--stdout", "--timestamps")
    lines = result.stdout.splitlines()
    assert [line[10:] for line in lines] == ["one", "web.2._app.1 | new", "two"]
    assert [bool(re.fullmatch(r"\d\d:\d\d:\d\d  ", line[:10])) for line in lines] == [False, True, True]
    assert result.exit_code == 130


def test_times_that_nobody_kept_are_not_made_up(run: Run) -> None:
    result = run("logs", "web", "--timestamps")
    assert result.exit_code == 2
    assert "--timestamps needs -f" in result.stderr
