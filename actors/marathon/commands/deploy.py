"""``marathon deploy``."""

from __future__ import annotations

from functools import partial

import click

from ._change import env_option, read_changes
from ._client import Client
from ._console import with_url
from ._wait import Waiting, change, with_waiting


@click.command("deploy", short_help="Create or update apps, pods and groups from files.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@env_option
@click.option(
    "--check-version", metavar="VERSION", help="Only if the app is still of this version, as 'marathon plan' told it."
)
@with_waiting
@with_url
def command(
    files: tuple[str, ...], env: dict[str, str], check_version: str | None, waiting: Waiting, url: str | None
) -> None:
    """Create or update the apps, pods and groups that the FILEs (JSON; - is stdin) define, and wait until they run.

    A file is the whole definition: what it does not say takes its default. 'marathon plan FILE' tells beforehand what
    would change.

    \b
      marathon deploy my-app.json
      jq '.instances = 3' my-app.json | marathon deploy - --detach
    """
    changes = read_changes(files, env)
    if check_version is not None:
        changes = [each.if_version(check_version) for each in changes]
    client = Client(url)
    for each in changes:
        change(client, f"deploying {each.title}", partial(each.send, client), waiting)
