"""A node in a process of its own, for tests: ``python -m tests.cluster.peer FOLDER`` (see `main`)."""

import asyncio
import os
import sys
from pathlib import Path

from actors import Actor, ActorSystem, Props
from actors.cluster import Cluster, ClusterSingleton, FileCoordinator, MemberRemoved, MemberUp
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
                say("up", node.address.port)
            case MemberRemoved(node, reason):
                say("removed", node.address.port, reason)


async def main():
    folder = Path(sys.argv[1])
    async with ActorSystem("app") as system:
        await Remote.start(system, settings=RemoteSettings(heartbeat=0.2, detection=2.0))
        coordinator = FileCoordinator(folder / "cluster", ttl=2.0, heartbeat=0.4)
        cluster = await Cluster.join(system, coordinator)
        cluster.subscribe(system.spawn(Events), MemberUp, MemberRemoved)
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
            if ended.done() or (await line).strip() != b"who":
                break
            say("who", await proxy.ask("who", 10))
        pipe.close()


if __name__ == "__main__":
    asyncio.run(main())
