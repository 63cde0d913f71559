"""Running the service: what `up` and `serve` put together.

lease of the work dir ─▶ journal ─▶ Mesos (embedded, or somewhere) ─▶ Marathon's actors ─▶ HTTP API ─▶ a signal
└────────────────────────────── closed in the opposite order, whatever fails ─────────────────────────────────┘
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from actors import Actor, ActorSystem
from actors.cluster import FileCoordinator, Lease, LeaseHeld
from actors.configuration.collector import settle_collector
from actors.configuration.open_files import allow_many_files
from actors.http import PortTaken, serve
from actors.marathon import Marathon
from actors.marathon.api import AgentSandboxes, Sandboxes, Service, ServiceInfo, make_app
from actors.marathon.messages import SchedulerDisconnected, SchedulerEnded, SchedulerRegistered, SchedulerReregistered
from actors.mesos import Credential
from actors.observer import Observer
from actors.persistence import JournalError, SqliteJournal

from ._client import CommandFailed
from ._console import say
from ._options import ServiceOptions, default_work_dir
from ._security import read_credentials, tls_context

__all__ = ["JOURNAL", "Mesos", "run", "work_dir_of"]

JOURNAL = "marathon.journal"
"""The journal's file in the work dir."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mesos:
    """The cluster to run on, and as whom. Without `sandboxes` they are read from its agents. `stop` ends what was
    started for it."""

    url: str
    principal: str | None = None
    credential: Credential | None = None
    accept_new_framework: bool = False
    sandboxes: Sandboxes | None = None
    stop: Callable[[], Awaitable[None]] | None = None


StartMesos = Callable[[ActorSystem, Path], Awaitable[Mesos]]
"""Gets the work dir, too."""


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


def run(options: ServiceOptions, start_mesos: StartMesos) -> None:
    """Run until Ctrl-C or SIGTERM. Raises `CommandFailed` when something that is needed cannot be had."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(options.verbose, 2)]
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    allow_many_files()
    try:
        asyncio.run(_until_signal(_run(options, start_mesos)))
    except (PortTaken, LeaseHeld, JournalError) as error:
        raise CommandFailed(getattr(error, "strerror", None) or str(error)) from error


async def _run(options: ServiceOptions, start_mesos: StartMesos) -> None:
    """Serve until cancelled. A lost lease ends it, too: somebody else may write the journal by now."""
    # Before anything is started or recovered, what most often fails: nothing must be undone then.
    credentials, tls = read_credentials(options.credentials), tls_context(options.tls_cert, options.tls_key)
    _require_free(options.host, options.port)
    _warn_of_open_doors(options)
    work_dir = work_dir_of(options.work_dir)
    async with AsyncExitStack() as stack:
        system = await stack.enter_async_context(ActorSystem("marathon", options.settings))
        lease = await _hold(work_dir, stack)
        say(f"state is kept in {work_dir}")
        journal = SqliteJournal(work_dir / JOURNAL, durability=options.durability, epoch=lease.epoch)
        stack.push_async_callback(journal.close)
        await journal.open()
        system.spawn(Announcer)
        mesos = await start_mesos(system, work_dir)
        if mesos.stop is not None:
            stack.push_async_callback(mesos.stop)
        marathon = await Marathon.start(
            system,
            master=mesos.url,
            journal=journal,
            hostname=options.host,
            principal=mesos.principal,
            credential=mesos.credential,
            accept_new_framework=mesos.accept_new_framework,
            deployment_mode=options.deployment_mode,
            env_prefix=options.env_vars_prefix,
        )
        stack.push_async_callback(marathon.stop)
        facts = ServiceInfo(version=version("mesos-actors"), master=mesos.url, hostname=options.host)
        service = Service(system, marathon, facts)
        abdicated = asyncio.Event()
        service = replace(
            service,
            sandboxes=mesos.sandboxes or AgentSandboxes(service.framework),
            abdicate=abdicated.set if mesos.stop is None else None,  # with its own Mesos, the tasks would end, too
        )
        app = make_app(service, credentials=credentials, observer=await Observer.of(system))
        server = await serve(app, options.host, options.port, tls=tls)
        stack.push_async_callback(server.close)
        settle_collector()
        say(f"Marathon answers at {server.url}   (Ctrl-C ends it)")
        raise await _first_end(lease, marathon, abdicated)


class Abdicated(CommandFailed):
    """Told to give the leadership up (``DELETE /v2/leader``); the exit code is Marathon's."""

    exit_code = 103


async def _first_end(lease: Lease, marathon: Marathon, abdicated: asyncio.Event) -> CommandFailed:
    """Wait until the service cannot go on, or is told not to, and say why."""
    lost = asyncio.create_task(lease.lost())
    stopped = asyncio.create_task(marathon.when_stopped())
    told = asyncio.create_task(abdicated.wait())
    try:
        await asyncio.wait((lost, stopped, told), return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            return Abdicated("the leadership was given up, as DELETE /v2/leader asked; tasks run on")
        if lost.done():
            return CommandFailed(f"the lease of the work dir is lost: {await lost}")
        return CommandFailed(
            f"the service cannot go on: {stopped.exception()}",
            "tasks run on; look for the cause in the log above, then start it again with the same work dir",
        )
    finally:
        lost.cancel()
        stopped.cancel()
        told.cancel()


async def _hold(work_dir: Path, stack: AsyncExitStack) -> Lease:
    coordinator = FileCoordinator(work_dir / "cluster")
    stack.push_async_callback(coordinator.close)
    return await coordinator.lease("marathon", wait=False)


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
    """Tells the person at the terminal how the service stands with Mesos."""

    PATIENCE = 3.0

    def __init__(self) -> None:
        self._registered = False

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
            case SchedulerEnded(problem):
                self._registered = True  # it has answered, and it was no
                say(f"Mesos is done with this framework: {problem}")
            case StillWaiting() if not self._registered:
                say("Mesos has not answered yet; trying on (is the master's URL right, and does it run?)")


@dataclass(frozen=True, slots=True)
class StillWaiting:
    """Some time has passed since the start."""
