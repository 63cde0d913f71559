"""``marathon restart``."""

from __future__ import annotations

from typing import Any

import click

from ._client import Client, CommandFailed, Refused, app_path
from ._complete import AppId
from ._console import with_url
from ._pods import pod_of
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

    def send(query: dict[str, str]) -> dict[str, Any]:
        try:
            return dict(client.call("POST", app_path(app, "restart"), query=query))
        except Refused as refused:
            if refused.status == 404 and pod_of(client, app) is not None:
                raise CommandFailed(
                    f"{app} is a pod, and the API restarts apps alone",
                    f"scale it to 0 and back, or deploy it anew: 'marathon config {app}' prints what it is",
                ) from None
            raise

    change(client, f"restarting {app}", send, waiting)
