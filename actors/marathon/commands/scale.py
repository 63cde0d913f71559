"""``marathon scale``."""

from __future__ import annotations

import click

from ._client import Client, app_path
from ._console import say, with_url
from ._wait import follow, with_waiting


@click.command("scale", short_help="Change the number of instances of an app.")
@click.argument("app")
@click.argument("instances", type=click.IntRange(min=0))
@with_waiting
@with_url
def command(app: str, instances: int, detach: bool, wait_timeout: float, force: bool, url: str | None) -> None:
    """Change the number of instances of APP, and wait until they run.

    \b
      marathon scale my-app 20
      marathon scale my-app 0 --detach      # suspend it
    """
    client = Client(url)
    query = {"force": "true"} if force else {}
    result = client.call("PATCH", app_path(app), {"instances": instances}, query)
    say(f"scaling {app} to {instances}")
    follow(client, result, detach=detach, timeout=wait_timeout)
