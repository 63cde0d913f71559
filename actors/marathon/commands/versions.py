"""``marathon versions``."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import click

from ._client import Client, app_path
from ._complete import AppId
from ._console import age, print_json, print_table, with_json, with_url
from ._differences import differences
from ._versions import definition_at

SHOWN = 10


@click.command("versions", short_help="List the versions of an app.")
@click.argument("app", type=AppId())
@click.option("-n", "count", default=SHOWN, show_default=True, type=click.IntRange(min=1), help="Only the newest.")
@with_json
@with_url
def command(app: str, count: int, as_json: bool, quiet: bool, url: str | None) -> None:
    """List the versions of APP, newest first, with what each changed.

    \b
      marathon versions my-app
      marathon versions my-app -q | tail -1      # the oldest one of those shown
    """
    client = Client(url)
    versions = client.get(app_path(app, "versions"))["versions"]
    if as_json:
        print_json(versions)
    elif quiet:
        for version in versions[:count]:
            click.echo(version)
    else:
        known = [definition_at(client, app, version) for version in versions[: count + 1]]
        changed = [_changed(before, after) for after, before in pairwise(known)]
        if len(known) == len(versions[:count]):
            changed.append("created" if len(versions) < 50 else "")  # at 50 the service forgets the oldest
        rows = zip(versions[:count], map(age, versions), changed, strict=False)
        print_table(("VERSION", "AGE", "CHANGED"), [(version, old, what) for version, old, what in rows])


def _changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    fields = dict.fromkeys(each.path.partition(".")[0].partition("[")[0] for each in differences(before, after))
    return ", ".join(fields) or "restarted"
