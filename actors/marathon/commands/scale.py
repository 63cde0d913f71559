"""``marathon scale``."""

from __future__ import annotations

from typing import Any

import click

from ._change import change_pod
from ._client import Client, Refused, app_path, pod_path
from ._complete import AppId
from ._console import with_url
from ._pods import pod_of
from ._wait import Waiting, change, with_waiting


@click.command("scale", short_help="Change the number of instances of an app or a pod.")
@click.argument("app", type=AppId())
@click.argument("instances", type=click.IntRange(min=0))
@with_waiting
@with_url
def command(app: str, instances: int, waiting: Waiting, url: str | None) -> None:
    """Change the number of instances of APP (or a pod), and wait until they run.

    \b
      marathon scale my-app 20
      marathon scale my-app 0 --detach      # suspend it
    """
    client = Client(url)

    def send(query: dict[str, str]) -> dict[str, Any]:
        try:
            return dict(client.call("PATCH", app_path(app), {"instances": instances}, query))
        except Refused as refused:
            pod = pod_of(client, app) if refused.status in (404, 422) else None  # 422: a pod has the app's id
            if pod is None:
                raise
        scaled = {**pod["spec"], "scaling": {**pod["spec"]["scaling"], "instances": instances}}
        return change_pod(client, "PUT", pod_path(app), scaled, query)

    change(client, f"scaling {app} to {instances}", send, waiting)
