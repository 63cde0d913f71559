"""What an actor keeps in memory that has received one message and now waits."""

import asyncio
import time
from typing import Any

from benchmarks.cost import Cost
from benchmarks.peers import thespian_system, xoscar_pool
from benchmarks.plain import DequeActor, QueueActor
from benchmarks.probes import resident_bytes

COST = Cost(
    "idle-memory",
    "memory of an idle actor",
    size=10_000,
    baseline="asyncio.Queue",
    unit="KB",
    is_rate=False,
    goal=0.55,
)
SETTLE = 0.2  # seconds until the message of the last one is surely received


@COST.contender("deque + call_soon")
async def deque(size: int) -> float:
    before = resident_bytes()
    made = [DequeActor() for _ in range(size)]
    for each in made:
        each.tell(1)
    await asyncio.sleep(SETTLE)
    return (resident_bytes() - before) / size


@COST.contender("asyncio.Queue")
async def queue(size: int) -> float:
    before = resident_bytes()
    made = [QueueActor() for _ in range(size)]
    for each in made:
        each.tell(1)
    await asyncio.sleep(SETTLE)
    return (resident_bytes() - before) / size


@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorSystem

    class Idle(Actor[int]):
        async def receive(self, message: int) -> None:
            pass

    async with ActorSystem() as system:
        before = resident_bytes()
        made = [system.spawn(Idle) for _ in range(size)]
        for each in made:
            each.tell(1)
        await asyncio.sleep(SETTLE)
        return (resident_bytes() - before) / size


@COST.contender("pykka", size=2_000)
def pykka(size: int) -> float:
    import pykka

    class Idle(pykka.ThreadingActor):
        pass

    before = resident_bytes()
    made = [Idle.start() for _ in range(size)]
    for each in made:
        each.tell(1)
    time.sleep(SETTLE)
    return (resident_bytes() - before) / size


@COST.contender("thespian")
def thespian(size: int) -> float:
    from thespian.actors import Actor

    class Idle(Actor):
        def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
            pass

    system = thespian_system()
    before = resident_bytes()
    made = [system.createActor(Idle) for _ in range(size)]
    for each in made:
        system.tell(each, 1)
    return (resident_bytes() - before) / size


@COST.contender("xoscar", size=3_000)
async def xoscar(size: int) -> float:
    import xoscar

    class Idle(xoscar.Actor):
        async def hit(self) -> None:
            pass

    _pool, address = await xoscar_pool()
    before = resident_bytes()
    made = [await xoscar.create_actor(Idle, address=address) for _ in range(size)]
    for each in made:
        await each.hit()
    return (resident_bytes() - before) / size


@COST.contender("tapio", size=5_000)
async def tapio(size: int) -> float:
    from tapio import ActorSystem, Behaviors, Message

    class Hit(Message):
        pass

    async def on_hit(message: Hit) -> Any:
        return Behaviors.same()

    hit = Hit()
    async with ActorSystem("bench") as system:
        before = resident_bytes()
        made = [system.spawn_anonymous(Behaviors.receive_message(on_hit)) for _ in range(size)]
        for each in made:
            each.tell(hit)
        await asyncio.sleep(SETTLE)
        return (resident_bytes() - before) / size


@COST.contender("async-pykka", size=5_000, python=12)
async def async_pykka(size: int) -> float:
    import async_pykka

    class Idle(async_pykka.AsyncioActor):
        async def on_receive(self, message: Any) -> None:
            pass

    before = resident_bytes()
    made = [Idle.start() for _ in range(size)]
    for each in made:
        each.tell(1)
    await asyncio.sleep(SETTLE)
    return (resident_bytes() - before) / size
