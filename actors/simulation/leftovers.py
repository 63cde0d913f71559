"""What is left over once every program of a world was told to end, as by SIGTERM, and once all has come right."""

from __future__ import annotations

import asyncio
from typing import Any

from actors.core import ActorSystem
from actors.simulation.world import World
from actors.testkit.virtual_loop import describe_task

__all__ = ["asks_of", "end_all", "idle"]

ENDS_WITHIN = 60.0
"""Virtual seconds in which a program must have ended."""

DAY = 24 * 3600.0


def idle(system: ActorSystem) -> str | None:
    """What a service with nothing to do still has under way, if anything: asks, actors of deployments."""
    if asks := asks_of(system):
        return f"asks have not ended: {asks}"
    left = [node.path for node in system.tree().walk() if node.path.count("/supervisor/")]
    return f"actors of deployments are left: {left}" if left else None


def asks_of(system: ActorSystem) -> list[str]:
    """The asks that wait for an answer, but for those that wait for the program's end."""
    return [
        f"{type(reply.message).__name__} to {reply.target.path}"
        for reply in system.asks.pending()
        if reply.deadline < system.loop.time() + DAY
    ]


async def end_all(world: World) -> str | None:
    """End every program; gives what is still there then, if anything: tasks, connections, listeners."""
    world.over = True  # nothing starts again
    here = asyncio.current_task()
    network = world.network
    machines = [host.machine for host in world.hosts.values() if host.machine.is_up]
    lives = [machine.life for machine in machines]
    for machine in machines:
        assert machine.task is not None
        machine.task.cancel()

    def left() -> list[Any]:
        return [task for task in asyncio.all_tasks() if task is not here and getattr(task, "life", None) in lives]

    deadline = world.loop._now + ENDS_WITHIN
    # Tasks are made while others end; and what closes a connection is still on its way over a slow network.
    while (left() or network.transports or network.listeners) and world.loop._now < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    found = [describe_task(task) for task in left()]
    found += [f"a server listens: {listener!r}" for listener in network.listeners.values()]
    found += [f"a connection is open: {transport!r}" for transport in network.transports.values()]
    return "; ".join(found) or None
