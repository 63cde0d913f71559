"""A Thespian system that was there before, and our actors: both ways."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from thespian.actors import Actor as ThespianActor
from thespian.actors import ActorSystem as ThespianSystem

from actors import Actor, AskTimeout, Props
from actors.patterns.processes import ThespianBridge

pytestmark = pytest.mark.real

SILENT = {"version": 1, "disable_existing_loggers": False, "root": {"level": "ERROR", "handlers": []}}


class Echo(ThespianActor):
    def receiveMessage(self, message, sender):
        match message:
            case ("forward", address, inner):
                self.send(address, inner)
            case "be silent":
                pass
            case str() | int():
                self.send(sender, ("echo", message))


class Ours(Actor):
    """Passes on what it gets; answers a Thespian actor when told to."""

    def __init__(self, report):
        self.report = report

    def receive(self, message):
        self.report.tell((message, self.sender))


@pytest.fixture(autouse=True, scope="module")
def the_tests_own_logging():
    """Thespian configures the root logger of the process that asks for its system."""
    level, handlers = logging.root.level, logging.root.handlers[:]
    yield
    logging.root.setLevel(level)
    logging.root.handlers[:] = handlers


@pytest.fixture(scope="module")
def thespian():
    system = ThespianSystem("multiprocQueueBase", logDefs=SILENT, transientUnique=True)
    yield system
    system.shutdown()


@pytest.fixture(scope="module")
def echo(thespian):
    address = thespian.createActor(Echo)

    def ask(n):
        with thespian.private() as endpoint:
            return endpoint.ask(address, n, 60)

    with ThreadPoolExecutor(4) as threads:  # so that Thespian's own threads are there before the leak check looks
        assert len(list(threads.map(ask, range(20)))) == 20
    return address


@pytest.fixture
async def bridge(system, thespian):
    async with ThespianBridge(system, thespian) as bridge:
        yield bridge


async def test_a_thespian_actor_is_asked_many_times_at_once_and_the_loop_stays_free(bridge, echo):
    ref = bridge.ref(echo)
    answers = await asyncio.gather(*(ref.ask(n, 60) for n in range(20)))
    assert answers == [("echo", n) for n in range(20)]


async def test_an_ask_that_thespian_does_not_answer_times_out(bridge, echo):
    with pytest.raises(AskTimeout, match="Thespian actor"):
        await bridge.ref(echo).ask("be silent", 0.1)


async def test_a_thespian_actor_sends_to_ours_which_sees_who_it_was(bridge, echo, system, probe):
    address = await bridge.expose(system.spawn(Props(Ours, probe.ref)))
    bridge.ref(echo).tell(("forward", address, "hello"))
    assert await probe.receive_one(60) == ("hello", bridge.ref(echo))


async def test_what_an_exposed_actor_tells_is_answered_to_it(bridge, echo, system, probe):
    ours = system.spawn(Props(Ours, probe.ref))
    await bridge.expose(ours)
    bridge.ref(echo).tell("are you there", ours)
    assert await probe.receive_one(60) == (("echo", "are you there"), bridge.ref(echo))


async def test_an_actor_is_exposed_under_one_address(bridge, probe):
    assert await bridge.expose(probe.ref) == await bridge.expose(probe.ref)


async def test_one_of_our_actors_may_ask_a_thespian_one(bridge, echo, system, probe):
    class Asker(Actor):
        async def receive(self, message):
            probe.ref.tell(await bridge.ref(echo).ask(message, 60))

    system.spawn(Asker).tell("from an actor")
    assert await probe.receive_one(60) == ("echo", "from an actor")


async def test_what_cannot_be_a_thespian_address_is_refused(bridge):
    with pytest.raises(TypeError, match="createActor"):
        bridge.ref("localhost:1900")


async def test_a_thespian_actor_cannot_be_watched_and_the_watcher_is_told_so(bridge, echo):
    with pytest.raises(ValueError, match="cannot be watched"):
        bridge.ref(echo)._watched_by(bridge.system.dead_letters)


async def test_thespians_synchronous_base_is_refused(system):
    synchronous = ThespianSystem("simpleSystemBase", logDefs=SILENT, transientUnique=True)
    try:
        with pytest.raises(ValueError, match="multiproc"):
            ThespianBridge(system, synchronous)
    finally:
        synchronous.shutdown()
