"""How peers are started, where that takes more than a line."""

from __future__ import annotations

import socket
from typing import Any


def thespian_system() -> Any:
    """Thespian's base that runs everything in the caller's thread."""
    from thespian.actors import ActorSystem

    quiet = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR", "handlers": []}}
    return ActorSystem("simpleSystemBase", logDefs=quiet)


async def xoscar_pool() -> tuple[Any, str]:
    """Xoscar's pool in this process alone, and its address."""
    import xoscar

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pool = await xoscar.create_actor_pool(f"127.0.0.1:{port}", n_process=0)
    return pool, pool.external_address
