"""An agent's own HTTP endpoints, on a port of its own: what tools and people look at.

::

    /api/v1 (READ_FILE, GET_HEALTH)   /api/v1/executor (``_executor_api``)
    /state  /monitor/statistics  /health  /version
    /files/browse?path=…   /files/read?path=…&offset=…&length=…   /files/download?path=…

Each also below ``/slave(1)``, the agent's name in its pid. ``?jsonp=f`` wraps the answers for a page of another origin.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from actors.core import ActorRef, ActorSystem
from actors.local_mesos.agent._executor_api import ExecutorApi
from actors.local_mesos.agent._files import Files, NotThere
from actors.local_mesos.agent._messages import DescribeAgent
from actors.local_mesos.agent._views import AgentDescription, state, statistics
from actors.local_mesos.master import legacy_views
from actors.local_mesos.master._http import (
    Refusal,
    accepted_format,
    bare_headers,
    body_response,
    encoder,
    json_body,
    plain_words,
    read_call,
    require_method,
)
from actors.local_mesos.master.scheduler_api import EventStreams
from actors.local_mesos.master.settings import MasterSettings
from actors.local_mesos.task_runner import RunnerUnusable, TaskRunner
from mesos_proto import agent_pb2

__all__ = ["AgentApi"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ASK_TIMEOUT = 10.0  # seconds


class AgentApi:
    """``agent`` is set once there is one; until then everything but ``/health`` answers 503."""

    def __init__(self, runner: TaskRunner, system: ActorSystem) -> None:
        self._streams = EventStreams(system, MasterSettings())
        self._executors = ExecutorApi(self._streams)
        self._runner = runner
        self._clock = system.clock
        self._files = Files(Path(runner.sandbox_path("slaves")))

    @property
    def agent(self) -> ActorRef[Any] | None:
        return self._executors.agent

    @agent.setter
    def agent(self, agent: ActorRef[Any]) -> None:
        self._executors.agent = agent

    def close(self) -> None:
        """End what would never end by itself, so that the server can be closed."""
        self._streams.close()

    def application(self) -> web.Application:
        app = web.Application(middlewares=[plain_words])
        app.on_response_prepare.append(bare_headers)
        handlers: dict[str, Handler] = {
            "/api/v1": self._call,
            "/api/v1/executor": self._executors.handle,
            "/state": self._state,
            "/monitor/statistics": self._statistics,
            "/health": self._health,
            "/version": self._version,
            "/files/browse": self._browse,
            "/files/read": self._read,
            "/files/download": self._download,
        }
        for prefix in ("", "/slave(1)"):
            for path, handler in handlers.items():
                app.router.add_route("*", prefix + path, handler)
        return app

    # -- the agent -------------------------------------------------------------------------------------------------

    async def _describe(self) -> AgentDescription:
        if self.agent is None:
            raise Refusal(503, "Agent has not finished recovery")
        description: AgentDescription = await self.agent.ask(DescribeAgent(), ASK_TIMEOUT)
        return description

    async def _state(self, request: web.Request) -> web.Response:
        require_method(request, "GET")
        return _answer(request, state(await self._describe()))

    async def _statistics(self, request: web.Request) -> web.Response:
        require_method(request, "GET")
        description = await self._describe()
        try:
            usage = await self._runner.usage()
        except RunnerUnusable as error:
            raise Refusal(503, f"{error}; try again in a moment") from error
        return _answer(request, statistics(description, usage, self._clock.wall()))

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _version(self, request: web.Request) -> web.Response:
        return _answer(request, legacy_views.version())

    async def _call(self, request: web.Request) -> web.Response:
        """The calls of the operator API that read what an agent alone can show."""
        require_method(request, "POST")
        call, media_type = await read_call(request, agent_pb2.Call), accepted_format(request)
        response = agent_pb2.Response()
        match call.type:
            case agent_pb2.Call.READ_FILE:
                wanted = call.read_file
                length = wanted.length if wanted.HasField("length") else None
                data, size = await self._in_thread(self._files.part, wanted.path, wanted.offset, length)
                response.type = agent_pb2.Response.READ_FILE
                response.read_file.data, response.read_file.size = data, size
            case agent_pb2.Call.GET_HEALTH:
                response.type = agent_pb2.Response.GET_HEALTH
                response.get_health.healthy = True
            case _:
                raise Refusal(501, "501 Not Implemented.")
        return body_response(request, encoder(media_type)(response), media_type)

    # -- its sandboxes ---------------------------------------------------------------------------------------------

    async def _browse(self, request: web.Request) -> web.Response:
        return _answer(request, await self._in_thread(self._files.browse, _path(request)))

    async def _read(self, request: web.Request) -> web.Response:
        path, offset, length = _path(request), _number(request, "offset"), _number(request, "length")
        if offset < -1:
            raise Refusal(400, f"Negative offset provided: {offset}.\n")
        if length < -1:
            raise Refusal(400, f"Negative length provided: {length}.\n")
        return _answer(request, await self._in_thread(self._files.read, path, offset, length))

    async def _download(self, request: web.Request) -> web.StreamResponse:
        file: Path = await self._in_thread(self._files.resolve, _path(request))
        if not await asyncio.to_thread(file.is_file):
            raise Refusal(400, "Cannot download a directory.\n")
        disposition = f"attachment; filename={json.dumps(file.name)}"
        headers = {"Content-Type": "application/octet-stream", "Content-Disposition": disposition}
        return web.FileResponse(file, headers=headers)

    @staticmethod
    async def _in_thread(look: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.to_thread(look, *arguments)
        except NotThere:
            raise Refusal(404, "") from None
        except PermissionError as error:
            raise Refusal(403, f"The agent may not read that: {error.strerror}\n") from error


def _answer(request: web.Request, value: Any) -> web.Response:
    return json_body(request, json.dumps(value).encode())


def _path(request: web.Request) -> str:
    path = request.query.get("path", "")
    if not path:
        raise Refusal(400, "Expecting 'path=value' in query.\n")
    return path


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "-1")
    try:
        return int(text)
    except ValueError:
        raise Refusal(400, f"Failed to parse {name}: '{text}' is not a number.\n") from None
