"""``marathon scale``."""

from __future__ import annotations

import click

from ._client import Client, app_path
from ._complete import AppId
from ._console import with_url
from ._wait import Waiting, change, with_waiting


@click.command("scale", short_help="Change the number of instances of an app.")
@click.argument("app", type=AppId())
@click.argument("instances", type=click.IntRange(min=0))
@with_waiting
@with_url
def command(app: str, instances: int, waiting: Waiting, url: str | None) -> None:
    """Change the number of instances of APP, and wait until they run.

    \b
      marathon scale my-app 20
      marathon scale my-app 0 --detach      # suspend it
    """
    client = Client(url)
    change(
        client,
        f"scaling {app} to {instances}",
        lambda query: client.call("PATCH", app_path(app), {"instances": instances}, query),
        waiting,
    )
