"""``GET /v2/openapi.json``: the API described for programs (OpenAPI 3.1).

    _operations   every method of every path: its query, its body, its answers
    _schemas      what bodies look like; those of apps are made from the model

The tests hold the document to be true: each answer that a test of the API gets is compared with it, and every route
must be in it. Ids of apps and groups contain slashes, which OpenAPI cannot say: they stand in the path as they are.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from aiohttp import web

from actors.marathon.api._http import json_answer, json_text, service_of

from ._operations import OPERATIONS, paths
from ._schemas import schemas

__all__ = ["OPERATIONS", "document", "routes"]


def routes() -> list[web.RouteDef]:
    """The route of the document."""
    return [web.get("/v2/openapi.json", openapi)]


async def openapi(request: web.Request) -> web.StreamResponse:
    """GET: the document."""
    return json_answer(_text(service_of(request).info.version))


@cache
def _text(version: str) -> str:
    return json_text(document(version))


def document(version: str) -> dict[str, Any]:
    """The whole document; `version` is that of the service."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Marathon",
            "version": version,
            "description": "Long-running apps on Mesos: the API of Marathon, with /v2/logs and this document added.",
        },
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}},
        },
        "security": [{}, {"basic": []}],
    }
