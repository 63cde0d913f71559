"""``marathon restart``."""

from __future__ import annotations

import click

from ._client import Client, app_path
from ._complete import AppId
from ._console import with_url
from ._wait import Waiting, change, with_waiting


@click.command("restart", short_help="Replace every instance of an app.")
@click.argument("app", type=AppId())
@with_waiting
@with_url
def command(app: str, waiting: Waiting, url: str | None) -> None:
    """Replace every instance of APP, as its upgrade strategy says, and wait until the new ones run.

    \b
      marathon restart my-app
    """
    client = Client(url)
    change(
        client,
        f"restarting {app}",
        lambda query: client.call("POST", app_path(app, "restart"), query=query),
        waiting,
    )
