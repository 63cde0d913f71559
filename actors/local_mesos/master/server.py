"""A master with its HTTP front, in the caller's actor system."""

from __future__ import annotations

import asyncio
import socket
import struct
import uuid
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from actors.core import ActorRef, ActorSystem, Props
from actors.http import Server, serve
from actors.local_mesos.wire import AGENTS_PATH
from actors.page import add_page
from mesos_proto import mesos_pb2

from ._http import PREFIXES, bare_headers, plain_words, text
from .agent_door import AgentDoor
from .call_lane import CallLane
from .hostless import Hostless
from .legacy_api import LegacyApi
from .master import Master
from .operator_api import OperatorApi
from .registry import MemoryRegistry, Registry, SqliteRegistry
from .scheduler_api import EventStreams, SchedulerApi
from .settings import MasterSettings

__all__ = ["Front", "MasterServer", "master_info", "start_master"]

_MAX_BODY = 64 * 1024 * 1024
_ANSWERED_BY_ALL = {"/health", "/master/health", "/version", "/redirect", "/master/redirect", "/system/stats.json"}


class Front:
    """The HTTP side of one master. It answers while the master leads; else it sends everybody to the leader."""

    def __init__(self, system: ActorSystem, settings: MasterSettings) -> None:
        self._system = system
        self._settings = settings
        self._streams = EventStreams(system, settings)
        self._scheduler = SchedulerApi(system, settings, self._streams)
        self._operator = OperatorApi(self._streams)
        self._legacy = LegacyApi()
        self._agents = AgentDoor(system)

    def turn_to(self, master: ActorRef[Any] | None, leader: mesos_pb2.MasterInfo | None) -> None:
        """``master`` None: it does not lead. ``leader`` None: nobody does."""
        if master is None:
            self.close()
        self._scheduler.master = self._operator.master = self._legacy.master = self._agents.master = master
        self._legacy.leader = f"{leader.address.ip}:{leader.address.port}" if leader is not None else ""

    def in_front(self, inner: asyncio.Protocol) -> asyncio.Protocol:
        """Before aiohttp on each connection: what takes calls by the batch, where nobody has to say who he is."""
        hostless = Hostless(inner)
        if self._settings.credentials:
            return hostless
        return CallLane(hostless, lambda: self._scheduler.master, self._system.clock)

    def close(self) -> None:
        self._streams.close()
        self._agents.close()

    def application(self) -> web.Application:
        app = _application(self._scheduler, self._operator, self._legacy, self._streams)
        app.router.add_route("GET", AGENTS_PATH, self._agents.handle)
        return app


class MasterServer:
    """A running master that leads for as long as it runs. ``ref`` is what agents register with."""

    def __init__(
        self, system: ActorSystem, ref: ActorRef[Any], server: Server, registry: Registry, front: Front
    ) -> None:
        self.ref = ref
        self._system = system
        self._server = server
        self._registry = registry
        self._front = front

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def port(self) -> int:
        return self._server.port

    async def close(self) -> None:
        """Stops master and server; agents and their tasks stay, and wait for the next master."""
        await self._system.graceful_stop(self.ref, 10.0)
        self._front.close()
        await self._server.close()
        await self._registry.close()


async def start_master(
    system: ActorSystem,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    work_dir: Path | None = None,
    settings: MasterSettings | None = None,
    registry: Registry | None = None,
) -> MasterServer:
    """Starts a master that answers at ``host:port`` (0: any free port) when this returns.

    ``work_dir`` holds its registry; with None it forgets agents, quotas and the like when it is closed. A ``registry``
    takes its place.

    Raises:
        PortTaken: somebody listens there.
        RegistryError: the work dir is another master's, or its registry is broken.
    """
    settings = settings or MasterSettings()
    if registry is None:
        registry = MemoryRegistry() if work_dir is None else SqliteRegistry(work_dir)
    front = Front(system, settings)
    try:
        await registry.recover()
        server = await serve(front.application(), host, port, in_front=front.in_front, unpack=False)
    except BaseException:
        await registry.close()
        raise
    info = master_info(system, settings, host, server.port)
    ref = system.spawn(Props(Master, settings, info, registry), "mesos-master-" + info.id[:8])
    front.turn_to(ref, info)
    return MasterServer(system, ref, server, registry, front)


def _application(
    scheduler: SchedulerApi, operator: OperatorApi, legacy: LegacyApi, streams: EventStreams
) -> web.Application:
    @web.middleware
    async def to_the_leader(request: web.Request, handler: Handler) -> web.StreamResponse:
        if legacy.master is None and legacy.leader and request.path.replace("//", "/") not in _ANSWERED_BY_ALL:
            return text(307, headers={"Location": f"//{legacy.leader}{request.path_qs}"})
        return await handler(request)

    app = web.Application(middlewares=[to_the_leader, plain_words], client_max_size=_MAX_BODY)
    app.on_response_prepare.append(bare_headers)

    async def end_streams(_: web.Application) -> None:
        streams.close()

    app.on_shutdown.append(end_streams)
    for prefix in PREFIXES:
        app.router.add_route("*", prefix + "/api/v1/scheduler", scheduler.handle)
        app.router.add_route("*", prefix + "/api/v1/scheduler/{below:.*}", scheduler.handle)
        app.router.add_route("*", prefix + "/api/v1", operator.handle)
        app.router.add_route("*", prefix + "/api/v1/{below:.*}", operator.handle)
    legacy.add_routes(app.router)
    add_page(app, "cluster")
    return app


def new_master_id(system: ActorSystem) -> str:
    return str(uuid.UUID(int=system.random.getrandbits(128), version=4))


def master_info(system: ActorSystem, settings: MasterSettings, host: str, port: int) -> mesos_pb2.MasterInfo:
    ip = host if _is_ipv4(host) and host != "0.0.0.0" else "127.0.0.1"
    info = mesos_pb2.MasterInfo(
        id=new_master_id(system),
        ip=struct.unpack("<I", socket.inet_aton(ip))[0],
        port=port,
        pid=f"master@{ip}:{port}",
        hostname=settings.hostname,
        version="1.11.0",
        address=mesos_pb2.Address(hostname=settings.hostname, ip=ip, port=port),
    )
    capability = mesos_pb2.MasterInfo.Capability
    info.capabilities.add(type=capability.AGENT_UPDATE)
    info.capabilities.add(type=capability.AGENT_DRAINING)
    info.capabilities.add(type=capability.QUOTA_V2)
    return info


def _is_ipv4(host: str) -> bool:
    try:
        socket.inet_aton(host)
    except OSError:
        return False
    return host.count(".") == 3
