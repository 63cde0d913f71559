"""``marathon apps``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ._client import Client
from ._console import age, print_json, print_table, with_json, with_url


@click.command("apps", short_help="List the apps.")
@click.option("--label", metavar="SELECTOR", help="Only apps with these labels: 'tier==web, owner in (a, b)'.")
@click.option("--id", "part", metavar="TEXT", help="Only apps whose id contains this.")
@with_json
@with_url
def command(label: str | None, part: str | None, as_json: bool, quiet: bool, url: str | None) -> None:
    """List the apps.

    \b
      marathon apps
      marathon apps --label 'tier==web' --json
    """
    wanted = {name: value for name, value in (("label", label), ("id", part)) if value}
    apps = Client(url).get("/v2/apps", **wanted)["apps"]
    if as_json:
        print_json(apps)
    elif quiet:
        for app in apps:
            click.echo(app["id"])
    else:
        headings = ("APP", "RUNNING", "HEALTHY", "CPUS", "MEM", "STATUS", "CHANGED")
        print_table(headings, [_row(app) for app in apps])


def _row(app: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        app["id"],
        f"{app['tasksRunning']}/{app['instances']}",
        str(app["tasksHealthy"]) if app.get("healthChecks") else "-",
        f"{app['cpus']:g}",
        f"{app['mem']:g}",
        _status(app),
        age(app.get("version")),
    )


def _status(app: Mapping[str, Any]) -> str:
    if app["deployments"]:
        return "deploying"
    if app["instances"] == 0:
        return "suspended"
    if app["tasksUnhealthy"]:
        return "unhealthy"
    return "running" if app["tasksRunning"] >= app["instances"] else "waiting"
