"""Output of tasks, for ``marathon logs`` and the page. An addition of ours: Marathon sends its users to the agents.

    GET /v2/logs/{task}/{stdout|stderr}?offset=&length=   →  {"data", "offset", "next", "size"}  (in bytes)
    GET /v2/logs?app=/my-app                              →  {"tasks": [task ids, dead ones included, oldest first]}

A negative offset counts from the end; to follow a file, ask again from `next`. Bytes that are no UTF-8 are replaced.
"""

from __future__ import annotations

from aiohttp import web

from actors.marathon.model import path_id

from ._http import BadRequest, json_answer, service_of

__all__ = ["routes"]

DEFAULT_LENGTH = 64 * 1024


def routes() -> list[web.RouteDef]:
    """The routes of task output."""
    return [web.get("/v2/logs", list_sandboxes), web.get("/v2/logs/{task}/{file}", read_file)]


async def list_sandboxes(request: web.Request) -> web.StreamResponse:
    """GET: the tasks of an app whose output can still be read."""
    app_id = path_id.absolute(request.query.get("app", ""))
    if app_id == path_id.ROOT:
        raise BadRequest("the query parameter app must name an app: /v2/logs?app=/my-app")
    # A task's id begins with the app's, its slashes turned into underscores.
    prefix = app_id[1:].replace("/", "_") + "."
    return json_answer({"tasks": list(await service_of(request).sandboxes.task_ids(prefix))})


async def read_file(request: web.Request) -> web.StreamResponse:
    """GET: a part of one file."""
    offset, length = _number(request, "offset", 0), _number(request, "length", DEFAULT_LENGTH)
    if length < 0:
        raise BadRequest(f"the query parameter length must not be negative, is {length}")
    chunk = await service_of(request).sandboxes.read(
        request.match_info["task"], request.match_info["file"], offset, length
    )
    # A character may be cut at the end of what was read: it is left for the next answer, if it is still to come.
    data, cut = chunk.data, _cut(chunk.data)
    if cut and len(data) > cut:
        data = data[:-cut]
    text = data.decode("utf-8", "replace")
    return json_answer({"data": text, "offset": chunk.offset, "next": chunk.offset + len(data), "size": chunk.size})


def _cut(data: bytes) -> int:
    """How many bytes at the end of `data` begin a UTF-8 character that is not complete."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            need = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if need > back else 0
        if byte < 0x80:
            return 0
    return 0


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f"the query parameter {name} must be a number of bytes, is '{text}'") from None
