"""What two processes say to each other over a Unix socket: four bytes of length, one of kind, a body.

The bodies are pickled. The socket lies in a folder that only this user may enter, and both ends check whose process
the other one is before they read.

    system's process                               nursery process
    ----------------                               ---------------
                                                ←  HELLO key, pid
    PREPARE what the main module is             →  imports it, starts Thespian
                                                ←  READY process group             (or FAILED)
    START key                                   →  a Thespian actor in a new process
                                                ←  FAILED key, error
                                                   host process
                                                   ------------
                                                ←  HELLO key, pid
    BEGIN names, settings; recipe               →  an actor system with that actor
                                                ←  HANDLED                         (or FAILED: it could not start)
    HANDLE message, sender                      →  its next message
                                                ←  HANDLED | FAILED error | REFUSED error (the message is no pickle)
    RESUME                                      →  go on after FAILED
    STOP                                        →  stop the actor
                                                ←  ENDED
    TELL, WATCH, UNWATCH, NOTICE               ↔   between refs of both (see `_link`); LOG comes from the host
"""

from __future__ import annotations

import asyncio
import enum
import os
import socket
import struct

__all__ = ["HEAD", "Kind", "framed", "is_of_this_user", "read_frame"]

HEAD = struct.Struct("!IB")


class Kind(enum.IntEnum):
    """What a frame is about."""

    HELLO = 1
    PREPARE = 2
    READY = 3
    START = 4
    BEGIN = 5
    HANDLE = 6
    HANDLED = 7
    FAILED = 8
    REFUSED = 9
    RESUME = 10
    STOP = 11
    ENDED = 12
    TELL = 13
    WATCH = 14
    UNWATCH = 15
    NOTICE = 16
    LOG = 17


def framed(kind: Kind, body: bytes) -> bytes:
    """One frame."""
    return HEAD.pack(len(body), kind) + body


async def read_frame(reader: asyncio.StreamReader) -> tuple[Kind, bytes] | None:
    """The next frame; None when the other end has closed, or died."""
    try:
        size, kind = HEAD.unpack(await reader.readexactly(HEAD.size))
        return Kind(kind), await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def is_of_this_user(connection: socket.socket) -> bool:
    """Whether a process of this user is at the other end of a Unix socket."""
    pid_uid_gid = struct.Struct("iii")
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, pid_uid_gid.size)
    return bool(pid_uid_gid.unpack(peer)[1] == os.getuid())
