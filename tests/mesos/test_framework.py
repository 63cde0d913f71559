"""A framework's life: its events for an actor, its end, and what the end leaves behind."""

import asyncio
from typing import Any

import pytest

from actors import Actor, ActorSystem, Props
from actors.mesos import (
    CallRefused,
    FrameworkStopped,
    Mesos,
    NotSubscribed,
    OfferRescinded,
    Registered,
    StatusUpdate,
)
from tests.mesos.scripted_master import ScriptedMaster
from tests.mesos.words import INFO, next_event, registered, status, until


class Collector(Actor):
    def __init__(self, seen: "asyncio.Queue[Any]") -> None:
        self.seen = seen

    def receive(self, message: Any) -> None:
        self.seen.put_nowait(message)


async def test_events_are_piped_to_an_actor_until_it_or_the_framework_ends(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    seen: asyncio.Queue[Any] = asyncio.Queue()
    first = system.spawn(Props(Collector, seen))
    pipe = framework.pipe_to(first)
    await stream.rescind("O1")
    assert (await seen.get()).offer_id == "O1"
    pipe.cancel()
    await asyncio.wait((pipe,))
    await stream.rescind("O2")
    assert (await next_event(framework, OfferRescinded)).offer_id == "O2"
    pipe = framework.pipe_to(first)
    await framework.deactivate()
    assert pipe.done()


async def test_an_actor_may_end_its_framework_while_events_wait_for_it(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)

    class Ends(Actor):
        async def receive(self, message: Any) -> None:
            await self.context.system.clock.sleep(1)  # the pipe waits meanwhile until this one has handled what it has
            await framework.deactivate()
            self.context.stop(self.ref)

    ends = system.spawn(Ends)
    pipe = framework.pipe_to(ends)
    for number in range(300):
        await stream.rescind(f"O{number}")
    await asyncio.wait((pipe,), timeout=5)
    assert pipe.done()
    await asyncio.sleep(1)
    assert ends.is_terminated


async def test_a_second_consumer_is_told_that_there_is_one(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    first = asyncio.ensure_future(anext(framework.events))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="already have a consumer"):
        await anext(framework.events)
    await stream.rescind("O1")
    assert isinstance(await first, OfferRescinded)
    await framework.deactivate()


async def test_cancelling_the_wait_for_an_event_loses_none(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    for number in range(50):
        waiting = asyncio.ensure_future(anext(framework.events))
        await asyncio.sleep(0)
        await stream.update(status(f"t{number}", "TASK_RUNNING", b"%016d" % number))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        if waiting.cancelled():
            assert (await next_event(framework, StatusUpdate)).status.task_id == f"t{number}"
    await framework.deactivate()


async def test_shutdown_tears_down_and_ends_the_events_quietly(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    ending = asyncio.ensure_future(framework.shutdown())
    await master.call("TEARDOWN")
    await stream.end()  # Mesos ends the stream before it answers
    await ending
    assert [event async for event in framework.events] == []
    with pytest.raises(FrameworkStopped):
        await framework.driver.revive_offers()
    await system.clock.sleep(100)
    assert master.subscribes == 1
    await framework.shutdown()  # a second time does nothing


async def test_a_shutdown_that_the_master_refuses_says_so(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, _ = await registered(system, master)
    master.answer = lambda call, stream_id: (400, "no")
    with pytest.raises(CallRefused, match="TEARDOWN"):
        await framework.shutdown()


async def test_a_shutdown_without_a_master_waits_for_one_and_says_when_none_came(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, _stream = await registered(system, master)
    await master.close()
    await asyncio.sleep(1)
    begun = system.clock.time()
    with pytest.raises(NotSubscribed):
        await framework.shutdown(timeout=40)
    assert system.clock.time() - begun == pytest.approx(40, abs=1)


async def test_a_framework_in_an_async_with_leaves_without_a_word(system: ActorSystem, master: ScriptedMaster) -> None:
    registering = asyncio.ensure_future(Mesos(system).register_framework(master.url, INFO, reconciliation=None))
    stream = await master.subscription("F1")
    async with await registering as framework:
        await until(framework, Registered)
        assert (framework.id, framework.master) == ("F1", master.url)
    await asyncio.sleep(1)
    assert stream.gone
    assert not master.calls


async def test_a_detector_that_breaks_ends_the_framework_with_its_error(system: ActorSystem) -> None:
    def broken() -> str:
        raise ZeroDivisionError("no leader by arithmetic")

    with pytest.raises(ZeroDivisionError):
        await Mesos(system).register_framework(broken, INFO)
