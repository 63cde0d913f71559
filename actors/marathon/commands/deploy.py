"""``marathon deploy``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ._client import Client, CommandFailed, app_path
from ._console import say, with_url
from ._definition import is_group, read_definition, unknown_fields, without_group_versions
from ._wait import follow, with_waiting


@click.command("deploy", short_help="Create or update apps and groups from files.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@with_waiting
@with_url
def command(files: tuple[str, ...], detach: bool, wait_timeout: float, force: bool, url: str | None) -> None:
    """Create or update the apps and groups that the FILEs (JSON; - is stdin) define, and wait until they run.

    A file is the whole definition: what it does not say takes its default.

    \b
      marathon deploy my-app.json
      jq '.instances = 3' my-app.json | marathon deploy - --detach
    """
    definitions = []
    for name in files:  # all are read before the first is sent
        definition, text = read_definition(name)
        for warning in unknown_fields(definition, text):
            say(f"warning: {name}:{warning}")
        definitions.append((name, definition))
    client = Client(url)
    for name, definition in definitions:
        result = _send(client, name, definition, force)
        follow(client, result, detach=detach, timeout=wait_timeout)


def _send(client: Client, name: str, definition: Any, force: bool) -> Mapping[str, Any]:
    query = {"force": "true"} if force else {}
    if isinstance(definition, list):
        say(f"deploying {len(definition)} apps")
        result = client.call("PUT", "/v2/apps", definition, {**query, "partialUpdate": "false"})
    elif not isinstance(definition, Mapping) or not isinstance(definition.get("id"), str):
        raise CommandFailed(
            f'{name} defines no app or group: it must be an object with an "id", or an array of such objects'
        )
    elif is_group(definition):
        say(f"deploying group {definition['id']}")
        # The path is the root and the id in the body says which: that is how relative ids are read.
        result = client.call("PUT", "/v2/groups", without_group_versions(definition), query)
    else:
        say(f"deploying {definition['id']}")
        result = client.call("PUT", app_path(definition["id"]), definition, {**query, "partialUpdate": "false"})
    return dict(result)
