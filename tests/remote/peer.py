"""A system in a process of its own, for tests: ``python -m tests.remote.peer '{options}'`` prints where it is."""

import asyncio
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

from actors import Actor, ActorSystem
from actors.remote import Remote, RemoteSettings, Tls, message
from tests.remote.conftest import Echo


@message("tests.order")  # the first version: the tests' own program has a later one
@dataclass(frozen=True)
class Order:
    item: str


class Clerk(Actor):
    """Says what it heard when it is asked, as an order."""

    def __init__(self):
        self.heard = []

    def receive(self, message):
        if message == "what did you hear?":
            self.reply(Order(" ".join(self.heard)))
        else:
            self.heard.append(str(message))


async def main():
    logging.basicConfig()
    options = json.loads(sys.argv[1])
    settings = RemoteSettings(**options.get("settings", {}))
    tls = Tls(*map(Path, options["tls"])) if "tls" in options else None
    async with ActorSystem("peer") as system:
        remote = await Remote.start(system, secret=options.get("secret"), tls=tls, settings=settings)
        system.spawn(Echo, "it")
        system.spawn(Clerk, "clerk")
        sys.stdout.write(f"{remote.address}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main())
