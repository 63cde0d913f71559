"""What a cluster does, for people at a terminal: its agents and tasks, asked of a master's HTTP API.

    GET /state-summary, /tasks ─▶ Picture ─▶ plain tables (`mesos-local agents`, `tasks`)
                                        └──▶ redrawn each second (`--watch`, `mesos-local watch`)

Any Mesos master will do, an Apache Mesos as well. Nothing here holds the loop: it is asked from a thread.
"""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

__all__ = ["MasterAway", "Picture", "Watch", "columns", "look"]

TIMEOUT = 10.0
RECENT = 500
"""Tasks that are asked for, the newest ones."""
ENDED = frozenset(
    {"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST", "TASK_ERROR", "TASK_GONE", "TASK_DROPPED"}
)

AGENT_HEADINGS = ("AGENT", "ADDRESS", "CPUS", "MEM", "DISK", "TASKS", "STATE")
TASK_HEADINGS = ("TASK", "STATE", "AGENT", "FRAMEWORK", "SINCE")

Row = tuple[str, ...]


class MasterAway(Exception):
    """No master answers there, or not with what is asked of one."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One moment of the cluster. `agents` and `tasks` are as Mesos answers them (``/state-summary``, ``/tasks``)."""

    url: str
    agents: tuple[Mapping[str, Any], ...]
    frameworks: Mapping[str, str]
    tasks: tuple[Mapping[str, Any], ...]

    @property
    def summary(self) -> str:
        running = sum(agent["TASK_RUNNING"] for agent in self.agents)
        used, total = (
            sum(agent[key].get("cpus", 0) for agent in self.agents) for key in ("used_resources", "resources")
        )
        return (
            f"{_plural(len(self.agents), 'agent')}, {_plural(len(self.frameworks), 'framework')}, "
            f"{_plural(running, 'task')} running, {used:g} of {total:g} CPUs used"
        )

    def agent_rows(self) -> list[Row]:
        """For `AGENT_HEADINGS`: resources are used/all, mem and disk in MB."""
        return [
            (
                _short(agent["id"]),
                f"{agent['hostname']}:{agent['port']}",
                *(_used(agent, name) for name in ("cpus", "mem", "disk")),
                str(sum(count for state, count in agent.items() if state.startswith("TASK_") and state not in ENDED)),
                "active" if agent["active"] else "inactive",
            )
            for agent in self.agents
        ]

    def task_rows(self, now: float) -> list[Row]:
        """For `TASK_HEADINGS`: live ones first, newest first. `now` is a Unix time."""
        hosts = {agent["id"]: f"{agent['hostname']}:{agent['port']}" for agent in self.agents}
        live_first = sorted(self.tasks, key=lambda task: task["state"] in ENDED)
        return [
            (
                task["id"],
                task["state"].removeprefix("TASK_").lower(),
                hosts.get(task["slave_id"], _short(task["slave_id"])),
                self.frameworks.get(task["framework_id"], _short(task["framework_id"])),
                _age(now - task["statuses"][-1]["timestamp"]) if task["statuses"] else "-",
            )
            for task in live_first
        ]


def look(url: str) -> Picture:
    """Ask the master at `url`, or the one that it redirects to. Blocks. Raises `MasterAway`."""
    summary, tasks = _get(url, "/state-summary"), _get(url, f"/tasks?limit={RECENT}")
    try:
        return Picture(
            url,
            tuple(summary["slaves"]),
            {framework["id"]: framework["name"] for framework in summary["frameworks"]},
            tuple(tasks["tasks"]),
        )
    except (KeyError, TypeError) as error:
        raise MasterAway(f"{url} is no Mesos master: its answer has no {error}") from error


def _get(url: str, path: str) -> Any:
    try:
        with urllib.request.urlopen(url + path, timeout=TIMEOUT) as answer:
            return json.load(answer)
    except (OSError, HTTPException) as error:
        raise MasterAway(f"no Mesos master answers at {url}: {getattr(error, 'reason', error)}") from error
    except json.JSONDecodeError as error:
        raise MasterAway(f"{url} is no Mesos master: its answer is no JSON") from error
    except ValueError as error:
        raise MasterAway(f"'{url}' is no URL of a master: give it as http://HOST:PORT") from error


def columns(headings: Sequence[str], rows: Iterable[Row]) -> list[str]:
    """Aligned lines, the heading first."""
    table = [tuple(headings), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


class Watch:
    """Shows pictures on stderr: on a terminal in place, elsewhere a line for each task that changes its state."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._live = self._start() if sys.stderr.isatty() else None

    def _start(self) -> Any:
        from rich.console import Console
        from rich.live import Live

        live = Live(console=Console(stderr=True, highlight=False), auto_refresh=False)
        live.start()
        return live

    def show(self, picture: Picture) -> None:
        if self._live is not None:
            self._live.update(drawn(picture, time.time(), self._live.console.height - 1), refresh=True)
            return
        for task, state, agent, *_ in picture.task_rows(time.time()):
            if self._known.get(task) != state:
                self._known[task] = state
                sys.stderr.write(f"{task} is {state} on {agent}\n")

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()


def drawn(picture: Picture, now: float, height: int) -> Any:
    """A picture as rich draws it, `height` lines at the most: agents first, then as many tasks as there is room for."""
    from rich.console import Group
    from rich.text import Text

    agents = _cut(columns(AGENT_HEADINGS, picture.agent_rows()), max(3, (height - 4) // 2))
    rows = picture.task_rows(now)
    tasks = _cut(columns(TASK_HEADINGS, rows), max(2, height - len(agents) - 3))
    lines: list[Text] = [Text.assemble((picture.url, "bold"), f"  {picture.summary}"), Text("")]
    lines += [Text(line, "dim" if not number else "", no_wrap=True) for number, line in enumerate(agents)]
    lines.append(Text(""))
    states = ["", *(row[1] for row in rows), ""]
    style: Callable[[str], str] = lambda state: {"running": "green", "failed": "red"}.get(state, "dim")  # noqa: E731
    lines += [Text(line, style(states[number]), no_wrap=True) for number, line in enumerate(tasks)]
    return Group(*lines)


def _cut(lines: list[str], room: int) -> list[str]:
    return lines if len(lines) <= room else [*lines[: room - 1], f"… and {len(lines) - room + 1} more"]


def _used(agent: Mapping[str, Any], name: str) -> str:
    return f"{agent['used_resources'].get(name, 0):g}/{agent['resources'].get(name, 0):g}"


def _short(some_id: str) -> str:
    """The end of an id, which tells it from its neighbours: ``…-S0``."""
    return some_id.rpartition("-")[2] or some_id


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{max(0, int(seconds))}s"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
