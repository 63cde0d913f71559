"""``marathon queue``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import click

from ._client import Client
from ._complete import AppId
from ._console import age, plural, print_json, say, with_json, with_url
from ._reasons import REASONS, refusals, waiting_id, why_it_waits

LAST = 5
"""Offers that are shown of each app."""


@click.command("queue", short_help="Tell which instances wait to be launched, and why.")
@click.argument("app", required=False, type=AppId())
@click.option("--reset", is_flag=True, help="Forget the back-off of APP: try again at once.")
@with_json
@with_url
def command(app: str | None, reset: bool, as_json: bool, quiet: bool, url: str | None) -> None:
    """Tell which instances wait to be launched, of all apps or of APP, and why: each reason, and the last offers.

    \b
      marathon queue
      marathon queue my-app --reset
    """
    client = Client(url)
    if reset:
        if app is None:
            raise click.UsageError("--reset needs an APP")
        client.call("DELETE", f"/v2/queue/{quote(app.strip('/'))}/delay")
        say(f"the back-off of {app} is forgotten")
        return
    items = [
        item
        for item in client.get("/v2/queue", embed="lastUnusedOffers")["queue"]
        if app is None or waiting_id(item).strip("/") == app.strip("/")
    ]
    if as_json:
        print_json(items)
    elif quiet:
        for item in items:
            click.echo(waiting_id(item))
    elif not items:
        say(f"nothing of {app} waits to be launched" if app else "nothing waits to be launched")
    else:
        for item in items:
            click.echo("\n".join(_told(item)))


def _told(item: Mapping[str, Any]) -> Iterator[str]:
    summary = item["processedOffersSummary"]
    waits = "waits" if item["count"] == 1 else "wait"
    what = plural(item["count"], "instance")
    yield f"{waiting_id(item)}: {what} {waits} since {age(item['since'])}: {why_it_waits(item)}"
    for reason, declined, processed in refusals(summary, "rejectSummaryLaunchAttempt"):
        yield f"  {declined} of {plural(processed, 'offer')} refused for {reason}"
    for unused in item["lastUnusedOffers"][:LAST]:
        offer = unused["offer"]
        why = ", ".join(REASONS.get(reason, reason) for reason in unused["reason"])
        yield f"    {offer['hostname']} (agent {offer['agentId']}): {why}; {_compared(item, offer)}"


def _compared(item: Mapping[str, Any], offer: Mapping[str, Any]) -> str:
    """What was wanted beside what there was."""
    parts = []
    app = item.get("app", {})  # what a pod wants is the sum of its containers, which the service tells elsewhere
    for name, unit in (("cpus", " CPUs"), ("mem", " MB"), ("disk", " MB of disk"), ("gpus", " GPUs")):
        wanted = app.get(name) or 0
        offered = sum(each.get("scalar", 0) for each in offer["resources"] if each["name"] == name)
        if wanted:
            parts.append(f"{offered:g} of {wanted:g}{unit}")
    return "offered " + (", ".join(parts) or "too little")
