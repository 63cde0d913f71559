"""``marathon diff``."""

from __future__ import annotations

import click

from ._client import Client
from ._complete import AppId, AppVersion
from ._console import comparing, print_json, say, with_url
from ._differences import differences, lines_of
from ._versions import VERSIONS_BACK, Versions


@click.command("diff", context_settings=VERSIONS_BACK, short_help="Compare two versions of an app or a pod.")
@click.argument("app", type=AppId())
@click.argument("before", required=False, type=AppVersion())
@click.argument("after", required=False, type=AppVersion())
@click.option("--json", "as_json", is_flag=True, help="Print a list of {path, before, after}.")
@with_url
@comparing
def command(app: str, before: str | None, after: str | None, as_json: bool, url: str | None) -> bool:
    """Compare two versions of APP (or a pod) field by field.

    The two last ones, BEFORE with the present one, or BEFORE with AFTER.
    Versions are named as for 'marathon rollback': a timestamp, its beginning, or -N.
    Exit codes: 0 they are the same, 1 they differ, 2 it cannot be told.

    \b
      marathon diff my-app
      marathon diff my-app -3 -1
    """
    versions = Versions.of(Client(url), app)
    older, newer = (versions.named(name) for name in (before or "-1", after or "-0"))
    found = differences(versions.at(older), versions.at(newer))
    if as_json:
        print_json([each.to_json() for each in found])
        return bool(found)
    say(f"{older} → {newer}" + ("" if found else ": no field differs"))
    for line in lines_of(found):
        click.echo(line)
    return bool(found)
