"""The runtime over other loops, other kinds of tasks, and after the loop was broken off."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from actors import ActorSystem, AskTimeout
from tests.core.actors_for_tests import Worker, do


async def use_much() -> None:
    async with ActorSystem("any") as system:
        ref, other = system.spawn(Worker), system.spawn(Worker)

        async def ask(actor: Any) -> Any:
            async with asyncio.timeout(5):
                return await other.ask("count")

        assert await do(ref, ask) == 1
        ref.tell(ValueError("boom"))
        assert await ref.ask(("sleep", 0.01)) == "slept"
        with pytest.raises(AskTimeout):
            await ref.ask(("sleep", 0.2), 0.05)
        for _ in range(5000):
            other.tell("count")
        assert await other.ask("count") == 5002


def test_the_runtime_works_over_uvloop() -> None:
    uvloop = pytest.importorskip("uvloop")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(use_much())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in Python 3.12")
def test_the_runtime_works_with_eager_tasks() -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore]
        async with ActorSystem("eager") as system:
            ref, other = system.spawn(Worker), system.spawn(Worker)

            async def ask(actor: Any) -> Any:
                return await asyncio.gather(other.ask("count"), other.ask("count"))

            assert list(await do(ref, ask)) == [1, 2]

    asyncio.run(main())


def test_an_interrupt_in_a_handler_ends_the_loop_and_leaves_the_runtime_in_order() -> None:
    def interrupt(actor: Any) -> None:
        raise KeyboardInterrupt

    loop = asyncio.new_event_loop()
    try:
        holder: list[ActorSystem] = []

        async def begin() -> None:
            holder.append(ActorSystem("interrupted"))
            holder[0].spawn(Worker, "worker").tell(interrupt)
            await asyncio.sleep(5)

        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(begin())
        for task in asyncio.all_tasks(loop):
            if task.get_coro().__name__ == "begin":  # type: ignore[union-attr]
                task.cancel()
        loop.run_until_complete(holder[0].when_terminated())
        assert "KeyboardInterrupt" in str(holder[0].coordinated_shutdown.reason)
    finally:
        loop.close()


def test_a_system_that_is_left_behind_does_not_break_the_end_of_the_loop() -> None:
    async def main() -> None:
        system = ActorSystem("left")
        system.spawn(Worker).tell(("sleep", 1000))
        await asyncio.sleep(0.01)

    asyncio.run(main())
