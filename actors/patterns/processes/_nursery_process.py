"""The nursery process: Thespian's multi-process system, in an interpreter that was started for it alone.

Thespian forks each actor's process. Forking the user's own process would copy its threads' locks, its sockets and its
files; so Thespian lives here, where there is one thread and nothing to copy but the imported main module.

`multiprocQueueBase` needs no network listener: its processes talk through pipes. (Its TCP base accepts pickles on all
interfaces.) Two of its ways need care: its shutdown waits ten seconds for an actor that was killed and may then leave
its admin running; and its processes are daemons that outlive whoever started them. So this process adopts them
(a child subreaper) and kills them all in the end, which is when its connection ends: the system's process has closed
it, or has died. The actors' processes were stopped in order before, if there was time.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import psutil

from . import _main_module, _pickling
from ._frames import HEAD, Kind, framed, is_of_this_user

__all__ = ["main"]

PR_SET_CHILD_SUBREAPER = 36
SILENT = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR", "handlers": []}}


def main(path: str, key: str) -> None:
    """Serve the system that listens at `path` until it closes the connection, or dies."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the system, which ends this process in its time
    os.environ["THESPLOG_FILE"] = str(Path(path).with_name("thespian.log"))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    if not is_of_this_user(connection):
        sys.exit(f"{path} belongs to another user")
    try:
        _serve(connection, path, key)
    finally:
        _kill_descendants()
        shutil.rmtree(Path(path).parent, ignore_errors=True)


def _serve(connection: socket.socket, path: str, key: str) -> None:
    def send(kind: Kind, *values: Any) -> None:
        with contextlib.suppress(OSError):  # the system has died: the next read says so
            connection.sendall(framed(kind, _pickling.dumps(values, _no_ref)))

    send(Kind.HELLO, key, os.getpid())
    prepared = _read(connection)
    if prepared is None:
        return
    try:
        _main_module.run_again(*pickle.loads(prepared[1]))
        from thespian.actors import ActorSystem

        from ._host import ThespianHost

        thespian = ActorSystem("multiprocQueueBase", logDefs=SILENT, transientUnique=True)
    except BaseException as error:  # noqa: BLE001 - a main module may raise anything, SystemExit too
        send(Kind.FAILED, None, error)
        return
    send(Kind.READY, [os.getpgid(child.pid) for child in psutil.Process().children()])
    while (frame := _read(connection)) is not None:
        (host_key,) = pickle.loads(frame[1])
        try:
            thespian.tell(thespian.createActor(ThespianHost), (path, host_key))
        except Exception as error:  # noqa: BLE001 - whatever it is, the one who waits must know
            send(Kind.FAILED, host_key, error)


def _read(connection: socket.socket) -> tuple[int, bytes] | None:
    head = _exactly(connection, HEAD.size)
    if head is None:
        return None
    size, kind = HEAD.unpack(head)
    body = _exactly(connection, size)
    return None if body is None else (kind, body)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    found = b""
    while len(found) < size:
        try:
            more = connection.recv(size - len(found))
        except OSError:
            return None
        if not more:
            return None
        found += more
    return found


def _no_ref(ref: Any) -> Any:
    raise TypeError(f"{ref!r} has no business in the nursery")


def _kill_descendants() -> None:
    """Kill all of them, and wait for each, so that none is left for others to bury."""
    me = psutil.Process()
    for _ in range(100):  # a process that was being forked meanwhile is found the next time
        descendants = me.children(recursive=True)
        if not descendants:
            return
        for each in descendants:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(descendants, timeout=0.1)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
