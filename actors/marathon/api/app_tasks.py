"""``/v2/apps/{id}/tasks`` and ``/v2/tasks``: list and kill tasks (``AppTasksResource``, ``TasksResource``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from aiohttp import web

from actors.marathon import changes
from actors.marathon.messages import Condition, Instance
from actors.marathon.model import App, UnknownApp, UnknownGroup

from ._http import BadRequest, NotFound, deployment_result, flag, json_answer, json_body, service_of
from .task_json import is_task, task_json, tasks_text

__all__ = ["kill_task", "kill_tasks", "list_below", "list_tasks", "routes"]

_STATES: dict[str, Callable[[Instance], bool]] = {
    "running": lambda instance: instance.condition is Condition.RUNNING,
    "staging": lambda instance: instance.condition in (Condition.PROVISIONED, Condition.STAGING),
}


def routes() -> list[web.RouteDef]:
    """The routes of ``/v2/tasks``."""
    return [web.get("/v2/tasks", list_all), web.post("/v2/tasks/delete", kill_given)]


async def list_tasks(request: web.Request, app_id: str) -> web.StreamResponse:
    """GET: the tasks of one app."""
    service = service_of(request)
    app = (await service.root()).plain_app(app_id)
    if app is None:
        raise UnknownApp(app_id)
    instances = await service.instances(frozenset((app_id,)))
    return await _tasks(request, instances, {app_id: app})


async def list_below(request: web.Request, group_id: str) -> web.StreamResponse:
    """GET ``…/*/tasks``: the tasks of every app in and below a group."""
    service = service_of(request)
    root = await service.root()
    if root.group_at(group_id) is None:
        raise UnknownGroup(group_id)
    ids = frozenset(app.id for app in root.apps_below(group_id))
    return await _tasks(request, await service.instances(ids), root.apps)


async def list_all(request: web.Request) -> web.StreamResponse:
    """GET ``/v2/tasks``: every task, or those of the states that ``status`` names."""
    service = service_of(request)
    named = {*request.query.getall("status", []), *request.query.getall("status[]", [])} - {""}
    unknown = named - _STATES.keys()
    if unknown:
        raise BadRequest(f"unknown status '{min(unknown)}': known are {' and '.join(_STATES)}")
    root, instances = await service.root(), await service.instances()
    wanted = [i for i in instances if not named or any(_STATES[name](i) for name in named)]
    return await _tasks(request, wanted, root.apps)


async def _tasks(request: web.Request, instances: Iterable[Instance], apps: Mapping[str, App]) -> web.Response:
    return json_answer(await tasks_text(instances, apps, service_of(request).system.clock))


async def kill_tasks(request: web.Request, app_id: str) -> web.StreamResponse:
    """DELETE: kill all tasks of an app, or those on ``host``."""
    host = request.query.get("host", "*")
    instances = await _of_app(request, app_id)
    chosen = [i for i in instances if host in ("*", i.host)]
    return await _kill(request, chosen, one=False)


async def kill_task(request: web.Request, app_id: str, task_id: str) -> web.StreamResponse:
    """DELETE ``…/{task}``: kill one task, named by its own or its instance's id."""
    chosen = [i for i in await _of_app(request, app_id) if task_id in (i.task_id, i.id)]
    if not chosen:
        raise NotFound(f"Task '{task_id}' does not exist")
    return await _kill(request, chosen, one=True)


async def kill_given(request: web.Request) -> web.StreamResponse:
    """POST ``/v2/tasks/delete {"ids": […]}``: kill tasks of any apps."""
    body = await json_body(request)
    ids = body.get("ids") if isinstance(body, dict) else None
    if not isinstance(ids, list) or not all(isinstance(task_id, str) for task_id in ids):
        raise BadRequest("Invalid JSON", 'the body must be {"ids": [task ids]}')
    wanted = frozenset(ids)
    chosen = [
        i for i in await service_of(request).instances() if is_task(i) and (i.task_id in wanted or i.id in wanted)
    ]
    return await _kill(request, chosen, one=False)


async def _of_app(request: web.Request, app_id: str) -> Iterable[Instance]:
    service = service_of(request)
    if (await service.root()).plain_app(app_id) is None:
        raise UnknownApp(app_id)
    return [i for i in await service.instances(frozenset((app_id,))) if is_task(i)]


async def _kill(request: web.Request, chosen: list[Instance], *, one: bool) -> web.StreamResponse:
    service = service_of(request)
    scale, wipe, force = flag(request, "scale"), flag(request, "wipe"), flag(request, "force")
    if scale and wipe:
        raise BadRequest("You cannot use scale and wipe at the same time.")
    ids = frozenset(instance.id for instance in chosen)
    if scale:
        fewer = changes.ScaleDown(Counter(instance.app_id for instance in chosen))
        return deployment_result(await service.update(fewer, force=force, kill=ids))
    killed = await service.kill(ids, wipe=wipe) if ids else ()
    apps = (await service.root()).apps
    if one:
        # It may have ended by itself in the meantime; the client still learns which one was meant.
        instance = killed[0] if killed else chosen[0]
        return json_answer({"task": task_json(instance, apps.get(instance.app_id))})
    return await _tasks(request, killed, apps)
