from __future__ import annotations

from typing import Any

from actors import Actor, ActorSystem, Settings
from actors.observability import Instruments, Metrics, Rates


class Worker(Actor):
    def receive(self, message: Any) -> None: ...


def line(system: ActorSystem, name: str) -> str:
    return next(line.strip() for line in str(system.tree()).splitlines() if line.strip().startswith(name))


async def test_the_tree_shows_messages_per_second_since_the_last_look() -> None:
    async with ActorSystem("busy", Settings(instrument=Instruments(Metrics(), Rates()))) as system:
        worker = system.spawn(Worker, "worker")
        for _ in range(20):
            worker.tell("work")
        await system.clock.sleep(10)
        assert line(system, "worker") == "worker  Worker, running, 2/s"
        worker.tell("work")
        await system.clock.sleep(2)
        node = next(node for node in system.tree().walk() if node.ref is worker)
        assert node.rate == 0.5


async def test_without_somebody_who_counts_there_is_no_rate() -> None:
    async with ActorSystem("busy") as system:
        worker = system.spawn(Worker, "worker")
        rates = Rates()
        assert {node.rate for node in system.tree().walk()} == {None}
        await system.attach_instrument(rates)
        worker.tell("work")
        await system.clock.sleep(1)
        assert next(node.rate for node in system.tree().walk() if node.ref is worker) == 1
        await system.detach_instrument(rates)
        assert {node.rate for node in system.tree().walk()} == {None}
