"""Health checks: when an instance counts as healthy, and when it is killed."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web

from actors import ActorSystem
from actors.http import serve
from actors.marathon.events import (
    FailedHealthCheck,
    HealthCheckAdded,
    HealthCheckRemoved,
    InstanceHealthChanged,
    UnhealthyInstanceKilled,
)
from actors.marathon.health import NetworkProbe, Target
from actors.marathon.health.probes import NoAnswer
from actors.marathon.model import HealthCheck

from .conftest import Service
from .definitions import app
from .fake_mesos import FAILED


def check(**fields: Any) -> dict[str, Any]:
    return {"gracePeriodSeconds": 10, "intervalSeconds": 2, "timeoutSeconds": 1, "maxConsecutiveFailures": 3, **fields}


async def test_the_first_look_is_after_five_seconds_at_the_latest(service: Service) -> None:
    await service.put(app("/a", instances=10, healthChecks=[{}]))  # interval 60 s by default
    ended = await service.deployed()
    assert ended < 6
    assert all(one.healthy for one in await service.instances("/a"))


async def test_an_instance_that_turns_sick_is_killed_at_one_failure_more_than_configured(service: Service) -> None:
    await service.put(app("/a", healthChecks=[check()]))
    await service.deployed()
    victim = service.world.live("/a")[0].id
    service.sick.add(victim)
    await service.until(lambda: victim not in service.world.tasks)
    assert len(service.seen(FailedHealthCheck)) == 4
    assert [event.instance.task_id for event in service.seen(UnhealthyInstanceKilled)] == [victim]
    assert [event.healthy for event in service.seen(InstanceHealthChanged)] == [True, False]
    await service.until(lambda: len(service.world.running("/a")) == 1)


async def test_failures_in_the_grace_period_do_not_count_before_the_first_success(service: Service) -> None:
    service.healthy_after = lambda app_id: 9.0
    await service.put(app("/a", healthChecks=[check()]))
    await service.deployed()
    assert service.seen(FailedHealthCheck) == []
    assert len(service.world.launched("/a")) == 1


async def test_without_a_success_in_the_grace_period_it_is_killed_and_replaced(service: Service) -> None:
    service.healthy_after = lambda app_id: float("inf")
    await service.put(app("/a", healthChecks=[check()]))
    await service.until(lambda: len(service.world.launched("/a")) == 2)
    assert 16 <= service.system.clock.time() <= 20


async def test_zero_failures_allowed_never_kills(service: Service) -> None:
    await service.put(app("/a", healthChecks=[check(maxConsecutiveFailures=0)]))
    await service.deployed()
    service.sick.update(task.id for task in service.world.live("/a"))
    await service.system.clock.sleep(300)
    assert len(service.world.launched("/a")) == 1
    assert (await service.instances("/a"))[0].healthy is False


async def test_one_success_between_failures_begins_the_count_anew(service: Service) -> None:
    await service.put(app("/a", healthChecks=[check()]))
    await service.deployed()
    task = service.world.live("/a")[0].id
    for _ in range(5):
        service.sick.add(task)
        await service.system.clock.sleep(6)
        service.sick.clear()
        await service.system.clock.sleep(4)
    assert task in service.world.tasks


async def test_checks_that_mesos_runs_are_told_of_like_others(service: Service) -> None:
    mesos, own = check(protocol="MESOS_TCP"), check()
    await service.put(app("/a", healthChecks=[mesos, own]), app("/b", healthChecks=[mesos]))
    await service.until(lambda: len(service.seen(HealthCheckAdded)) == 3)
    told = {(event.app_id, event.health_check.protocol) for event in service.seen(HealthCheckAdded)}
    assert told == {("/a", "MESOS_TCP"), ("/a", "HTTP"), ("/b", "MESOS_TCP")}


async def test_checks_end_with_the_app(service: Service) -> None:
    await service.put(app("/a", healthChecks=[check()]))
    await service.deployed()
    await service.remove("/a")
    await service.deployed()
    await service.system.clock.sleep(1)
    assert (len(service.seen(HealthCheckAdded)), len(service.seen(HealthCheckRemoved))) == (1, 1)


@pytest.fixture
async def answering() -> Any:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]))

    application = web.Application()
    application.router.add_get("/{status}", answer)
    server = await serve(application)
    yield server
    await server.close()


@pytest.mark.parametrize(("status", "well"), [(200, True), (302, True), (399, True), (404, False), (500, False)])
async def test_a_status_below_400_is_well(answering: Any, status: int, well: bool) -> None:
    looked = HealthCheck.model_validate({"path": f"/{status}"})
    cause = await NetworkProbe()(looked, Target(answering.host, answering.port))
    assert (cause is None) == well
    assert well or str(status) in str(cause)


async def test_a_connection_is_all_that_a_tcp_check_asks(answering: Any) -> None:
    looked = HealthCheck.model_validate({"protocol": "TCP"})
    assert await NetworkProbe()(looked, Target(answering.host, answering.port)) is None
    assert "cannot be reached" in str(await NetworkProbe()(looked, Target(answering.host, 1)))


async def test_a_check_that_hangs_ends_with_its_timeout() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with ActorSystem() as system:
        begun = system.clock.time()
        looked = HealthCheck.model_validate({"timeoutSeconds": 3})
        assert "within 3 s" in str(await NetworkProbe()(looked, Target("127.0.0.1", port)))
        assert system.clock.time() - begun == pytest.approx(3)
    server.close()
    await server.wait_closed()


async def test_what_is_not_http_is_not_well_and_a_1xx_can_be_ignored() -> None:
    answers = [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"]

    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answers.pop(0))
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    server = await asyncio.start_server(strange, "127.0.0.1", 0)
    target = Target("127.0.0.1", server.sockets[0].getsockname()[1])
    assert "did not answer with HTTP" in str(await NetworkProbe()(HealthCheck(), target))
    with pytest.raises(NoAnswer):
        await NetworkProbe()(HealthCheck.model_validate({"ignoreHttp1xx": True}), target)
    server.close()
    await server.wait_closed()


async def test_what_is_older_than_the_last_change_is_still_checked_after_a_crash(service: Service) -> None:
    """Two changes in a row leave instances that are older than what the running deployment began with."""
    service.healthy_after = lambda app_id: 7.0
    whole = {"healthChecks": [check(gracePeriodSeconds=600)], "upgradeStrategy": {"minimumHealthCapacity": 1.0}}
    await service.put(app("/a", cmd="first", instances=2, **whole))
    await service.until(lambda: len(service.world.running("/a")) == 2)
    first = set(service.world.tasks)
    service.world.startup = lambda app_id: 3600.0  # what replaces them is slow
    await service.put(app("/a", cmd="second", instances=2, **whole), force=True)
    await service.put(app("/a", cmd="third", instances=2, **whole), force=True)
    await service.restart()
    await service.system.clock.sleep(12)
    health = {one.task_id: one.healthy for one in await service.instances("/a")}
    assert {task_id: health.get(task_id) for task_id in first} == dict.fromkeys(first, True)


async def test_what_still_starts_is_checked_though_the_last_running_one_of_its_configuration_ended(
    service: Service,
) -> None:
    whole = {
        "healthChecks": [check()],
        "upgradeStrategy": {"minimumHealthCapacity": 1.0, "maximumOverCapacity": 1.0},
    }
    await service.put(app("/a", cmd="first", instances=1, **whole))
    await service.deployed()
    (running,) = service.world.tasks
    service.world.startup = lambda app_id: 20.0
    await service.put(app("/a", cmd="first", instances=2, **whole))
    await service.until(lambda: len(service.world.tasks) == 2)
    (starting,) = service.world.tasks.keys() - {running}
    service.world.startup = lambda app_id: 3600.0  # what replaces them is slow
    await service.put(app("/a", cmd="second", instances=2, **whole), force=True)
    service.world.end(running, FAILED)
    await service.system.clock.sleep(30)
    assert {one.task_id: one.healthy for one in await service.instances("/a")}.get(starting) is True
