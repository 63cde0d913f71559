"""``marathon ps``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ._client import Client
from ._complete import AppId
from ._console import age, print_json, print_table, with_json, with_url
from ._pods import all_pods, containers, tasks_of


@click.command("ps", short_help="List the tasks.")
@click.argument("app", required=False, type=AppId())
@with_json
@with_url
def command(app: str | None, as_json: bool, quiet: bool, url: str | None) -> None:
    """List the tasks of all apps and the containers of all pods, or those of APP, which may be a pod.

    In JSON, tasks come before instances of pods, which have "containers".

    \b
      marathon ps
      marathon ps my-app --json
    """
    client = Client(url)
    if app is None:
        tasks, pods = client.get("/v2/tasks")["tasks"], all_pods(client)
    else:
        tasks, pod = tasks_of(client, app)
        pods = [] if pod is None else [pod]
    tasks.sort(key=lambda task: (task["appId"], task.get("startedAt", ""), task["id"]))
    if as_json:
        print_json([*tasks, *(instance for pod in pods for instance in pod["instances"])])
        return
    listed = [(task["appId"], _row(task)) for task in tasks]
    listed += [(pod["id"], _row_of_container(*found)) for pod in pods for found in containers(pod)]
    rows = [row for _, row in sorted(listed, key=lambda each: each[0])]
    if quiet:
        for task_id, *_ in rows:
            click.echo(task_id)
    else:
        print_table(("TASK", "STATE", "HEALTH", "ADDRESS", "STARTED"), rows)


def _row(task: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        task["id"],
        task["state"].removeprefix("TASK_").lower(),
        _health([result["alive"] for result in task["healthCheckResults"]]),
        f"{task['host']}:{','.join(map(str, task['ports']))}" if task["ports"] else task["host"],
        age(task.get("startedAt")),
    )


def _row_of_container(instance: Mapping[str, Any], container: Mapping[str, Any]) -> tuple[str, ...]:
    health = [each["value"] == "true" for each in container.get("conditions", ()) if each["name"] == "healthy"]
    ports = [str(end["allocatedHostPort"]) for end in container.get("endpoints", ()) if end.get("allocatedHostPort")]
    host = instance.get("agentHostname") or "-"
    return (
        container["containerId"],
        container["status"].removeprefix("TASK_").lower(),
        _health(health),
        f"{host}:{','.join(ports)}" if ports else host,
        age(container.get("statusSince")),
    )


def _health(alive: list[bool]) -> str:
    if not alive:
        return "-"
    return "healthy" if all(alive) else "unhealthy"
