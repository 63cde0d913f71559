"""Two actors that send one message back and forth; counted in round trips."""

import threading
from typing import Any

from benchmarks.cost import Cost
from benchmarks.peers import thespian_system, xoscar_pool
from benchmarks.plain import Countdown, DequeActor, QueueActor
from benchmarks.probes import cpu_seconds

COST = Cost(
    "ping-pong",
    "round trips between two actors",
    size=30_000,
    baseline="asyncio.Queue",
    goal=6.0,
    goal_over_libraries=6.0,
)


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
    start = cpu_seconds()
    pong.tell(1)
    await countdown.done
    return cpu_seconds() - start


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
    start = cpu_seconds()
    pong.tell(1)
    await countdown.done
    return cpu_seconds() - start


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorRef, ActorSystem

    countdown = Countdown(size)

    class Ping(Actor[Any]):
        other: ActorRef[Any] | None = None

        async def receive(self, message: Any) -> None:
            if self.other is None:
                self.other = message
            elif not countdown.hit():
                self.other.tell(message)

    class Pong(Actor[Any]):
        other: ActorRef[Any] | None = None

        async def receive(self, message: Any) -> None:
            if self.other is None:
                self.other = message
            else:
                self.other.tell(message)

    async with ActorSystem() as system:
        ping, pong = system.spawn(Ping), system.spawn(Pong)
        ping.tell(pong)
        pong.tell(ping)
        start = cpu_seconds()
        pong.tell(1)
        await countdown.done
        return cpu_seconds() - start


@COST.contender("actors, def receive", ours=True)
async def actors_def(size: int) -> float:
    from actors import Actor, ActorRef, ActorSystem

    countdown = Countdown(size)

    class Ping(Actor[Any]):
        other: ActorRef[Any] | None = None

        def receive(self, message: Any) -> None:
            if self.other is None:
                self.other = message
            elif not countdown.hit():
                self.other.tell(message)

    class Pong(Actor[Any]):
        other: ActorRef[Any] | None = None

        def receive(self, message: Any) -> None:
            if self.other is None:
                self.other = message
            else:
                self.other.tell(message)

    async with ActorSystem() as system:
        ping, pong = system.spawn(Ping), system.spawn(Pong)
        ping.tell(pong)
        pong.tell(ping)
        start = cpu_seconds()
        pong.tell(1)
        await countdown.done
        return cpu_seconds() - start


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
    start = cpu_seconds()
    pong.tell(ping)
    over.wait()
    return cpu_seconds() - start


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
    start = cpu_seconds()
    system.ask(ping, (pong,))
    return cpu_seconds() - start


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
    start = cpu_seconds()
    await pong.hit.tell()
    await countdown.done
    return cpu_seconds() - start


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
        start = cpu_seconds()
        references["pong"].tell(Hit())
        await countdown.done
        return cpu_seconds() - start


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
    start = cpu_seconds()
    pong.tell(ping)
    await countdown.done
    return cpu_seconds() - start


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
        start = cpu_seconds()
        references["pong"].tell(Hit())
        await countdown.done
        return cpu_seconds() - start
