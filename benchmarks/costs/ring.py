"""A message that goes round a ring of 1,000 actors; counted in hops."""

import threading
from typing import Any

from benchmarks.cost import Cost
from benchmarks.peers import thespian_system, xoscar_pool
from benchmarks.plain import Countdown, DequeActor, QueueActor
from benchmarks.probes import cpu_seconds

COST = Cost("ring", "hops in a ring of 1,000 actors", size=100_000, baseline="asyncio.Queue", goal=6.0)
ACTORS = 1_000


@COST.contender("deque + call_soon")
async def deque(size: int) -> float:
    countdown = Countdown(size)

    class Node(DequeActor):
        next: Any = None

        def receive(self, message: Any) -> None:
            if not countdown.hit():
                self.next.tell(message)

    nodes = [Node() for _ in range(ACTORS)]
    for index, node in enumerate(nodes):
        node.next = nodes[index - 1]
    start = cpu_seconds()
    nodes[0].tell(1)
    await countdown.done
    return cpu_seconds() - start


@COST.contender("asyncio.Queue")
async def queue(size: int) -> float:
    countdown = Countdown(size)

    class Node(QueueActor):
        next: Any = None

        async def receive(self, message: Any) -> None:
            if not countdown.hit():
                self.next.tell(message)

    nodes = [Node() for _ in range(ACTORS)]
    for index, node in enumerate(nodes):
        node.next = nodes[index - 1]
    start = cpu_seconds()
    nodes[0].tell(1)
    await countdown.done
    return cpu_seconds() - start


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorRef, ActorSystem

    countdown = Countdown(size)

    class Node(Actor[Any]):
        next: ActorRef[Any] | None = None

        async def receive(self, message: Any) -> None:
            if self.next is None:
                self.next = message
            elif not countdown.hit():
                self.next.tell(message)

    async with ActorSystem() as system:
        nodes = [system.spawn(Node) for _ in range(ACTORS)]
        for index, node in enumerate(nodes):
            node.tell(nodes[index - 1])
        start = cpu_seconds()
        nodes[0].tell(1)
        await countdown.done
        return cpu_seconds() - start


@COST.contender("actors, def receive", ours=True)
async def actors_def(size: int) -> float:
    from actors import Actor, ActorRef, ActorSystem

    countdown = Countdown(size)

    class Node(Actor[Any]):
        next: ActorRef[Any] | None = None

        def receive(self, message: Any) -> None:
            if self.next is None:
                self.next = message
            elif not countdown.hit():
                self.next.tell(message)

    async with ActorSystem() as system:
        nodes = [system.spawn(Node) for _ in range(ACTORS)]
        for index, node in enumerate(nodes):
            node.tell(nodes[index - 1])
        start = cpu_seconds()
        nodes[0].tell(1)
        await countdown.done
        return cpu_seconds() - start


@COST.contender("pykka", size=20_000)
def pykka(size: int) -> float:
    import pykka

    over = threading.Event()

    class Node(pykka.ThreadingActor):
        next: Any = None

        def on_receive(self, message: Any) -> None:
            if self.next is None:
                self.next = message
            elif message:
                self.next.tell(message - 1)
            else:
                over.set()

    nodes = [Node.start() for _ in range(ACTORS)]
    for index, node in enumerate(nodes):
        node.tell(nodes[index - 1])
    start = cpu_seconds()
    nodes[0].tell(size)
    over.wait()
    return cpu_seconds() - start


@COST.contender("thespian")
def thespian(size: int) -> float:
    from thespian.actors import Actor

    class Node(Actor):
        next: Any = None

        def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
            if isinstance(message, tuple):
                self.next = message[0]
            elif isinstance(message, int) and message:
                self.send(self.next, message - 1)

    system = thespian_system()
    nodes = [system.createActor(Node) for _ in range(ACTORS)]
    for index, node in enumerate(nodes):
        system.tell(node, (nodes[index - 1],))
    start = cpu_seconds()
    system.tell(nodes[0], size)
    return cpu_seconds() - start


@COST.contender("xoscar", size=10_000)
async def xoscar(size: int) -> float:
    import xoscar

    countdown = Countdown(size)

    class Node(xoscar.Actor):
        async def meet(self, other: Any) -> None:
            self.next = other

        async def hit(self) -> None:
            if not countdown.hit():
                await self.next.hit.tell()

    _pool, address = await xoscar_pool()
    nodes = [await xoscar.create_actor(Node, address=address) for _ in range(ACTORS)]
    for index, node in enumerate(nodes):
        await node.meet(nodes[index - 1])
    start = cpu_seconds()
    await nodes[0].hit.tell()
    await countdown.done
    return cpu_seconds() - start


@COST.contender("tapio")
async def tapio(size: int) -> float:
    from tapio import ActorSystem, Behaviors, Message

    countdown = Countdown(size)
    nodes: list[Any] = []

    class Hit(Message):
        pass

    def node(index: int) -> Any:
        async def on_hit(message: Hit) -> Any:
            if not countdown.hit():
                nodes[index - 1].tell(message)
            return Behaviors.same()

        return Behaviors.receive_message(on_hit)

    async with ActorSystem("bench") as system:
        nodes += [system.spawn_anonymous(node(index)) for index in range(ACTORS)]
        start = cpu_seconds()
        nodes[0].tell(Hit())
        await countdown.done
        return cpu_seconds() - start


@COST.contender("async-pykka", python=12)
async def async_pykka(size: int) -> float:
    import async_pykka

    countdown = Countdown(size)

    class Node(async_pykka.AsyncioActor):
        next: Any = None

        async def on_receive(self, message: Any) -> None:
            if self.next is None:
                self.next = message
            elif not countdown.hit():
                self.next.tell(message)

    nodes = [Node.start() for _ in range(ACTORS)]
    for index, node in enumerate(nodes):
        node.tell(nodes[index - 1])
    start = cpu_seconds()
    nodes[0].tell(1)
    await countdown.done
    return cpu_seconds() - start
