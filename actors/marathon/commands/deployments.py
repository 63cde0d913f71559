"""``marathon deployments``: list, show, watch, cancel and revert those that run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click

from ._client import Client
from ._complete import DeploymentId
from ._console import print_json, print_table, say, with_json, with_url
from ._graph import ACTIONS, Graph
from ._progress import SYMBOLS, WORDS, Progress, rows_of
from ._wait import Waiting, change, listening, watch, with_waiting


@click.group("deployments", invoke_without_command=True, short_help="List, watch, cancel or revert what is deployed.")
@with_json
@with_url
@click.pass_context
def command(context: click.Context, as_json: bool, quiet: bool, url: str | None) -> None:
    """List the deployments that run; or show, watch, cancel or revert one.

    \b
      marathon deployments
      marathon deployments watch 3f2a61c0-…
    """
    if context.invoked_subcommand is not None:
        return
    deployments = Client(url).get("/v2/deployments")
    if as_json:
        print_json(deployments)
    elif quiet:
        for deployment in deployments:
            click.echo(deployment["id"])
    else:
        headings = ("DEPLOYMENT", "STEP", "APPS", "AT WORK")
        print_table(headings, [_row(deployment) for deployment in deployments])


def _row(deployment: Mapping[str, Any]) -> tuple[str, ...]:
    affected, at_work = [*deployment["affectedApps"], *deployment["affectedPods"]], deployment["currentActions"]
    doing = ", ".join(_doing(action) for action in at_work[:3])
    return (
        deployment["id"],
        f"{deployment['currentStep']}/{deployment['totalSteps']}",
        str(len(affected)),
        doing + (f" and {len(at_work) - 3} more" if len(at_work) > 3 else ""),
    )


def _doing(action: Mapping[str, Any]) -> str:
    kind = action["action"].replace("Pod", "Application")
    return f"{ACTIONS.get(kind, kind)} {action.get('app') or action['pod']}"


def _path(deployment_id: str) -> str:
    return f"/v2/deployments/{quote(deployment_id)}"


@command.command("show")
@click.argument("deployment", metavar="ID", type=DeploymentId())
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API answers it.")
@with_url
def show(deployment: str, as_json: bool, url: str | None) -> None:
    """Show who waits for whom.

    \b
      marathon deployments show 3f2a61c0-…
    """
    found = Client(url).get(_path(deployment))
    if as_json:
        print_json(found)
        return
    progress = Progress(deployment, "", Graph.of(found["graph"], found["steps"]))
    rows = rows_of(progress, len(progress.graph.nodes))
    table = [(row.app, row.action, f"{SYMBOLS[row.state]} {WORDS[row.state]}", row.note) for row in rows]
    print_table(("APP", "ACTION", "STATE", ""), table)


@command.command("watch")
@click.argument("deployment", metavar="ID", type=DeploymentId())
@with_waiting
@with_url
def watch_one(deployment: str, waiting: Waiting, url: str | None) -> None:
    """Watch one until it has ended, as 'marathon deploy' does.

    \b
      marathon deployments watch 3f2a61c0-…
    """
    client = Client(url)
    with listening(client) as feed:
        client.get(_path(deployment))  # one that has ended already is an error here
        watch(client, feed, deployment, "deployment", waiting)


@command.command("cancel")
@click.argument("deployment", metavar="ID", type=DeploymentId())
@click.option("--app", metavar="ID", help="End only this app's part; the deployment goes on without it.")
@with_url
def cancel(deployment: str, app: str | None, url: str | None) -> None:
    """Stop it where it is: apps that were changed stay changed, the others stay as they are.

    \b
      marathon deployments cancel 3f2a61c0-…
      marathon deployments cancel 3f2a61c0-… --app /shop/db
    """
    query = {"app": app} if app else {"force": "true"}
    Client(url).call("DELETE", _path(deployment), query=query)
    say(f"the part of {app} is ended, the others go on" if app else f"deployment {deployment} is cancelled")


@command.command("revert")
@click.argument("deployment", metavar="ID", type=DeploymentId())
@with_waiting
@with_url
def revert(deployment: str, waiting: Waiting, url: str | None) -> None:
    """Deploy the opposite: every app of it is brought back to what it was before.

    \b
      marathon deployments revert 3f2a61c0-…
    """
    client = Client(url)
    change(client, f"reverting {deployment}", lambda query: client.call("DELETE", _path(deployment)), waiting)
