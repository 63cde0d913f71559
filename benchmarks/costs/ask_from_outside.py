"""A coroutine that is no actor asks an actor, one question after the other."""

import asyncio
from datetime import timedelta
from typing import Any

from benchmarks.cost import Cost
from benchmarks.peers import thespian_system, xoscar_pool
from benchmarks.plain import DequeActor, QueueActor
from benchmarks.probes import cpu_seconds

COST = Cost("ask-from-outside", "questions from outside, each awaited", size=30_000, baseline="asyncio.Queue", goal=0.9)


@COST.contender("deque + call_soon")
async def deque(size: int) -> float:
    class Echo(DequeActor):
        def receive(self, message: Any) -> None:
            message.set_result(1)

    loop = asyncio.get_running_loop()
    echo = Echo()
    start = cpu_seconds()
    for _ in range(size):
        answer = loop.create_future()
        echo.tell(answer)
        await answer
    return cpu_seconds() - start


@COST.contender("asyncio.Queue")
async def queue(size: int) -> float:
    class Echo(QueueActor):
        async def receive(self, message: Any) -> None:
            message.set_result(1)

    loop = asyncio.get_running_loop()
    echo = Echo()
    start = cpu_seconds()
    for _ in range(size):
        answer = loop.create_future()
        echo.tell(answer)
        await answer
    return cpu_seconds() - start


@COST.contender("actors on uvloop", ours=True, loop="uvloop")
@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import Actor, ActorSystem

    class Echo(Actor[int]):
        async def receive(self, message: int) -> None:
            self.reply(message)

    async with ActorSystem() as system:
        echo = system.spawn(Echo)
        start = cpu_seconds()
        for _ in range(size):
            await echo.ask(1)
        return cpu_seconds() - start


@COST.contender("pykka", size=5_000)
def pykka(size: int) -> float:
    import pykka

    class Echo(pykka.ThreadingActor):
        def on_receive(self, message: Any) -> Any:
            return message

    echo = Echo.start()
    start = cpu_seconds()
    for _ in range(size):
        echo.ask(1)
    return cpu_seconds() - start


@COST.contender("thespian")
def thespian(size: int) -> float:
    from thespian.actors import Actor

    class Echo(Actor):
        def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802
            if message == 1:
                self.send(sender, message)

    system = thespian_system()
    echo = system.createActor(Echo)
    start = cpu_seconds()
    for _ in range(size):
        system.ask(echo, 1)
    return cpu_seconds() - start


@COST.contender("xoscar", size=5_000)
async def xoscar(size: int) -> float:
    import xoscar

    class Echo(xoscar.Actor):
        async def echo(self, message: int) -> int:
            return message

    _pool, address = await xoscar_pool()
    echo = await xoscar.create_actor(Echo, address=address)
    start = cpu_seconds()
    for _ in range(size):
        await echo.echo(1)
    return cpu_seconds() - start


@COST.contender("tapio", size=10_000)
async def tapio(size: int) -> float:
    from tapio import ActorSystem, Behaviors, Message
    from tapio.actor import ActorRef

    class Answer(Message):
        pass

    class Question(Message):
        reply_to: ActorRef[Answer]

    async def on_question(message: Question) -> Any:
        message.reply_to.tell(Answer())
        return Behaviors.same()

    timeout = timedelta(seconds=5)
    async with ActorSystem("bench") as system:
        echo = system.spawn(Behaviors.receive_message(on_question), name="echo")
        start = cpu_seconds()
        for _ in range(size):
            await echo.ask(lambda reply_to: Question(reply_to=reply_to), timeout=timeout, expect=Answer)
        return cpu_seconds() - start


@COST.contender("async-pykka", python=12)
async def async_pykka(size: int) -> float:
    import async_pykka

    class Echo(async_pykka.AsyncioActor):
        async def on_receive(self, message: Any) -> Any:
            return message

    echo = Echo.start()
    start = cpu_seconds()
    for _ in range(size):
        await echo.ask(1)
    return cpu_seconds() - start


@COST.contender("casty", size=10_000, python=12)
async def casty(size: int) -> float:
    from dataclasses import dataclass

    from casty import ActorSystem, Askable, Context, actor

    @dataclass(frozen=True)
    class Question(Askable[int]):
        pass

    @actor(initial=0)
    async def echo(context: Context[int, Question]) -> None:
        async for question in context.inbox:
            question.reply_to.tell(1)

    async with ActorSystem() as system:
        reference = system.ref(echo, "echo")
        question = Question()
        start = cpu_seconds()
        for _ in range(size):
            await reference.ask(question)
        return cpu_seconds() - start
