"""``marathon apps``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from actors.marathon.label_selector import parse_selector

from ._client import Client
from ._console import age, print_json, print_table, with_json, with_url
from ._pods import all_pods, figures_of
from ._reasons import waiting_id


@click.command("apps", short_help="List the apps and pods.")
@click.option("--label", metavar="SELECTOR", help="Only those with these labels: 'tier==web, owner in (a, b)'.")
@click.option("--id", "part", metavar="TEXT", help="Only those whose id contains this.")
@with_json
@with_url
def command(label: str | None, part: str | None, as_json: bool, quiet: bool, url: str | None) -> None:
    """List the apps and the pods; CPUS and MEM (in MB) are of one instance.

    In JSON, apps come before pods, which have a "spec".

    \b
      marathon apps
      marathon apps --label 'tier==web' --json
    """
    client = Client(url)
    wanted = {name: value for name, value in (("label", label), ("id", part)) if value}
    apps = client.get("/v2/apps", **wanted)["apps"]  # refuses a selector that is none
    pods = list(filter(_wanted(label, part), all_pods(client)))
    if as_json:
        print_json([*apps, *pods])
    elif quiet:
        for app in sorted([*apps, *pods], key=lambda each: str(each["id"])):
            click.echo(app["id"])
    else:
        deployed = {pod for each in client.get("/v2/deployments") for pod in each["affectedPods"]} if pods else set()
        waiting = {waiting_id(item): item for item in client.get("/v2/queue")["queue"] if item["count"]}
        rows = [_row(app, waiting.get(app["id"])) for app in apps]
        rows += [_row_of_pod(pod, pod["id"] in deployed, waiting.get(pod["id"])) for pod in pods]
        print_table(("ID", "KIND", "RUNNING", "HEALTHY", "CPUS", "MEM", "STATUS", "CHANGED"), sorted(rows))


def _wanted(label: str | None, part: str | None) -> Callable[[Mapping[str, Any]], bool]:
    """The filter of the API's list of apps, for pods, whose list has none."""
    selected = parse_selector(label) if label else lambda _: True
    return lambda pod: selected(pod["spec"].get("labels", {})) and (not part or part.lower() in pod["id"])


def _row(app: Mapping[str, Any], item: Mapping[str, Any] | None) -> tuple[str, ...]:
    return (
        app["id"],
        "app",
        f"{app['tasksRunning']}/{app['instances']}",
        str(app["tasksHealthy"]) if app.get("healthChecks") else "-",
        f"{app['cpus']:g}",
        f"{app['mem']:g}",
        _status(app["instances"], app["tasksRunning"], app["tasksUnhealthy"], bool(app["deployments"]), item),
        age(app.get("version")),
    )


def _row_of_pod(pod: Mapping[str, Any], is_deployed: bool, item: Mapping[str, Any] | None) -> tuple[str, ...]:
    spec, figures = pod["spec"], figures_of(pod)
    taken = [*(each["resources"] for each in spec["containers"]), spec.get("executorResources", {})]
    cpus, mem = (sum(each.get(name, 0) for each in taken) for name in ("cpus", "mem"))
    return (
        pod["id"],
        "pod",
        f"{figures.running}/{figures.wanted}",
        str(figures.stable) if figures.checked else "-",
        f"{cpus:g}",
        f"{mem:g}",
        _status(figures.wanted, figures.running, figures.running - figures.stable, is_deployed, item),
        age(spec.get("version")),
    )


def _status(wanted: int, running: int, unhealthy: int, is_deployed: bool, item: Mapping[str, Any] | None) -> str:
    """In the page's words. `item`: of the queue, if some instance is in it."""
    if item is not None:
        return "waiting" if item["delay"]["overdue"] else "delayed"
    if is_deployed:
        return "deploying"
    if wanted == 0:
        return "suspended"
    if unhealthy:
        return "unhealthy"
    return "running" if running >= wanted else "waiting"
