"""``marathon destroy``."""

from __future__ import annotations

import sys
from contextlib import suppress
from urllib.parse import quote

import click

from ._change import change_pod
from ._client import Client, Refused, WrongUsage, app_path, pod_path
from ._complete import AppId
from ._console import plural, with_url
from ._wait import Waiting, change, with_waiting


@click.command("destroy", short_help="Remove an app, a pod or a group and stop its tasks.")
@click.argument("app", type=AppId())
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@with_waiting
@with_url
def command(app: str, yes: bool, waiting: Waiting, url: str | None) -> None:
    """Remove APP, or the pod or the group of that id with all in it, and stop its tasks.

    \b
      marathon destroy my-app
      marathon destroy /shop --yes         # a group; in scripts
    """
    client = Client(url)
    path, what = _found(client, app)
    call = change_pod if path == pod_path(app) else Client.call
    if not yes and not waiting.dry_run:
        if not sys.stdin.isatty():
            raise WrongUsage(
                f"destroying {what} needs a confirmation, and there is no terminal to ask on",
                "say --yes if you mean it",
            )
        click.confirm(f"Remove {what}?", abort=True, err=True)
    # Unlike other changes, this one cancels what is in its way unless it is told not to.
    gently = {} if waiting.force else {"force": "false"}
    change(client, f"destroying {app}", lambda query: call(client, "DELETE", path, None, {**gently, **query}), waiting)


def _found(client: Client, app: str) -> tuple[str, str]:
    """The path of what is to go, and what that is."""
    try:
        found = client.get(app_path(app))["app"]
    except Refused as refused:
        if refused.status != 404 or not app.strip("/"):  # everything at once is left to the API
            raise
        with suppress(Refused):
            pod = client.get(f"{pod_path(app)}::status")
            return pod_path(app), f"the pod {pod['id']} with its {plural(len(pod['instances']), 'instance')}"
        try:
            apps = client.get(app_path(app, "*"))["*"]
        except Refused:
            raise refused from None
        tasks = plural(sum(each["tasksRunning"] for each in apps), "running task")
        return f"/v2/groups/{quote(app.strip('/'))}", f"the group {app} with {plural(len(apps), 'app')} and {tasks}"
    return app_path(app), f"{found['id']} with its {plural(found['tasksRunning'], 'running task')}"
