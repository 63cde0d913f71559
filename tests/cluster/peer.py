"""A node in a process of its own, for tests: ``python -m tests.cluster.peer FOLDER [HOST [SYSTEM]]`` (see `main`).

Commands are lines: ``who`` asks the singleton, ``jump SECONDS`` sets the wall clock, anything else ends the node.
"""

import asyncio
import os
import sys
import time
from pathlib import Path

from actors import Actor, ActorSystem, Props
from actors.cluster import (
    Cluster,
    ClusterSingleton,
    FileCoordinator,
    MemberReachable,
    MemberRemoved,
    MemberUnreachable,
    MemberUp,
)
from actors.persistence import Append, Event, SqliteJournal, StaleEpoch
from actors.remote import Remote, RemoteSettings


def say(*words):
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Writer(Actor):
    """Writes to the journal ten times a second, and says when it starts, ends and is refused."""

    def __init__(self, path, lease):
        self.journal = SqliteJournal(path, epoch=lease.epoch)
        self.epoch = lease.epoch

    def pre_start(self):
        say("starts", os.getpid(), self.epoch)
        self.context.timers.start_fixed_delay("write", "write", 0.1)

    async def receive(self, message):
        if message == "who":
            self.reply(os.getpid())
            return
        try:
            await self.journal.append([Append("s", (Event("wrote", 1, {"epoch": self.epoch}),))])
        except StaleEpoch:
            say("refused", os.getpid(), self.epoch)
            self.context.timers.cancel("write")

    async def post_stop(self):
        say("ends", os.getpid(), self.epoch)
        await self.journal.close()


class Events(Actor):
    def receive(self, message):
        match message:
            case MemberUp(node):
                say("up", f"{node.address.host}:{node.address.port}")
            case MemberRemoved(node, reason):
                say("removed", f"{node.address.host}:{node.address.port}", reason)
            case MemberUnreachable(node):
                say("unreachable", node.address.host)
            case MemberReachable(node):
                say("reachable", node.address.host)


async def main():
    folder = Path(sys.argv[1])
    host, name = (*sys.argv[2:], *("127.0.0.1", "app")[len(sys.argv) - 2 :])
    async with ActorSystem(name) as system:
        settings = RemoteSettings(heartbeat=0.2, detection=2.0)
        await Remote.start(system, host, secret="a secret of all the hosts", settings=settings)
        coordinator = FileCoordinator(folder / "cluster", ttl=2.0, heartbeat=0.4)
        cluster = await Cluster.join(system, coordinator)
        cluster.subscribe(system.spawn(Events), MemberUp, MemberRemoved, MemberUnreachable, MemberReachable)
        singletons = ClusterSingleton(system)
        proxy = singletons.start(lambda lease: Props(Writer, folder / "journal.db", lease), "writer")
        say("ready", os.getpid(), cluster.own.address.port)
        lines = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        ended = asyncio.create_task(system.when_terminated())
        while not ended.done():
            line = asyncio.create_task(lines.readline())
            await asyncio.wait((line, ended), return_when=asyncio.FIRST_COMPLETED)
            words = [] if ended.done() else (await line).decode().split()
            match words:
                case ["who"]:
                    say("who", await proxy.ask("who", 60))
                case ["jump", seconds]:
                    time.time_ns = lambda real=time.time_ns, by=int(seconds): real() + by * 10**9
                    time.time = lambda: time.time_ns() / 1e9
                    say("jumped")
                case _:
                    break
        pipe.close()


if __name__ == "__main__":
    asyncio.run(main())
