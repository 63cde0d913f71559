"""``marathon open``."""

from __future__ import annotations

from urllib.parse import quote

import click

from ._client import Client, app_path, pod_path
from ._complete import AppId
from ._console import say, with_url
from ._pods import either


@click.command("open", short_help="Show the page, or an app on it, in the browser.")
@click.argument("app", required=False, type=AppId())
@click.option("--print", "only_print", is_flag=True, help="Print the address, and open nothing.")
@with_url
def command(app: str | None, only_print: bool, url: str | None) -> None:
    """Show the service's page, or APP (or a pod) on it, in the browser.

    \b
      marathon open my-app
      marathon open --print
    """
    client = Client(url)
    address = f"{client.url}/ui/"
    if app is not None:
        found, is_pod = either(lambda: client.get(app_path(app))["app"], lambda: client.get(pod_path(app)))
        address += f"#/{'pod' if is_pod else 'app'}/{quote(found['id'], safe='')}"
    if only_print or click.launch(address) != 0:
        click.echo(address)
    else:
        say(f"opened {address}")
