"""An actor asks another, one question after the other, within one handler."""

import asyncio
from typing import Any

from benchmarks.cost import Cost
from benchmarks.peers import xoscar_pool
from benchmarks.plain import QueueActor
from benchmarks.probes import cpu_seconds

COST = Cost("ask-between-actors", "questions of one actor to another, each awaited", 30_000, "asyncio.Queue", goal=2.5)


@COST.contender("asyncio.Queue")
async def queue(size: int) -> float:
    loop = asyncio.get_running_loop()
    seconds = loop.create_future()

    class Echo(QueueActor):
        async def receive(self, message: Any) -> None:
            message.set_result(1)

    class Asker(QueueActor):
        async def receive(self, message: Any) -> None:
            start = cpu_seconds()
            for _ in range(size):
                answer = loop.create_future()
                message.tell(answer)
                await answer
            seconds.set_result(cpu_seconds() - start)

    Asker().tell(Echo())
    return float(await seconds)


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorRef, ActorSystem

    seconds = asyncio.get_running_loop().create_future()

    class Echo(Actor[int]):
        async def receive(self, message: int) -> None:
            self.reply(message)

    class Asker(Actor[ActorRef[int]]):
        async def receive(self, message: ActorRef[int]) -> None:
            start = cpu_seconds()
            for _ in range(size):
                await message.ask(1)
            seconds.set_result(cpu_seconds() - start)

    async with ActorSystem() as system:
        system.spawn(Asker).tell(system.spawn(Echo))
        return float(await seconds)


@COST.contender("pykka", size=5_000)
def pykka(size: int) -> float:
    import pykka

    class Echo(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> Any:
            return message

    class Asker(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> Any:
            start = cpu_seconds()
            for _ in range(size):
                message.ask(1)
            return cpu_seconds() - start

    return float(Asker.start().ask(Echo.start()))


@COST.contender("xoscar", size=5_000)
async def xoscar(size: int) -> float:
    import xoscar

    class Echo(xoscar.Actor):
        async def echo(self, message: int) -> int:
            return message

    class Asker(xoscar.Actor):
        async def run(self, echo: Any) -> float:
            start = cpu_seconds()
            for _ in range(size):
                await echo.echo(1)
            return cpu_seconds() - start

    _pool, address = await xoscar_pool()
    echo = await xoscar.create_actor(Echo, address=address)
    asker = await xoscar.create_actor(Asker, address=address)
    return float(await asker.run(echo))


@COST.contender("async-pykka", python=12)
async def async_pykka(size: int) -> float:
    import async_pykka

    class Echo(async_pykka.AsyncioActor):
        async def on_receive(self, message: Any) -> Any:
            return message

    class Asker(async_pykka.AsyncioActor):
        async def on_receive(self, message: Any) -> Any:
            start = cpu_seconds()
            for _ in range(size):
                await message.ask(1)
            return cpu_seconds() - start

    return float(await Asker.start().ask(Echo.start()))
