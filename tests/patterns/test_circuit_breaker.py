"""When a breaker lets calls through, and that nothing leaves it waiting for ever."""

import asyncio

import pytest

from actors import Actor, Failure, Props
from actors.patterns import BreakerState, CircuitBreaker, CircuitBreakerChanged, CircuitBreakerOpen

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


async def good():
    return "good"


async def bad():
    raise ConnectionError("down")


@pytest.fixture
def breaker(system):
    return CircuitBreaker(system, "the database", max_failures=2, call_timeout=1, reset_timeout=15)


async def failing(breaker, times=2):
    for _ in range(times):
        with pytest.raises(ConnectionError):
            await breaker.call(bad)


async def test_it_opens_after_so_many_failures_in_a_row(breaker):
    await failing(breaker, 1)
    assert await breaker.call(good) == "good"  # which counts from 0 again
    await failing(breaker, 1)
    assert breaker.state is CLOSED
    await failing(breaker, 1)
    assert breaker.state is OPEN


async def test_open_it_refuses_at_once_and_says_why_and_for_how_long(breaker, testkit):
    await failing(breaker)
    await testkit.advance(5)
    calls = []
    with pytest.raises(CircuitBreakerOpen, match=r"the database is open for 10 s more.*ConnectionError\('down'\)") as e:
        await breaker.call(lambda: calls.append(1))
    assert e.value.remaining == pytest.approx(10)
    assert not calls


async def test_after_the_reset_timeout_one_call_is_the_trial_and_the_others_are_refused(breaker, testkit):
    await failing(breaker)
    await testkit.advance(15)
    assert breaker.state is HALF_OPEN
    answer = asyncio.get_running_loop().create_future()
    trial = asyncio.create_task(breaker.call(lambda: answer))
    await testkit.settle()
    with pytest.raises(CircuitBreakerOpen) as e:
        await breaker.call(good)
    assert e.value.remaining == 0
    answer.set_result("well")
    assert await trial == "well"
    assert breaker.state is CLOSED
    assert await breaker.call(good) == "good"


async def test_a_trial_that_fails_opens_it_again(breaker, testkit):
    await failing(breaker)
    await testkit.advance(15)
    await failing(breaker, 1)
    assert breaker.state is OPEN
    await testkit.advance(14)
    assert breaker.state is OPEN
    await testkit.advance(1)
    assert breaker.state is HALF_OPEN


async def test_a_cancelled_trial_leaves_the_next_call_the_trial(breaker, testkit):
    await failing(breaker)
    await testkit.advance(15)
    trial = asyncio.create_task(breaker.call(asyncio.Event().wait))
    await testkit.settle()
    assert breaker.is_open
    trial.cancel()
    await asyncio.wait([trial])
    assert breaker.state is HALF_OPEN
    assert await breaker.call(good) == "good"
    assert breaker.state is CLOSED


async def test_a_cancelled_call_counts_neither_way(breaker, testkit):
    await failing(breaker, 1)
    call = asyncio.create_task(breaker.call(asyncio.Event().wait))
    await testkit.settle()
    call.cancel()
    await asyncio.wait([call])
    assert breaker.state is CLOSED
    await failing(breaker, 1)
    assert breaker.state is OPEN


async def test_a_call_that_takes_too_long_is_cancelled_and_has_failed(breaker, system):
    ended = []

    async def slow():
        try:
            await system.clock.sleep(60)
        finally:
            ended.append(system.clock.time())

    for _ in range(2):
        with pytest.raises(TimeoutError, match="a call through the database took longer than 1 s"):
            await breaker.call(slow)
    assert ended == pytest.approx([1, 2])
    assert breaker.state is OPEN


async def test_a_call_that_swallows_its_cancellation_gives_its_result_but_has_failed(breaker, system):
    async def stubborn():
        try:
            await system.clock.sleep(60)
        except asyncio.CancelledError:
            return "late"

    assert [await breaker.call(stubborn) for _ in range(2)] == ["late", "late"]
    assert breaker.state is OPEN


