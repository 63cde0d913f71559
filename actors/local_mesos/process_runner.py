"""Tasks as real processes: the agent's side of its task runner process (``actors.local_mesos.runner``).

::

    folder/runner.sock        where the runner listens; the service makes it and hands it down, so it can be
                              connected to before the runner has even started
    folder/runner.journal     exit statuses that no agent took yet
    folder/runner.log         what the runner had to say while nobody listened
    folder/slaves/…/runs/…    sandboxes

Whoever can connect has a living runner behind the socket: it is the only holder of the listening end. So a service
that was killed and started again takes over the runner that still runs, and starts one only if there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from actors.local_mesos.container_engine import CommandLineEngine, find_engine
from actors.local_mesos.fetcher import fetch
from actors.local_mesos.runner import PROTOCOL
from actors.local_mesos.shared_volumes import link_shared
from actors.local_mesos.task_runner import (
    Exited,
    Listener,
    Lost,
    Refused,
    RunnerEvent,
    RunnerLost,
    RunnerUnusable,
    RunnerWarning,
    Started,
    TaskCommand,
    Uncontainable,
    Usage,
)
from mesos_proto import mesos_pb2

__all__ = ["ProcessRunner"]

HELLO_TIMEOUT = 10.0  # seconds: longer, and the runner hangs
STOP_MARGIN = 5.0  # seconds that a stopping runner may take beyond its tasks' grace period
# `runner` as a top-level package: importing `actors` would make that process several times larger
_BOOT = "import sys; sys.path.append({!r}); from runner._runner import main; main()"


class ProcessRunner:
    """A ``TaskRunner`` over the runner process of one agent's ``folder`` (Linux).

    ``environment`` is what tasks find below their own variables: by default this process's, without the variables
    of Mesos itself (``MESOS_*``, ``LIBPROCESS_*``).
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._folder = Path(os.path.realpath(folder))
        source = os.environ if environment is None else environment
        self._environment = {k: v for k, v in source.items() if not k.startswith(("MESOS_", "LIBPROCESS_"))}
        self._engine: CommandLineEngine | None = None  # looked for when the first container is wanted
        self._connection: _Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._orders: list[dict[str, Any]] = []  # of this turn of the loop, or made while there is no connection

    async def attach(self, listener: Listener) -> tuple[RunnerEvent, ...]:
        await self.detach()
        try:
            return await self._attach(listener)
        except ConnectionError:
            pass  # it was just about to end: there is another now, or will be
        try:
            return await self._attach(listener)
        except ConnectionError as error:
            raise RunnerUnusable(self._why_no_hello(f"ended at once ({error})")) from error

    async def _attach(self, listener: Listener) -> tuple[RunnerEvent, ...]:
        sock = await asyncio.to_thread(self._reach)
        connection = _Connection(listener)
        await asyncio.get_running_loop().create_unix_connection(lambda: connection, sock=sock)
        connection.send([{"do": "attach", "environment": self._environment}])
        try:
            async with asyncio.timeout(HELLO_TIMEOUT):
                held = await connection.hello
        except TimeoutError as error:
            connection.close()
            raise RunnerUnusable(self._why_no_hello("hangs")) from error
        self._connection = connection
        self._flush()
        return held

    async def fetch(self, sandbox: str, uris: Sequence[mesos_pb2.CommandInfo.URI]) -> None:
        await fetch(self._folder / sandbox, uris)

    async def share(self, sandbox: str, volumes: Mapping[str, str]) -> None:
        try:
            await asyncio.to_thread(link_shared, str(self._folder / sandbox), volumes)
        except OSError as error:
            raise Uncontainable(f"its volumes cannot be made: {error}") from error

    async def container_engine(self) -> CommandLineEngine:
        if self._engine is None:
            self._engine = await find_engine()
        return self._engine

    def launch(self, command: TaskCommand) -> None:
        order: dict[str, Any] = {"do": "launch", "id": command.container_id, "sandbox": command.sandbox}
        order["env"] = dict(command.environment)
        order["outputs"] = command.outputs
        if command.shell is not None:
            order["shell"] = command.shell
        else:
            order["argv"] = list(command.argv)
        self._order(order)

    def kill(self, container_id: str, grace: float) -> None:
        self._order({"do": "kill", "id": container_id, "grace": grace})

    def forget(self, container_ids: Iterable[str]) -> None:
        self._order({"do": "forget", "ids": list(container_ids)})

    @property
    def has_usage(self) -> bool:
        return True

    async def usage(self, exact: Collection[str] = ()) -> Mapping[str, Usage]:
        connection = self._connection
        if connection is None:
            raise RunnerUnusable(f"no task runner is attached in {self._folder}")
        answer = asyncio.get_running_loop().create_future()
        connection.measurements.append(answer)
        self._order({"do": "measure", "exact": list(exact)})
        try:
            async with asyncio.timeout(HELLO_TIMEOUT):
                return {name: Usage(**used) for name, used in (await answer).items()}
        except TimeoutError as error:
            raise RunnerUnusable(f"the task runner in {self._folder} (pid {connection.pid}) hangs") from error

    def sandbox_path(self, sandbox: str) -> str:
        return str(self._folder / sandbox)

    async def remove_sandboxes(self, older_than: float, keep: Collection[str]) -> int:
        return await asyncio.to_thread(_remove_sandboxes, self._folder, older_than, frozenset(keep))

    async def detach(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        connection.leave([*self._orders, {"do": "leave"}])
        self._orders = []
        with contextlib.suppress(TimeoutError):  # it hangs, then: nothing of ours is lost by going
            async with asyncio.timeout(HELLO_TIMEOUT):
                await connection.parted
        connection.close()
        await connection.ended
        if not connection.staying and self._process is not None:
            await asyncio.to_thread(self._process.wait)
            self._process = None

    async def stop(self, grace: float) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            process = os.pidfd_open(connection.pid)  # names it for good, where its pid may become another's
        except ProcessLookupError:
            self._connection = None
            return
        self._order({"do": "stop", "grace": grace})
        self._flush()
        patience = grace + STOP_MARGIN
        if not await asyncio.to_thread(_ended, process, patience):
            signal.pidfd_send_signal(process, signal.SIGKILL)
            connection.listener(
                RunnerWarning(
                    f"the task runner (pid {connection.pid}) did not stop within {patience:g} s and was killed; "
                    f"its tasks end when an agent next starts in {self._folder}"
                )
            )
        os.close(process)
        await connection.ended  # what it said last has been heard
        self._connection = None
        if self._process is not None:
            self._process.wait()
            self._process = None

    # -- the connection --------------------------------------------------------------------------------------------

    def _order(self, order: dict[str, Any]) -> None:
        self._orders.append(order)
        if len(self._orders) == 1 and self._connection is not None:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        if self._orders and self._connection is not None and not self._connection.ended.done():
            self._connection.send(self._orders)
            self._orders = []

    def _reach(self) -> socket.socket:
        """A socket connected to the runner, which is started if nobody listens. Blocks for some milliseconds."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # Addresses of unix sockets end at 108 bytes, work dirs do not: name the folder by its descriptor.
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        address = f"/proc/self/fd/{folder}/runner.sock"
        sock = socket.socket(socket.AF_UNIX)
        try:
            try:
                sock.connect(address)
            except (FileNotFoundError, ConnectionRefusedError):
                self._start(address)
                sock.connect(address)
        except OSError as error:
            sock.close()
            raise RunnerUnusable(
                f"cannot reach or start the task runner in {self._folder}: {error}; "
                "the folder has to be this user's own, on a local file system"
            ) from error
        finally:
            os.close(folder)
        sock.setblocking(False)
        return sock

    def _start(self, address: str) -> None:
        if self._process is not None:
            self._process.wait()  # its socket is closed, so it is ending: reap it
        Path(address).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener, open(self._folder / "runner.log", "ab") as log:
            listener.bind(address)
            listener.listen(8)
            fd = listener.fileno()
            boot = _BOOT.format(str(Path(__file__).parent))
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", boot, str(self._folder), str(fd)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                pass_fds=[fd],
                start_new_session=True,  # the terminal's Ctrl-C is the service's to handle
            )

    def _why_no_hello(self, what: str) -> str:
        log = self._folder / "runner.log"
        try:
            said = log.read_text(errors="replace").strip().splitlines()[-3:]
        except OSError:
            said = []
        return f"the task runner in {self._folder} {what}; the end of {log}: {' / '.join(said) or 'nothing'}"


class _Connection(asyncio.Protocol):
    """Events come in as lines of JSON. ``hello`` is what the runner held; ``ended`` is set when its end closed."""

    def __init__(self, listener: Listener) -> None:
        loop = asyncio.get_running_loop()
        self.listener = listener
        self.pid = 0
        self.hello: asyncio.Future[tuple[RunnerEvent, ...]] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.parted: asyncio.Future[None] = loop.create_future()  # it knows that we leave, and stays or ends
        self.staying = False
        self.measurements: list[asyncio.Future[dict[str, Any]]] = []  # answered in their order
        self._stopping = False
        self._closing = False
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, orders: list[dict[str, Any]]) -> None:
        self._stopping = self._stopping or any(order["do"] == "stop" for order in orders)
        self._transport.write("".join(json.dumps(order) + "\n" for order in orders).encode())

    def leave(self, orders: list[dict[str, Any]]) -> None:
        """Send the last orders; what it tells from now on is for the next agent."""
        self._closing = True
        self.send(orders)

    def close(self) -> None:
        self._closing = True
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if said["is"] == "hello":
                self._greeted(said)
            elif said["is"] == "staying":
                self.staying = True
                self.parted.set_result(None)
            elif said["is"] == "usage":
                measurement = self.measurements.pop(0)
                if not measurement.done():
                    measurement.set_result(said["of"])
            elif self.hello.done() and not self._closing:
                self.listener(_event(said))

    def _greeted(self, hello: dict[str, Any]) -> None:
        self.pid = hello["pid"]
        if self.hello.done():
            return
        if hello["protocol"] != PROTOCOL:
            self.hello.set_exception(
                RunnerUnusable(
                    f"the task runner that still runs here is of another version (protocol {hello['protocol']}, this "
                    f"one speaks {PROTOCOL}): end it with `kill {self.pid}`, which ends its tasks too"
                )
            )
        else:
            self.hello.set_result(tuple(_event(event) for event in hello["held"]))

    def connection_lost(self, error: Exception | None) -> None:
        if not self.hello.done():
            self.hello.set_exception(ConnectionError(str(error or "it closed the connection")))
        elif not self._closing and not self._stopping:
            self.listener(RunnerLost(f"the task runner (pid {self.pid}) ended: {error or 'it was killed or crashed'}"))
        for measurement in self.measurements:
            if not measurement.done():
                measurement.set_exception(RunnerUnusable("the task runner ended while it measured"))
        for future in (self.parted, self.ended):
            if not future.done():
                future.set_result(None)


def _ended(process: int, patience: float) -> bool:
    """Wait up to ``patience`` seconds for the process of this pidfd."""
    return bool(select.select([process], [], [], patience)[0])


def _event(said: dict[str, Any]) -> RunnerEvent:
    match said["is"]:
        case "started":
            return Started(said["id"], said["pid"], said["at"])
        case "refused":
            return Refused(said["id"], said["error"], said["at"])
        case "exited":
            return Exited(said["id"], said["status"], said["at"])
        case "lost":
            return Lost(said["id"], said["at"])
        case "warning":
            return RunnerWarning(said["text"])
        case _:
            return RunnerWarning(f"the task runner said something this version does not know: {said}")


def _remove_sandboxes(folder: Path, older_than: float, keep: frozenset[str]) -> int:
    removed = 0
    horizon = time.time() - older_than
    for run in folder.glob("slaves/*/frameworks/*/executors/*/runs/*"):
        if run.is_symlink() or run.name in keep:
            continue
        touched = max(path.stat().st_mtime for path in (run, run / "stdout", run / "stderr") if path.exists())
        if touched < horizon:
            shutil.rmtree(run)
            removed += 1
            _remove_empty(run.parent, folder)
    return removed


def _remove_empty(runs: Path, folder: Path) -> None:
    """The executor's folder and those above it, as far as nothing is left in them."""
    latest = runs / "latest"
    if latest.is_symlink() and not latest.exists():
        latest.unlink()
    for level in (runs, *runs.parents):
        if level == folder or any(level.iterdir()):
            return
        level.rmdir()
