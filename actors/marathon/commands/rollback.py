"""``marathon rollback``."""

from __future__ import annotations

from typing import Any

import click

from ._change import change_pod
from ._client import Client, app_path, pod_path
from ._complete import AppId, AppVersion
from ._console import with_url
from ._versions import VERSIONS_BACK, Versions
from ._wait import Waiting, change, with_waiting


@click.command("rollback", context_settings=VERSIONS_BACK, short_help="Bring an app or a pod back to what it was.")
@click.argument("app", type=AppId())
@click.argument("version", required=False, type=AppVersion())
@with_waiting
@with_url
def command(app: str, version: str | None, waiting: Waiting, url: str | None) -> None:
    """Bring APP (or a pod) back to VERSION, or to the one before its present one, and wait until it runs.

    VERSION is a timestamp as 'marathon versions' lists them, its beginning, or -N: so many before the present one.

    \b
      marathon diff my-app              # what was changed last
      marathon rollback my-app
      marathon rollback my-app 2026-11-27T09
    """
    client = Client(url)
    versions = Versions.of(client, app)
    chosen = versions.named(version or "-1")

    def send(query: dict[str, str]) -> dict[str, Any]:
        if versions.is_pod:  # the service goes back by version for apps alone
            return change_pod(client, "PUT", pod_path(app), versions.written(chosen), query)
        return dict(client.call("PUT", app_path(app), {"version": chosen}, query))

    change(client, f"rolling {app} back to {chosen}", send, waiting)
