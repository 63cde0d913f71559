"""The framework library against a real Apache Mesos, which judges it, and the same against the embedded one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from actors import ActorSystem
from actors.mesos import (
    ConnectionSettings,
    Credential,
    Disconnected,
    Error,
    Event,
    Framework,
    FrameworkFailedOver,
    FrameworkRemoved,
    Mesos,
    Reregistered,
    ResourceOffers,
    StatusUpdate,
    SubscriptionRefused,
)
from actors.mesos.operator import OperatorClient
from mesos_proto import CommandInfo, Filters, FrameworkInfo, Offer, TaskID, TaskInfo, TaskState, TaskStatus, mesos_pb2
from tests.integration.embedded_mesos import EmbeddedMesos
from tests.integration.real_mesos import RealMesos, real_mesos_or_skip

pytestmark = pytest.mark.real

INFO = FrameworkInfo(name="real", user="root", checkpoint=True, failover_timeout=timedelta(minutes=10))


Cluster = RealMesos | EmbeddedMesos


def cluster(engine: str, folder: Path) -> Cluster:
    if engine == "embedded":
        return EmbeddedMesos(folder)
    real_mesos_or_skip()
    return RealMesos(folder)


@pytest.fixture(scope="module", params=["real", "embedded"])
def mesos(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(request.param, tmp_path_factory.mktemp("mesos")) as mesos:
        yield mesos


@pytest.fixture(params=["real", "embedded"])
def mortal_mesos(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    """One that the test may kill."""
    with cluster(request.param, tmp_path) as mesos:
        yield mesos


@pytest.fixture
async def system() -> AsyncIterator[ActorSystem]:
    async with ActorSystem("real") as system, asyncio.timeout(120):
        yield system


async def until(framework: Framework, kind: type[Event]) -> Event:
    async for event in framework.events:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"the events ended before a {kind.__name__}")


async def offers_of(framework: Framework) -> tuple[Offer, ...]:
    event = await until(framework, ResourceOffers)
    assert isinstance(event, ResourceOffers)
    return event.offers


async def update_of(framework: Framework, task_id: str) -> TaskStatus:
    """The next update of the task, acknowledged; offers in between are declined."""
    async for event in framework.events:
        match event:
            case ResourceOffers(offers):
                await framework.driver.decline_offer([offer.id for offer in offers], Filters(refuse_seconds=0.1))
            case StatusUpdate(status):
                await framework.driver.acknowledge(status)
                if status.task_id == task_id:
                    return status
    raise AssertionError(f"the events ended before an update of {task_id}")


async def reach(framework: Framework, task_id: str, state: TaskState) -> TaskStatus:
    while (status := await update_of(framework, task_id)).state != state:
        assert not status.state.is_terminal, status
    return status


async def launch(framework: Framework, task_id: str, command: str) -> None:
    (offer,) = await offers_of(framework)
    task = TaskInfo(
        name=task_id,
        task_id=task_id,
        agent_id=offer.agent_id,
        resources="cpus:0.1;mem:32",
        command=CommandInfo(command),
    )
    await framework.driver.launch_tasks([task], [offer.id])


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
async def test_a_task_is_launched_watched_killed_and_reconciled(
    mesos: Cluster, system: ActorSystem, encoding: str
) -> None:
    settings = ConnectionSettings(encoding=encoding)
    framework = await Mesos(system).register_framework(mesos.url, INFO, settings=settings, reconciliation=None)
    assert framework.id
    assert framework.master == mesos.url
    task_id = f"sleep-{encoding}"
    await launch(framework, task_id, "sleep 1000")
    running = await reach(framework, task_id, TaskState.TASK_RUNNING)
    assert running.source == mesos_pb2.TaskStatus.SOURCE_EXECUTOR
    assert running.uuid

    await framework.driver.reconcile_tasks([running])
    answer = await update_of(framework, task_id)
    assert (answer.state, answer.uuid) == (TaskState.TASK_RUNNING, None)
    assert answer.reason == mesos_pb2.TaskStatus.REASON_RECONCILIATION

    await framework.driver.kill_task(TaskID(task_id))
    assert (
        await reach(framework, task_id, TaskState.TASK_KILLED)
    ).message == "Command terminated with signal Terminated"
    await framework.shutdown()
    assert [event async for event in framework.events if isinstance(event, Error)] == []


async def test_an_update_comes_again_until_it_is_acknowledged(tmp_path: Path, system: ActorSystem) -> None:
    with cluster("real", tmp_path / "real") as real, cluster("embedded", tmp_path / "embedded") as embedded:
        await asyncio.gather(comes_again(real, system), comes_again(embedded, system))  # it takes both ten seconds


async def comes_again(mesos: Cluster, system: ActorSystem) -> None:
    framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
    await launch(framework, "quick", "true")
    first = await until(framework, StatusUpdate)
    again = await until(framework, StatusUpdate)
    assert isinstance(first, StatusUpdate)
    assert isinstance(again, StatusUpdate)
    assert first.status.uuid == again.status.uuid
    await framework.driver.acknowledge(again.status)
    await reach(framework, "quick", TaskState.TASK_FINISHED)
    await framework.shutdown()


async def test_kill_9_of_mesos_keeps_the_framework_its_id_its_tasks_and_what_it_has_suppressed(
    mortal_mesos: Cluster, system: ActorSystem
) -> None:
    silent = await Mesos(system).register_framework(mortal_mesos.url, INFO, reconciliation=None)
    (offer,) = await offers_of(silent)
    await silent.driver.suppress_offers()
    await silent.driver.decline_offer(offer.id, Filters(refuse_seconds=0))
    framework = await Mesos(system).register_framework(mortal_mesos.url, INFO)
    await launch(framework, "survivor", "sleep 1000")
    running = await reach(framework, "survivor", TaskState.TASK_RUNNING)
    framework_id = framework.id
    # With this the acknowledgement above is on the agent's disk. One that dies with the agent brings the update again,
    # which is not shown a second time, and then nobody has to ask for the task any more.
    await launch(framework, "earlier", "true")
    await reach(framework, "earlier", TaskState.TASK_FINISHED)

    mortal_mesos.kill()
    await until(framework, Disconnected)
    await until(silent, Disconnected)
    await asyncio.to_thread(mortal_mesos.start)
    again = await until(framework, Reregistered)
    assert isinstance(again, Reregistered)
    assert again.framework_id == framework.id == framework_id
    reconciled = await update_of(framework, "survivor")
    assert (reconciled.state, reconciled.agent_id) == (TaskState.TASK_RUNNING, running.agent_id)

    await launch(framework, "later", "true")
    await reach(framework, "later", TaskState.TASK_FINISHED)
    await framework.driver.kill_task(TaskID("survivor"))
    await reach(framework, "survivor", TaskState.TASK_KILLED)
    await framework.shutdown()

    await until(silent, Reregistered)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):  # allocations come each second, and now nobody else wants any
            await offers_of(silent)
    await silent.driver.revive_offers()
    await offers_of(silent)
    await silent.shutdown()


async def test_a_new_process_takes_over_by_id_and_the_first_is_told_and_stops(
    mesos: Cluster, system: ActorSystem
) -> None:
    first = await Mesos(system).register_framework(mesos.url, INFO)
    await launch(first, "inherited", "sleep 1000")
    running = await reach(first, "inherited", TaskState.TASK_RUNNING)
    heir = FrameworkInfo(name="real", user="root", checkpoint=True, failover_timeout=timedelta(minutes=10), id=first.id)
    second = await Mesos(system).register_framework(mesos.url, heir, known_tasks={running.task_id: running.agent_id})
    assert second.id == first.id
    assert await until(first, Error) == Error("Framework failed over")
    with pytest.raises(FrameworkFailedOver):
        await anext(first.events)
    with pytest.raises(FrameworkFailedOver):
        await first.driver.revive_offers()
    assert (await update_of(second, "inherited")).state == TaskState.TASK_RUNNING
    await second.shutdown()
    with pytest.raises(FrameworkRemoved):
        await Mesos(system).register_framework(mesos.url, heir)


async def test_deactivation_keeps_the_tasks_for_the_next_process(mesos: Cluster, system: ActorSystem) -> None:
    first = await Mesos(system).register_framework(mesos.url, INFO)
    await launch(first, "kept", "sleep 1000")
    await reach(first, "kept", TaskState.TASK_RUNNING)
    await first.deactivate()
    heir = FrameworkInfo(name="real", user="root", checkpoint=True, failover_timeout=timedelta(minutes=10), id=first.id)
    second = await Mesos(system).register_framework(mesos.url, heir)
    assert (await update_of(second, "kept")).state == TaskState.TASK_RUNNING  # an implicit reconciliation's answer
    await second.shutdown()


async def test_a_stalled_socket_is_noticed_and_subscribed_anew(mesos: Cluster, system: ActorSystem) -> None:
    settings = ConnectionSettings(missed_heartbeats=0.2, connect_timeout=2, answer_timeout=2)
    framework = await Mesos(system).register_framework(mesos.url, INFO, settings=settings, reconciliation=None)
    mesos.pause()
    try:
        lost = await until(framework, Disconnected)
        assert "silent for 3 s" in str(lost)
    finally:
        mesos.resume()
    await until(framework, Reregistered)
    await framework.shutdown()


@pytest.mark.slow
async def test_a_mesos_that_stands_still_for_two_minutes_costs_no_task_and_is_found_again(mesos: Cluster) -> None:
    """Of a real one its agents stand still with it."""
    async with ActorSystem("patient") as system, asyncio.timeout(420):
        framework = await Mesos(system).register_framework(mesos.url, INFO)
        await launch(framework, "patient", "sleep 1000")
        await reach(framework, "patient", TaskState.TASK_RUNNING)
        mesos.pause()
        try:
            await until(framework, Disconnected)  # after five heartbeats
            await asyncio.sleep(45)
        finally:
            mesos.resume()
        again = await until(framework, Reregistered)
        assert again.framework_id == framework.id
        assert (await update_of(framework, "patient")).state == TaskState.TASK_RUNNING  # reconciled
        await framework.shutdown()


@pytest.mark.parametrize(
    ("roles", "reason"), [(["a", "a"], "contains duplicate items"), (["-a"], "starts with a dash")]
)
async def test_an_invalid_framework_is_refused_in_the_masters_words(
    mesos: Cluster, system: ActorSystem, roles: list[str], reason: str
) -> None:
    info = FrameworkInfo(name="real", user="root", roles=roles)
    with pytest.raises(SubscriptionRefused, match=reason):
        await Mesos(system).register_framework(mesos.url, info)


async def test_a_framework_whose_failover_timeout_has_passed_is_gone(mesos: Cluster, system: ActorSystem) -> None:
    brief = FrameworkInfo(name="brief", user="root", failover_timeout=timedelta(seconds=1))
    framework = await Mesos(system).register_framework(mesos.url, brief)
    await framework.deactivate()
    async with OperatorClient(system, mesos.url) as client:
        while framework.id not in [  # noqa: ASYNC110 - the clock is the master's
            each.framework_info.id.value for each in (await client.get_frameworks()).completed_frameworks
        ]:
            await asyncio.sleep(0.1)
    late = FrameworkInfo(name="brief", user="root", failover_timeout=timedelta(seconds=1), id=framework.id)
    with pytest.raises(FrameworkRemoved):
        await Mesos(system).register_framework(mesos.url, late)


async def test_a_framework_that_an_operator_tears_down_is_told_so_and_stays_away(
    mesos: Cluster, system: ActorSystem
) -> None:
    framework = await Mesos(system).register_framework(mesos.url, INFO, reconciliation=None)
    async with OperatorClient(system, mesos.url) as client:
        await client.teardown(framework.id)
    with pytest.raises(FrameworkRemoved):
        async for _ in framework.events:
            pass
    with pytest.raises(FrameworkRemoved):
        await framework.driver.revive_offers()


async def test_a_master_that_asks_for_a_secret_takes_the_right_one_alone(tmp_path: Path, system: ActorSystem) -> None:
    real_mesos_or_skip()
    credentials = tmp_path / "credentials.json"
    credentials.write_text('{"credentials": [{"principal": "alice", "secret": "sesame"}]}')
    flags = {
        "MESOS_AUTHENTICATE_HTTP_FRAMEWORKS": "true",
        "MESOS_HTTP_FRAMEWORK_AUTHENTICATORS": "basic",
        "MESOS_CREDENTIALS": str(credentials),
    }
    with RealMesos(tmp_path / "mesos", flags=flags) as mesos:
        for wrong in (None, Credential("alice", "open"), Credential("bob", "sesame")):
            with pytest.raises(SubscriptionRefused) as refused:
                await Mesos(system).register_framework(mesos.url, INFO, credential=wrong)
            assert refused.value.status == 401
        framework = await Mesos(system).register_framework(
            mesos.url, INFO, credential=Credential("alice", "sesame"), reconciliation=None
        )
        await launch(framework, "trusted", "true")
        await reach(framework, "trusted", TaskState.TASK_FINISHED)
        await framework.shutdown()
