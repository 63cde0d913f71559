"""Actors that the tests of the runtime share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from actors import Actor, ActorRef, ActorSystem, Failure, Props
from actors.testkit import VirtualLoop


class Recorder(Actor):
    """Keeps what it is told, in the list it is given."""

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    def receive(self, message: Any) -> None:
        self.seen.append(message)


class Worker(Actor):
    """Does what it is told, keeps a diary of its life, and answers."""

    def __init__(self, diary: list[Any] | None = None) -> None:
        self.diary = diary if diary is not None else []
        self.count = 0
        self.diary.append("init")

    def pre_start(self) -> None:
        self.diary.append("pre_start")

    def post_stop(self) -> None:
        self.diary.append("post_stop")

    def pre_restart(self, cause: BaseException, message: Any) -> Any:
        self.diary.append(("pre_restart", type(cause).__name__, message))
        return super().pre_restart(cause, message)

    def post_restart(self, cause: BaseException) -> Any:
        self.diary.append(("post_restart", type(cause).__name__))
        return super().post_restart(cause)

    async def receive(self, message: Any) -> None:
        match message:
            case "count":
                self.count += 1
                self.reply(self.count)
            case ("sleep", seconds):
                await self.context.system.clock.sleep(seconds)
                self.reply("slept")
            case BaseException():
                raise message
            case function if callable(function):
                result = function(self)
                if asyncio.iscoroutine(result):
                    result = await result
                self.reply(result if result is not None else "done")
            case _:
                self.diary.append(message)


class Parent(Actor):
    """Spawns what it is told to, with the strategy it is given; says what it hears of."""

    def __init__(self, strategy: Any = None, heard: list[Any] | None = None) -> None:
        if strategy is not None:
            self.supervisor_strategy = strategy
        self.heard = heard if heard is not None else []

    def receive(self, message: Any) -> None:
        match message:
            case ("spawn", props, name):
                try:
                    self.reply(self.context.spawn(props, name))
                except Exception as error:
                    self.reply(Failure(error))
            case ("watch", ref):
                self.context.watch(ref)
                self.reply("watching")
            case BaseException():
                raise message
            case function if callable(function):
                result = function(self)
                self.reply(result if result is not None else "done")
            case _:
                self.heard.append(message)


async def spawn_in(parent: ActorRef[Any], props: Any, name: str | None = None) -> ActorRef[Any]:
    ref: ActorRef[Any] = await parent.ask(("spawn", props, name))
    return ref


async def do(ref: ActorRef[Any], function: Callable[[Any], Any]) -> Any:
    """Have the actor run `function` on itself inside a handler."""
    return await ref.ask(function)


async def calm(system: ActorSystem, turns: int = 20) -> None:
    """Let the actors do what they can without time passing (but for a millionth of a second)."""
    if isinstance(system.loop, VirtualLoop):
        await asyncio.sleep(1e-6)  # virtual time passes only when nothing else is left to do
        return
    for _ in range(turns):
        await asyncio.sleep(0)


def worker(diary: list[Any] | None = None) -> Props[Any]:
    return Props(Worker, diary)
