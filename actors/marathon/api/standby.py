"""What a service answers while another one leads: it passes every request on to the leader.

    client                     standing by                              leader
    ------                     -----------                              ------
    GET /v2/apps           ─▶  who leads? (the coordinator knows)
                               its URL + /v2/apps, X-Marathon-Via   ─▶
                           ◀─  status, headers, body as they come   ◀─
    GET /v2/events         ─▶  307, Location: the leader's
    anything               ─▶  503: nobody leads; 502: a loop, or the leader refuses; 504: it does not answer

Bodies stream in both directions. The client's ``Host`` goes along, so that what the leader says of addresses leads to
where the client came from; who may do what is the leader's to decide. A page in a browser gets its events through this
service: a redirect would lead it to another origin, which it may not read.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from ._http import json_answer

__all__ = ["VIA", "Standby"]

log = logging.getLogger(__name__)

VIA: Final = "X-Marathon-Via"
"""Every service that passes a request on adds itself; one that finds itself there has met a loop."""

CONNECT_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 45.0
"""The leader gives its own actors 30 s, and event streams say something every 15 s."""

LOOK_SECONDS: Final = 1.0
"""After so long without an answer it looks whether the leader still is one, and again."""

CHUNK: Final = 64 * 1024

HOP_BY_HOP: Final = frozenset(
    name.lower()
    for name in (
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
    )
)
"""They concern one connection, not the request (RFC 9110 § 7.6.1)."""

_CLIENT = web.AppKey("leader_client", aiohttp.ClientSession)


class Standby:
    """See the head of this module.

    ``leader`` gives the leader's URL, None while nobody leads, and raises `OSError` while nobody can say. ``url``: of
    this service, as the others reach it; to be set once the port is known.
    """

    def __init__(self, leader: Callable[[], Awaitable[str | None]]) -> None:
        self._leader = leader
        self.url = ""

    def application(self) -> web.Application:
        """Answers whatever is asked."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        app.cleanup_ctx.append(_client)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        me = f"1.1 {urlsplit(self.url).netloc}"
        if me in request.headers.getall(VIA, []):
            return _problem(502, "Detected proxying loop: two services take each other for the leader; try again.")
        try:
            leader = await self._leader()
        except OSError as error:
            return _problem(503, f"nobody can say which service leads: {error}")
        if leader is None:
            if (request.method, request.path) == ("GET", "/v2/leader"):
                return json_answer({"message": "There is no leader"}, status=404)
            return _problem(503, "no service leads at present; one will within seconds. Try again.")
        if leader == self.url:
            return _problem(503, "this service begins to lead and reads its state; try again in a moment.")
        if request.path == "/v2/events" and "Sec-Fetch-Mode" not in request.headers:
            return web.Response(status=307, headers={hdrs.LOCATION: leader + request.raw_path})
        return await self._pass_on(request, leader, me)

    async def _pass_on(self, request: web.Request, leader: str, me: str) -> web.StreamResponse:
        headers = _without_hops(request.headers)
        headers.add(VIA, me)
        asking = request.app[_CLIENT].request(
            request.method,
            URL(leader + request.raw_path, encoded=True),
            headers=headers,
            data=request.content.iter_chunked(CHUNK) if request.can_read_body else None,
            allow_redirects=False,
        )
        answer: web.StreamResponse | None = None
        try:
            async with await self._while_it_leads(leader, asking) as got:
                answer = web.StreamResponse(status=got.status, reason=got.reason, headers=_without_hops(got.headers))
                await answer.prepare(request)
                async for chunk in got.content.iter_any():
                    await answer.write(chunk)
                await answer.write_eof()
                return answer
        except (aiohttp.ClientError, TimeoutError) as error:
            log.info("%s %s was not answered by the leader at %s: %r", request.method, request.path, leader, error)
            if answer is not None and answer.prepared:
                raise ConnectionResetError("the leader's answer broke off") from error  # the client must see that
            if isinstance(error, TimeoutError):
                what = str(error) if isinstance(error, _Deposed) else f"{leader} does not answer"
                return _problem(
                    504, f"Connection to leader timed out: {what}. Whether it did what was asked is unknown."
                )
            if isinstance(error, aiohttp.ClientConnectorError):
                return _problem(502, f"Connection to leader refused: {leader} cannot be reached ({error.os_error}).")
            return _problem(502, f"Failed to get an answer from the leader {leader}: {error!r}")

    async def _while_it_leads(
        self, leader: str, asking: Coroutine[Any, Any, aiohttp.ClientResponse]
    ) -> aiohttp.ClientResponse:
        """The answer; raises `TimeoutError` when another leads before it has come: a stopped leader never answers."""
        asked = asyncio.ensure_future(asking)
        try:
            while not (await asyncio.wait([asked], timeout=LOOK_SECONDS))[0]:
                try:
                    present = await self._leader()
                except OSError:
                    continue  # nobody can say; the leader may still answer
                if present != leader:
                    raise _Deposed(f"{leader} leads no more")
            return await asked
        finally:
            asked.cancel()


class _Deposed(TimeoutError):
    """The leader that was asked has not answered, and is none any more."""


async def _client(app: web.Application) -> AsyncIterator[None]:
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)
    async with aiohttp.ClientSession(
        timeout=timeout,
        auto_decompress=False,
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
    ) as session:
        app[_CLIENT] = session
        yield


def _without_hops(headers: Mapping[str, str]) -> CIMultiDict[str]:
    found = CIMultiDict(headers)
    named = {name.strip().lower() for value in found.getall(hdrs.CONNECTION, []) for name in value.split(",")}
    for name in {name for name in found if name.lower() in HOP_BY_HOP | named}:
        found.popall(name)
    return found


def _problem(status: int, message: str) -> web.Response:
    return json_answer({"message": message}, status=status, headers={hdrs.RETRY_AFTER: "1"})
