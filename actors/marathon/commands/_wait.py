"""Waiting for a deployment, and saying meanwhile what it does and what it waits for."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ._client import Client, CommandFailed, Refused, app_path
from ._console import EXIT_INTERRUPTED, EXIT_TIMED_OUT, EXIT_UNREACHED, Duration, F, say

POLL = 0.5
"""Seconds between two looks at a deployment."""


class Unreached(CommandFailed):
    """The deployment ended, but not where it was meant to."""

    exit_code = EXIT_UNREACHED


class TimedOut(CommandFailed):
    """The deployment goes on, and we do not wait for it any longer."""

    exit_code = EXIT_TIMED_OUT


def with_waiting(command: F) -> F:
    """The options of a deploying command."""
    for option in (
        click.option("--detach", is_flag=True, help="Print the deployment's id and do not wait for it."),
        click.option("--wait-timeout", type=Duration(), default="10m", show_default=True, help="How long to wait."),
        click.option("--force", is_flag=True, help="Cancel deployments that lock the app."),
    ):
        command = option(command)
    return command


def follow(client: Client, result: Mapping[str, Any], *, detach: bool, timeout: float) -> None:
    """Wait until the deployment of `result` (``{"deploymentId", "version"}``) has ended.

    Prints its id on stdout when detached. Ends the command with 3 when it ended without reaching its goal, with 4 after
    `timeout` seconds, with 130 on Ctrl-C.
    """
    deployment_id = str(result["deploymentId"])
    if detach:
        click.echo(deployment_id)
        say("the deployment goes on; 'marathon apps' shows how far it is")
        return
    try:
        apps = _until_gone(client, deployment_id, timeout)
    except KeyboardInterrupt:
        say(f"\ninterrupted: deployment {deployment_id} goes on; 'marathon apps' shows how far it is")
        raise SystemExit(EXIT_INTERRUPTED) from None
    _judge(client, deployment_id, apps)


def _until_gone(client: Client, deployment_id: str, timeout: float) -> tuple[str, ...]:
    """The apps that the deployment was about. Empty when it was over at the first look."""
    deadline, shown, apps = time.monotonic() + timeout, "", ()
    while True:
        found = next((d for d in client.get("/v2/deployments") if d["id"] == deployment_id), None)
        if found is None:
            _end_line(shown)
            return apps
        apps = tuple(found["affectedApps"])
        shown = _show(" · ".join(_progress(client, found)), shown)
        if time.monotonic() > deadline:
            _end_line(shown)
            reasons = "; ".join(_reasons(client, apps)) or "it did not say why"
            raise TimedOut(
                f"deployment {deployment_id} has not ended within {timeout:g} seconds: {reasons}",
                "it goes on; wait longer with --wait-timeout, or see 'marathon ps' and 'marathon logs'",
            )
        time.sleep(POLL)


def _progress(client: Client, deployment: Mapping[str, Any]) -> Iterator[str]:
    yield f"step {deployment['currentStep']} of {deployment['totalSteps']}"
    for action in deployment["currentActions"][:3]:
        yield f"{action['action']} {action['app']} {_state_of(client, action['app'])}"
    if len(deployment["currentActions"]) > 3:
        yield f"and {len(deployment['currentActions']) - 3} more"


def _state_of(client: Client, app_id: str) -> str:
    try:
        app = client.get(app_path(app_id))["app"]
    except Refused as refused:
        if refused.status == 404:
            return "(stopping)"
        raise
    health = f", {app['tasksHealthy']} healthy" if app.get("healthChecks") else ""
    return f"({app['tasksRunning']} of {app['instances']} running{health})"


def _reasons(client: Client, apps: tuple[str, ...]) -> Iterator[str]:
    for item in client.get("/v2/queue")["queue"]:
        if item["app"]["id"] not in apps:
            continue
        declined = {s["reason"]: s["declined"] for s in item["processedOffersSummary"]["rejectSummaryLaunchAttempt"]}
        why = ", ".join(f"{reason} in {count} offers" for reason, count in declined.items() if count)
        yield f"{item['app']['id']} waits for {item['count']} more instances to be placed ({why or 'no offers yet'})"


def _judge(client: Client, deployment_id: str, apps: tuple[str, ...]) -> None:
    """A deployment is gone when it succeeded and when it was cancelled: the apps tell which."""
    short = []
    for app_id in apps:
        try:
            app = client.get(app_path(app_id))["app"]
        except Refused as refused:
            if refused.status != 404:
                raise
            continue
        if not app["deployments"] and app["tasksRunning"] < app["instances"]:
            short.append(f"{app_id} has {app['tasksRunning']} of {app['instances']} instances running")
    if short:
        raise Unreached(
            f"deployment {deployment_id} has ended, but {'; '.join(short)}",
            "it was cancelled, or tasks ended since: see 'marathon ps' and 'marathon logs'",
        )
    say("done")


def _show(text: str, shown: str) -> str:
    """On a terminal one line that changes, elsewhere a line per change."""
    if text != shown:
        if sys.stderr.isatty():
            click.echo("\r" + text.ljust(len(shown)), nl=False, err=True)
        else:
            say(text)
    return text


def _end_line(shown: str) -> None:
    if shown and sys.stderr.isatty():
        say("")
