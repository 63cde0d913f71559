"""One session on the loop: states as events, calls that end, nothing left behind."""

import asyncio

import pytest
from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

from actors.zookeeper import Address, InvalidAddress, SessionState, ZooKeeper, ZooKeeperAway
from tests.zookeeper.stand_in import StandInZooKeeper


@pytest.fixture
def server():
    return StandInZooKeeper()


@pytest.fixture
async def zookeeper(server):
    async with ZooKeeper("zk://one:2181/app", session_timeout=6.0, client=server.client) as zookeeper:
        yield zookeeper


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://one:2181/app", "names no ZooKeeper host"),
        ("zk:///app", "names no ZooKeeper host"),
        ("zk://one:2181,/app", "names no ZooKeeper host"),
        ("zk://one:2181", "has no path; write zk://one:2181/mesos"),
        ("zk://me@one:2181/app", "a user without a password"),
        ("zk://me:secret@/app", "names no ZooKeeper host"),
        ("zk://me:secret@one:2281/app?cert=x", "[?]cert is unknown"),
        ("zk://me:secret@one:2281/app?ca=/none", "there is no file '/none'"),
        (f"zk://me:secret@one:2281/app?certificate={__file__}", "go together"),
    ],
)
def test_an_address_that_is_none_is_refused_and_never_shows_its_password(url, said):
    with pytest.raises(InvalidAddress, match=said) as refused:
        Address.parse(url)
    assert "secret" not in str(refused.value)


def test_an_address_has_hosts_path_and_credentials():
    address = Address.parse("zk://me:p%40ss@one:2181,two:2181/a/b/")
    assert (address.hosts, address.path, address.credentials) == ("one:2181,two:2181", "/a/b", "me:p@ss")
    assert "p@ss" not in f"{address} {address!r}"


async def test_an_address_with_tls_is_what_kazoo_is_told(server):
    options = {}

    def client(**given):
        options.update(given)
        return server.client(**given)

    async with ZooKeeper(f"zk://one:2281/app?ca={__file__}", client=client) as zookeeper:
        assert str(zookeeper.address) == "zk://one:2281/app"
    assert (options["use_ssl"], options["check_hostname"], options["ca"]) == (True, True, __file__)
    assert (options["certfile"], options["keyfile"]) == (None, None)
    async with ZooKeeper("zk://one:2281/app?tls", client=client):
        assert (options["use_ssl"], options["ca"]) == (True, None)
    options.clear()
    async with ZooKeeper("zk://one:2181/app", client=client):
        assert "use_ssl" not in options


async def test_nodes_are_made_read_changed_and_deleted(zookeeper):
    assert await zookeeper.create("/app/a", b"1", parents=True) == "/app/a"
    assert (await zookeeper.get("/app/a")).data == b"1"
    await zookeeper.set("/app/a", b"2", version=0)
    with pytest.raises(BadVersionError):
        await zookeeper.set("/app/a", b"3", version=0)
    assert await zookeeper.children("/app") == ["a"]
    await zookeeper.delete("/app/a")
    assert await zookeeper.exists("/app/a") is None
    with pytest.raises(NoNodeError):
        await zookeeper.get("/app/a")


@pytest.mark.parametrize("reads_many", [True, False], ids=["as of 3.6", "before"])
async def test_many_nodes_are_read_at_once_also_of_a_server_that_cannot(zookeeper, server, reads_many):
    server.reads_many = reads_many
    await zookeeper.create("/app/a", b"1", parents=True)
    await zookeeper.create("/app/b", b"2")
    first, none, second = await zookeeper.get_many(["/app/a", "/app/none", "/app/b"])
    assert (first.data, none, second.data, second.stat.version) == (b"1", None, b"2", 0)
    assert await zookeeper.get_many([]) == []
    before = server.calls
    await zookeeper.get_many(["/app/a", "/app/b"])
    assert server.calls - before == (1 if reads_many else 2)


async def test_a_transaction_is_carried_out_whole_or_not_at_all(zookeeper):
    await zookeeper.create("/app/a", b"1", parents=True)
    with pytest.raises(NodeExistsError):
        await zookeeper.all_or_none(("set_data", "/app/a", b"2", 0), ("create", "/app/a", b""))
    assert (await zookeeper.get("/app/a")).data == b"1"
    await zookeeper.all_or_none(("set_data", "/app/a", b"2", 0), ("create", "/app/b", b"", None, True))
    assert sorted(await zookeeper.children("/app")) == ["a", "b"]


async def test_a_watch_wakes_once_on_the_loop(zookeeper):
    await zookeeper.ensure("/app")
    woken = []
    await zookeeper.children("/app", lambda: woken.append("children"))
    await zookeeper.create("/app/a")
    await zookeeper.create("/app/b")
    await asyncio.sleep(1)
    assert woken == ["children"]


async def test_states_are_told_and_a_call_ends_while_nobody_answers(server, zookeeper):
    states = []
    unlisten = zookeeper.listen(states.append)
    await zookeeper.ensure("/app")
    server.stop()
    await asyncio.sleep(0)
    assert zookeeper.state is SessionState.SUSPENDED
    begun = asyncio.get_running_loop().time()
    with pytest.raises(ZooKeeperAway, match=r"no ZooKeeper server of one:2181 answered within 6 s \(get /app\)"):
        await zookeeper.get("/app")
    assert asyncio.get_running_loop().time() - begun == pytest.approx(6)
    server.start()
    assert (await zookeeper.get("/app")).data == b""
    unlisten()
    server.stop()
    await asyncio.sleep(0)
    assert states == [SessionState.SUSPENDED, SessionState.CONNECTED]


async def test_ephemeral_nodes_go_with_the_session_that_expired_and_a_new_one_begins(server, zookeeper):
    states = []
    await zookeeper.create("/app/mine", ephemeral=True, parents=True)
    before = zookeeper.session_id
    zookeeper.listen(states.append)
    server.expire(zookeeper)
    assert await zookeeper.exists("/app/mine") is None
    assert states == [SessionState.EXPIRED, SessionState.CONNECTED]
    assert zookeeper.session_id != before


async def test_a_closed_session_is_not_opened_again(zookeeper):
    await zookeeper.ensure("/app")
    await zookeeper.close()
    await zookeeper.close()
    with pytest.raises(RuntimeError, match="is closed: make another"):
        await zookeeper.get("/app")
