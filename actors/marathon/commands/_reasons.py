"""Why instances wait to be launched, in the page's words, from an item of ``GET /v2/queue``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["REASONS", "refusals", "waiting_id", "why_it_waits"]

REASONS = {
    "UnfulfilledRole": "the role of its resources",
    "UnfulfilledConstraint": "a constraint of the app",
    "AgentMaintenance": "maintenance of the agent",
    "InsufficientCpus": "too few CPUs",
    "InsufficientMemory": "too little memory",
    "InsufficientDisk": "too little disk",
    "InsufficientGpus": "too few GPUs",
    "InsufficientPorts": "no free port of those wanted",
    "DeclinedScarceResources": "its GPUs, kept for those that want some",
}


def refusals(summary: Mapping[str, Any], which: str) -> list[tuple[str, int, int]]:
    """(reason in words, offers declined for it, offers that came so far) of one of the two summaries of an item."""
    return [
        (REASONS.get(step["reason"], step["reason"]), step["declined"], step["processed"])
        for step in summary[which]
        if step["declined"]
    ]


def waiting_id(item: Mapping[str, Any]) -> str:
    """The id of the app or pod that waits."""
    return str((item.get("app") or item["pod"])["id"])


def why_it_waits(item: Mapping[str, Any]) -> str:
    """One sentence."""
    delay, summary = item["delay"], item["processedOffersSummary"]
    if not delay["overdue"]:
        return f"it failed, and is tried again in {delay['timeLeftSeconds']} s"
    if not summary["processedOffersCount"]:
        return "Mesos has not offered anything yet: no agent has anything free, or none is there"
    refused = refusals(summary, "rejectSummaryLastOffers")
    if not refused:
        return "it waits for the next offer"
    offers = max(processed for _, _, processed in refused)
    why = ", ".join(f"{declined} for {reason}" for reason, declined, _ in refused)
    return f"of the last {offers} offer{'s' * (offers != 1)} none would do: refused {why}"
