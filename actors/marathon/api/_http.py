"""Reading requests and writing answers, in Marathon's manner."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from aiohttp import hdrs, web

from actors.marathon.messages import DeploymentStarted

from .service import Service

__all__ = [
    "SERVICE",
    "BadRequest",
    "NotFound",
    "created",
    "deployment_result",
    "flag",
    "json_answer",
    "json_body",
    "json_text",
    "judged",
    "request_origin",
    "service_of",
]

T = TypeVar("T")

SERVICE = web.AppKey("service", Service)

JSON = "application/json"
MAX_DEPTH = 100
"""Arrays and objects within each other, in a request's body."""

TOO_DEEP = f"the document is nested too deeply: {MAX_DEPTH} levels at the most"
# Made once: json.dumps would make one per call, at a third of the cost of a task.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class BadRequest(Exception):
    """400 with a text in `details`."""

    def __init__(self, message: str, details: str | None = None) -> None:
        super().__init__(message)
        self.message, self.details = message, details


class NotFound(Exception):
    """404 with a text."""


def service_of(request: web.Request) -> Service:
    return request.app[SERVICE]


async def json_body(request: web.Request) -> Any:
    """The decoded body. Raises `BadRequest` for anything but JSON (RFC 8259: no NaN, no trailing text)."""
    if request.content_type not in (JSON, "application/octet-stream"):  # the latter is aiohttp's word for "not stated"
        raise web.HTTPUnsupportedMediaType(
            text=f"the body must be JSON: send the header Content-Type: {JSON}, not {request.content_type}"
        )
    body = await request.read()
    try:
        text = body.decode("utf-8-sig")  # bytes would be read in UTF-16 and UTF-32, too
        document = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
        if "\\ud" in text or "\\uD" in text:
            json_text(document).encode()  # half of a pair of surrogates is no character: it could never be answered
    except RecursionError:
        raise BadRequest("Invalid JSON", TOO_DEEP) from None
    except UnicodeDecodeError as error:
        raise BadRequest("Invalid JSON", f"the body is not UTF-8: {error}") from None
    except UnicodeEncodeError as error:
        raise BadRequest("Invalid JSON", f"a text holds half of a surrogate pair: {error}") from None
    except ValueError as error:
        raise BadRequest("Invalid JSON", str(error)) from None
    _check_depth(document)
    return document


LARGE = 50_000
"""Bytes of a body from which on it is judged in a thread: a thousand apps take longer than the loop may be held."""


async def judged(request: web.Request, parse: Callable[..., T], *arguments: Any) -> T:
    """``parse(*arguments)``, which must be pure, of what was in the body of `request`."""
    if (request.content_length or LARGE) < LARGE:
        return parse(*arguments)
    return await asyncio.to_thread(parse, *arguments)


def _check_depth(document: Any) -> None:
    """What can be read may still be too deep to be written again."""
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for value in level
            if isinstance(value, dict | list)
            for child in (value.values() if isinstance(value, dict) else value)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise BadRequest("Invalid JSON", TOO_DEEP)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def flag(request: web.Request, name: str, *, default: bool = False) -> bool:
    """A boolean of the query: ``true`` and Python's ``True`` alike. Without a value (``?force``) it means true."""
    value = request.query.get(name)
    if value is None:
        return default
    match value.strip().lower():
        case "true" | "":
            return True
        case "false":
            return False
    raise BadRequest(f"the query parameter {name} must be true or false, is '{value}'")


def json_text(value: Any) -> str:
    """`value` as compact JSON, non-ASCII as it is."""
    return _ENCODER.encode(value)


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer with `value` as its JSON body; `bytes` and a `str` are JSON text already."""
    text = value if isinstance(value, str | bytes) else json_text(value)
    body = text.encode() if isinstance(text, str) else text
    return web.Response(body=body, status=status, headers=headers, content_type=JSON, charset="utf-8")


def deployment_result(started: DeploymentStarted, *, status: int = 200, location: str | None = None) -> web.Response:
    """The answer to a deploying call: ``{"version", "deploymentId"}`` and the header that names the deployment."""
    headers = {"Marathon-Deployment-Id": started.deployment_id}
    if location is not None:
        headers[hdrs.LOCATION] = location
    return json_answer(
        {"version": started.version, "deploymentId": started.deployment_id}, status=status, headers=headers
    )


def created(request: web.Request, kind: str, resource_id: str) -> str:
    """The ``Location`` of a new app or group: a URL that answers."""
    return f"{request.scheme}://{request.host}/v2/{kind}{resource_id}"


def request_origin(request: web.Request) -> tuple[str, str]:
    """Who asks for what, for ``api_post_event``: client address and path."""
    return request.remote or "", request.path
