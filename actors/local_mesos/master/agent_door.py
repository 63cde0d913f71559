"""Agents of other processes: each comes in by a WebSocket, and a `RemoteAgent` stands for it here.

::

    agent's process                    door                              RemoteAgent               master
    opens the socket             ──►   spawns it
    a frame (``wire.py``)        ──►   decoded, told in its name   ─────────────────────────►
                                                                         its messages    ◄──
          ◄── a frame                                               ◄──  encoded
    the socket ends              ──►   stops it                                          ──►   Terminated: disconnected
          ◄── the socket ends                                             the master ends, or does not lead any more
"""

from __future__ import annotations

from typing import Any

from aiohttp import WSMsgType, web

from actors.core import Actor, ActorRef, ActorSystem, Props, Terminated
from actors.local_mesos.messages import MasterChanged
from actors.local_mesos.wire import LIMIT, SILENCE, WireError, decode, encode

from ._http import Refusal

__all__ = ["AgentDoor"]


class RemoteAgent(Actor[Any]):
    """Sends on what the master tells its agent."""

    def __init__(self, socket: web.WebSocketResponse, master: ActorRef[Any]) -> None:
        super().__init__()
        self._socket = socket
        self._master = master

    def pre_start(self) -> None:
        self.context.watch(self._master)

    async def receive(self, message: Any) -> None:
        if isinstance(message, Terminated | MasterChanged):
            # The agent finds out by the end of its connection, and comes again.
            self.context.stop(self.ref)
            return
        try:
            await self._socket.send_bytes(encode(message))
        except ConnectionError:
            self.context.stop(self.ref)

    async def post_stop(self) -> None:
        await self._socket.close()


class AgentDoor:
    """``master`` is None while it does not lead."""

    def __init__(self, system: ActorSystem) -> None:
        self.master: ActorRef[Any] | None = None
        self._system = system
        self._agents: set[ActorRef[Any]] = set()

    def close(self) -> None:
        """Sends every agent away; to the next leader, if there is one."""
        for agent in self._agents:
            self._system.stop(agent)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        master = self.master
        if master is None:
            raise Refusal(503, "No leader elected")
        socket = web.WebSocketResponse(heartbeat=SILENCE, max_msg_size=LIMIT)
        if not socket.can_prepare(request):
            raise Refusal(400, "Agents of the embedded Mesos register here, over a WebSocket")
        await socket.prepare(request)
        agent = self._system.spawn(Props(RemoteAgent, socket, master))
        self._agents.add(agent)
        try:
            async for frame in socket:
                if frame.type is not WSMsgType.BINARY:
                    break
                master.tell(decode(frame.data, agent), agent)
        except WireError as error:
            await socket.close(code=1002, message=str(error).encode()[:100])
        finally:
            self._agents.discard(agent)
            self._system.stop(agent)
        return socket
