"""``marathon plan``."""

from __future__ import annotations

import click

from ._change import env_option, read_changes
from ._client import Client
from ._console import comparing, print_json, say, with_url
from ._plan import changes_of, print_plan


@click.command("plan", short_help="Tell what deploying files would change, and change nothing.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@env_option
@click.option("--json", "as_json", is_flag=True, help="Print a list of the service's answers: steps, graph, changes.")
@with_url
@comparing
def command(files: tuple[str, ...], env: dict[str, str], as_json: bool, url: str | None) -> bool:
    """Tell what deploying the FILEs would change, in which order, and change nothing.

    The service makes the plan: it is refused what 'marathon deploy' would be refused.
    Exit codes: 0 nothing would change, 1 something would, 2 it cannot be told.

    \b
      marathon plan my-app.json
      marathon plan shop.json --json | jq '.[].changes[].id'
    """
    client = Client(url)
    changes = read_changes(files, env)
    plans = [each.plan(client) for each in changes]
    if as_json:
        print_json(plans)
    for each, plan in zip(changes, plans, strict=True):
        if not as_json:
            print_plan(each.title, plan)
    found = [change for plan in plans for change in changes_of(plan).values()]
    if found and not as_json:
        seen = [change["before"]["version"] for change in found if change["before"]]
        check = f" --check-version {seen[0]}" if len(found) == 1 and seen else ""
        say(f"hint: 'marathon deploy {' '.join(files)}{check}' does it")
    return bool(found)
