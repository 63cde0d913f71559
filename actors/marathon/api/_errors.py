"""Every error becomes a JSON body with the status that Marathon gives it (``MarathonExceptionMapper.scala``)."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import hdrs, web

from actors import AskTimeout
from actors.marathon.messages import AppLocked, DeploymentNotFound, PartNotFound, TooManyDeployments
from actors.marathon.model import AlreadyExists, UnknownApp, UnknownGroup, UnknownPod, ValidationFailed, VersionChanged
from actors.persistence import JournalError

from ._http import BadRequest, NotFound, json_answer
from .sandboxes import SandboxNotFound

__all__ = ["errors_as_json", "foreign_pages_refused"]

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        answer = json_answer({"message": _text_of(error, request)}, status=error.status)
        for header in {hdrs.ALLOW, hdrs.WWW_AUTHENTICATE} & error.headers.keys():
            answer.headers[header] = error.headers[header]
        return answer
    except Exception as error:  # noqa: BLE001 - the outermost frame of a request: whatever it is becomes an answer
        status, body = _answer_to(error, request)
        return json_answer(body, status=status)


@web.middleware
async def foreign_pages_refused(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A page of another site, open in the user's browser, must not start programs on this machine."""
    origin = request.headers.get("Origin")
    reads = request.method in ("GET", "HEAD", "OPTIONS")
    if not reads and origin is not None and origin.partition("://")[2] != request.host:
        raise web.HTTPForbidden(text=f"changes are not taken from pages of {origin}")
    return await handler(request)


def _answer_to(error: Exception, request: web.Request) -> tuple[int, dict[str, Any]]:
    match error:
        case ValidationFailed():
            return 422, {"message": error.message, "details": [violation.to_wire() for violation in error.details]}
        case BadRequest():
            details = {} if error.details is None else {"details": error.details}
            return 400, {"message": error.message, **details}
        case AppLocked():
            return 409, {"message": str(error), "deployments": [{"id": key} for key in error.deployment_ids]}
        case VersionChanged():
            return 409, {"message": str(error), "version": error.present}
        case AlreadyExists():
            return 409, {"message": str(error)}
        case UnknownApp() | UnknownGroup() | UnknownPod() | NotFound():
            return 404, {"message": str(error)}
        case DeploymentNotFound() | PartNotFound() | SandboxNotFound():
            return 404, {"message": str(error)}
        case TooManyDeployments():
            return 403, {"message": str(error)}
        case AskTimeout():
            log.warning("%s %s was not answered in time: %s", request.method, request.path, error)
            return 503, {"message": f"the service did not answer in time; try again. {error}"}
        case JournalError():
            log.error("%s %s could not be stored: %s", request.method, request.path, error)
            return 503, {"message": f"the change could not be stored, and nothing was changed: {error}"}
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return 500, {"message": f"{type(error).__name__}: {error}"}


def _text_of(error: web.HTTPException, request: web.Request) -> str:
    match error.status:
        case 404:
            return f"URI not found: {request.path}"
        case 405:
            allowed = error.headers.get("Allow", "")
            return f"HTTP 405 Method Not Allowed: {request.path} takes {allowed}"
        case 413:
            return f"the request body is too large: {error.text}"
    return error.text or error.reason
