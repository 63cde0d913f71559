"""Refs of actors in another system behave as local ones; what the network does to them is said, never guessed."""

import asyncio
import contextlib
from dataclasses import dataclass

import pytest

from actors import Actor, ActorNotFound, AskTimeout, DeadLetter, Props, Terminated
from actors.remote import (
    Address,
    Codec,
    MessageRefused,
    NodeLost,
    NodeReachable,
    NodeUnreachable,
    QuarantinedBy,
    Remote,
    RemoteFailure,
    RemoteSettings,
)
from actors.testkit import HERE
from tests.remote.conftest import SECRET, Echo, Recorder, Watcher


async def pair(node, **options):
    return await node("one", **options), await node("two", **options)


async def echo_of(one, two, cls=Echo, *arguments):
    """The ref, in system one, of an actor that lives in system two."""
    two.system.spawn(Props(cls, *arguments), "it")
    return await one.remote.resolve(two.full("/user/it"))


def published(node, *classes):
    seen = []
    ref = node.system.spawn(Props(Recorder, seen))
    for cls in classes:
        node.system.event_stream.subscribe(ref, cls)
    return seen


# As a local one


async def test_an_actor_elsewhere_is_told_and_answers(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    assert await echo.ask({"n": 1}) == {"n": 1}
    seen = []
    recorder = one.system.spawn(Props(Recorder, seen))
    echo.tell("hello", recorder)
    await asyncio.sleep(1)
    assert seen == ["hello"]


async def test_a_ref_is_the_same_object_however_it_came(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    assert await one.remote.resolve(two.full("/user/it")) is echo
    assert await echo.ask([echo]) == [echo]
    assert (echo.path, echo.name, echo.address) == (two.full("/user/it"), "it", two.remote.address)


async def test_a_ref_of_our_own_comes_back_as_the_local_one(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    own = one.system.spawn(Echo, "own")
    assert await echo.ask(own) is own


async def test_a_ref_of_a_third_system_reaches_it(node):
    one, two = await pair(node)
    three = await node("three")
    echo = await echo_of(one, two)
    third = three.system.spawn(Echo, "third")
    name = three.remote.name_of(third)
    there = await echo.ask(one.remote.ref_of(name))
    assert await there.ask("far") == "far"


async def test_a_forwarded_message_is_answered_to_the_first_sender(node):
    class Forwarder(Actor):
        def __init__(self, target):
            self.target = target

        def receive(self, message):
            self.context.forward(self.target, message)

    one, two = await pair(node)
    echo = await echo_of(one, two)
    forwarder = one.system.spawn(Props(Forwarder, echo))
    assert await forwarder.ask("on") == "on"


async def test_what_the_other_raises_is_raised_where_it_was_asked(node):
    class Own(Exception):
        pass

    class Failing(Actor):
        def receive(self, message):
            self.reply(ValueError("no") if message == "known" else Own("why"))

    one, two = await pair(node)
    failing = await echo_of(one, two, Failing)
    with pytest.raises(ValueError, match=r"^no$"):
        await failing.ask("known")
    with pytest.raises(RemoteFailure, match=r"^Own: why$"):
        await failing.ask("unknown")


@pytest.mark.seeds(5)
async def test_messages_of_a_pair_arrive_in_order_and_once(node):
    one, two = await pair(node)
    seen = []
    recorder = await echo_of(one, two, Recorder, seen)
    asyncio.get_running_loop().network.latency = (0.001, 0.1)
    for n in range(5000):
        recorder.tell(n)
        if n % 1000 == 0:
            await asyncio.sleep(0.01)
    await asyncio.sleep(10)
    assert seen == list(range(5000))


async def test_nobody_at_a_path_is_said_at_once(node):
    one, two = await pair(node)
    begun = one.system.clock.time()
    with pytest.raises(ActorNotFound, match="nobody is at"):
        await one.remote.resolve(two.full("/user/nobody"))
    assert one.system.clock.time() - begun < 1


async def test_a_system_that_is_not_there_is_named(node):
    one = await node("one")
    with pytest.raises(ActorNotFound, match=r"did not answer: actors://two@10\.0\.0\.9:1: it cannot be reached"):
        await one.remote.resolve("actors://two@10.0.0.9:1/user/x", timeout=3)


async def test_an_actor_of_the_same_path_later_is_another(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    await two.system.graceful_stop(await two.remote.resolve(two.full("/user/it")))
    two.system.spawn(Echo, "it")
    begun = one.system.clock.time()
    with pytest.raises(AskTimeout, match="the target has stopped"):
        await echo.ask("you")
    assert one.system.clock.time() - begun < 1  # at once, as a local ask
    assert await (await one.remote.resolve(two.full("/user/it"))).ask("new") == "new"


# What does not cross


async def test_what_cannot_cross_is_refused_where_it_is_told(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    with pytest.raises(MessageRefused, match="is not registered"):
        echo.tell(object())
    with pytest.raises(TypeError, match="None was told"):
        echo.tell(None)


async def test_a_large_message_is_refused_by_the_stated_limit(node):
    one, two = await pair(node, settings=RemoteSettings(message_limit=1000))
    echo = await echo_of(one, two)
    assert await echo.ask(b"x" * 800) == b"x" * 800
    with pytest.raises(MessageRefused, match=r"a bytes of \d+ bytes is too large .* the limit is 1000"):
        echo.tell(b"x" * 1000)
    assert await echo.ask("still there") == "still there"


async def test_a_message_of_the_largest_size_arrives(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    assert len(await echo.ask(b"x" * 1_000_000)) == 1_000_000


async def test_a_message_of_a_newer_program_is_dropped_and_said_once_and_others_arrive(node, caplog):
    def program(version, *fields):
        codec = Codec()
        made = dataclass(frozen=True)(type("Order", (), {"__annotations__": dict.fromkeys(fields, "object")}))
        codec.message("order", version)(made)
        return codec, made

    (newer, order), (older, _) = program(2, "item", "count"), program(1, "item")
    one, two = await node("one", codec=newer), await node("two", codec=older)
    seen = []
    recorder = await echo_of(one, two, Recorder, seen)
    for n in range(3):
        recorder.tell(order("tea", n))
    recorder.tell("well")
    await asyncio.sleep(1)
    assert seen == ["well"]
    said = [record.message for record in caplog.records if "order@2 came from a newer program" in record.message]
    assert len(said) == 1


# Back-pressure


async def test_a_full_queue_makes_dead_letters_of_tells_and_send_waits_for_room(node):
    one, two = await pair(node, settings=RemoteSettings(queue=100))
    seen = []
    recorder = await echo_of(one, two, Recorder, seen)
    letters = published(one, DeadLetter)
    for n in range(150):
        recorder.tell(n)
    await asyncio.sleep(1)
    assert seen == list(range(101))  # the first was sent at once
    assert [letter.message for letter in letters] == list(range(101, 150))
    seen.clear()
    for n in range(1000):
        await recorder.send(n)
    await asyncio.sleep(1)
    assert seen == list(range(1000))


async def test_a_receiver_that_does_not_read_slows_the_sender_down(node):
    one, two = await pair(node, settings=RemoteSettings(queue=10))
    seen = []
    recorder = await echo_of(one, two, Recorder, seen)
    network = asyncio.get_running_loop().network
    network.cut("10.0.0.2")
    sent = 0

    async def flood():
        nonlocal sent
        for _ in range(100):
            await recorder.send(b"x" * 100_000)
            sent += 1

    flooding = asyncio.create_task(flood())
    await asyncio.sleep(2)
    assert sent < 30
    network.heal()
    await flooding
    await asyncio.sleep(1)
    assert len(seen) == 100


# Death watch


async def test_an_actor_that_stops_is_terminated_for_its_watchers_elsewhere(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    seen, other = [], []
    one.system.spawn(Props(Watcher, echo, seen))
    gives_up = one.system.spawn(Props(Watcher, echo, other))
    gives_up.tell("unwatch")
    await asyncio.sleep(1)
    echo.tell("stop")
    await asyncio.sleep(1)
    assert [(notice.ref, notice.existence_confirmed) for _, notice in seen] == [(echo, True)]
    assert other == []
    late = []
    one.system.spawn(Props(Watcher, echo, late))
    await asyncio.sleep(1)
    assert [(notice.ref, notice.existence_confirmed) for _, notice in late] == [(echo, False)]


async def test_messages_that_came_before_an_actors_end_arrive_before_its_terminated(node):
    class Talker(Actor):
        def receive(self, message):
            for n in range(100):
                self.sender.tell(n, self.ref)
            self.context.stop(self.ref)

    class Listener(Actor):
        def __init__(self, talker, seen):
            self.talker, self.seen = talker, seen

        def pre_start(self):
            self.context.watch(self.talker)
            self.talker.tell("talk", self.ref)

        def receive(self, message):
            self.seen.append("end" if isinstance(message, Terminated) else message)

    one, two = await pair(node)
    talker = await echo_of(one, two, Talker)
    seen = []
    one.system.spawn(Props(Listener, talker, seen))
    await asyncio.sleep(1)
    assert seen == [*range(100), "end"]


async def test_a_system_that_ends_in_order_ends_its_actors_for_their_watchers(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    seen, lost = [], published(one, NodeLost)
    one.system.spawn(Props(Watcher, echo, seen))
    await asyncio.sleep(1)
    begun = one.system.clock.time()
    await two.system.terminate()
    await asyncio.sleep(0.5)
    assert [notice.ref for _, notice in seen] == [echo]
    assert seen[0][0] - begun < 0.5
    assert [(event.address, event.reason) for event in lost] == [(two.remote.address, "it has shut down")]
    assert echo.is_terminated


CUTS = {
    "both ways": lambda network: network.cut("10.0.0.2"),
    "towards it": lambda network: network.cut("10.0.0.1", towards="10.0.0.2"),
    "from it": lambda network: network.cut("10.0.0.2", towards="10.0.0.1"),
}


@pytest.mark.parametrize("how", CUTS)
@pytest.mark.seeds(3)
async def test_a_system_that_is_cut_off_is_lost_for_both_within_the_stated_time(node, how):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    two.system.spawn(Props(Watcher, await two.remote.resolve(one.full("/system/remote")), there := []))
    one.system.spawn(Props(Watcher, echo, here := []))
    events = published(one, NodeUnreachable, NodeLost)
    await asyncio.sleep(10)
    network = asyncio.get_running_loop().network
    CUTS[how](network)
    begun = one.system.clock.time()
    await asyncio.sleep(20)
    for seen in (here, there):
        ((at, notice),) = seen
        assert 4 <= at - begun <= 12
        assert "its system is lost" in str(notice.reason)
    assert [type(event) for event in events] == [NodeUnreachable, NodeLost]
    letters = published(one, DeadLetter)
    echo.tell("anybody?")
    with pytest.raises(AskTimeout, match="quarantined"):
        await echo.ask("anybody?")
    await asyncio.sleep(0)
    assert [letter.message for letter in letters] == ["anybody?", "anybody?"]
    refused = published(one, QuarantinedBy)
    network.heal()
    await asyncio.sleep(10)
    with pytest.raises(AskTimeout):
        await echo.ask("now?")
    with pytest.raises(ActorNotFound, match="quarantined"):  # for good: only a restart of one of them mends it
        await one.remote.resolve(two.full("/user/it"))
    await asyncio.sleep(0.1)
    assert [event.address for event in refused] == [two.remote.address]


async def test_a_short_cut_costs_nothing_but_time(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    one.system.spawn(Props(Watcher, echo, seen := []))
    network = asyncio.get_running_loop().network
    for _ in range(5):
        network.cut("10.0.0.2")
        asked = asyncio.create_task(echo.ask("there?", 10))
        await asyncio.sleep(3.5)
        network.heal()
        assert await asked == "there?"
        await asyncio.sleep(3)
    assert seen == []


@pytest.mark.seeds(5)
async def test_a_connection_that_breaks_is_made_again_and_what_died_meanwhile_is_told(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    one.system.spawn(Props(Watcher, echo, seen := []))
    await asyncio.sleep(1)
    network = asyncio.get_running_loop().network
    for n in range(3):
        network.reset("10.0.0.2")
        await asyncio.sleep(2)
        assert await echo.ask(n) == n
    assert seen == []
    network.cut("10.0.0.2")
    network.reset("10.0.0.2")
    two.system.stop(*two.system.actor_selection("/user/it").refs())
    await asyncio.sleep(2)
    assert seen == []
    network.heal()
    await asyncio.sleep(3)
    assert [notice.ref for _, notice in seen] == [echo]


async def test_a_system_started_anew_at_its_address_is_another(node):
    one, two = await pair(node, settings=RemoteSettings(detection=30))
    echo = await echo_of(one, two)
    one.system.spawn(Props(Watcher, echo, seen := []))
    await asyncio.sleep(1)
    address = two.remote.address
    network = asyncio.get_running_loop().network
    network.cut("10.0.0.2")
    network.reset("10.0.0.2")  # so that it cannot say that it ends
    await two.system.terminate()
    await asyncio.sleep(1)
    network.heal()
    again = await node("two", "10.0.0.2", address.port)
    again.system.spawn(Echo, "it")
    fresh = await one.remote.resolve(again.full("/user/it"), 10)
    assert await fresh.ask("new") == "new"
    assert fresh is not echo
    await asyncio.sleep(1)
    assert [notice.ref for _, notice in seen] == [echo]


async def test_without_a_watch_a_system_that_was_away_is_as_it_was(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    network = asyncio.get_running_loop().network
    network.cut("10.0.0.2")
    with pytest.raises(AskTimeout):
        await echo.ask("there?")
    await asyncio.sleep(60)
    network.heal()
    await asyncio.sleep(5)
    assert await echo.ask("there?") == "there?"


async def test_a_cluster_that_knows_better_is_only_told_what_is_unreachable(node):
    one, two = await pair(node)
    one.remote.quarantines = two.remote.quarantines = False
    one.remote.keep_connected(two.remote.address)
    echo = await echo_of(one, two)
    one.system.spawn(Props(Watcher, echo, seen := []))
    events = published(one, NodeUnreachable, NodeReachable, NodeLost)
    await asyncio.sleep(5)
    network = asyncio.get_running_loop().network
    network.cut("10.0.0.2")
    await asyncio.sleep(60)
    assert [type(event) for event in events] == [NodeUnreachable]
    network.heal()
    await asyncio.sleep(10)
    assert [type(event) for event in events] == [NodeUnreachable, NodeReachable]
    assert await echo.ask("there?") == "there?"
    assert seen == []
    one.remote.quarantine(two.remote.address, two.remote.uid, "downed")
    await asyncio.sleep(5)
    assert [notice.ref for _, notice in seen] == [echo]
    assert type(events[-1]) is NodeLost


@pytest.mark.seeds(20)
async def test_two_that_call_each_other_at_once_end_up_with_one_connection(node):
    one, two = await pair(node)
    asyncio.get_running_loop().network.latency = (0.0, 0.2)
    seen = []
    two.system.spawn(Props(Recorder, seen), "it")
    one.system.spawn(Props(Recorder, seen), "it")
    for _ in range(3):
        one.remote.ref(two.full("/user/it")).tell("from one")
        two.remote.ref(one.full("/user/it")).tell("from two")
    await asyncio.sleep(10)
    assert sorted(seen) == ["from one"] * 3 + ["from two"] * 3
    assert len(asyncio.get_running_loop().network.transports) == 2  # its two ends


async def test_a_slow_link_is_slow_and_nothing_else(node):
    one, two = await pair(node)
    echo = await echo_of(one, two)
    one.system.spawn(Props(Watcher, echo, seen := []))
    asyncio.get_running_loop().network.latency = (0.5, 1.5)
    begun = one.system.clock.time()
    assert await echo.ask("slow") == "slow"
    assert one.system.clock.time() - begun > 1
    await asyncio.sleep(60)
    assert seen == []


# Strangers


async def test_a_stranger_without_the_secret_is_refused_logged_and_told_nothing(node, caplog):
    one = await node("one")
    stranger = await node("stranger", secret="another secret, just as long")
    with pytest.raises(ActorNotFound, match=r"did not answer: .*not authenticated"):
        await stranger.remote.resolve(one.full("/system/remote"), 2)
    refused = [record.message for record in caplog.records if "does not know the shared secret" in record.message]
    assert refused
    assert SECRET not in caplog.text
    assert "another secret" not in caplog.text


@pytest.mark.parametrize(
    "said",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100, b"\xc1", b"x" * 100_000, b"\x93\xa6actors\x63\xc4\x10" + b"n" * 16],
    ids=["http", "zeros", "no msgpack", "flood", "another version"],
)
async def test_what_is_no_handshake_gets_no_answer_that_tells_anything(node, said, caplog):
    one = await node("one")
    reader, writer = await asyncio.open_connection("10.0.0.1", one.remote.address.port)
    writer.write(said)
    assert await reader.read(1000) == b""
    writer.close()
    assert "was refused" in caplog.text


async def test_one_that_says_nothing_is_sent_away(node, caplog):
    one = await node("one")
    reader, writer = await asyncio.open_connection("10.0.0.1", one.remote.address.port)
    begun = one.system.clock.time()
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read(1000) == b""
    assert one.system.clock.time() - begun == pytest.approx(5, abs=0.1)
    assert "did not prove itself in time" in caplog.text
    writer.close()


async def test_a_proof_that_was_overheard_cannot_be_used_again(node):
    """A man in the middle repeats what a system with the secret has said."""
    one, two = await pair(node)
    heard = []

    async def listen(reader, writer):
        far_reader, far_writer = await asyncio.open_connection("10.0.0.1", one.remote.address.port)

        async def carry(source, sink, keep):
            while data := await source.read(10_000):
                if keep:
                    heard.append(data)
                sink.write(data)
            sink.close()

        await asyncio.gather(carry(reader, far_writer, True), carry(far_reader, writer, False))

    token = HERE.set("10.0.0.9")
    server = await asyncio.start_server(listen, "10.0.0.9", one.remote.address.port)
    HERE.reset(token)
    wrong = f"actors://one@10.0.0.9:{one.remote.address.port}/user/x"
    with pytest.raises(ActorNotFound):
        await two.remote.resolve(wrong, 1)
    await asyncio.sleep(20)
    server.close()
    reader, writer = await asyncio.open_connection("10.0.0.1", one.remote.address.port)
    for data in heard[:2]:
        writer.write(data)
        await asyncio.sleep(0.1)
    answer = await reader.read(10_000)
    assert b"not authenticated" in answer
    assert b"welcome" not in answer
    writer.close()


async def test_an_address_that_is_not_the_systems_own_is_said(node):
    one, two = await pair(node)
    asyncio.get_running_loop().network.names["alias"] = "10.0.0.2"
    with pytest.raises(ActorNotFound, match=r"this system is actors://two@10\.0\.0\.2:\d+, not actors://two@alias"):
        await one.remote.resolve(f"actors://two@alias:{two.remote.address.port}/user/x", 2)


# Configuration


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"secret": None}, "anybody could tell this system's actors anything"),
        ({"secret": "short"}, "5 bytes can be guessed"),
        ({"machine": "0.0.0.0"}, "is no host that others can call"),
    ],
)
async def test_what_is_not_safe_is_refused(node, options, said):
    with pytest.raises(ValueError, match=said):
        await node("one", **options)


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="heartbeat must be"):
        RemoteSettings(heartbeat=0)
    with pytest.raises(ValueError, match="at least two heartbeats"):
        RemoteSettings(heartbeat=3, detection=5)
    with pytest.raises(ValueError, match="queue must be"):
        RemoteSettings(queue=0)


async def test_a_system_is_remote_once_and_says_so_when_it_is_not(node, system):
    one = await node("one")
    with pytest.raises(ValueError, match="is remote already"):
        await Remote.start(one.system)
    with pytest.raises(LookupError, match="is not remote"):
        Remote.of(system)
    assert Remote.of(one.system) is one.remote


@pytest.mark.parametrize(
    "text", ["two", "actors://two", "actors://two@h", "actors://@h:1", "actors://two@h:0", "actors://a@b@h:1x"]
)
def test_addresses_that_are_none(text):
    with pytest.raises(ValueError, match="no address of a system"):
        Address.parse(text)


def test_addresses_come_back_as_they_were():
    for text in ("actors://two@10.0.0.1:80", "actors://two@[::1]:80", "actors://two@host.example:65535"):
        assert str(Address.parse(text)) == text
