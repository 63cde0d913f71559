"""``/v2/queue``: what waits to be launched, and why it does (``QueueResource.scala``)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web

from actors.marathon.matching import NoMatch
from actors.marathon.messages import QueueItem
from actors.marathon.model import Pod, version_of

from ._http import NotFound, json_answer, service_of
from .offer_json import unused_offer_json

__all__ = ["routes"]

_OFFERS = "lastUnusedOffers"

log = logging.getLogger(__name__)


def routes() -> list[web.RouteDef]:
    """The routes of ``/v2/queue``."""
    return [web.get("/v2/queue", list_queue), web.delete("/v2/queue/{id:.+}/delay", reset_delay)]


async def list_queue(request: web.Request) -> web.StreamResponse:
    """GET: the apps with instances that wait for an offer; ``embed=lastUnusedOffers`` shows the offers themselves."""
    embeds = set(request.query.getall("embed", []))
    for name in sorted(embeds - {_OFFERS}):
        log.warning("ignored the unknown embed %r; known is %s", name, _OFFERS)
    queue = await service_of(request).queue()
    return json_answer({"queue": [_item(item, offers=_OFFERS in embeds) for item in queue]})


async def reset_delay(request: web.Request) -> web.StreamResponse:
    """DELETE ``…/delay``: forget an app's back-off."""
    app_id = "/" + "/".join(segment for segment in request.match_info["id"].split("/") if segment)
    if not await service_of(request).reset_delay(app_id):
        raise NotFound(f"Application {app_id} not found in tasks queue.")
    return web.Response(status=204)


def _item(item: QueueItem, *, offers: bool) -> dict[str, Any]:
    last = Counter(unused.reason for unused in item.last_unused_offers)
    shown = {_OFFERS: [unused_offer_json(unused) for unused in item.last_unused_offers]} if offers else {}
    return {
        "count": item.count,
        "delay": {"timeLeftSeconds": max(0, int(item.delay)), "overdue": item.delay <= 0},
        "since": version_of(item.since),
        "processedOffersSummary": {
            "processedOffersCount": item.processed_offers,
            "unusedOffersCount": item.unused_offers,
            **_moment("lastUnusedOfferAt", item.last_unused_offer_at),
            **_moment("lastUsedOfferAt", item.last_used_offer_at),
            "rejectSummaryLastOffers": _steps(last, last.total()),
            "rejectSummaryLaunchAttempt": _steps(item.rejected, item.processed_offers),
        },
        **shown,
        "pod" if isinstance(item.app, Pod) else "app": dict(item.app.wire),
        "role": item.app.role,
    }


def _moment(name: str, moment: datetime | None) -> dict[str, str]:
    return {} if moment is None else {name: version_of(moment)}


def _steps(rejected: Mapping[str, int], processed: int) -> list[dict[str, Any]]:
    """Offers per test, in the order of the tests: how many came to it (`processed`), and how many failed it."""
    steps = []
    for reason in NoMatch:
        declined = rejected.get(reason.value, 0)
        steps.append({"reason": reason.value, "declined": declined, "processed": processed})
        processed -= declined
    return steps
