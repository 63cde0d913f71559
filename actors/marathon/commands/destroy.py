"""``marathon destroy``."""

from __future__ import annotations

import sys

import click

from ._client import Client, WrongUsage, app_path
from ._console import say, with_url
from ._wait import follow, with_waiting


@click.command("destroy", short_help="Remove an app and stop its tasks.")
@click.argument("app")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@with_waiting
@with_url
def command(app: str, yes: bool, detach: bool, wait_timeout: float, force: bool, url: str | None) -> None:
    """Remove APP and stop its tasks.

    \b
      marathon destroy my-app
      marathon destroy my-app --yes         # in scripts
    """
    client = Client(url)
    found = client.get(app_path(app))["app"]
    if not yes:
        if not sys.stdin.isatty():
            raise WrongUsage(
                f"destroying {found['id']} needs a confirmation, and there is no terminal to ask on",
                "say --yes if you mean it",
            )
        click.confirm(f"Remove {found['id']} and stop its {found['tasksRunning']} running tasks?", abort=True, err=True)
    result = client.call("DELETE", app_path(app), query={"force": "true" if force else "false"})
    say(f"destroying {found['id']}")
    follow(client, result, detach=detach, timeout=wait_timeout)