async def test_a_call_of_an_older_state_changes_nothing(breaker, testkit):
    answers = [asyncio.get_running_loop().create_future() for _ in range(2)]
    calls = [asyncio.create_task(breaker.call(lambda answer=answer: answer)) for answer in answers]
    await testkit.settle()
    await failing(breaker)
    assert breaker.state is OPEN
    answers[0].set_result("too late to close it")
    answers[1].set_exception(ConnectionError("too late to count"))
    await asyncio.wait(calls)
    assert calls[1].exception() is not None
    assert breaker.state is OPEN


async def test_an_allowed_error_is_raised_and_counts_as_a_success(system):
    breaker = CircuitBreaker(system, max_failures=1, allowed=(LookupError,))

    async def not_found():
        raise KeyError("nobody")

    for _ in range(3):
        with pytest.raises(KeyError):
            await breaker.call(not_found)
    assert breaker.state is CLOSED


async def test_each_opening_lasts_longer_until_it_would_reach_the_limit(system, testkit):
    breaker = CircuitBreaker(system, max_failures=1, reset_timeout=10, backoff_factor=2, max_reset_timeout=40)
    lasted = []
    for _ in range(4):
        await failing(breaker, 1)
        with pytest.raises(CircuitBreakerOpen) as e:
            await breaker.call(good)
        lasted.append(e.value.remaining)
        await testkit.advance(e.value.remaining)
    assert lasted == pytest.approx([10, 20, 20, 20])  # 40 is not below 40: never clamped, as in Akka
    await breaker.call(good)
    await failing(breaker, 1)
    with pytest.raises(CircuitBreakerOpen) as e:
        await breaker.call(good)
    assert e.value.remaining == pytest.approx(10)


async def test_a_protocol_of_messages_says_itself_how_it_went(breaker, testkit):
    breaker.fail()
    breaker.fail(ConnectionError("no answer"))
    assert breaker.is_open
    await testkit.advance(15)
    assert not breaker.is_open
    breaker.succeed()
    assert breaker.state is CLOSED


async def test_subscribers_are_told_of_each_change(breaker, probe, testkit):
    breaker.subscribe(probe.ref)
    await failing(breaker)
    await testkit.advance(15)
    await breaker.call(good)
    assert await probe.receive_n(3) == [CircuitBreakerChanged("the database", s) for s in (OPEN, HALF_OPEN, CLOSED)]
    breaker.unsubscribe(probe.ref)
    await failing(breaker)
    await probe.expect_no_message()


async def test_a_decorated_function_goes_through_the_breaker(breaker):
    @breaker.protect
    async def fetch(key: str) -> str:
        raise ConnectionError(key)

    assert fetch.__name__ == "fetch"
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await fetch("x")
    with pytest.raises(CircuitBreakerOpen):
        await fetch("x")


async def test_an_actor_calls_through_it_beside_its_messages(system, breaker, probe):
    class Caller(Actor):
        def __init__(self, breaker):
            self.breaker = breaker

        def receive(self, message):
            match message:
                case "call":
                    self.context.pipe_to(self.breaker.call(bad), probe.ref)
                case _:
                    self.reply(message)

    caller = system.spawn(Props(Caller, breaker))
    for _ in range(3):
        caller.tell("call")
    failures = await probe.receive_n(3)
    assert [type(failure) for failure in failures] == [Failure] * 3
    assert [type(failure.error) for failure in failures].count(CircuitBreakerOpen) <= 1


async def test_an_actor_that_awaits_a_slow_call_gets_the_time_out_in_its_handler(system, breaker):
    class Caller(Actor):
        async def receive(self, message):
            try:
                await breaker.call(self.context.system.clock.sleep, 60)
            except TimeoutError as error:
                self.reply(str(error))

    assert "longer than 1 s" in await system.spawn(Caller).ask("go")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_failures": 0}, "max_failures must be an integer of at least 1, not 0"),
        ({"call_timeout": 0}, "call_timeout"),
        ({"reset_timeout": -1}, "reset_timeout"),
        ({"backoff_factor": 0.5}, "backoff_factor must be at least 1"),
        ({"random_factor": 2}, "random_factor"),
    ],
)
async def test_bad_arguments_are_named(system, options, words):
    with pytest.raises(ValueError, match=words):
        CircuitBreaker(system, **options)
