from __future__ import annotations

import logging
from typing import Any

import pytest

from actors import Actor, ActorRef, ActorSystem, Props, Settings
from actors.observability import Correlation, CorrelationFilter, Instruments, Metrics, correlated, correlation
from actors.patterns import pool


class Ledger(Actor):
    def __init__(self, heard: list[Any]) -> None:
        self.heard = heard

    def receive(self, message: Any) -> None:
        self.heard.append((self.ref.name, correlation()))
        self.reply("booked")


class Gateway(Actor):
    def __init__(self, ledger: ActorRef[Any], heard: list[Any]) -> None:
        self.ledger, self.heard = ledger, heard

    async def receive(self, message: Any) -> None:
        self.heard.append((self.ref.name, correlation()))
        match message:
            case "tell":
                self.ledger.tell("book", self.ref)
            case "ask":
                await self.ledger.ask("book")
                self.heard.append(("after the answer", correlation()))
                self.reply("done")
            case "pipe":
                self.context.pipe_to(self.later(), self.ledger)
            case "tick":
                self.context.timers.start_single("tick", "ticked", 1)

    async def later(self) -> str:
        await self.context.system.clock.sleep(1)
        return "late"


@pytest.mark.parametrize("way", ["tell", "ask", "pipe"])
async def test_a_word_follows_what_a_message_causes(way: str) -> None:
    heard: list[Any] = []
    settings = Settings(instrument=Instruments(Metrics(), Correlation()))
    async with ActorSystem("shop", settings) as system:
        ledger = system.spawn(pool(Props(Ledger, heard), 2), "ledger")
        gateway = system.spawn(Props(Gateway, ledger, heard), "gateway")
        with correlated("order-7"):
            gateway.tell(way)
        await system.clock.sleep(2)
        assert len(heard) >= 2
        assert {word for _, word in heard} == {"order-7"}


async def test_a_message_without_a_word_gets_one_of_its_own_and_so_does_a_timers() -> None:
    heard: list[Any] = []
    async with ActorSystem("shop", Settings(instrument=Correlation(), seed=1)) as system:
        gateway = system.spawn(Props(Gateway, system.dead_letters, heard), "gateway")
        with correlated("order-7"):
            gateway.tell("tick")
        gateway.tell("nothing")
        await system.clock.sleep(2)
        words = [word for _, word in heard]
        assert words[0] == "order-7"
        assert [word.rpartition("-")[2] for word in words[1:]] == ["1", "2"]


async def test_without_beginning_only_what_has_a_word_keeps_it() -> None:
    heard: list[Any] = []
    async with ActorSystem("shop", Settings(instrument=Correlation(begin=False))) as system:
        gateway = system.spawn(Props(Gateway, system.dead_letters, heard), "gateway")
        with correlated("order-7"):
            gateway.tell("first")
        gateway.tell("second")
        await system.clock.sleep(1)
        assert [word for _, word in heard] == ["order-7", None]


async def test_log_records_have_the_word_and_the_actors_path(caplog: pytest.LogCaptureFixture) -> None:
    class Logs(Actor):
        def receive(self, message: Any) -> None:
            self.log.warning("handles %s", message)

    caplog.handler.addFilter(CorrelationFilter())
    async with ActorSystem("shop", Settings(instrument=Correlation())) as system:
        with correlated("order-7"):
            system.spawn(Logs, "logs").tell("a message")
        await system.clock.sleep(1)
        logging.getLogger("actors").warning("of nobody")
    first, second = caplog.records
    assert (first.correlation, first.actor, second.correlation) == ("order-7", "actors://shop/user/logs", "-")
