"""A system in a process of its own, for tests: ``python -m tests.remote.peer '{options}'`` prints where it is."""

import asyncio
import json
import sys
from pathlib import Path

from actors import ActorSystem
from actors.remote import Remote, RemoteSettings, Tls
from tests.remote.conftest import Echo


async def main():
    options = json.loads(sys.argv[1])
    settings = RemoteSettings(**options.get("settings", {}))
    tls = Tls(*map(Path, options["tls"])) if "tls" in options else None
    async with ActorSystem("peer") as system:
        remote = await Remote.start(system, secret=options.get("secret"), tls=tls, settings=settings)
        system.spawn(Echo, "it")
        sys.stdout.write(f"{remote.address}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main())
