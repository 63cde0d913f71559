"""``marathon config``."""

from __future__ import annotations

import click

from ._client import Client
from ._complete import AppId, AppVersion
from ._console import print_json, with_url
from ._versions import VERSIONS_BACK, Versions


@click.command("config", context_settings=VERSIONS_BACK, short_help="Print the definition of an app or a pod.")
@click.argument("app", type=AppId())
@click.argument("version", required=False, type=AppVersion())
@click.option("--json", "as_json", is_flag=True, help="Is what it prints anyway.")
@with_url
def command(app: str, version: str | None, as_json: bool, url: str | None) -> None:
    """Print the definition of APP (or a pod), of the present or of another VERSION, as 'marathon deploy' takes it.

    \b
      marathon config my-app > my-app.json
      marathon config my-app -1
    """
    versions = Versions.of(Client(url), app)
    print_json(versions.written(versions.named(version or "-0")))
