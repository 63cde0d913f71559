"""``marathon ps``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ._client import Client
from ._complete import AppId
from ._console import age, print_json, print_table, with_json, with_url
from ._pods import containers, tasks_of


@click.command("ps", short_help="List the tasks.")
@click.argument("app", required=False, type=AppId())
@with_json
@with_url
def command(app: str | None, as_json: bool, quiet: bool, url: str | None) -> None:
    """List the tasks, of all apps or of APP; or the containers of APP, if it is a pod.

    \b
      marathon ps
      marathon ps my-app --json
    """
    client = Client(url)
    tasks, pod = tasks_of(client, app) if app else (client.get("/v2/tasks")["tasks"], None)
    if pod is not None:
        _show_pod(pod, as_json, quiet)
        return
    tasks.sort(key=lambda task: (task["appId"], task.get("startedAt", ""), task["id"]))
    if as_json:
        print_json(tasks)
    elif quiet:
        for task in tasks:
            click.echo(task["id"])
    else:
        print_table(("TASK", "STATE", "HEALTH", "ADDRESS", "STARTED"), [_row(task) for task in tasks])


def _show_pod(pod: Mapping[str, Any], as_json: bool, quiet: bool) -> None:
    if as_json:
        print_json(pod["instances"])
    elif quiet:
        for _, each in containers(pod):
            click.echo(each["containerId"])
    else:
        rows = [_row_of_container(instance, each) for instance, each in containers(pod)]
        print_table(("CONTAINER", "STATE", "HEALTH", "ADDRESS", "SINCE"), rows)


def _row_of_container(instance: Mapping[str, Any], container: Mapping[str, Any]) -> tuple[str, ...]:
    health = [each["value"] for each in container.get("conditions", ()) if each["name"] == "healthy"]
    ports = [str(end["allocatedHostPort"]) for end in container.get("endpoints", ()) if end.get("allocatedHostPort")]
    host = instance.get("agentHostname") or "-"
    return (
        container["containerId"],
        container["status"].removeprefix("TASK_").lower(),
        "-" if not health else "healthy" if health[0] == "true" else "unhealthy",
        f"{host}:{','.join(ports)}" if ports else host,
        age(container.get("statusSince")),
    )


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
