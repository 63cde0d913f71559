"""Running the service: what `up` and `serve` put together.

the port ─▶ the lease ─▶ journal ─▶ Mesos (embedded, or somewhere) ─▶ Marathon's actors ─▶ HTTP API ─▶ a signal
 │           └─ while another has it, requests are passed on to it                                         │
 └─────────────────────────── closed in the opposite order, whatever fails ────────────────────────────────┘

Leading ends with the process, as Marathon's does (exit code 103): nothing of a leader outlives its lease, and whatever
supervises the process starts it again, to stand by.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from actors import Actor, ActorSystem, Props
from actors.cluster import CoordinationError, Lease, LeaseHeld
from actors.configuration.collector import settle_collector
from actors.configuration.open_files import allow_many_files
from actors.http import PortTaken, Server, serve
from actors.marathon import Marathon
from actors.marathon.api import (
    AgentSandboxes,
    Credentials,
    EitherSandboxes,
    Sandboxes,
    Service,
    ServiceInfo,
    Standby,
    make_app,
)
from actors.marathon.messages import SchedulerDisconnected, SchedulerEnded, SchedulerRegistered, SchedulerReregistered
from actors.mesos import Credential
from actors.observer import Observer
from actors.persistence import Journal, JournalError
from actors.zookeeper import Address

from ._client import CommandFailed
from ._console import say
from ._options import ServiceOptions, default_work_dir
from ._place import LEASE, Folder, Place, ZooKeeperPlace, connected
from ._security import read_credentials, tls_context

__all__ = ["Mesos", "Sharing", "run", "work_dir_of"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mesos:
    """The cluster to run on, and as whom. `shown` is `url` without a password. What is not in `sandboxes` is read from
    its agents. `stop` ends what was started for it."""

    url: str
    shown: str | None = None
    principal: str | None = None
    credential: Credential | None = None
    accept_new_framework: bool = False
    sandboxes: Sandboxes | None = None
    stop: Callable[[], Awaitable[None]] | None = None


StartMesos = Callable[[ActorSystem, ServiceOptions], Awaitable[Mesos]]


@dataclass(frozen=True, slots=True)
class Sharing:
    """Several services share one place, and one of them leads: that in ZooKeeper at `zk`, else the work dir.

    `session_timeout`: seconds after which a leader that is not heard of is followed. `advertise`: this service's URL
    for the others; None: made of `hostname`. `hostname`: None: the address it listens on, or the machine's name.
    """

    zk: Address | None = None
    session_timeout: float = 10.0
    hostname: str | None = None
    advertise: str | None = None

    def url(self, server: Server) -> str:
        if self.advertise is not None:
            return self.advertise.rstrip("/")
        everywhere = server.host in ("0.0.0.0", "::", "")
        name = self.hostname or (socket.getfqdn() if everywhere else server.host)
        scheme = urlsplit(server.url).scheme
        return f"{scheme}://{f'[{name}]' if ':' in name else name}:{server.port}"


def work_dir_of(chosen: Path | None) -> Path:
    """The folder to keep state in, made if need be."""
    work_dir = (chosen or default_work_dir()).absolute()
    try:
        work_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(
            f"work dir {work_dir} cannot be made: {error.strerror}", "choose another with --work-dir"
        ) from error
    return work_dir


def run(options: ServiceOptions, start_mesos: StartMesos, sharing: Sharing | None = None) -> None:
    """Run until Ctrl-C or SIGTERM. Raises `CommandFailed` when something that is needed cannot be had."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(options.verbose, 2)]
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    allow_many_files()
    try:
        asyncio.run(_until_signal(_run(options, start_mesos, sharing)))
    except (PortTaken, LeaseHeld, JournalError) as error:
        raise CommandFailed(getattr(error, "strerror", None) or str(error)) from error


async def _run(options: ServiceOptions, start_mesos: StartMesos, sharing: Sharing | None) -> None:
    """Serve until cancelled."""
    # Before anything is started or recovered, what most often fails: nothing must be undone then.
    credentials, tls = read_credentials(options.credentials), tls_context(options.tls_cert, options.tls_key)
    _require_free(options.host, options.port)
    _warn_of_open_doors(options)
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(ActorSystem("marathon", options.settings))
        place = await _place(options, sharing, stack)
        standby = Standby(lambda: _leader(place))
        server = await serve(standby.application(), options.host, options.port, tls=tls)
        stack.push_async_callback(server.close)
        standby.url = sharing.url(server) if sharing is not None else server.url
        await place.coordinator.join("marathon", {"url": standby.url})
        lease = await _elected(place, standby.url, wait=sharing is not None)
        say(f"state is kept in {place}")
        leading = _lead(options, place, lease, system, server, standby.url, credentials, start_mesos, sharing)
        raise await _while_held(place, lease, leading)


