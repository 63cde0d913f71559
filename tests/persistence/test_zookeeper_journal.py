"""What the journal on ZooKeeper promises beyond what each journal does: in virtual time, on the stand-in.

The same on a real one: `tests/integration/test_zookeeper_journal.py`.
"""

import asyncio
import random

import pytest

from actors.persistence import Append, Event, JournalBroken, JournalClosed, NewerVersion, StaleEpoch
from actors.persistence.zookeeper_journal import JournalFollower, ZooKeeperJournal
from actors.zookeeper import ZooKeeper
from tests.zookeeper.stand_in import StandInZooKeeper

MEGABYTE = 1024 * 1024


@pytest.fixture
def server():
    return StandInZooKeeper()


@pytest.fixture
async def process(server):
    """Start another process: a journal in a session of its own."""
    sessions = []

    def start(epoch=None, **options):
        sessions.append(ZooKeeper("zk://stand-in:2181/test", client=server.client))
        return ZooKeeperJournal(sessions[-1], "/test/journal", epoch=epoch, **options)

    start.session_of = lambda journal: journal._zookeeper
    yield start
    for session in sessions:
        await session.close()


async def everything(journal):
    return {
        name: [dict(stored.event.payload) for stored in recovered.events]
        async for name, recovered in journal.replay_all("")
    }


