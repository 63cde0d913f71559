"""Ports of 127.0.0.1 for programs that are told theirs: no two of the tests get the same one, whoever runs them."""

import fcntl
import os
import socket
import tempfile
from pathlib import Path

from tests.integration.parts import Unavailable

_LOCKS = Path(tempfile.gettempdir()) / f"mesos-actors-ports-{os.getuid()}"
_BLOCK = 100
_BLOCKS = range(20_000, 31_000, _BLOCK)
"""Below the ports of tasks, and below those that the system gives to whoever asks for any: it would give away one that
was free a moment ago, before the program that is to have it has started."""

_left: list[int] = []
"""What is not given away yet of this process's newest block."""


def free_ports(count: int) -> int:
    """The first of ``count`` (up to 100) neighbouring ports that nobody holds. Nobody else is given them while this
    process lives, so the program that is to listen there may take its time."""
    while True:
        while len(_left) >= count:
            wanted = _left[:count]
            taken = [port for port in wanted if not _is_free(port)]
            del _left[: count if not taken else _left.index(taken[-1]) + 1]
            if not taken:
                return wanted[0]
        _left[:] = _claim_a_block()


def free_port() -> int:
    return free_ports(1)


def free_port_range(count: int = _BLOCK) -> str:
    """``count`` neighbouring ports as Mesos writes them, ``21000-21099``: those of a cluster's tasks, of their own."""
    first = free_ports(count)
    return f"{first}-{first + count - 1}"


def _claim_a_block() -> range:
    """One that no living process has; the lock goes with this one."""
    _LOCKS.mkdir(exist_ok=True)
    for first in _BLOCKS:
        lock = os.open(_LOCKS / str(first), os.O_CREAT | os.O_RDWR)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
        else:
            return range(first, first + _BLOCK)
    raise Unavailable(f"all of the {len(_BLOCKS)} blocks of ports are taken: do that many tests run?")


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
