"""From an async iterator to an actor, no faster than it handles what comes."""

import asyncio

import pytest

from actors import Actor, Failure, PoisonPill, Props
from actors.patterns import pipe_to


class Source:
    """Numbers below `end`; knows how many were taken, and whether it was closed."""

    def __init__(self, end, error=None):
        self.end, self.error, self.taken = end, error, 0

    async def __aiter__(self):
        while self.taken < self.end:
            self.taken += 1
            yield self.taken - 1
        if self.error is not None:
            raise self.error


class Worker(Actor):
    """Takes a second for each message."""

    def __init__(self, done):
        self.done = done

    async def receive(self, message):
        await self.context.system.clock.sleep(1)
        self.done.append(message)


class Acking(Actor):
    """Says `more` a second after each message, and something else before."""

    def __init__(self, done):
        self.done = done

    async def receive(self, message):
        self.done.append(message)
        if message != "complete":
            self.reply("chatter")
            await self.context.system.clock.sleep(1)
            self.reply("more")


async def test_without_acks_the_pipe_stays_so_far_ahead_of_any_actor(system, testkit):
    done, source = [], Source(20)
    task = asyncio.create_task(pipe_to(source, system.spawn(Props(Worker, done)), ahead=5))
    await testkit.advance(0.5)
    assert (source.taken, done) == (5, [])
    await testkit.advance(5)
    assert (source.taken, done) == (10, [0, 1, 2, 3, 4])
    await task
    await testkit.advance(60)
    assert done == list(range(20))


async def test_with_acks_the_next_element_is_taken_when_the_actor_asks_for_it(system, testkit):
    done, source = [], Source(3)
    target = system.spawn(Props(Acking, done))
    task = asyncio.create_task(pipe_to(source, target, ack="more", init="init", complete="complete"))
    await testkit.advance(0.5)
    assert (source.taken, done) == (0, ["init"])
    await testkit.advance(1)
    assert (source.taken, done) == (1, ["init", 0])
    await task
    await testkit.settle()
    assert done == ["init", 0, 1, 2, "complete"]
    assert system.clock.time() == pytest.approx(4)


async def test_init_and_complete_enclose_the_elements_without_acks_too(system, probe):
    await pipe_to(Source(2), probe.ref, init="init", complete="complete", sender=probe.ref)
    assert await probe.receive_n(4) == ["init", 0, 1, "complete"]
    assert probe.sender == probe.ref


@pytest.mark.parametrize("ack", [None, "more"])
async def test_an_error_of_the_elements_is_raised_and_told(system, testkit, ack):
    done = []
    target = system.spawn(Props(Acking, done))
    with pytest.raises(ValueError, match="broken"):
        await pipe_to(Source(1, ValueError("broken")), target, ack=ack, failed=lambda error: repr(error))
    await testkit.advance(5)
    assert done == [0, "ValueError('broken')"]


async def test_a_cancelled_pipe_tells_the_actor(system, testkit, probe):
    task = asyncio.create_task(pipe_to(Source(5), probe.ref, ack="more", failed=Failure))
    await probe.expect_msg(0)
    task.cancel()
    await asyncio.wait([task])
    assert isinstance((await probe.expect_msg_class(Failure)).error, asyncio.CancelledError)


@pytest.mark.parametrize("ack", [None, "more"])
async def test_an_actor_that_stops_ends_the_pipe(system, testkit, ack):
    source, target = Source(1000), system.spawn(Props(Worker, []))
    task = asyncio.create_task(pipe_to(source, target, ack=ack, ahead=5, complete="complete"))
    await testkit.advance(0.5)
    target.tell(PoisonPill())
    await asyncio.wait_for(task, 120)
    assert source.taken < 20


async def test_an_answer_that_is_an_error_ends_the_pipe_with_it(system, probe):
    task = asyncio.create_task(pipe_to(Source(5), probe.ref, ack="more"))
    await probe.expect_msg(0)
    probe.reply(Failure(ValueError("cannot")))
    with pytest.raises(ValueError, match="cannot"):
        await task


async def test_handled_is_called_when_the_actor_is_past_each_element(system, testkit):
    done, handled = [], []

    def note(element):
        handled.append((element, list(done)))

    await pipe_to(Source(2), system.spawn(Props(Worker, done)), handled=note)
    assert handled == [(0, [0]), (1, [0, 1])]


async def test_bad_arguments_are_named(system, probe):
    with pytest.raises(ValueError, match="a sender or an ack, not both"):
        await pipe_to(Source(1), probe.ref, ack=1, sender=probe.ref)
    with pytest.raises(ValueError, match="ahead must be an integer of at least 1, not 0"):
        await pipe_to(Source(1), probe.ref, ahead=0)
