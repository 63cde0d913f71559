"""An agent and the leading master in another process: a connection is held to it for as long as it leads.

::

    whoever follows the election   LeaderLink                                       agent               RemoteMaster
    turn_to(its info)        ──►   opens a WebSocket to it, spawns a RemoteMaster
                                   MasterChanged(RemoteMaster)                ──►   registers      ──►   a frame ──►
                                   a frame: decoded, told in its name         ──►
    the socket ends          ──►   stops the RemoteMaster                     ──►   Terminated: waits for another
                                   tries again each second, while that one leads
    turn_to(another or None) ──►   closes the socket                          ──►   Terminated
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import aiohttp

from actors.core import Actor, ActorRef, ActorSystem, Props
from actors.local_mesos.messages import MasterChanged
from actors.local_mesos.wire import AGENTS_PATH, LIMIT, SILENCE, WireError, decode, encode
from mesos_proto import mesos_pb2

__all__ = ["LeaderLink"]

log = logging.getLogger(__name__)

_PAUSE: Final = 1.0  # seconds between attempts


class RemoteMaster(Actor[Any]):
    """Sends on what an agent tells its master."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__()
        self._socket = socket

    async def receive(self, message: Any) -> None:
        try:
            await self._socket.send_bytes(encode(message))
        except ConnectionError:
            self.context.stop(self.ref)

    async def post_stop(self) -> None:
        await self._socket.close()


class LeaderLink:
    """Of one agent. `close` it before the agent is stopped."""

    def __init__(self, system: ActorSystem, agent: ActorRef[Any]) -> None:
        self._system = system
        self._agent = agent
        self._connected: asyncio.Task[None] | None = None

    def turn_to(self, leader: mesos_pb2.MasterInfo | None) -> None:
        if self._connected is not None:
            self._connected.cancel()
            self._connected = None
        if leader is not None:
            url = f"http://{leader.address.ip}:{leader.address.port}{AGENTS_PATH}"
            self._connected = asyncio.get_running_loop().create_task(self._stay(url), name=f"link {self._agent}")

    async def close(self) -> None:
        connected = self._connected
        self.turn_to(None)
        if connected is not None:
            await asyncio.wait((connected,))

    async def _stay(self, url: str) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    # A master may stand still while the question is on its way, and be gone without a word.
                    async with asyncio.timeout(SILENCE):
                        socket = await session.ws_connect(url, heartbeat=SILENCE, max_msg_size=LIMIT)
                    async with socket:
                        await self._talk(socket)
                except TimeoutError:
                    log.info("agent %s: the master at %s says nothing for %g s", self._agent, url, SILENCE)
                except (aiohttp.ClientError, OSError) as error:
                    log.info("agent %s cannot reach the master at %s yet: %s", self._agent, url, error)
                except WireError as error:
                    log.error("the master at %s says what agents do not understand: %s", url, error)
                await self._system.clock.sleep(_PAUSE)

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        master = self._system.spawn(Props(RemoteMaster, socket))
        try:
            self._agent.tell(MasterChanged(master))
            async for frame in socket:
                if frame.type is not aiohttp.WSMsgType.BINARY:
                    break
                self._agent.tell(decode(frame.data, master), master)
        finally:
            self._system.stop(master)
