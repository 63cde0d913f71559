"""Mesos's roles: which an app may have, which it gets, and that offers of each come to whom they are for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from actors import ActorSystem
from actors.http import serve
from actors.local_mesos import LocalMesos
from actors.marathon import Marathon
from actors.marathon.api import Service as ApiService
from actors.marathon.api import ServiceInfo, make_app
from actors.marathon.changes import CreateApp, CreateGroup, EnforceRole, PutApp
from actors.marathon.messages import Condition, UpdateRoot
from actors.marathon.model import App, Group, Pod, RootGroup, ValidationFailed, parse_app, parse_group, parse_pod
from actors.marathon.roles import roles_of, with_roles
from actors.mesos import UpdateFramework
from actors.persistence import MemoryJournal, MemoryStore

from .deploy.conftest import Service
from .deploy.test_on_local_mesos import always_well, deployed, instances
from .deploy.test_pods import variables

V1, V2 = "2026-01-01T00:00:01.000Z", "2026-01-01T00:00:02.000Z"


def given(app_id: str, **fields: Any) -> App:
    return parse_app({"id": app_id, "cmd": "sleep 100000", "cpus": 0.1, "mem": 32, **fields})


def a_pod(pod_id: str, **fields: Any) -> Pod:
    one = {"name": "a", "exec": {"command": {"shell": "sleep 1"}}, "resources": {"cpus": 0.1, "mem": 32}}
    return parse_pod({"id": pod_id, "containers": [one], **fields})


def enforcing(*names: str) -> RootGroup:
    root = RootGroup()
    for name in names:
        root = root.with_group(Group(f"/{name}", enforce_role=True))
    return root


def role_of(app: App, root: RootGroup, mesos_role: str = "*") -> str:
    after = with_roles(root, root.with_app(app), mesos_role)
    return after.apps[app.id].role


@pytest.mark.parametrize(
    ("app", "mesos_role", "role"),
    [
        (given("/a"), "*", "*"),
        (given("/a"), "web", "web"),
        (given("/free/a"), "web", "web"),
        (given("/free/a", role="free"), "web", "free"),
        (given("/free/a", role="web"), "web", "web"),
        (given("/dev/a"), "web", "dev"),
        (given("/dev/x/a"), "web", "dev"),
        (given("/dev/a", role="dev"), "*", "dev"),
        (given("/dev/a", acceptedResourceRoles=["dev", "*"]), "*", "dev"),
        (a_pod("/dev/p"), "web", "dev"),
        (a_pod("/p"), "web", "web"),
        (a_pod("/free/p", role="free"), "web", "free"),
    ],
)
def test_an_app_that_names_no_role_gets_its_groups_or_the_services(app: App, mesos_role: str, role: str) -> None:
    assert role_of(app, enforcing("dev"), mesos_role) == role


@pytest.mark.parametrize(
    ("app", "path", "text"),
    [
        (given("/a", role="web"), "/role", "got web, expected one of: [*]"),
        (given("/free/a", role="web"), "/role", "got web, expected one of: [*, free]"),
        (given("/dev/a", role="*"), "/role", "got *, expected one of: [dev]"),
        (a_pod("/dev/p", role="*"), "/role", "got *, expected one of: [dev]"),
        (
            given("/a", acceptedResourceRoles=["web"]),
            "/acceptedResourceRoles",
            "acceptedResourceRoles can only contain *, and '*', not 'web'",
        ),
    ],
)
def test_a_role_that_offers_would_never_come_for_is_refused(app: App, path: str, text: str) -> None:
    root = enforcing("dev")
    with pytest.raises(ValidationFailed) as refused:
        with_roles(root, root.with_app(app), "*")
    (violation,) = refused.value.details
    assert (violation.path, violation.errors[0]) == (path, text)


def test_what_an_app_has_it_keeps_when_its_group_begins_to_enforce() -> None:
    root = with_roles(RootGroup(), CreateApp(given("/dev/a"))(RootGroup(), V1), "*")
    enforced = with_roles(root, EnforceRole("/dev", True)(root, V2), "*")
    assert enforced.apps["/dev/a"].role == "*"
    scaled = with_roles(enforced, PutApp("/dev/a", {"instances": 3})(enforced, V2), "*")
    assert scaled.apps["/dev/a"].role == "*"
    assert roles_of(scaled, "web") == ("*", "web")


def test_a_role_that_was_filled_in_is_stored() -> None:
    root = with_roles(RootGroup(), CreateApp(given("/a"))(RootGroup(), V1), "web")
    again = RootGroup.from_wire(root.to_wire())
    assert again.apps["/a"].role == "web"
    assert with_roles(again, PutApp("/a", {"instances": 2})(again, V2), "other").apps["/a"].role == "web"


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    await made.start(mesos_role="web")
    yield made
    await made.kill()


async def test_the_framework_says_when_other_roles_are_in_use(service: Service) -> None:
    connection = service.world.connection
    assert connection is not None
    assert connection.info.roles == ("web",)
    assert "MULTI_ROLE" in connection.info.capabilities
    await service.put(given("/dev/a", role="dev", instances=0))
    await service.deployed()
    (update,) = [call for call in service.world.calls if isinstance(call, UpdateFramework)]
    assert (update.info.roles, update.info.id) == (("dev", "web"), service.world.framework)
    await service.restart()
    await service.until(lambda: service.world.connection is not connection)
    assert service.world.connection is not None
    assert service.world.connection.info.roles == ("dev", "web")


async def test_roles_that_mesos_did_not_take_are_said_again(service: Service) -> None:
    service.world.refuse_updates = 1
    await service.put(given("/dev/a", role="dev", instances=0))
    await service.until(lambda: sum(isinstance(call, UpdateFramework) for call in service.world.calls) == 2, within=6)
    await service.system.clock.sleep(20)
    assert sum(isinstance(call, UpdateFramework) for call in service.world.calls) == 2


async def test_a_task_is_told_whether_its_group_enforces_its_role() -> None:
    service = Service()
    await service.start()
    group = parse_group({"id": "/dev", "enforceRole": True})
    await service.marathon.supervisor.ask(UpdateRoot(CreateGroup(group)))
    for app in (given("/a"), given("/dev/a")):
        await service.marathon.supervisor.ask(UpdateRoot(CreateApp(app)))
    await service.until(lambda: len(service.world.all_tasks) >= 1)
    told = {task.app_id: variables(task.info)["MARATHON_APP_ENFORCE_GROUP_ROLE"] for task in service.world.all_tasks}
    assert told["/a"] == "FALSE"
    await service.kill()


async def test_on_the_embedded_mesos_apps_of_two_roles_run_side_by_side() -> None:
    async with ActorSystem() as system:
        local = await LocalMesos.start(system, port=0, agents=2, runner="simulated")
        marathon = await Marathon.start(
            system,
            master=local.url,
            journal=MemoryJournal(MemoryStore()),
            user="test",
            probe=always_well,
            mesos_role="web",
        )
        group = parse_group({"id": "/dev", "enforceRole": True, "apps": [{"id": "a", "cmd": "sleep 100000"}]})
        await marathon.supervisor.ask(UpdateRoot(CreateApp(given("/a", instances=2))))
        await marathon.supervisor.ask(UpdateRoot(CreateGroup(replace(group))))
        await deployed(marathon)
        running = await instances(marathon)
        assert [one.condition for one in running] == [Condition.RUNNING] * 3
        assert {one.app_id for one in running} == {"/a", "/dev/a"}
        await marathon.stop()
        await local.stop()


@pytest.mark.parametrize("query", ["", "?dryRun=true"])
async def test_the_api_refuses_another_role_in_marathons_words(service: Service, query: str) -> None:
    facts = ServiceInfo("0.1.0", "", mesos_role="web")
    server = await serve(make_app(ApiService(service.system, service.marathon, facts)))
    async with aiohttp.ClientSession() as session:
        body = {"id": "/a", "cmd": "x", "role": "other"}
        async with session.post(f"{server.url}/v2/apps{query}", json=body) as answer:
            refused = await answer.json()
        assert (answer.status, refused["details"][0]["path"]) == (422, "/role")
        assert refused["details"][0]["errors"][0] == "got other, expected one of: [web]"
        async with session.post(f"{server.url}/v2/apps", json={"id": "/a", "cmd": "x"}) as answer:
            assert (answer.status, (await answer.json())["role"]) == (201, "web")
    await server.close()
