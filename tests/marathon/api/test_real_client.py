"""The PyPI client ``marathon`` 0.13.0, unchanged, against the API: every call it has but pods and plugins."""

import asyncio
import collections
import collections.abc
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from actors.marathon.messages import AppTerminated, DeploymentInfo, DeploymentSuccess, InstanceHealthChanged

from .conftest import Api, serving

marathon = pytest.importorskip("marathon")
models = pytest.importorskip("marathon.models")

pytestmark = pytest.mark.real


class Client:
    """The client's calls, made in threads: it blocks."""

    def __init__(self, api: Api) -> None:
        self.client = marathon.MarathonClient(api.url)

    async def __call__(self, name: str, *arguments: Any, **options: Any) -> Any:
        call: Callable[..., Any] = getattr(self.client, name)
        return await asyncio.to_thread(call, *arguments, **options)


@pytest.fixture
async def client(api: Api, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    # The client's JSON encoder uses a name that Python dropped in 3.10.
    monkeypatch.setattr(collections, "Iterable", collections.abc.Iterable, raising=False)
    made = Client(api)
    yield made
    made.client.session.close()
    made.client.sse_session.close()


def web(**fields: Any) -> Any:
    return models.MarathonApp(cmd="sleep 100", cpus=0.1, mem=32, **fields)


async def test_apps(api: Api, client: Client) -> None:
    check = models.app.MarathonHealthCheck(path="/", protocol="HTTP", port_index=0)
    created = await client(
        "create_app", "/shop/web", web(instances=2, health_checks=[check], constraints=[["hostname", "UNIQUE"]])
    )
    assert (created.id, created.instances, len(created.deployments)) == ("/shop/web", 2, 1)
    api.world.run("/shop/web", 2)
    app = await client("get_app", "/shop/web")
    assert (app.tasks_running, len(app.tasks), app.tasks[0].ports) == (2, 2, [31000])
    (listed,) = await client("list_apps", embed_tasks=True, embed_counts=True, embed_deployments=True, label=None)
    assert listed.health_checks[0].path == "/"
    app.instances = 5
    assert (await client("update_app", "/shop/web", app, force=True))["deploymentId"] == "d2"
    assert (await client("scale_app", "/shop/web", delta=1))["deploymentId"] == "d3"
    assert (await client("get_app", "/shop/web")).instances == 6
    many = [models.MarathonApp(id="/shop/web", instances=1), web(id="/shop/db")]
    assert (await client("update_apps", many, force=False))["deploymentId"] == "d4"
    assert (await client("restart_app", "/shop/web"))["deploymentId"] == "d5"
    versions = await client("list_versions", "/shop/web")
    assert len(versions) == 5
    assert (await client("get_version", "/shop/web", versions[-1])).instances == 2
    await client("rollback_app", "/shop/web", versions[-1])
    assert (await client("get_app", "/shop/web")).instances == 2
    assert (await client("delete_app", "/shop/web", force=True))["deploymentId"] == "d7"
    with pytest.raises(marathon.exceptions.NotFoundError):
        await client("get_app", "/shop/web")


async def test_conflicts_are_the_clients_conflicts(api: Api, client: Client) -> None:
    await client("create_app", "/web", web())
    api.world.locks = True
    with pytest.raises(marathon.exceptions.ConflictError):
        await client("scale_app", "/web", instances=2)
    with pytest.raises(marathon.exceptions.MarathonHttpError):
        await client("create_app", "/bad", models.MarathonApp(cmd="x", instances=-1))


async def test_groups(client: Client) -> None:
    group = models.MarathonGroup(id="/g", apps=[web(id="/g/a", instances=2)])
    assert (await client("create_group", group))["deploymentId"] == "d1"
    assert (await client("get_group", "/g")).apps[0].id == "/g/a"
    assert [found.id for found in await client("list_groups")] == ["/g"]
    await client("scale_group", "/g", 2)
    assert (await client("get_app", "/g/a")).instances == 4
    updated = models.MarathonGroup(apps=[web(id="/g/b")])
    await client("update_group", "/g", updated)
    await client("rollback_group", "/g", "2026-01-01T00:00:01.000Z")
    assert (await client("get_app", "/g/a")).instances == 2
    assert (await client("delete_group", "/g"))["deploymentId"]


async def test_tasks(api: Api, client: Client) -> None:
    await client("create_app", "/web", web(instances=4))
    api.world.run("/web", 4)
    tasks = await client("list_tasks")
    assert [task.app_id for task in tasks] == ["/web"] * 4
    assert len(await client("list_endpoints")) == 4
    killed = await client("kill_task", "/web", tasks[0].id)
    assert killed.id == tasks[0].id
    assert "deploymentId" in await client("kill_task", "/web", tasks[1].id, scale=True)
    assert await client("kill_given_tasks", [tasks[2].id], scale=False) is True
    assert len(await client("kill_tasks", "/web", host="127.0.0.1")) == 2
    assert await client("list_tasks", "/web") == []


async def test_deployments_queue_and_service(api: Api, client: Client) -> None:
    await client("create_app", "/web", web())
    (deployment,) = await client("list_deployments")
    assert (deployment.affected_apps, deployment.current_actions[0].action) == (["/web"], "ScaleApplication")
    assert (await client("delete_deployment", deployment.id))["deploymentId"]
    await client("create_app", "/db", web())
    assert await client("delete_deployment", "d2", force=True) == {}
    assert await client("list_queue", embed_last_unused_offers=True) == []
    with pytest.raises(marathon.exceptions.NotFoundError):
        await client("reset_delay", "/web")
    info = await client("get_info")
    assert (info.name, info.framework_id) == ("marathon", "framework-1")
    assert (await client("get_leader"))["leader"] == info.leader
    assert await client("ping") == b'"pong"'
    assert "gauges" in await client("get_metrics")
    for call in ("list_event_subscriptions", "create_event_subscription", "delete_event_subscription"):
        with pytest.raises(marathon.exceptions.NotFoundError):  # retired, as in Marathon since 1.7
            await client(call, *(["http://127.0.0.1:1/callback"] if call != "list_event_subscriptions" else []))


async def test_the_leadership_is_given_up() -> None:
    given_up: list[bool] = []
    async with serving(abdicate=lambda: given_up.append(True)) as api:
        client = Client(api)
        assert "abdicated" in (await client("delete_leader"))["message"]
        client.client.session.close()
        client.client.sse_session.close()
    assert given_up == [True]


async def test_the_event_stream(api: Api, client: Client) -> None:
    await client("create_app", "/web", web())
    (instance,) = api.world.run("/web")
    (status,) = api.world.deployments
    wanted = ["event_stream_attached", "deployment_info", "deployment_success", "app_terminated_event"]
    stream = client.client.event_stream(event_types=wanted)
    attached = await asyncio.to_thread(next, stream)
    assert attached.remote_address == "127.0.0.1"
    for event in (
        InstanceHealthChanged(instance, True),
        DeploymentInfo(status, status.steps[0]),
        DeploymentSuccess(status.id, status),
        AppTerminated("/web"),
    ):
        api.system.event_stream.publish(event)
    info, success, terminated = [await asyncio.to_thread(next, stream) for _ in range(3)]
    assert info.plan.target.apps[0]["id"] == "/web"
    assert info.current_step["actions"][0]["app"] == "/web"
    assert (success.id, terminated.app_id) == ("d1", "/web")
