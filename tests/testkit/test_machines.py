"""Machines that are cut off, stand still and come back, each seen by a peer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors import Actor, ActorSystem
from actors.testkit import Machine, VirtualLoop

SERVER = "10.0.0.1"


def in_world(test: Callable[[VirtualLoop], Any]) -> None:
    loop = VirtualLoop(1)
    try:
        loop.run_until_complete(test(loop))
    finally:
        loop.close()


async def serve(log: list[str]) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                await asyncio.sleep(1)
                writer.write(line)
        finally:
            log.append("the server's finally block")

    await asyncio.start_server(talk, SERVER, 80)
    await asyncio.Event().wait()


async def connected(loop: VirtualLoop, log: list[str]) -> tuple[Machine, Any, Any]:
    machine = Machine(loop, SERVER)
    machine.start(lambda: serve(log))
    await asyncio.sleep(0.1)
    return machine, *(await asyncio.open_connection(SERVER, 80))


def test_a_killed_machine_runs_no_line_more_and_its_peers_see_a_reset() -> None:
    async def test(loop: VirtualLoop) -> None:
        log: list[str] = []
        machine, reader, writer = await connected(loop, log)
        writer.write(b"hello\n")
        await asyncio.sleep(0.5)
        machine.kill()
        with pytest.raises(ConnectionResetError):
            await reader.readline()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(SERVER, 80)
        await asyncio.sleep(100)
        assert log == []

    in_world(test)


def test_a_machine_may_be_killed_within_a_turn_in_which_much_of_it_was_to_run() -> None:
    async def test(loop: VirtualLoop) -> None:
        steps: list[int] = []

        async def spin() -> None:
            while True:
                steps.append(1)
                await asyncio.sleep(0)

        async def spin_together() -> None:
            await asyncio.gather(*(spin() for _ in range(10)))

        machine = Machine(loop, SERVER)

        async def kill_it() -> int:
            for _ in range(9):
                await asyncio.sleep(0)
            machine.kill()
            return len(steps)

        killing = asyncio.ensure_future(kill_it())  # so it comes before them in each turn
        machine.start(spin_together)
        await asyncio.sleep(1)
        assert len(steps) == await killing > 10

    in_world(test)


def test_after_a_power_cut_peers_learn_of_it_only_when_they_send_to_the_machine_that_is_back() -> None:
    async def test(loop: VirtualLoop) -> None:
        log: list[str] = []
        machine, reader, writer = await connected(loop, log)
        machine.kill(silently=True)
        writer.write(b"hello\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readline(), 60)
        machine.start(lambda: serve(log))
        await asyncio.sleep(1)
        writer.write(b"are you there?\n")
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.readline(), 60)

    in_world(test)


def test_a_paused_machine_stands_still_and_goes_on_where_it_was() -> None:
    async def test(loop: VirtualLoop) -> None:
        machine, reader, writer = await connected(loop, [])
        writer.write(b"hello\n")
        await asyncio.sleep(0.5)
        machine.pause()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(asyncio.ensure_future(asyncio.sleep(60))), 50)
        assert not reader._buffer  # type: ignore[attr-defined]
        machine.resume()
        assert await asyncio.wait_for(reader.readline(), 0.1) == b"hello\n"

    in_world(test)


def test_a_drifting_clock_goes_faster_for_its_machine_alone() -> None:
    async def test(loop: VirtualLoop) -> None:
        seen: list[tuple[float, float]] = []

        async def sleeper() -> None:
            began = loop.time()
            await asyncio.sleep(10)
            seen.append((loop.time() - began, loop._now - 5))

        machine = Machine(loop, SERVER)
        await asyncio.sleep(5)
        machine.drift(1.25)
        machine.start(sleeper)
        await asyncio.sleep(20)
        assert loop.time() == 25
        assert seen == [(pytest.approx(10), pytest.approx(8))]

    in_world(test)


def test_bytes_do_not_overtake_each_other_when_the_clock_of_their_machine_begins_to_run_fast() -> None:
    async def test(loop: VirtualLoop) -> None:
        loop.network.latency = (0.0, 0.01)
        read: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(1):
                read.append(data)

        machine = Machine(loop, SERVER)
        await asyncio.sleep(100)

        async def main() -> None:
            _, writer = await asyncio.open_connection("10.0.0.2", 80)
            for number in range(100):
                writer.write(bytes([number]))
                if number == 50:
                    machine.drift(1.5)

        Machine(loop, "10.0.0.2").start(lambda: asyncio.start_server(serve, "10.0.0.2", 80))
        await asyncio.sleep(1)
        machine.start(main)
        await asyncio.sleep(5)
        assert read == [bytes([number]) for number in range(100)]

    in_world(test)


def test_the_actors_of_a_killed_machine_die_with_it() -> None:
    ticks: list[float] = []

    class Ticking(Actor[Any]):
        def pre_start(self) -> None:
            self.context.timers.start_fixed_delay("tick", "tick", 1.0)

        def receive(self, message: Any) -> None:
            ticks.append(self.context.system.clock.time())

        def post_stop(self) -> None:
            ticks.append(-1)

    async def main() -> None:
        async with ActorSystem() as system:
            system.spawn(Ticking)
            await asyncio.Event().wait()

    async def test(loop: VirtualLoop) -> None:
        machine = Machine(loop, SERVER)
        machine.start(main)
        await asyncio.sleep(3.5)
        machine.kill()
        await asyncio.sleep(10)
        assert ticks == [1, 2, 3]
        machine.start(main)
        await asyncio.sleep(2.5)
        assert len(ticks) == 5
        machine.kill()

    in_world(test)
