"""``mesos-local agents``, ``tasks`` and ``watch``: what a cluster does, as text."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from actors import ActorSystem
from actors.local_mesos.command import main
from actors.local_mesos.local import LocalMesos
from actors.local_mesos.look import MasterAway, Picture, drawn, look
from tests.terminal import Terminal


def agent(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"0f-S{number}", "hostname": "127.0.0.1", "port": 5050 + number, "active": True,
        "used_resources": {"cpus": 0.5, "mem": 64}, "resources": {"cpus": 4, "mem": 1024, "disk": 10},
        "TASK_RUNNING": 2, "TASK_STAGING": 1, "TASK_FAILED": 7, **fields,
    }  # fmt: skip


def task(number: int, state: str) -> dict[str, Any]:
    return {
        "id": f"task-{number}", "state": state, "slave_id": "0f-S1", "framework_id": "fw",
        "statuses": [{"state": state, "timestamp": 100.0}],
    }  # fmt: skip


PICTURE = Picture(
    "http://m:5050", (agent(1), agent(2)), {"fw": "marathon"}, (task(1, "TASK_FAILED"), task(2, "TASK_RUNNING"))
)


def text_of(picture: Picture, height: int) -> list[str]:
    from rich.console import Console

    console = Console(width=100, height=height)
    with console.capture() as capture:
        console.print(drawn(picture, 190.0, height))
    return capture.get().splitlines()


def test_a_picture_has_agents_with_what_is_used_and_live_tasks_first() -> None:
    lines = text_of(PICTURE, 24)
    assert lines[0] == "http://m:5050  2 agents, 1 framework, 4 tasks running, 1 of 8 CPUs used"
    assert lines[3].split() == ["S1", "127.0.0.1:5051", "0.5/4", "64/1024", "0/10", "3", "active"]
    assert [line.split() for line in lines[7:]] == [
        ["task-2", "running", "127.0.0.1:5051", "marathon", "1m"],
        ["task-1", "failed", "127.0.0.1:5051", "marathon", "1m"],
    ]


def test_a_picture_fits_its_terminal_and_counts_what_is_left_out() -> None:
    many = Picture("u", tuple(map(agent, range(50))), {}, tuple(task(n, "TASK_RUNNING") for n in range(90)))
    lines = text_of(many, 20)
    assert len(lines) <= 20
    assert sum(int(line.split()[2]) for line in lines if line.startswith("… and")) + len(lines) - 7 == 140


def test_where_no_master_answers_it_is_said() -> None:
    with pytest.raises(MasterAway, match=r"no Mesos master answers at http://127\.0\.0\.1:9"):
        look("http://127.0.0.1:9")
    result = CliRunner().invoke(main, ["tasks", "--master", "http://127.0.0.1:9"])
    assert result.exit_code == 1
    assert "hint: start one with 'mesos-local'" in result.stderr


@pytest.mark.parametrize("url", ["foo", "http://127.0.0.1:x"])
def test_what_is_no_url_is_told_without_a_traceback(url: str) -> None:
    with pytest.raises(MasterAway, match=url):
        look(url)


@pytest.mark.real
async def test_a_running_cluster_is_listed(tmp_path: Any) -> None:
    async with (
        ActorSystem("look") as system,
        await LocalMesos.start(system, port=0, agents=2, runner="simulated", work_dir=tmp_path) as local,
    ):
        listed = await asyncio.to_thread(CliRunner().invoke, main, ["agents", "--master", local.url])
        as_json = await asyncio.to_thread(CliRunner().invoke, main, ["agents", "--json", "--master", local.url])
    assert [line.split()[0] for line in listed.stdout.splitlines()] == ["AGENT", "S0", "S1"]
    assert [each["active"] for each in json.loads(as_json.stdout)] == [True, True]


@pytest.mark.real
def test_watch_shows_the_cluster_it_starts_on_a_terminal(tmp_path: Any) -> None:
    command = [
        sys.executable,
        "-m",
        "actors.local_mesos.command",
        "--port",
        "0",
        "--simulate",
        "--watch",
        "--agents",
        "3",
    ]
    with Terminal(command) as terminal:
        terminal.until("its agents", lambda text: "3 agents, 0 frameworks, 0 tasks running" in text)
        terminal.interrupt()
        assert terminal.wait() == 0
