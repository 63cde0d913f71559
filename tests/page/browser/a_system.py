"""A system with its inspector: one actor is flooded, one fails, and one is gone though it is still written to."""

import asyncio
from typing import Any

from actors import Actor, ActorSystem
from actors.observer import serve


class Flooded(Actor):
    async def receive(self, message: Any) -> None:
        await asyncio.sleep(60)


class Failing(Actor):
    def receive(self, message: Any) -> None:
        raise ValueError("no good")


class Gone(Actor):
    def receive(self, message: Any) -> None:
        pass


async def main() -> None:
    async with ActorSystem("any") as system:
        inspector = await serve(system)
        flooded, failing, gone = (
            system.spawn(Flooded, "flooded"),
            system.spawn(Failing, "failing"),
            system.spawn(Gone, "gone"),
        )
        await system.graceful_stop(gone, 60)
        for number in range(500):
            flooded.tell(number)
        failing.tell("please")
        for _ in range(3):
            gone.tell("hello")
        print(inspector.url, flush=True)  # noqa: T201
        try:
            await asyncio.Event().wait()
        finally:
            await inspector.close()


asyncio.run(main())
