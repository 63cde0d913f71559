"""Actors that are made, started, and ended again; all of them are made before the first is ended."""

import asyncio
from typing import Any

from benchmarks.cost import Cost
from benchmarks.peers import thespian_system, xoscar_pool
from benchmarks.plain import QueueActor
from benchmarks.probes import cpu_seconds

COST = Cost(
    "spawn-and-stop",
    "actors made and ended",
    size=10_000,
    baseline="asyncio.Queue",
    goal=2.5,
    goal_over_libraries=4.0,
)


@COST.contender("asyncio.Queue")
async def queue(size: int) -> float:
    start = cpu_seconds()
    made = [QueueActor() for _ in range(size)]
    await asyncio.sleep(0)
    for each in made:
        each.task.cancel()
    await asyncio.gather(*(each.task for each in made), return_exceptions=True)
    return cpu_seconds() - start


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorSystem, PoisonPill

    left = size
    over = asyncio.get_running_loop().create_future()

    class Idle(Actor[Any]):
        async def receive(self, message: Any) -> None:
            pass

        def post_stop(self) -> None:
            nonlocal left
            left -= 1
            if not left:
                over.set_result(None)

    async with ActorSystem() as system:
        pill = PoisonPill()
        start = cpu_seconds()
        made = [system.spawn(Idle) for _ in range(size)]
        for each in made:
            each.tell(pill)
        await over
        return cpu_seconds() - start


@COST.contender("pykka", size=2_000)
def pykka(size: int) -> float:
    import pykka

    class Idle(pykka.ThreadingActor):
        pass

    start = cpu_seconds()
    made = [Idle.start() for _ in range(size)]
    for stopped in [each.stop(block=False) for each in made]:
        stopped.get()
    return cpu_seconds() - start


@COST.contender("thespian")
def thespian(size: int) -> float:
    from thespian.actors import Actor, ActorExitRequest

    class Idle(Actor):
        def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
            pass

    system = thespian_system()
    start = cpu_seconds()
    made = [system.createActor(Idle) for _ in range(size)]
    for each in made:
        system.tell(each, ActorExitRequest())
    return cpu_seconds() - start


@COST.contender("xoscar", size=3_000)
async def xoscar(size: int) -> float:
    import xoscar

    class Idle(xoscar.Actor):
        pass

    _pool, address = await xoscar_pool()
    start = cpu_seconds()
    made = [await xoscar.create_actor(Idle, address=address) for _ in range(size)]
    for each in made:
        await xoscar.destroy_actor(each)
    return cpu_seconds() - start


@COST.contender("tapio", size=5_000)
async def tapio(size: int) -> float:
    from tapio import ActorSystem, Behaviors, Message

    class End(Message):
        pass

    async def on_end(message: End) -> Any:
        return Behaviors.stopped()

    end = End()
    async with ActorSystem("bench") as system:
        start = cpu_seconds()
        made = [system.spawn_anonymous(Behaviors.receive_message(on_end)) for _ in range(size)]
        for each in made:
            each.tell(end)
        while any(each.cell.is_alive for each in made[-50:]):  # noqa: ASYNC110 (it offers nothing to wait for)
            await asyncio.sleep(0)
        return cpu_seconds() - start


@COST.contender("async-pykka", size=3_000, python=12)
async def async_pykka(size: int) -> float:
    import async_pykka

    class Idle(async_pykka.AsyncioActor):
        pass

    start = cpu_seconds()
    made = [Idle.start() for _ in range(size)]
    for stopped in [each.stop() for each in made]:
        await stopped
    return cpu_seconds() - start
