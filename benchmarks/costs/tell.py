"""Messages to one actor that does nothing with them; from the first ``tell`` until the last was received."""

import threading
from typing import Any

from benchmarks.cost import Cost
from benchmarks.peers import thespian_system, xoscar_pool
from benchmarks.plain import Countdown, DequeActor, QueueActor
from benchmarks.probes import cpu_seconds

COST = Cost("tell", "messages to one actor", size=200_000, baseline="asyncio.Queue", goal=1.3, goal_over_libraries=4.0)


@COST.contender("deque + call_soon")
async def deque(size: int) -> float:
    countdown = Countdown(size)

    class Counter(DequeActor):
        def receive(self, message: Any) -> None:
            countdown.hit()

    counter = Counter()
    start = cpu_seconds()
    for _ in range(size):
        counter.tell(1)
    await countdown.done
    return cpu_seconds() - start


@COST.contender("asyncio.Queue")
async def queue(size: int) -> float:
    countdown = Countdown(size)

    class Counter(QueueActor):
        async def receive(self, message: Any) -> None:
            countdown.hit()

    counter = Counter()
    start = cpu_seconds()
    for _ in range(size):
        counter.tell(1)
    await countdown.done
    return cpu_seconds() - start


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorSystem

    countdown = Countdown(size)

    class Counter(Actor[int]):
        async def receive(self, message: int) -> None:
            countdown.hit()

    async with ActorSystem() as system:
        counter = system.spawn(Counter)
        start = cpu_seconds()
        for _ in range(size):
            counter.tell(1)
        await countdown.done
        return cpu_seconds() - start


@COST.contender("actors, def receive", ours=True)
async def actors_def(size: int) -> float:
    from actors import Actor, ActorSystem

    countdown = Countdown(size)

    class Counter(Actor[int]):
        def receive(self, message: int) -> None:
            countdown.hit()

    async with ActorSystem() as system:
        counter = system.spawn(Counter)
        start = cpu_seconds()
        for _ in range(size):
            counter.tell(1)
        await countdown.done
        return cpu_seconds() - start


@COST.contender("pykka")
def pykka(size: int) -> float:
    import pykka

    over = threading.Event()

    class Counter(pykka.ThreadingActor):
        left = size

        def on_receive(self, message: Any) -> None:
            self.left -= 1
            if not self.left:
                over.set()

    counter = Counter.start()
    start = cpu_seconds()
    for _ in range(size):
        counter.tell(1)
    over.wait()
    return cpu_seconds() - start


@COST.contender("thespian")
def thespian(size: int) -> float:
    from thespian.actors import Actor

    class Counter(Actor):
        def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
            pass

    system = thespian_system()
    counter = system.createActor(Counter)
    start = cpu_seconds()
    for _ in range(size):
        system.tell(counter, 1)
    return cpu_seconds() - start


@COST.contender("xoscar", size=20_000)
async def xoscar(size: int) -> float:
    import xoscar

    countdown = Countdown(size)

    class Counter(xoscar.Actor):
        async def hit(self) -> None:
            countdown.hit()

    _pool, address = await xoscar_pool()
    counter = await xoscar.create_actor(Counter, address=address)
    start = cpu_seconds()
    for _ in range(size):
        await counter.hit.tell()
    await countdown.done
    return cpu_seconds() - start


@COST.contender("tapio")
async def tapio(size: int) -> float:
    from tapio import ActorSystem, Behaviors, Message

    countdown = Countdown(size)

    class Hit(Message):
        pass

    async def on_hit(message: Hit) -> Any:
        countdown.hit()
        return Behaviors.same()

    hit = Hit()
    async with ActorSystem("bench") as system:
        counter = system.spawn(Behaviors.receive_message(on_hit), name="counter")
        start = cpu_seconds()
        for _ in range(size):
            counter.tell(hit)
        await countdown.done
        return cpu_seconds() - start


@COST.contender("async-pykka", python=12)
async def async_pykka(size: int) -> float:
    import async_pykka

    countdown = Countdown(size)

    class Counter(async_pykka.AsyncioActor):
        async def on_receive(self, message: Any) -> None:
            countdown.hit()

    counter = Counter.start()
    start = cpu_seconds()
    for _ in range(size):
        counter.tell(1)
    await countdown.done
    return cpu_seconds() - start


@COST.contender("casty", python=12)
async def casty(size: int) -> float:
    from dataclasses import dataclass

    from casty import ActorSystem, Context, actor

    countdown = Countdown(size)

    @dataclass(frozen=True)
    class Hit:
        pass

    @actor(initial=0)
    async def counter(context: Context[int, Hit]) -> None:
        async for _ in context.inbox:
            countdown.hit()

    async with ActorSystem() as system:
        reference = system.ref(counter, "counter")
        hit = Hit()
        start = cpu_seconds()
        for _ in range(size):
            reference.tell(hit)
        await countdown.done
        return cpu_seconds() - start
