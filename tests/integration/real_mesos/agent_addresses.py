"""Gives each agent an address of its own, as agents in processes of their own would have.

    python -m tests.integration.real_mesos.agent_addresses PORT AGENTS

In the cluster, master and agents share port P, where a path that names no process is the master's. Here, port P+N
answers for agent N: ``/api/v1/executor`` becomes ``/slave(N)/api/v1/executor`` at P. Bodies are passed on as they come,
so that event streams flow. While the cluster is away, connections break.
"""

import asyncio
import sys
from collections.abc import Mapping

import aiohttp
from aiohttp import web
from yarl import URL

_NOT_THE_MASTERS = ("/slave(", "/files/", "/metrics/")
_OF_THE_CONNECTION = {"connection", "transfer-encoding", "content-length", "host"}


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_THE_CONNECTION}


def agent_application(port: int, agent: int) -> web.Application:
    """What answers for agent ``agent`` (counted from 1) of the cluster at ``port``."""

    async def pass_on(request: web.Request) -> web.StreamResponse:
        path = request.raw_path
        if not path.startswith(_NOT_THE_MASTERS):
            path = f"/slave({agent}){path}"
        url = URL(f"http://127.0.0.1:{port}{path}", encoded=True)
        body = request.content if request.body_exists else None
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False) as session,
                session.request(
                    request.method, url, headers=_kept(request.headers), data=body, allow_redirects=False
                ) as inner,
            ):
                answer = web.StreamResponse(status=inner.status, reason=inner.reason, headers=_kept(inner.headers))
                if inner.content_length is not None:
                    answer.content_length = inner.content_length
                await answer.prepare(request)
                async for data in inner.content.iter_any():
                    await answer.write(data)
                await answer.write_eof()
                return answer
        except aiohttp.ClientError:  # the agent is away, as far as anybody can see from here
            if request.transport is not None:
                request.transport.abort()
            raise

    application = web.Application(client_max_size=1 << 30)
    application.router.add_route("*", "/{path:.*}", pass_on)
    return application


async def serve(port: int, agents: int) -> None:
    for agent in range(1, agents + 1):
        runner = web.AppRunner(agent_application(port, agent), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port + agent).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
