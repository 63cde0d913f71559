"""Marathon's HTTP API over the service's actors.

    app = make_app(Service(system, marathon, info))
    server = await serve(app, port=8080)

    request ─▶ errors_as_json ─▶ authenticated ─▶ handler ─▶ asks an actor (`Service`)
            ◀─ an error, as Marathon writes it        answer ◀─

Handlers keep no state of their own but the texts that they made last. What they answer with a 2xx was stored before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.typedefs import Middleware

from actors.observer import Observer, mount
from actors.page import add_page

from . import app_tasks, apps, cluster, deployments, events, groups, logs, openapi, pods, queue, system
from ._errors import errors_as_json, foreign_pages_refused
from ._http import SERVICE
from ._paths import options_answered, slashes_forgiven
from .agent_sandboxes import AgentSandboxes
from .app_texts import APP_TEXTS, AppTexts
from .sandboxes import EitherSandboxes, LocalSandboxes, NoSandboxes, Sandboxes
from .security import Credentials, InvalidCredentials, authenticated
from .service import MarathonActors, Service, ServiceInfo
from .standby import Standby

__all__ = [
    "MAX_BODY",
    "AgentSandboxes",
    "Credentials",
    "EitherSandboxes",
    "InvalidCredentials",
    "LocalSandboxes",
    "MarathonActors",
    "NoSandboxes",
    "Sandboxes",
    "Service",
    "ServiceInfo",
    "Standby",
    "make_app",
]

MAX_BODY = 8 * 1024 * 1024
"""Bytes of a request body at the most; a thousand apps in one group are about two megabytes."""


def make_app(
    service: Service,
    *,
    max_body: int = MAX_BODY,
    credentials: Credentials | None = None,
    observer: Observer | None = None,
) -> web.Application:
    """The application that answers Marathon's API from `service`, with the page; with `credentials`, only to who is
    among them. With an `observer` of the service's system, the page shows its actors, too."""
    middlewares: list[Middleware] = [errors_as_json, foreign_pages_refused]
    if credentials is not None:
        middlewares.insert(1, authenticated(credentials))
    middlewares += [options_answered, slashes_forgiven]
    app = web.Application(middlewares=middlewares, client_max_size=max_body)
    app[SERVICE] = service
    app[APP_TEXTS] = AppTexts()
    for room in (apps, app_tasks, deployments, groups, pods, queue, events, logs, cluster, openapi, system):
        app.add_routes(room.routes())
    if observer is not None:
        mount(app, observer)
    add_page(app, "apps", "cluster", *(["actors"] if observer is not None else []))
    app.cleanup_ctx.append(_event_hub)
    app.cleanup_ctx.append(cluster.master_client)
    app.on_shutdown.append(_end_streams)
    app.on_response_prepare.append(system.name_the_leader)
    return app


async def _event_hub(app: web.Application) -> AsyncIterator[None]:
    service = app[SERVICE]
    app[events.EVENT_HUB] = service.system.spawn(events.EventHub)
    yield
    service.system.stop(app[events.EVENT_HUB])


async def _end_streams(app: web.Application) -> None:
    # Event streams are endless: the server would wait for them. Their actors' end is theirs.
    await app[events.EVENT_HUB].ask(events.Close())
