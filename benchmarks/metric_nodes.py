"""Many nodes in one process, as one that observes them sees them: each a system of its own, with its own connection.

    python -m benchmarks.metric_nodes 200

Prints their addresses as JSON; reads the ids that the coordinator gave them, then tells whoever asks a node its figures
each second, until its input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any

from actors import Actor, ActorSystem, Props
from actors.cluster import SystemCollector, _wire
from actors.remote import Remote

EVERY = 1.0  # seconds


class Node(Actor[Any]):
    """Does what a node's metrics daemon does, without the other 199 connections of a real one."""

    def __init__(self, remote: Remote, ids: dict[str, str], collector: SystemCollector) -> None:
        self.remote = remote
        self.ids = ids
        self.collector = collector
        self.watchers: set[Any] = set()
        self.context.timers.start_fixed_rate("sample", "sample", EVERY)

    def receive(self, message: Any) -> None:
        match message:
            case _wire.WatchMetrics():
                self.watchers.add(self.sender)
            case "sample":
                figures = {**self.collector(), "mailbox-depth": 0, "mailbox-depth-max": 0, "event-loop-lag": 0.001}
                own = self.ids[str(self.remote.address)]
                for watcher in self.watchers:
                    watcher.tell(_wire.Figures(own, self.context.system.clock.wall(), figures))


async def main(count: int) -> None:
    ids: dict[str, str] = {}
    collector = SystemCollector()
    async with AsyncExitStack() as stack:
        nodes = []
        for _ in range(count):
            system = await stack.enter_async_context(ActorSystem("app"))
            remote = await Remote.start(system)
            _wire.register(remote.codec)
            nodes.append({"address": str(remote.address), "uid": str(remote.uid)})
            system.spawn_system(Props(Node, remote, ids, collector), "cluster-metrics")
        print(json.dumps(nodes), flush=True)
        ids.update(json.loads(await asyncio.to_thread(sys.stdin.readline)))
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
