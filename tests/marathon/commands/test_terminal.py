"""What a person sees on a terminal: the graph in place, colours where they are wanted, what goes on after Ctrl-C."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.terminal import Terminal

from .conftest import Fake, Run
from .test_live import SLEEP, group

pytestmark = pytest.mark.real

MARATHON = [sys.executable, "-P", "-m", "actors.marathon"]
WITH_COLOUR = {"NO_COLOR": "", "CLICOLOR": "1"}


def test_the_graph_is_redrawn_in_place_while_it_lights_up(
    live: Run, live_url: str, tmp_path: Path, service: Fake
) -> None:
    service.answers["GET /db"] = (503, {})  # not healthy before the test says so
    definition = group("seen")
    check = {"protocol": "HTTP", "path": "/db", "port": int(service.url.rpartition(":")[2]), "delaySeconds": 0}
    definition["apps"][0]["healthChecks"] = [{**check, "intervalSeconds": 1, "maxConsecutiveFailures": 1000}]
    file = tmp_path / "seen.json"
    file.write_text(json.dumps(definition))
    with Terminal([*MARATHON, "deploy", str(file)], {"MARATHON_URL": live_url, **WITH_COLOUR}) as terminal:
        early = terminal.until("db at work", lambda text: "●  /seen/db" in text)
        assert "○  /seen/api" in early
        assert "waits for /seen/db" in early
        assert "3 apps: 1 at work, 2 waiting" in early
        service.answers["GET /db"] = {}
        assert terminal.wait() == 0
        lines = terminal.text.splitlines()
    assert "3 apps: 3 ready" in lines[0]
    assert [line.split()[:2] for line in lines[1:4]] == [["✓", "/seen/db"], ["✓", "/seen/api"], ["✓", "/seen/web"]]
    assert lines[1].endswith("s → /seen/api")
    assert lines[4].startswith("done: deploying group /seen")
    assert b"\x1b[32m" in terminal.raw


@pytest.mark.parametrize(
    ("options", "env", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"CLICOLOR": "0"}, False),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colours_are_as_the_user_wants_them(
    live: Run, live_url: str, options: list[str], env: dict[str, str], coloured: bool
) -> None:
    live("deploy", "-", "-q", input=json.dumps({"id": "/colours", **SLEEP}))
    live("deploy", "-", "-q", input=json.dumps({"id": "/colours", **SLEEP, "mem": 9}))
    command = [*MARATHON, *options, "diff", "/colours", "-1"]
    with Terminal(command, {"MARATHON_URL": live_url, **WITH_COLOUR, **env}) as terminal:
        terminal.wait()
    assert (b"\x1b[3" in terminal.raw) == coloured


def test_what_is_piped_has_no_colours_unless_they_are_forced(live: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    live("deploy", "-", "-q", input=json.dumps({"id": "/piped", **SLEEP}))
    live("deploy", "-", "-q", input=json.dumps({"id": "/piped", **SLEEP, "mem": 9}))
    assert "\x1b" not in live("diff", "/piped", "-1").stdout
    assert "\x1b" in live("--color", "always", "diff", "/piped", "-1").stdout
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert "\x1b" in live("diff", "/piped", "-1").stdout


def test_ctrl_c_leaves_the_deployment_running_and_says_how_to_go_on(live: Run, live_url: str, tmp_path: Path) -> None:
    file = tmp_path / "stuck.json"
    file.write_text(json.dumps({"id": "/stuck", **SLEEP, "cpus": 4000}))
    with Terminal([*MARATHON, "deploy", str(file)], {"MARATHON_URL": live_url}, columns=160) as terminal:
        terminal.until("why it waits", lambda text: "too few CPUs" in text)
        terminal.interrupt()
        assert terminal.wait() == 130
        (deployment,) = live("deployments", "-q").stdout.split()
        assert f"interrupted: deployment {deployment} goes on" in terminal.text
        assert f"marathon deployments watch {deployment}" in terminal.text.replace("\n", "")
    live("destroy", "/stuck", "--yes", "--force")


def test_events_are_told_as_they_happen(live: Run, live_url: str) -> None:
    with Terminal(
        [*MARATHON, "events", "--app", "eventful"], {"MARATHON_URL": live_url}, columns=160, lines=99
    ) as terminal:
        terminal.until("that it listens", lambda text: "listening to" in text)
        live("deploy", "-", "-q", input=json.dumps({"id": "/eventful", **SLEEP}))
        live("scale", "/eventful", "2", "-q")
        wanted = ("TASK_RUNNING", "deployment_node_changed  /eventful is ready")
        text = terminal.until("a running task", lambda text: all(each in text for each in wanted))
        terminal.interrupt()
        assert terminal.wait() == 130
    assert "status_update_event  eventful.instance-" in text
