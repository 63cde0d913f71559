"""The commands as a person uses them, one after the other, against a service that runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from actors.marathon.commands import _wait
from actors.marathon.commands._client import Client
from actors.marathon.commands._progress import NoView, Progress
from tests.integration.service import eventually

from .conftest import Run

pytestmark = pytest.mark.real

SLEEP = {"cmd": "sleep 1000 & wait", "cpus": 0.01, "mem": 8}


def group(name: str, **web: Any) -> dict[str, Any]:
    return {
        "id": f"/{name}",
        "apps": [
            {"id": "db", **SLEEP, "cmd": "slow 0.3"},
            {"id": "api", **SLEEP, "instances": 2, "dependencies": ["db"]},
            {"id": "web", **SLEEP, "dependencies": ["api"], **web},
        ],
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "definition.json"


def test_deploy_shows_each_app_telling_the_next_in_the_order_of_the_graph(live: Run, file: Path) -> None:
    file.write_text(json.dumps(group("order")))
    result = live("deploy", str(file))
    assert result.exit_code == 0, result.stderr
    lines = result.stderr.splitlines()
    told = [line for line in lines if "is ready" in line]
    assert told == [
        "/order/db is ready, tells /order/api",
        "/order/api is ready, tells /order/web",
        "/order/web is ready",
    ]
    assert lines.index(told[0]) < next(
        i for i, line in enumerate(lines) if line.startswith("/order/api: create begins")
    )
    assert lines[-1].startswith("done: deploying group /order took ")
    assert result.stdout == ""


def test_a_plan_tells_fields_and_order_and_its_exit_code_whether_anything_changes(live: Run, file: Path) -> None:
    file.write_text(json.dumps(group("plan")))
    new = live("plan", str(file))
    assert new.exit_code == 1
    assert "/plan/web  create   1 instance of 0.01 CPUs, 8 MB; when /plan/api is ready" in new.stdout
    assert "group /plan: 3 apps to create" in new.stdout
    assert live("deploy", str(file), "--quiet").output == ""
    assert live("deploy", str(file)).stderr == "done: deploying group /plan changed nothing: all of it is so already\n"
    same = live("plan", str(file))
    assert (same.exit_code, same.stdout) == (0, "group /plan: nothing would change\n")
    file.write_text(json.dumps(group("plan", mem=16, env={"A": "1"})))
    changed = live("plan", str(file))
    assert changed.exit_code == 1
    assert "    ~ mem: 8 → 16\n" in changed.stdout
    assert '    + env.A: "1"\n' in changed.stdout
    plans = json.loads(live("plan", str(file), "--json").stdout)
    assert [change["after"]["mem"] for change in plans[0]["changes"]] == [16]


def test_what_cannot_be_planned_exits_with_2(live: Run) -> None:
    result = live("plan", "-", input='{"id": "/bad", "cmd": "x", "cpus": -1}')
    assert result.exit_code == 2
    assert "/cpus" in result.stderr


def test_a_stale_plan_is_refused(live: Run, file: Path) -> None:
    app = {"id": "/stale", **SLEEP}
    live("deploy", "-", input=json.dumps(app))
    file.write_text(json.dumps({**app, "mem": 9}))
    hint = live("plan", str(file)).stderr.strip()
    version = hint.partition("--check-version ")[2].partition("'")[0]
    live("scale", "/stale", "2")
    result = live("deploy", str(file), "--check-version", version)
    assert result.exit_code == 1
    assert "was changed since" in result.stderr


def test_an_app_goes_back_to_what_it_was(live: Run, file: Path) -> None:
    app = {"id": "/back", **SLEEP}
    live("deploy", "-", input=json.dumps(app))
    live("deploy", "-", input=json.dumps({**app, "mem": 16, "labels": {"tier.of": "web"}}))
    difference = live("diff", "/back")
    assert difference.exit_code == 1
    assert set(difference.stdout.splitlines()) == {"~ mem: 8 → 16", '+ labels."tier.of": "web"'}
    rows = [line.split() for line in live("versions", "/back").stdout.splitlines()]
    assert [row[2:] for row in rows[1:]] == [["labels,", "mem"], ["created"]]
    assert live("rollback", "/back").exit_code == 0
    definition = json.loads(live("config", "/back").stdout)
    assert (definition["mem"], definition["labels"]) == (8, {})
    assert "version" not in definition
    assert live("diff", "/back", "-2").exit_code == 0  # as at first
    assert "No such option '--jsn'" in live("diff", "/back", "--jsn").stderr
    unknown = live("rollback", "/back", "1999")
    assert unknown.exit_code == 1
    assert "has no version 1999" in unknown.stderr
    assert "marathon versions /back" in unknown.stderr


def test_a_restart_replaces_the_tasks(live: Run) -> None:
    live("deploy", "-", input=json.dumps({"id": "/again", **SLEEP}))
    before = live("ps", "/again", "-q").stdout
    assert live("restart", "/again").exit_code == 0
    after = live("ps", "/again", "-q").stdout
    assert len(after.splitlines()) == 1
    assert before != after


def test_a_dry_run_of_any_change_changes_nothing(live: Run) -> None:
    live("deploy", "-", input=json.dumps({"id": "/dry", **SLEEP}))
    assert "1 → 5 instances" in live("scale", "/dry", "5", "--dry-run").stdout
    assert "1 app to replace" in live("restart", "/dry", "--dry-run").stdout
    assert "1 instance stopped" in live("destroy", "/dry", "--dry-run").stdout
    assert json.loads(live("apps", "--json", "--id", "/dry").stdout)[0]["instances"] == 1


def test_what_finds_no_place_is_told_with_numbers_and_can_be_cancelled(live: Run) -> None:
    app = {"id": "/huge", **SLEEP, "cpus": 4000}
    detached = live("deploy", "-", "--detach", input=json.dumps(app))
    deployment = detached.stdout.strip()
    assert f"marathon deployments watch {deployment}" in detached.stderr
    assert live("deployments", "-q").stdout.split() == [deployment]
    queued = eventually(
        "an offer was refused", lambda: "of 4000 CPUs" in (said := live("queue", "huge").stdout) and said
    )
    assert "/huge: 1 instance waits since" in queued
    waited = live("deployments", "watch", deployment, "--wait-timeout", "0.1s")
    assert waited.exit_code == 4
    assert "too few CPUs" in waited.stderr
    shown = live("deployments", "show", deployment)
    assert "● at work" in shown.stdout
    assert live("deployments", "cancel", deployment).exit_code == 0
    gone = live("deployments", "watch", deployment)
    assert gone.exit_code == 1
    assert "'marathon deployments' lists those that run" in gone.stderr
    live("destroy", "/huge", "--yes")


def test_a_deployment_that_another_one_cancels_exits_with_3_and_says_why(
    live: Run, live_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forcing(NoView):
        """Whoever looks at the deployment for the first time cancels it."""

        forced = False

        def show(self, progress: Progress) -> None:
            if not self.forced:
                self.forced = True
                Client(live_url).call("PATCH", "/v2/apps/torn", {"instances": 0}, {"force": "true"})

    app = {"id": "/torn", **SLEEP, "cpus": 4000}
    deployment = live("deploy", "-", "--detach", input=json.dumps(app)).stdout.strip()
    monkeypatch.setattr(_wait, "view_on_terminal", lambda _: Forcing())
    result = live("deployments", "watch", deployment, "--json")
    assert result.exit_code == 3
    told = json.loads(result.stdout)
    assert (told["state"], told["apps"][0]["id"]) == ("failed", "/torn")
    assert told["reason"]


def test_a_revert_brings_back_what_was(live: Run) -> None:
    live("deploy", "-", input=json.dumps({"id": "/mind", **SLEEP, "cpus": 1}))
    deployment = live("scale", "/mind", "5000", "--detach").stdout.strip()
    assert live("deployments", "revert", deployment).exit_code == 0
    assert json.loads(live("apps", "--json", "--id", "/mind").stdout)[0]["instances"] == 1


def test_a_group_is_destroyed_with_all_in_it(live: Run, file: Path) -> None:
    file.write_text(json.dumps(group("gone")))
    live("deploy", str(file))
    assert "3 apps to stop" in live("destroy", "/gone", "--dry-run").stdout
    refused = live("destroy", "/gone")
    assert refused.exit_code == 2
    assert "the group /gone with 3 apps and 4 running tasks" in refused.stderr
    destroyed = live("destroy", "/gone", "--yes")
    assert destroyed.exit_code == 0
    assert "/gone/web has stopped, tells /gone/api\n/gone/api: stop begins\n" in destroyed.stderr
    assert live("apps", "-q", "--id", "/gone").stdout == ""


def test_a_pod_is_created_replaced_and_destroyed_as_an_app_is(live: Run) -> None:
    containers = [{"name": "one", "exec": {"command": {"shell": "x"}}, "resources": {"cpus": 0.01, "mem": 8}}]
    pod = {"id": "/podded", "containers": containers}
    created = live("deploy", "-", input=json.dumps(pod))
    assert created.exit_code == 0, created.stderr
    assert created.stderr.startswith("/podded: create begins")
    two = {**pod, "scaling": {"kind": "fixed", "instances": 2}}
    assert live("deploy", "-", "-e", "A=1", input=json.dumps(two)).exit_code == 0
    assert live("scale", "podded", "1").exit_code == 0
    assert live("diff", "/podded").stdout == "~ scaling.instances: 2 → 1\n"
    assert live("rollback", "/podded").exit_code == 0
    assert live("config", "/podded").stdout == live("config", "/podded", "-2").stdout
    assert [line.split()[2] for line in live("versions", "/podded").stdout.splitlines()[1:3]] == ["scaling"] * 2
    assert live("deploy", "-", input=live("config", "/podded").stdout).exit_code == 0
    assert live("open", "/podded", "--print").stdout.endswith("/ui/#/pod/%2Fpodded\n")
    restarted = live("restart", "/podded")
    assert (restarted.exit_code, "is a pod" in restarted.stderr) == (1, True)
    planned = live("plan", "-", input=json.dumps(two))
    assert (planned.exit_code, "makes no plans for pods" in planned.stderr) == (2, True)
    assert live("destroy", "/podded", "--dry-run").exit_code == 2
    refused = live("destroy", "/podded")
    assert "the pod /podded with its 2 instances" in refused.stderr
    destroyed = live("destroy", "podded", "--yes")
    assert destroyed.exit_code == 0
    assert "/podded has stopped" in destroyed.stderr


def test_status_says_which_service_is_meant_and_why(live: Run, live_url: str) -> None:
    assert f"{live_url} (MARATHON_URL)" in live("status").stdout
    assert f"{live_url} (--url)" in live("status", "--url", live_url).stdout
    live("deploy", "-", input=json.dumps({"id": "/seen/app", **SLEEP}))
    assert live("open", "seen/app", "--print").stdout == f"{live_url}/ui/#/app/%2Fseen%2Fapp\n"


def test_the_environment_is_set_for_every_app_of_a_file(live: Run, file: Path) -> None:
    file.write_text(json.dumps(group("env")))
    assert live("deploy", str(file), "-e", "MODE=a=b", "-q").exit_code == 0
    assert json.loads(live("config", "/env/web").stdout)["env"] == {"MODE": "a=b"}
    assert live("plan", str(file), "-e", "MODE").exit_code == 2
