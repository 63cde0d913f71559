"""How long everything else on the loop waits while one actor works off 200,000 messages.

The actor is held at its first message until all the others wait behind it; only then the clock starts.
"""

import asyncio
from typing import Any

from benchmarks.cost import Cost
from benchmarks.plain import Countdown, DequeActor, QueueActor
from benchmarks.probes import longest_hold

COST = Cost(
    "backlog",
    "longest hold of the loop by a backlog",
    size=200_000,
    baseline="asyncio.Queue",
    unit="ms",
    is_rate=False,
    scale=1e3,
    limit=10.0,
)
BATCH = 500  # messages between two breaths of the loop while the backlog is built


async def _work_off(tell: Any, size: int, gate: asyncio.Event, countdown: Countdown) -> float:
    for sent in range(size):
        tell(1)
        if sent % BATCH == 0:
            await asyncio.sleep(0)

    async def work() -> None:
        gate.set()
        await countdown.done

    return await longest_hold(work())


@COST.contender("deque + call_soon")
async def deque(size: int) -> float:
    countdown, gate = Countdown(size), asyncio.Event()

    class Counter(DequeActor):
        def receive(self, message: Any) -> None:
            countdown.hit()

    counter = Counter()
    counter.is_idle = False

    async def open_gate() -> None:
        await gate.wait()
        counter.loop.call_soon(counter._drain)

    opener = asyncio.create_task(open_gate())
    held = await _work_off(counter.tell, size, gate, countdown)
    await opener
    return held


@COST.contender("asyncio.Queue")
async def queue(size: int) -> float:
    countdown, gate = Countdown(size), asyncio.Event()

    class Counter(QueueActor):
        async def receive(self, message: Any) -> None:
            if not gate.is_set():
                await gate.wait()
            countdown.hit()

    return await _work_off(Counter().tell, size, gate, countdown)


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorSystem

    countdown, gate = Countdown(size), asyncio.Event()

    class Counter(Actor[int]):
        async def receive(self, message: int) -> None:
            if not gate.is_set():
                await gate.wait()
            countdown.hit()

    async with ActorSystem() as system:
        return await _work_off(system.spawn(Counter).tell, size, gate, countdown)


@COST.contender("tapio")
async def tapio(size: int) -> float:
    from tapio import ActorSystem, Behaviors, Message

    countdown, gate = Countdown(size), asyncio.Event()

    class Hit(Message):
        pass

    async def on_hit(message: Hit) -> Any:
        if not gate.is_set():
            await gate.wait()
        countdown.hit()
        return Behaviors.same()

    hit = Hit()
    async with ActorSystem("bench") as system:
        counter = system.spawn(Behaviors.receive_message(on_hit), name="counter")
        return await _work_off(lambda _: counter.tell(hit), size, gate, countdown)


@COST.contender("async-pykka", python=12)
async def async_pykka(size: int) -> float:
    import async_pykka

    countdown, gate = Countdown(size), asyncio.Event()

    class Counter(async_pykka.AsyncioActor):
        async def on_receive(self, message: Any) -> None:
            if not gate.is_set():
                await gate.wait()
            countdown.hit()

    return await _work_off(Counter.start().tell, size, gate, countdown)
