"""Which master is tried, and what is said of those that cannot be one."""

import asyncio
import json
from typing import Any

import pytest

from actors import ActorSystem
from actors.mesos import (
    CallableDetector,
    InvalidMaster,
    ListDetector,
    MasterUnreachable,
    Mesos,
    NoMaster,
    ScriptedDetector,
    StaticDetector,
)
from actors.mesos.detector import detector_for, master_url
from actors.mesos.zookeeper_detector import ZooKeeperDetector
from tests.mesos.scripted_master import ScriptedMaster
from tests.mesos.words import INFO
from tests.zookeeper.stand_in import StandInZooKeeper


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("http://10.0.0.1:5050", "http://10.0.0.1:5050"),
        ("10.0.0.1:5051", "http://10.0.0.1:5051"),
        ("https://mesos.example/", "https://mesos.example:5050"),
        ("http://[::1]:5050", "http://[::1]:5050"),
    ],
)
def test_a_master_may_be_written_in_short(written: str, read: str) -> None:
    assert master_url(written) == read


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("ftp://host:5050", "scheme 'ftp'"),
        ("http://", "names no host"),
        ("http://host:fifty", "is not a URL"),
        ("http://host:5050/api/v1/scheduler", "has a path"),
        ("http://user:secret@host:5050", "credential="),
        ([], "the list is empty"),
        (5050, "int is none of"),
        ("zk://host:2181", "has no path"),
        ("zk:///mesos", "names no ZooKeeper host"),
        ("zk://user@host:2181/mesos", "without a password"),
    ],
)
def test_what_names_no_master_is_refused_with_the_remedy(written: Any, said: str) -> None:
    with pytest.raises(InvalidMaster, match=said):
        detector_for(written)


def test_a_password_is_never_shown() -> None:
    with pytest.raises(InvalidMaster) as caught:
        detector_for("zk://user:secret@host:2181")
    assert "secret" not in str(caught.value)


async def test_a_list_is_asked_in_turn() -> None:
    detector = detector_for("http://a:5050,b:5050")
    assert isinstance(detector, ListDetector)
    assert [await detector.detect(None) for _ in range(3)] == ["http://a:5050", "http://b:5050", "http://a:5050"]


async def test_a_callable_is_asked_each_time_whether_plain_or_async() -> None:
    answers = iter(["a:1", "b:2"])

    async def ask() -> str:
        await asyncio.sleep(0)
        return next(answers)

    assert isinstance(detector_for(ask), CallableDetector)
    assert [await detector_for(ask).detect(None), await detector_for(ask).detect(None)] == ["http://a:1", "http://b:2"]
    nothing: Any = lambda: None  # noqa: E731
    with pytest.raises(NoMaster, match="not a URL"):
        await CallableDetector(nothing).detect(None)


async def test_a_detector_is_handed_through() -> None:
    detector = StaticDetector("a:1")
    assert detector_for(detector) is detector


async def test_after_a_loss_the_detector_is_asked_with_the_master_used_last(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    async with ScriptedMaster.start() as other:
        detector = ScriptedDetector(None, master.url, None, other.url)
        registering = asyncio.ensure_future(Mesos(system).register_framework(detector, INFO, reconciliation=None))
        stream = await master.subscription("F1")
        framework = await registering
        await stream.end()
        again = await other.subscription("F1")
        assert again.call.framework_id.value == "F1"
        assert detector.asked == [None, None, master.url, master.url]
        await framework.deactivate()


async def test_a_master_that_is_not_there_is_named_with_the_cause_and_the_remedy(system: ActorSystem) -> None:
    begun = system.clock.time()
    with pytest.raises(MasterUnreachable) as caught:
        await Mesos(system).register_framework("http://127.0.0.1:5050", INFO, registration_timeout=20)
    assert system.clock.time() - begun == pytest.approx(20)
    for part in ("test", "http://127.0.0.1:5050", "cannot be reached", "Is it running", "registration_timeout=None"):
        assert part in str(caught.value)


def zookeeper_with(nodes: dict[str, Any] | None) -> StandInZooKeeper:
    """``nodes``: names below /mesos and what they hold; None: it is not running."""
    server = StandInZooKeeper()
    if nodes is None:
        server.stop()
        return server
    maker = server.client(auth_data=None, timeout=10.0)
    server.ensure(maker, "/mesos")
    for name, content in nodes.items():
        server.create(maker, f"/mesos/{name}", json.dumps(content).encode(), False, False)
    return server


def leader(port: int) -> dict[str, Any]:
    return {"id": "x", "ip": 16777343, "port": port, "address": {"hostname": "h", "ip": "10.0.0.9", "port": port}}


async def test_zookeepers_lowest_node_leads() -> None:
    server = zookeeper_with({"json.info_0000000007": leader(2), "log_replicas": {}, "json.info_0000000003": leader(1)})
    detector = ZooKeeperDetector("zk://u:p@a:2181,b:2181/mesos", client=server.client)
    assert await detector.detect(None) == "http://10.0.0.9:1"
    assert server.clients[-1].options["hosts"] == "a:2181,b:2181"
    assert server.clients[-1].options["auth_data"] == [("digest", "u:p")]
    server.remove("/mesos/json.info_0000000003")
    assert await detector.detect(None) == "http://10.0.0.9:2"
    secure = ZooKeeperDetector("zk://a:2181/mesos", client=server.client, scheme="https")
    assert await secure.detect(None) == "https://h:2"
    for each in (detector, secure):
        await each.close()
    assert len(server.clients) == 1  # of whoever made the nodes


async def test_a_leader_that_vanishes_between_two_questions_is_passed_over() -> None:
    server = zookeeper_with({"json.info_0000000003": leader(1), "json.info_0000000007": leader(2)})
    server.after["get_children"] = lambda: server.remove("/mesos/json.info_0000000003")
    detector = ZooKeeperDetector("zk://a:2181/mesos", client=server.client)
    assert await detector.detect(None) == "http://10.0.0.9:2"
    await detector.close()


@pytest.mark.parametrize(
    ("url", "nodes", "said"),
    [
        ("zk://a:2181/mesos", {}, "no master leads"),
        ("zk://a:2181/other", {}, "does not exist"),
        ("zk://a:2181/mesos", None, "no ZooKeeper server of a:2181 answered"),
        ("zk://a:2181/mesos", {"json.info_1": {"port": "x"}}, "does not read like Mesos's"),
    ],
)
async def test_zookeepers_troubles_are_named(url: str, nodes: dict[str, Any] | None, said: str) -> None:
    detector = ZooKeeperDetector(url, client=zookeeper_with(nodes).client)
    with pytest.raises(NoMaster, match=said):
        await detector.detect(None)
    await detector.close()


async def test_a_zookeeper_that_falls_silent_is_named() -> None:
    server = zookeeper_with({"json.info_0000000003": leader(1)})
    detector = ZooKeeperDetector("zk://a:2181/mesos", client=server.client)
    assert await detector.detect(None) == "http://10.0.0.9:1"
    server.stop()
    with pytest.raises(NoMaster, match="no ZooKeeper server of a:2181 answered"):
        await detector.detect(None)
    await detector.close()
