"""Readiness checks: a deployment waits for what its new instances say, and for nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from actors.http import Server, serve
from actors.marathon.messages import Condition, DeploymentFailed, ReadinessResponse, ReadinessResult
from actors.marathon.model import App
from mesos_proto import Resources

from .conftest import Service
from .definitions import V1, V2, app
from .fake_mesos import Task

CHECK = {"portName": "http-api", "path": "/ready", "intervalSeconds": 5, "timeoutSeconds": 2}


def ready_app(version: str = V1, *, check: dict[str, Any] = CHECK, **fields: Any) -> App:
    ports = [{"port": 0, "name": "admin"}, {"port": 0, "name": "http-api"}]
    return app("/web", version, portDefinitions=ports, readinessChecks=[check], **fields)


def port_of(task: Task, name: str) -> int:
    environment = task.info.command.environment.variables
    return next((int(variable.value) for variable in environment if variable.name == name), 0)


class Tasks:
    """Answers for the tasks, at the address that the service sees of them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.ready: Callable[[str], bool] = lambda task_id: True
        self.asked: list[tuple[float, str]] = []
        self._servers: list[Server] = []
        for agent in service.world.agents.values():
            agent.hostname = "127.0.0.1"

    def status_of(self, task_id: str) -> int:
        return 200 if self.ready(task_id) else 503

    async def answer(self, ports: range) -> None:
        for port in ports:
            self._servers.append(await serve(self._app(port), port=port))

    def _app(self, port: int) -> web.Application:
        async def ready(request: web.Request) -> web.Response:
            tasks = [t for t in self.service.world.tasks.values() if port == port_of(t, "PORT_HTTP_API")]
            if not tasks:
                return web.Response(status=404)
            self.asked.append((self.service.system.clock.time(), tasks[0].id))
            return web.Response(status=self.status_of(tasks[0].id), text="warming up")

        served = web.Application()
        served.add_routes([web.get("/ready", ready)])
        return served

    async def close(self) -> None:
        for server in self._servers:
            await server.close()


@pytest.fixture
async def tasks(service: Service) -> AsyncIterator[Tasks]:
    # One agent: they share an address here. Few ports, so that somebody answers at each.
    agent = service.world.agents["agent-0"]
    agent.free = Resources.parse("cpus:100;mem:100000;disk:10000;ports:[31000-31015]")
    service.world.agents = {agent.id: agent}
    made = Tasks(service)
    await made.answer(range(31000, 31016))
    yield made
    await made.close()


async def test_an_app_is_deployed_when_its_instances_say_that_they_are_ready(service: Service, tasks: Tasks) -> None:
    begun = service.system.clock.time()
    tasks.ready = lambda task_id: service.system.clock.time() - begun > 12
    await service.put(ready_app(instances=2), app("/dependent", dependencies=["/web"]))
    await service.until(lambda: len(service.world.running("/web")) == 2)
    await service.system.clock.sleep(5)
    assert service.world.launched("/dependent") == []
    await service.deployed()
    assert 12 <= service.moment_running("/dependent") - begun <= 17


async def test_what_the_checks_saw_is_told_while_the_deployment_runs(service: Service, tasks: Tasks) -> None:
    tasks.ready = lambda task_id: False
    await service.put(ready_app(check={**CHECK, "preserveLastResponse": True}))
    await service.until(lambda: bool(tasks.asked))
    await service.system.clock.sleep(1)
    (status,) = await service.deployments()
    (task,) = service.world.running("/web")
    said = ReadinessResponse(503, "text/plain", "warming up")
    assert status.readiness == {"/web": (ReadinessResult("readinessCheck", task.id, False, said),)}


async def test_in_a_restart_old_instances_stay_until_new_ones_are_ready(service: Service, tasks: Tasks) -> None:
    await service.put(ready_app(instances=2))
    await service.deployed()
    old = {task.id for task in service.world.running("/web")}
    tasks.ready = lambda task_id: task_id in old
    await service.put(ready_app(V2, instances=2, cmd="serve --better"))
    await service.system.clock.sleep(60)
    assert old <= {task.id for task in service.world.running("/web")}
    tasks.ready = lambda task_id: True
    await service.deployed()
    assert not old & {task.id for task in service.world.live("/web")}


async def test_scaling_asks_the_new_instances_only(service: Service, tasks: Tasks) -> None:
    await service.put(ready_app(instances=1))
    await service.deployed()
    (old,) = service.world.running("/web")
    tasks.asked.clear()
    tasks.ready = lambda task_id: task_id != old.id
    await service.put(ready_app(V1, scaled=V2, instances=3))
    await service.deployed()
    assert len({task_id for _, task_id in tasks.asked}) == 2
    assert old.id not in {task_id for _, task_id in tasks.asked}


async def test_after_a_deployment_nobody_is_asked(service: Service, tasks: Tasks) -> None:
    await service.put(ready_app())
    await service.deployed()
    asked = len(tasks.asked)
    tasks.ready = lambda task_id: False
    await service.system.clock.sleep(60)
    assert len(tasks.asked) == asked


async def test_an_instance_that_never_is_ready_fails_the_deployment_in_time(service: Service, tasks: Tasks) -> None:
    tasks.ready = lambda task_id: False
    await service.put(ready_app(deploymentTimeoutSeconds=30))
    await service.deployed()
    (failed,) = service.seen(DeploymentFailed)
    assert "0 of 1 instances healthy and ready" in failed.reason
    assert [one.condition for one in await service.instances("/web")] == [Condition.RUNNING]


async def test_a_service_that_was_killed_meanwhile_asks_again(service: Service, tasks: Tasks) -> None:
    tasks.ready = lambda task_id: False
    await service.put(ready_app())
    await service.until(lambda: bool(tasks.asked))
    await service.restart()
    tasks.ready = lambda task_id: True
    await service.deployed()
    assert len(service.world.launched("/web")) == 1
