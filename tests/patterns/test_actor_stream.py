"""From actors to `async for`: order, back-pressure, ends, and that nothing is left behind."""

import asyncio
import contextlib
from dataclasses import dataclass

import pytest

from actors import Actor, Failure, PoisonPill, Props
from actors.patterns import ActorStream, Completed, ProducerStopped, StreamOverflow, StreamStopped, stream_of


@dataclass(frozen=True, slots=True)
class Ack: ...


class Counter(Actor):
    """Answers n with 0, 1, … n - 1 and the end."""

    def receive(self, message):
        for n in range(message):
            self.reply(n)
        self.reply(Completed())


class OnDemand(Actor):
    """Sends one number, and one more for each Ack."""

    def __init__(self, sent):
        self.sent = sent

    def receive(self, message):
        if self.sent and self.sent[-1] == 9:
            self.reply(Completed())
        else:
            self.sent.append(len(self.sent))
            self.reply(self.sent[-1])


async def test_a_stream_of_answers_ends_when_the_producer_says_so(system):
    assert [n async for n in stream_of(system.spawn(Counter), 5)] == [0, 1, 2, 3, 4]


async def test_nothing_is_asked_for_before_the_first_element_is(system, probe):
    numbers = stream_of(probe.ref, "numbers, please")
    await probe.expect_no_message()
    first = asyncio.ensure_future(anext(numbers))
    await probe.expect_msg("numbers, please")
    probe.reply(1)
    assert await first == 1
    await numbers.aclose()


async def test_with_an_ack_the_producer_is_never_ahead_of_the_consumer(system, testkit):
    sent = []
    async for n in stream_of(system.spawn(Props(OnDemand, sent)), "start", ack=Ack()):
        await testkit.settle()
        assert len(sent) <= n + 2  # the one in hand, and the one that its ack asked for
    assert sent == list(range(10))


async def test_a_producer_that_does_not_wait_for_acks_is_stopped(system):
    seen = []
    with pytest.raises(StreamOverflow, match="has 3 unacknowledged elements, and one more came"):
        async for n in stream_of(system.spawn(Counter), 10, buffer=3, ack=Ack()):
            seen.append(n)
    assert seen == []


@pytest.mark.parametrize(
    ("overflow", "kept"),
    [("drop_head", [7, 8, 9]), ("drop_tail", [0, 1, 9]), ("drop_buffer", [9])],
)
async def test_what_a_full_buffer_drops(system, testkit, overflow, kept):
    async with ActorStream(system, buffer=3, overflow=overflow) as stream:
        for n in range(10):
            stream.ref.tell(n)
        stream.ref.tell(Completed())
        await testkit.settle()
        assert [n async for n in stream] == kept
        assert stream.dropped == 10 - len(kept)


@pytest.mark.parametrize("wrap", [Failure, lambda error: error], ids=["Failure", "exception"])
async def test_a_failure_is_raised_at_once(system, testkit, wrap):
    async with ActorStream(system) as stream:
        stream.ref.tell(1)
        stream.ref.tell(wrap(ValueError("broken")))
        await testkit.settle()
        with pytest.raises(ValueError, match="broken"):
            await anext(stream)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_producer_that_stops_ends_the_stream_after_what_it_had_sent(system):
    class Mortal(Actor):
        def receive(self, message):
            self.reply(1)
            self.reply(2)
            self.context.stop(self.ref)

    mortal, seen = system.spawn(Mortal, "mortal"), []
    with pytest.raises(ProducerStopped, match="/user/mortal has stopped before it said"):
        async for n in stream_of(mortal, "go"):
            seen.append(n)
    assert seen == [1, 2]


async def test_a_stream_whose_own_actor_is_stopped_does_not_look_complete(system, testkit):
    async with ActorStream(system) as stream:
        stream.ref.tell(1)
        stream.ref.tell(PoisonPill())
        assert await anext(stream) == 1
        with pytest.raises(StreamStopped):
            await anext(stream)


async def test_who_watches_the_ref_hears_that_the_consumer_has_left(system, probe):
    async with ActorStream(system) as stream:
        probe.watch(stream.ref)
        stream.ref.tell(1)
        async for _ in stream:
            break
    await probe.expect_terminated(stream.ref)


async def test_leaving_a_stream_by_break_stops_its_actor(system, testkit):
    class Endless(Actor):
        def receive(self, message):
            message = self.sender
            for n in range(5):
                message.tell(n)

    endless = system.spawn(Endless)
    async with contextlib.aclosing(stream_of(endless, "go")) as numbers:
        async for _ in numbers:
            break
    await testkit.settle()
    assert [node.path for node in system.tree().walk() if "/user/" in node.path] == [endless.path]


async def test_a_cancelled_wait_loses_no_element(system, testkit):
    async with ActorStream(system) as stream:
        waiting = asyncio.ensure_future(anext(stream))
        await testkit.settle()
        stream.ref.tell(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        await testkit.settle()
        assert await anext(stream) == 1


async def test_a_second_consumer_is_refused(system, testkit):
    async with ActorStream(system) as stream:
        waiting = asyncio.ensure_future(anext(stream))
        await testkit.settle()
        with pytest.raises(RuntimeError, match="has a consumer already"):
            await anext(stream)
        stream.ref.tell(1)
        assert await waiting == 1


async def test_closing_ends_a_waiting_consumer(system, testkit):
    stream = ActorStream(system)
    waiting = asyncio.ensure_future(anext(stream, "end"))
    await testkit.settle()
    await stream.aclose()
    assert await waiting == "end"
    await stream.aclose()


async def test_events_of_the_event_stream_can_be_iterated_over(system, testkit):
    async with ActorStream(system) as stream:
        system.event_stream.subscribe(stream.ref, Ack)
        system.event_stream.publish(Ack())
        assert await anext(stream) == Ack()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"buffer": 0}, "buffer must be an integer of at least 1, not 0"),
        ({"overflow": "block"}, "overflow must be one of fail, drop_head"),
        ({"overflow": "drop_head", "ack": 1}, "does not go with an ack"),
    ],
)
async def test_bad_arguments_are_named(system, options, words):
    with pytest.raises(ValueError, match=words):
        ActorStream(system, **options)