async def _place(options: ServiceOptions, sharing: Sharing | None, stack: AsyncExitStack) -> Place:
    if sharing is not None and sharing.zk is not None:
        session = connected(sharing.zk, sharing.session_timeout, wait=True)
        place: Place = ZooKeeperPlace(await stack.enter_async_context(session))
    else:
        place = Folder(work_dir_of(options.work_dir), options.durability)
    stack.push_async_callback(place.coordinator.close)
    return place


async def _leader(place: Place) -> str | None:
    holder = await place.coordinator.holder(LEASE)
    return None if holder is None else holder.data.get("url")


async def _elected(place: Place, url: str, *, wait: bool) -> Lease:
    """The lease; ``wait`` for it while another has it, else raise `LeaseHeld`."""
    try:
        return await place.coordinator.lease(LEASE, wait=False)
    except LeaseHeld:
        if not wait:
            raise
    except CoordinationError as error:
        if not wait:
            raise CommandFailed(str(error)) from error
    watching = asyncio.create_task(place.watch(), name="read on while another leads")
    try:
        with suppress(OSError):
            say(f"Marathon stands by at {url}: {await _leader(place) or 'nobody'} leads")
        lease = await place.coordinator.lease(LEASE)
    finally:
        watching.cancel()
        await asyncio.wait([watching])
    say(f"elected to lead (epoch {lease.epoch})")
    return lease


async def _lead(
    options: ServiceOptions,
    place: Place,
    lease: Lease,
    system: ActorSystem,
    server: Server,
    url: str,
    credentials: Credentials | None,
    start_mesos: StartMesos,
    sharing: Sharing | None,
) -> CommandFailed:
    """Serve until the service cannot go on, or is told not to; why."""
    async with AsyncExitStack() as stack:
        journal = await place.journal(lease)
        stack.push_async_callback(journal.close)
        failed_over = asyncio.Event()
        system.spawn(Props(Announcer, failed_over.set))
        mesos = await start_mesos(system, options)
        if mesos.stop is not None:
            stack.push_async_callback(mesos.stop)
        hostname = urlsplit(url).hostname or options.host
        marathon = await Marathon.start(
            system,
            master=mesos.url,
            journal=journal,
            hostname=hostname,
            principal=mesos.principal,
            credential=mesos.credential,
            accept_new_framework=mesos.accept_new_framework,
            deployment_mode=options.deployment_mode,
            max_deployments=options.max_running_deployments,
            env_prefix=options.env_vars_prefix,
            launch_rate=options.launch_rate,
            mesos_role=options.mesos_role,
        )
        stack.push_async_callback(marathon.stop)
        facts = ServiceInfo(
            version=version("mesos-actors"),
            master=mesos.shown or mesos.url,
            hostname=hostname,
            url=url,
            zookeeper=place.facts,
            ha=sharing is not None,
            mesos_role=options.mesos_role,
        )
        service = Service(system, marathon, facts)
        abdicated = asyncio.Event()
        of_agents = AgentSandboxes(service.framework)
        service = replace(
            service,
            sandboxes=of_agents if mesos.sandboxes is None else EitherSandboxes(mesos.sandboxes, of_agents),
            abdicate=abdicated.set if mesos.stop is None else None,  # with its own Mesos, the tasks would end, too
        )
        await server.replace(make_app(service, credentials=credentials, observer=await Observer.of(system)))
        stack.push_async_callback(server.close)
        stack.push_async_callback(_stop_unless_held, lease, journal, marathon)
        settle_collector()
        say(f"Marathon answers at {server.url}   (Ctrl-C ends it)")
        return await _first_end(marathon, abdicated, failed_over)


class LeadershipOver(CommandFailed):
    """Somebody else leads now, or may; the exit code is Marathon's."""

    exit_code = 103


async def _stop_unless_held(lease: Lease, journal: Journal, marathon: Marathon) -> None:
    """Without the lease nothing may be done any more, before anything is ended in peace.

    The journal first: actors that wait for one which is away would have to be waited for.
    """
    if not lease.held():
        await journal.close()
        await marathon.stop()