def noise(size, seed=0):
    """Text that does not compress."""
    return random.Random(seed).randbytes(size // 2).hex()


async def test_no_node_exceeds_a_megabyte_whatever_is_stored(server, process):
    journal = process()
    big = Event("big", 1, {"text": noise(3 * MEGABYTE)})
    await journal.append([Append("big", (big,)), *(Append(f"s{n}", (Event("e", 1, {"n": n}),)) for n in range(5000))])
    await journal.append([Append("long", tuple(Event("e", 1, {"text": noise(1000, n)}) for n in range(2000)))])
    await journal.save_snapshot("long", 1000, {"text": noise(2 * MEGABYTE)})
    assert max(len(node.data) for node in server.nodes.values()) <= 400 * 1024
    assert not server.children("/test/journal/redo")
    again = process()
    found = await everything(again)
    assert found["big"] == [big.payload]
    assert len(found) == 5002
    assert len(found["long"]) == 1000
    assert await everything(journal) == found


async def test_a_transaction_never_exceeds_what_zookeeper_takes(server, process):
    journal = process()
    calls = [journal.append([Append(f"s{n}", (Event("e", 1, {"text": noise(20_000, n)}),))]) for n in range(200)]
    await asyncio.gather(*calls)
    assert server.largest_transaction < 700 * 1024
    assert len(await everything(process())) == 200


async def test_many_calls_share_a_transaction(server, process):
    journal = await process().open()
    before = server.nodes["/test/journal/commit"].version
    await asyncio.gather(*(journal.append([Append(f"s{n}", (Event("e"),))]) for n in range(500)))
    assert server.nodes["/test/journal/commit"].version - before <= 3


async def test_an_append_to_a_long_stream_costs_a_page_at_most(server, process):
    journal = process()
    await journal.append([Append("long", tuple(Event("e", 1, {"text": noise(500, n)}) for n in range(2000)))])
    await journal.append([Append("long", (Event("e"),))])
    server.largest_transaction = 0
    await journal.append([Append("long", (Event("e"),))])
    assert server.largest_transaction < 40_000


async def test_deleted_streams_leave_no_node(server, process):
    journal = process()
    await journal.open()
    before = set(server.nodes)
    await journal.append([Append("a", (Event("e", 1, {"text": noise(MEGABYTE)}),)), Append("b/.. ü", (Event("e"),))])
    await asyncio.gather(journal.delete("a"), journal.delete("b/.. ü"))
    assert set(server.nodes) == before


async def test_writes_wait_while_zookeeper_is_away_and_are_acknowledged_only_when_they_are_stored(server, process):
    journal = process()
    await journal.append([Append("a", (Event("e", 1, {"n": 1}),))])
    server.stop()
    writing = asyncio.create_task(journal.append([Append("a", (Event("e", 1, {"n": 2}),), expected=1)]))
    await asyncio.sleep(60)
    assert not writing.done()
    assert len((await journal.replay("a")).events) == 1
    server.start()
    await asyncio.wait_for(writing, 5)
    assert await everything(process()) == {"a": [{"n": 1}, {"n": 2}]}


async def test_a_write_whose_answer_was_lost_is_stored_once(server, process):
    journal = process()
    await journal.append([Append("a", (Event("e", 1, {"n": 1}),))])
    server.after["transaction"] = server.blink
    await journal.append([Append("a", (Event("e", 1, {"n": 2}),), expected=1)])
    assert await everything(process()) == {"a": [{"n": 1}, {"n": 2}]}


async def test_a_stopped_writer_that_wakes_up_is_refused(server, process):
    old = process(epoch=1)
    await old.append([Append("a", (Event("e", 1, {"n": 1}),))])
    server.freeze(process.session_of(old))
    late = asyncio.create_task(old.append([Append("a", (Event("e", 1, {"n": 99}),))]))
    await asyncio.sleep(15)
    new = process(epoch=2)
    await new.append([Append("a", (Event("e", 1, {"n": 2}),), expected=1)])
    server.thaw(process.session_of(old))
    with pytest.raises((StaleEpoch, JournalBroken), match="belongs to epoch 2"):
        await late
    for attempt in (old.append([Append("b", (Event("e"),))]), old.delete("a")):
        with pytest.raises((StaleEpoch, JournalBroken), match="belongs to epoch 2"):
            await attempt
    assert await everything(process()) == {"a": [{"n": 1}, {"n": 2}]}


async def test_a_session_that_ran_out_by_itself_costs_nothing(server, process):
    journal = process()
    await journal.append([Append("a", (Event("e", 1, {"n": 1}),))])
    server.expire(process.session_of(journal))
    await journal.append([Append("a", (Event("e", 1, {"n": 2}),), expected=1)])
    assert await everything(journal) == {"a": [{"n": 1}, {"n": 2}]}


async def test_two_that_write_under_one_epoch_do_not_mix(process):
    first, second = process(epoch=3), process(epoch=3)
    await first.append([Append("a", (Event("e", 1, {"n": 1}),))])
    await second.append([Append("a", (Event("e", 1, {"n": 2}),), expected=1)])
    with pytest.raises(StaleEpoch, match="must not share one path"):
        await first.append([Append("a", (Event("e", 1, {"n": 3}),))])


async def test_closing_while_zookeeper_is_away_says_that_the_outcome_is_unknown_and_does_not_hang(server, process):
    journal = process()
    await journal.append([Append("a", (Event("e"),))])
    server.stop()
    writing = [asyncio.create_task(journal.append([Append("a", (Event("e"),))])) for _ in range(3)]
    await asyncio.sleep(1)
    await asyncio.wait_for(journal.close(), 1)
    for outcome in await asyncio.gather(*writing, return_exceptions=True):
        assert isinstance(outcome, JournalBroken)
        assert "unknown" in str(outcome)
    with pytest.raises(JournalClosed):
        await journal.replay("a")


async def test_closing_while_it_opens_ends_the_opening(server, process):
    server.running = False
    journal = process()
    opening = asyncio.create_task(journal.open())
    await asyncio.sleep(30)
    await journal.close()
    with pytest.raises(JournalClosed):
        await opening


@pytest.mark.parametrize("crash_after", range(6))
async def test_a_large_write_that_was_interrupted_is_there_as_a_whole_or_not_at_all(server, process, crash_after):
    journal = process()
    await journal.append([Append("old", (Event("e", 1, {"text": noise(50_000)}),))])
    await journal.append([Append("gone", (Event("e", 1, {"text": noise(50_000)}),))])
    writes = [Append(f"s{n}", (Event("e", 1, {"text": noise(30_000, n)}),)) for n in range(40)]
    countdown = [crash_after]

    def crash():
        countdown[0] -= 1
        if countdown[0] < 0:
            server.freeze(process.session_of(journal))  # as kill -9: nothing more comes
        else:
            server.after["transaction"] = crash

    server.after["transaction"] = crash
    writing = asyncio.create_task(journal.append([*writes, Append("old", (Event("e", 1, {"n": 2}),))]))
    await asyncio.wait([writing], timeout=5)
    acknowledged = writing.done()
    server.after.clear()
    found = await everything(process(epoch=1))
    assert len(found["old"]) == (2 if len(found) > 2 else 1)
    assert len(found) in ((42,) if acknowledged else (2, 42))
    assert not server.children("/test/journal/redo")
    await journal.close()
    await asyncio.gather(writing, return_exceptions=True)


@pytest.mark.parametrize(
    ("path", "word"),
    [("/test/journal/commit", "no commit"), ("/test/journal/streams/{a}", "does not fit its checksum")],
)
async def test_a_damaged_node_is_an_error_that_names_it(server, process, path, word):
    journal = process()
    await journal.append([Append("a", (Event("e", 1, {"n": 1}),))])
    (head,) = (name for name in server.nodes if name.endswith("/a"))
    node = server.nodes[path.replace("{a}", head.removeprefix("/test/journal/streams/"))]
    node.data = node.data[:-1] + bytes([node.data[-1] ^ 1])
    with pytest.raises(JournalBroken, match=word):
        await process().open()


async def test_a_journal_of_a_newer_format_is_refused_and_left_alone(server, process):
    await process().open()
    node = server.nodes["/test/journal/commit"]
    node.data = node.data.replace(b'"format": 1', b'"format": 2')
    with pytest.raises(NewerVersion, match="format 2"):
        await process(epoch=9).open()
    assert b'"format": 2' in node.data


@pytest.mark.parametrize("seed", range(20))
async def test_with_connections_that_come_and_go_what_was_acknowledged_is_there_once_and_in_order(
    server, process, seed
):
    chance = random.Random(seed)
    acknowledged = dict.fromkeys("abc", 0)
    journal = process(epoch=1)

    async def writer(name, count):
        for n in range(count):
            await journal.append([Append(name, (Event("e", 1, {"n": n}),), expected=n)])
            acknowledged[name] = n + 1

    async def faults():
        while True:
            await asyncio.sleep(chance.uniform(0, 0.2))
            match chance.randrange(4):
                case 0:
                    server.after["transaction"] = server.blink
                case 1:
                    server.after["transaction"] = lambda: server.expire(process.session_of(journal))
                case 2:
                    server.blink()
                case 3:
                    server.expire(process.session_of(journal))

    trouble = asyncio.create_task(faults())
    await journal.open()
    writers = [asyncio.create_task(writer(name, 30)) for name in "abc"]
    await asyncio.wait(writers, timeout=chance.uniform(1, 40))
    late = [one for one in writers if not one.done()]
    successor = process(epoch=2)  # takes over in the midst of it
    found = await everything(successor)
    trouble.cancel()
    server.after.clear()
    outcomes = await asyncio.gather(*late, return_exceptions=True)
    assert all(isinstance(outcome, StaleEpoch | JournalBroken) for outcome in outcomes)
    for name in "abc":
        numbers = [payload["n"] for payload in found.get(name, [])]
        assert numbers == list(range(len(numbers)))
        assert acknowledged[name] <= len(numbers) <= acknowledged[name] + 1


@pytest.fixture
async def follower(server):
    async with ZooKeeper("zk://stand-in:2181/test", client=server.client) as session:
        yield JournalFollower(session, "/test/journal")


async def test_a_follower_reads_all_streams_as_they_were_at_one_moment(process, follower):
    journal = process()
    await journal.append([Append(f"s{n}", (Event("e", 1, {"n": 0}),)) for n in range(300)])
    written = 0

    async def write():
        nonlocal written
        while True:
            written += 1
            await journal.append([Append(f"s{n}", (Event("e", 1, {"n": written}),)) for n in (0, 150, 299)])
            if written % 10 == 0:
                await asyncio.sleep(1)

    writing = asyncio.create_task(write())
    moment = {name: recovered.seq async for name, recovered in follower.read_streams()}
    writing.cancel()
    await asyncio.wait([writing])
    assert len(moment) == 300
    assert moment["s0"] == moment["s150"] == moment["s299"] > 1


async def test_a_follower_of_no_journal_says_so_and_one_of_a_damaged_does_not_read_for_ever(server, process, follower):
    await follower.refresh()
    with pytest.raises(FileNotFoundError, match="/test/journal"):
        await anext(follower.read_streams())
    await process().append([Append("a", (Event("e"),))])
    (head,) = (node for name, node in server.nodes.items() if name.endswith("/a"))
    head.data = head.data[:-1]
    with pytest.raises(JournalBroken, match="checksum"):
        await anext(follower.read_streams())


async def test_a_journal_opened_with_a_follower_reads_only_what_changed_since(server, process, follower):
    first = process(epoch=1)
    await first.append([Append(f"s{n}", (Event("e", 1, {"n": n}),)) for n in range(2000)])
    await follower.refresh()
    await first.append([Append("s7", (Event("e", 1, {"n": 7}),)), Append("new", (Event("e"),))])
    await first.delete("s8")
    before = server.calls
    second = await process(epoch=2, follower=follower).open()
    assert server.calls - before < 300
    expected = {f"s{n}": [{"n": n}] for n in range(2000) if n != 8} | {"s7": [{"n": 7}, {"n": 7}], "new": [{}]}
    assert await everything(second) == expected
