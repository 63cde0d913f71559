"""Two actors that send one message back and forth; counted in round trips."""

import threading
from time import perf_counter
from typing import Any

from benchmarks.cost import Cost
from benchmarks.peers import thespian_system, xoscar_pool
from benchmarks.plain import Countdown, DequeActor, QueueActor

COST = Cost("ping-pong", "round trips between two actors", size=30_000, baseline="asyncio.Queue", goal=6.0)


@COST.contender("deque + call_soon")
async def deque(size: int) -> float:
    countdown = Countdown(size)

    class Ping(DequeActor):
        other: Any = None

        def receive(self, message: Any) -> None:
            if not countdown.hit():
                self.other.tell(message)

    class Pong(DequeActor):
        other: Any = None

        def receive(self, message: Any) -> None:
            self.other.tell(message)

    ping, pong = Ping(), Pong()
    ping.other, pong.other = pong, ping
    start = perf_counter()
    pong.tell(1)
    await countdown.done
    return perf_counter() - start


@COST.contender("asyncio.Queue")
async def queue(size: int) -> float:
    countdown = Countdown(size)

    class Ping(QueueActor):
        other: Any = None

        async def receive(self, message: Any) -> None:
            if not countdown.hit():
                self.other.tell(message)

    class Pong(QueueActor):
        other: Any = None

        async def receive(self, message: Any) -> None:
            self.other.tell(message)

    ping, pong = Ping(), Pong()
    ping.other, pong.other = pong, ping
    start = perf_counter()
    pong.tell(1)
    await countdown.done
    return perf_counter() - start


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorRef, ActorSystem, Props

    countdown = Countdown(size)

    class Ping(Actor[int]):
        def __init__(self, pong: ActorRef[int]) -> None:
            self.pong = pong

        async def receive(self, message: int) -> None:
            if not countdown.hit():
                self.pong.tell(message, self.ref)

    class Pong(Actor[int]):
        async def receive(self, message: int) -> None:
            self.reply(message)

    async with ActorSystem() as system:
        pong = system.spawn(Pong)
        ping = system.spawn(Props(Ping, pong))
        start = perf_counter()
        pong.tell(1, ping)
        await countdown.done
        return perf_counter() - start


@COST.contender("actors, def receive", ours=True)
async def actors_def(size: int) -> float:
    from actors import Actor, ActorRef, ActorSystem, Props

    countdown = Countdown(size)

    class Ping(Actor[int]):
        def __init__(self, pong: ActorRef[int]) -> None:
            self.pong = pong

        def receive(self, message: int) -> None:
            if not countdown.hit():
                self.pong.tell(message, self.ref)

    class Pong(Actor[int]):
        def receive(self, message: int) -> None:
            self.reply(message)

    async with ActorSystem() as system:
        pong = system.spawn(Pong)
        ping = system.spawn(Props(Ping, pong))
        start = perf_counter()
        pong.tell(1, ping)
        await countdown.done
        return perf_counter() - start


@COST.contender("pykka", size=5_000)
def pykka(size: int) -> float:
    import pykka

    over = threading.Event()

    class Ping(pykka.ThreadingActor):
        left = size

        def on_receive(self, message: Any) -> None:
            self.left -= 1
            if self.left:
                message.tell(self.actor_ref)
            else:
                over.set()

    class Pong(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> None:
            message.tell(self.actor_ref)

    ping, pong = Ping.start(), Pong.start()
    start = perf_counter()
    pong.tell(ping)
    over.wait()
    return perf_counter() - start


@COST.contender("thespian")
def thespian(size: int) -> float:
    from thespian.actors import Actor

    class Pong(Actor):
        def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
            if message == 1:
                self.send(sender, 1)

    class Ping(Actor):
        left = size

        def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
            if isinstance(message, tuple):
                self.asker = sender
                self.send(message[0], 1)
            elif message == 1:
                self.left -= 1
                self.send(sender if self.left else self.asker, 1)

    system = thespian_system()
    ping, pong = system.createActor(Ping), system.createActor(Pong)
    start = perf_counter()
    system.ask(ping, (pong,))
    return perf_counter() - start


@COST.contender("xoscar", size=5_000)
async def xoscar(size: int) -> float:
    import xoscar

    countdown = Countdown(size)

    class Ping(xoscar.Actor):
        async def meet(self, other: Any) -> None:
            self.other = other

        async def hit(self) -> None:
            if not countdown.hit():
                await self.other.hit.tell()

    class Pong(Ping):
        async def hit(self) -> None:
            await self.other.hit.tell()

    _pool, address = await xoscar_pool()
    ping = await xoscar.create_actor(Ping, address=address)
    pong = await xoscar.create_actor(Pong, address=address)
    await ping.meet(pong)
    await pong.meet(ping)
    start = perf_counter()
    await pong.hit.tell()
    await countdown.done
    return perf_counter() - start


@COST.contender("tapio")
async def tapio(size: int) -> float:
    from tapio import ActorSystem, Behaviors, Message

    countdown = Countdown(size)
    references: dict[str, Any] = {}

    class Hit(Message):
        pass

    async def on_ping(message: Hit) -> Any:
        if not countdown.hit():
            references["pong"].tell(message)
        return Behaviors.same()

    async def on_pong(message: Hit) -> Any:
        references["ping"].tell(message)
        return Behaviors.same()

    async with ActorSystem("bench") as system:
        references["ping"] = system.spawn(Behaviors.receive_message(on_ping), name="ping")
        references["pong"] = system.spawn(Behaviors.receive_message(on_pong), name="pong")
        start = perf_counter()
        references["pong"].tell(Hit())
        await countdown.done
        return perf_counter() - start


@COST.contender("async-pykka", python=12)
async def async_pykka(size: int) -> float:
    import async_pykka

    countdown = Countdown(size)

    class Ping(async_pykka.AsyncioActor):
        async def on_receive(self, message: Any) -> None:
            if not countdown.hit():
                message.tell(self.actor_ref)

    class Pong(async_pykka.AsyncioActor):
        async def on_receive(self, message: Any) -> None:
            message.tell(self.actor_ref)

    ping, pong = Ping.start(), Pong.start()
    start = perf_counter()
    pong.tell(ping)
    await countdown.done
    return perf_counter() - start


@COST.contender("casty", size=10_000, python=12)
async def casty(size: int) -> float:
    from dataclasses import dataclass

    from casty import ActorSystem, Context, actor

    countdown = Countdown(size)
    references: dict[str, Any] = {}

    @dataclass(frozen=True)
    class Hit:
        pass

    @actor(initial=0)
    async def ping(context: Context[int, Hit]) -> None:
        async for message in context.inbox:
            if not countdown.hit():
                references["pong"].tell(message)

    @actor(initial=0)
    async def pong(context: Context[int, Hit]) -> None:
        async for message in context.inbox:
            references["ping"].tell(message)

    async with ActorSystem() as system:
        references["ping"], references["pong"] = system.ref(ping, "ping"), system.ref(pong, "pong")
        start = perf_counter()
        references["pong"].tell(Hit())
        await countdown.done
        return perf_counter() - start
