"""``marathon config``."""

from __future__ import annotations

import click

from ._client import Client
from ._complete import AppId, AppVersion
from ._console import print_json, with_url
from ._differences import WRITTEN_BY_THE_SERVICE
from ._versions import VERSIONS_BACK, definition_at, version_of


@click.command("config", context_settings=VERSIONS_BACK, short_help="Print the definition of an app.")
@click.argument("app", type=AppId())
@click.argument("version", required=False, type=AppVersion())
@click.option("--json", "as_json", is_flag=True, help="Is what it prints anyway.")
@with_url
def command(app: str, version: str | None, as_json: bool, url: str | None) -> None:
    """Print the definition of APP, of the present or of another VERSION, as 'marathon deploy' takes it.

    \b
      marathon config my-app > my-app.json
      marathon config my-app -1
    """
    client = Client(url)
    definition = definition_at(client, app, version_of(client, app, version or "-0"))
    print_json({name: value for name, value in definition.items() if name not in WRITTEN_BY_THE_SERVICE})
