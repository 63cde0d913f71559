"""``marathon versions``."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import click

from ._client import Client
from ._complete import AppId
from ._console import age, print_json, print_table, with_json, with_url
from ._differences import differences
from ._versions import Versions

SHOWN = 10


@click.command("versions", short_help="List the versions of an app or a pod.")
@click.argument("app", type=AppId())
@click.option("-n", "count", default=SHOWN, show_default=True, type=click.IntRange(min=1), help="Only the newest.")
@with_json
@with_url
def command(app: str, count: int, as_json: bool, quiet: bool, url: str | None) -> None:
    """List the versions of APP (or a pod), newest first, with what each changed.

    \b
      marathon versions my-app
      marathon versions my-app -q | tail -1      # the oldest one of those shown
    """
    versions = Versions.of(Client(url), app)
    names = versions.names
    if as_json:
        print_json(names)
    elif quiet:
        for version in names[:count]:
            click.echo(version)
    else:
        known = [versions.at(version) for version in names[: count + 1]]
        changed = [_changed(before, after) for after, before in pairwise(known)]
        if len(known) == len(names[:count]):
            changed.append("created" if len(names) < 50 else "")  # at 50 the service forgets the oldest
        rows = zip(names[:count], map(age, names), changed, strict=False)
        print_table(("VERSION", "AGE", "CHANGED"), [(version, old, what) for version, old, what in rows])


def _changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    fields = dict.fromkeys(each.path.partition(".")[0].partition("[")[0] for each in differences(before, after))
    return ", ".join(fields) or "restarted"
