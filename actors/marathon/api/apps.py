"""``/v2/apps``: list, read, create, change, restart and remove apps (``api/v2/AppsResource.scala``).

An id is the rest of the path, slashes and doubled slashes included; its last segments say what of the app is meant::

    /v2/apps/a/b             the app            /v2/apps/a/*              all apps below the group /a
    /v2/apps/a/b/tasks[/t]   its tasks          /v2/apps/a/b/versions[/v] its versions
    /v2/apps/a/b/restart     POST               /v2/apps/a/*/tasks        the tasks of all apps below
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web

from actors.marathon import changes
from actors.marathon.label_selector import SelectorError, parse_selector
from actors.marathon.model import (
    App,
    Pod,
    RootGroup,
    UnknownApp,
    UnknownGroup,
    ValidationFailed,
    parse_app,
    parse_version,
    path_id,
    rollback_version,
    without_pods,
)

from . import app_tasks
from ._http import BadRequest, NotFound, created, deployment_result, flag, json_answer, json_body, service_of
from .app_info import ALL, ALWAYS, created_text, gather, parse_embeds
from .dry_run import tell_plan
from .events import announce_post
from .service import Change

__all__ = ["routes"]


def routes() -> list[web.RouteDef]:
    """The routes of everything below ``/v2/apps``."""
    return [
        web.get("/v2/apps", list_apps),
        web.post("/v2/apps", create_app),
        web.put("/v2/apps", put_apps),
        web.patch("/v2/apps", patch_apps),
        *(web.route(method, "/v2/apps/{path:.*}", _dispatch) for method in METHODS),
    ]


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")  # HEAD comes with GET
H = TypeVar("H")
AppHandler = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


async def _dispatch(request: web.Request) -> web.StreamResponse:
    segments = [segment for segment in request.match_info["path"].split("/") if segment]
    match segments:
        case []:
            handlers: Mapping[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = {
                "GET": list_apps,
                "POST": create_app,
                "PUT": put_apps,
                "PATCH": patch_apps,
            }
            return await _chosen(handlers, request)(request)
        case [*group, "*"]:
            return await _chosen({"GET": list_below}, request)(request, _id(group))
        case [*group, "*", "tasks"]:
            return await _chosen({"GET": app_tasks.list_below}, request)(request, _id(group))
        case [*app, "tasks"] if app:
            tasks: Mapping[str, AppHandler] = {"GET": app_tasks.list_tasks, "DELETE": app_tasks.kill_tasks}
            return await _chosen(tasks, request)(request, _id(app))
        case [*app, "tasks", task_id] if app:
            return await _chosen({"DELETE": app_tasks.kill_task}, request)(request, _id(app), task_id)
        case [*app, "versions"] if app:
            return await _chosen({"GET": list_versions}, request)(request, _id(app))
        case [*app, "versions", version] if app:
            return await _chosen({"GET": get_version}, request)(request, _id(app), version)
        case [*app, "restart"] if app:
            return await _chosen({"POST": restart_app}, request)(request, _id(app))
    ones: Mapping[str, AppHandler] = {"GET": get_app, "PUT": put_app, "PATCH": patch_app, "DELETE": delete_app}
    return await _chosen(ones, request)(request, _id(segments))


def _id(segments: list[str]) -> str:
    return "/" + "/".join(segments)


def _chosen(handlers: Mapping[str, H], request: web.Request) -> H:
    handler = handlers.get("GET" if request.method == "HEAD" else request.method)
    if handler is None:
        raise web.HTTPMethodNotAllowed(request.method, list(handlers))
    return handler


async def list_apps(request: web.Request) -> web.StreamResponse:
    """GET: the apps that all of ``cmd``, ``id`` and ``label`` select, with what ``embed`` asks for."""
    service = service_of(request)
    embeds = parse_embeds(request.query.getall("embed", [])) | ALWAYS
    wanted = _filter(request)
    apps = [app for app in without_pods((await service.root()).all_apps()) if wanted(app)]
    infos = await gather(request, apps, embeds)
    return json_answer(await infos.listing("apps", apps))


def _filter(request: web.Request) -> Callable[[App], bool]:
    command, app_id = request.query.get("cmd", "").lower(), request.query.get("id", "").lower()
    try:
        selector = parse_selector(request.query["label"]) if request.query.get("label") else None
    except SelectorError as error:
        raise BadRequest(str(error)) from None

    def wanted(app: App) -> bool:
        return (
            (not command or command in (app.cmd or "").lower())
            and app_id in app.id.lower()
            and (selector is None or selector(app.labels))
        )

    return wanted


async def create_app(request: web.Request) -> web.StreamResponse:
    """POST: create an app; 409 when there is one with its id."""
    service, force = service_of(request), flag(request, "force")
    app = parse_app(_without_version(await json_body(request)))
    if flag(request, "dryRun"):
        return await tell_plan(service, changes.CreateApp(app))
    started = await service.update(changes.CreateApp(app), force=force)
    app = _stored(started.root, app.id)
    announce_post(request, app)
    headers = {"Marathon-Deployment-Id": started.deployment_id, "Location": created(request, "apps", app.id)}
    return json_answer(created_text(app, started.deployment_id), status=201, headers=headers)


def _without_version(data: Any) -> Any:
    return {key: value for key, value in data.items() if key != "version"} if isinstance(data, Mapping) else data


def _stored(root: RootGroup, app_id: str) -> App:
    app = root.plain_app(app_id)
    if app is None:
        raise UnknownApp(app_id)
    return app


async def put_apps(request: web.Request) -> web.StreamResponse:
    """PUT ``[…]``: create or update several apps as one change."""
    return await _update_many(request, create=True)


async def patch_apps(request: web.Request) -> web.StreamResponse:
    """PATCH ``[…]``: update several apps as one change; 404 when one of them is not there."""
    return await _update_many(request, create=False)


async def _update_many(request: web.Request, *, create: bool) -> web.StreamResponse:
    force, partial = flag(request, "force"), not create or flag(request, "partialUpdate", default=True)
    listed = await json_body(request)
    if not isinstance(listed, list):
        raise BadRequest("Invalid JSON", "the body must be an array of apps")
    updates = []
    for index, data in enumerate(listed):
        stated = data.get("id") if isinstance(data, Mapping) else None
        if not isinstance(stated, str):
            raise ValidationFailed.at(f"/({index})/id", "error.path.missing", "must be given")
        path_id.check(stated, f"/({index})/id")
        updates.append(await _update(request, path_id.absolute(stated), data, partial=partial, create=create))
    return await _changed(request, changes.PutApps(tuple(updates)), force=force)


async def _update(request: web.Request, app_id: str, data: Any, *, partial: bool, create: bool) -> changes.PutApp:
    version = rollback_version(data)
    restored = None
    if version is not None:
        restored = await service_of(request).app_at(app_id, version)
        if restored is None:
            raise UnknownApp(app_id, version)
    return changes.PutApp(app_id, data, partial=partial, create=create, restored=restored)


async def get_app(request: web.Request, app_id: str) -> web.StreamResponse:
    """GET: one app with its tasks, counts, deployments and last failure."""
    service = service_of(request)
    app = _stored(await service.root(), app_id)
    embeds = parse_embeds(request.query.getall("embed", [])) | ALL
    infos = await gather(request, [app], embeds)
    return json_answer(b'{"app":%b}' % infos.text(app))


async def list_below(request: web.Request, group_id: str) -> web.StreamResponse:
    """GET ``…/*``: every app in and below a group."""
    service = service_of(request)
    root = await service.root()
    if root.group_at(group_id) is None:
        raise UnknownGroup(group_id)
    apps = without_pods(root.apps_below(group_id))
    infos = await gather(request, apps, ALL)
    return json_answer(await infos.listing("*", apps))


async def put_app(request: web.Request, app_id: str) -> web.StreamResponse:
    """PUT: create (201) or update (200) an app; ``{"version": …}`` goes back to that version."""
    partial = flag(request, "partialUpdate", default=True)
    return await _update_one(request, app_id, partial=partial, create=True)


async def patch_app(request: web.Request, app_id: str) -> web.StreamResponse:
    """PATCH: update an app that is there."""
    return await _update_one(request, app_id, partial=True, create=False)


async def _update_one(request: web.Request, app_id: str, *, partial: bool, create: bool) -> web.StreamResponse:
    service, force = service_of(request), flag(request, "force")
    path_id.check(app_id)
    data = await json_body(request)
    change = _if_version(request, app_id, await _update(request, app_id, data, partial=partial, create=create))
    if flag(request, "dryRun"):
        return await tell_plan(service, change)
    started = await service.update(change, force=force)
    announce_post(request, _stored(started.root, app_id))
    if app_id in started.status.original:
        return deployment_result(started)
    # An app that the deployment does not touch was there before: its definition did not change.
    is_new = app_id in started.status.affected_apps
    location = created(request, "apps", app_id) if is_new else None
    return deployment_result(started, status=201 if is_new else 200, location=location)


def _if_version(request: web.Request, app_id: str, change: Change) -> Change:
    """The query's ``ifVersion``: the version that the client has seen, for who shares an app with others."""
    seen = request.query.get("ifVersion")
    return change if seen is None else changes.IfVersion(app_id, parse_version(seen, "/ifVersion"), change)


async def delete_app(request: web.Request, app_id: str) -> web.StreamResponse:
    """DELETE: remove an app; deployments of it are cancelled unless ``force=false``."""
    force = flag(request, "force", default=True)
    return await _changed(request, changes.DeleteApp(app_id), force=force)


async def restart_app(request: web.Request, app_id: str) -> web.StreamResponse:
    """POST ``…/restart``: replace every instance."""
    return await _changed(request, changes.RestartApp(app_id), force=flag(request, "force"))


async def _changed(request: web.Request, change: Change, *, force: bool) -> web.StreamResponse:
    service = service_of(request)
    if flag(request, "dryRun"):
        return await tell_plan(service, change)
    return deployment_result(await service.update(change, force=force))


async def list_versions(request: web.Request, app_id: str) -> web.StreamResponse:
    """GET ``…/versions``: newest first."""
    service = service_of(request)
    versions = await service.app_versions(app_id)
    if not versions or (await service.root()).pod(app_id) is not None:
        raise UnknownApp(app_id)
    return json_answer({"versions": list(versions)})


async def get_version(request: web.Request, app_id: str, version: str) -> web.StreamResponse:
    """GET ``…/versions/{timestamp}``: the definition as it was."""
    try:
        normal = parse_version(version)
    except ValidationFailed as failed:
        raise NotFound(f"App '{app_id}' does not exist in version {version}: {failed.details[0].errors[0]}") from None
    app = await service_of(request).app_at(app_id, normal)
    if app is None or isinstance(app, Pod):
        raise UnknownApp(app_id, version)
    return json_answer(app.wire_text)