async def _while_held(place: Place, lease: Lease, leading: Coroutine[Any, Any, CommandFailed]) -> CommandFailed:
    """Lead until there is a reason not to; a lost lease ends it at once."""
    running = asyncio.create_task(leading, name="lead")
    lost = asyncio.create_task(lease.lost(), name="mind the lease")
    try:
        await asyncio.wait((running, lost), return_when=asyncio.FIRST_COMPLETED)
        if lost.done():
            return LeadershipOver(f"the lease is lost: {lost.result()}; tasks run on, and whoever leads next goes on")
        with suppress(OSError):  # the journal may know before the lease does: its next renewal would have told
            holder = await place.coordinator.holder(LEASE)
            if holder is not None and holder.epoch > lease.epoch:
                return LeadershipOver("the lease is lost: another process was given it; tasks run on")
        return running.result()
    finally:
        lost.cancel()
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled() and (error := running.exception()) is not None:
            log.info("leading ended with %r", error)


async def _first_end(marathon: Marathon, abdicated: asyncio.Event, failed_over: asyncio.Event) -> CommandFailed:
    """Wait until the service cannot go on, or is told not to, and say why."""
    stopped = asyncio.create_task(marathon.when_stopped())
    told = asyncio.create_task(abdicated.wait())
    taken = asyncio.create_task(failed_over.wait())
    try:
        await asyncio.wait((stopped, told, taken), return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            return LeadershipOver("the leadership was given up, as DELETE /v2/leader asked; tasks run on")
        if taken.done():
            return LeadershipOver("Mesos gave the framework to another instance, which subscribed later; tasks run on")
        return CommandFailed(
            f"the service cannot go on: {stopped.exception()}",
            "tasks run on; look for the cause in the log above, then start it again where its state is",
        )
    finally:
        for each in (stopped, told, taken):
            each.cancel()


async def _until_signal(service: Coroutine[Any, Any, None]) -> None:
    """Run `service` until it ends or a signal comes, also in the midst of starting; it is cancelled once, so that its
    parts can be taken apart in peace."""
    running, loop, signalled = asyncio.create_task(service), asyncio.get_running_loop(), False

    def end() -> None:
        nonlocal signalled
        if not signalled:
            signalled = True
            say("ending")
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        await running
    except asyncio.CancelledError:
        if not signalled:
            raise


def _warn_of_open_doors(options: ServiceOptions) -> None:
    try:
        on_loopback = options.host == "localhost" or ip_address(options.host).is_loopback
    except ValueError:  # a name: nobody knows where it leads
        on_loopback = False
    if on_loopback:
        return
    if options.credentials is None:
        say(f"warning: whoever reaches {options.host} can run programs on the cluster; --credentials keeps others out")
    elif options.tls_cert is None:
        say("warning: passwords travel readably over plain HTTP; serve over TLS with --tls-cert and --tls-key")


def _require_free(host: str, port: int) -> None:
    if port == 0:
        return
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == 98:
                raise PortTaken(host, port) from None
            raise CommandFailed(f"{host}:{port} cannot be listened on: {error.strerror}") from error


class Announcer(Actor[Any]):
    """Tells the person at the terminal how the service stands with Mesos; `failed_over` is called when Mesos has given
    the framework to another instance."""

    PATIENCE = 3.0

    def __init__(self, failed_over: Callable[[], None]) -> None:
        self._registered = False
        self._failed_over = failed_over

    def pre_start(self) -> None:
        for event in (SchedulerRegistered, SchedulerReregistered, SchedulerDisconnected, SchedulerEnded):
            self.context.system.event_stream.subscribe(self.ref, event)
        self.context.timers.start_single("patience", StillWaiting(), self.PATIENCE)

    def post_stop(self) -> None:
        self.context.system.event_stream.unsubscribe(self.ref)

    def receive(self, message: Any) -> None:
        match message:
            case SchedulerRegistered(framework_id, master):
                self._registered = True
                say(f"registered with Mesos at {master} as framework {framework_id}")
            case SchedulerReregistered(framework_id, master):
                self._registered = True
                say(f"registered again with Mesos at {master} as framework {framework_id}")
            case SchedulerDisconnected(reason):
                say(f"no connection to Mesos, trying again: {reason or 'it was closed'}")
            case SchedulerEnded(problem, failed_over):
                self._registered = True  # it has answered, and it was no
                say(f"Mesos is done with this framework: {problem}")
                if failed_over:
                    self._failed_over()
            case StillWaiting() if not self._registered:
                say("Mesos has not answered yet; trying on (is the master's URL right, and does it run?)")


@dataclass(frozen=True, slots=True)
class StillWaiting:
    """Some time has passed since the start."""
