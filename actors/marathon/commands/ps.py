"""``marathon ps``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ._client import Client, app_path
from ._complete import AppId
from ._console import age, print_json, print_table, with_json, with_url


@click.command("ps", short_help="List the tasks.")
@click.argument("app", required=False, type=AppId())
@with_json
@with_url
def command(app: str | None, as_json: bool, quiet: bool, url: str | None) -> None:
    """List the tasks, of all apps or of APP.

    \b
      marathon ps
      marathon ps my-app --json
    """
    tasks = Client(url).get(app_path(app, "tasks") if app else "/v2/tasks")["tasks"]
    tasks.sort(key=lambda task: (task["appId"], task.get("startedAt", ""), task["id"]))
    if as_json:
        print_json(tasks)
    elif quiet:
        for task in tasks:
            click.echo(task["id"])
    else:
        print_table(("TASK", "STATE", "HEALTH", "ADDRESS", "STARTED"), [_row(task) for task in tasks])


def _row(task: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        task["id"],
        task["state"].removeprefix("TASK_").lower(),
        _health(task["healthCheckResults"]),
        f"{task['host']}:{','.join(map(str, task['ports']))}" if task["ports"] else task["host"],
        age(task.get("startedAt")),
    )


def _health(results: list[Mapping[str, Any]]) -> str:
    if not results:
        return "-"
    return "healthy" if all(result["alive"] for result in results) else "unhealthy"
