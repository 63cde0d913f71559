"""``/v2/groups``: the tree of groups (``GroupsResource.scala``).

/v2/groups/a/b            the group              /v2/groups/a/b/versions[/v]   its versions
/v2/groups/a/b/apps       its apps, all levels
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from actors.marathon import changes
from actors.marathon.messages import Instance
from actors.marathon.model import (
    Group,
    GroupUpdate,
    Pod,
    UnknownGroup,
    ValidationFailed,
    parse_group,
    parse_version,
    path_id,
    without_pods,
)

from ._http import BadRequest, created, deployment_result, flag, json_answer, json_body, json_text, judged, service_of
from .app_info import AppInfos, gather, parse_embeds
from .dry_run import tell_plan
from .pod_json import pod_status_json
from .service import Change, Service

__all__ = ["routes"]

PodStatus = Mapping[str, Mapping[str, Any]]

_PARTS = frozenset({"group.groups", "group.apps", "group.pods"})


def routes() -> list[web.RouteDef]:
    """The routes of everything below ``/v2/groups``."""
    return [
        web.get("/v2/groups{path:(/.*)?}", read_group),
        web.post("/v2/groups{path:(/.*)?}", create_group),
        web.put("/v2/groups{path:(/.*)?}", put_group),
        web.patch("/v2/groups{path:(/.*)?}", patch_group),
        web.delete("/v2/groups{path:(/.*)?}", delete_group),
    ]


def _segments(request: web.Request) -> list[str]:
    return [segment for segment in request.match_info["path"].split("/") if segment]


def _id(segments: list[str]) -> str:
    return "/" + "/".join(segments)


async def read_group(request: web.Request) -> web.StreamResponse:
    """GET: a group with its apps and groups, its versions, or its apps."""
    match _segments(request):
        case [*group, "apps"]:
            return await _apps_below(request, _id(group))
        case [*group, "versions"]:
            return await _versions(request, _id(group))
        case [*group, "versions", version]:
            return await _at_version(request, _id(group), version)
        case group:
            return await _present(request, _id(group))


async def _present(request: web.Request, group_id: str) -> web.StreamResponse:
    service = service_of(request)
    group = (await service.root()).group_at(group_id)
    if group is None:
        raise UnknownGroup(group_id)
    parts, embeds = _embeds(request)
    infos = await gather(request, group.all_apps(), embeds)
    pods = await _pod_status(service, group) if "group.pods" in parts else {}
    return json_answer(await _group_text(group, parts, infos, pods))


async def _pod_status(service: Service, group: Group) -> PodStatus:
    pods = [app for app in group.all_apps() if isinstance(app, Pod)]
    if not pods:
        return {}
    instances: dict[str, list[Instance]] = {pod.id: [] for pod in pods}
    for instance in await service.instances(frozenset(instances)):
        instances[instance.app_id].append(instance)
    now = service.system.clock.now()
    return {pod.id: pod_status_json(pod, instances[pod.id], now) for pod in pods}


def _embeds(request: web.Request) -> tuple[frozenset[str], frozenset[str]]:
    """The parts of groups to show (all, unless some are named), and what to embed in apps."""
    named = request.query.getall("embed", [])
    parts = frozenset(named) & _PARTS
    embeds = parse_embeds(name for name in named if name not in _PARTS)
    if embeds:
        parts |= {"group.apps"}
    return parts or _PARTS, embeds


async def _group_text(group: Group, parts: frozenset[str], infos: AppInfos, pods: PodStatus) -> bytes:
    """The group's JSON, put together from that of its apps; others are let in between, as in `AppInfos.all_texts`."""
    shown = [b'"id":%b' % json_text(group.id).encode()]
    if "group.apps" in parts:
        apps = await infos.all_texts(without_pods(group.apps.values()))
        shown.append(b'"apps":[%b]' % b",".join(apps))
    if "group.groups" in parts:
        groups = [await _group_text(below, parts, infos, pods) for below in group.groups.values()]
        shown.append(b'"groups":[%b]' % b",".join(groups))
    if "group.pods" in parts:
        shown.append(b'"pods":%b' % json_text([pods[key] for key in group.apps if key in pods]).encode())
    head: dict[str, Any] = {"dependencies": list(group.dependencies), "version": group.version}
    if group.enforce_role is not None:
        head["enforceRole"] = group.enforce_role
    shown.append(json_text(head)[1:-1].encode())
    return b"{%b}" % b",".join(shown)


async def _apps_below(request: web.Request, group_id: str) -> web.StreamResponse:
    service = service_of(request)
    root = await service.root()
    if root.group_at(group_id) is None:
        raise UnknownGroup(group_id)
    apps = without_pods(root.apps_below(group_id))
    embeds = parse_embeds(request.query.getall("embed", []))
    infos = await gather(request, apps, embeds)
    return json_answer(await infos.listing("apps", apps))


async def _versions(request: web.Request, group_id: str) -> web.StreamResponse:
    """Those of the root in which the group is: in the others there is nothing to look at, or to go back to."""
    service = service_of(request)
    if (await service.root()).group_at(group_id) is None:
        raise UnknownGroup(group_id)
    return json_answer(list(await service.group_versions(group_id)))


async def _group_at(request: web.Request, group_id: str, version: str) -> Group:
    try:
        normal = parse_version(version)
    except ValidationFailed as failed:
        raise BadRequest(f"version {failed.details[0].errors[0]}") from None
    root = await service_of(request).root_at(normal)
    group = root.group_at(group_id) if root is not None else None
    if group is None:
        raise UnknownGroup(group_id, version)
    return group


async def _at_version(request: web.Request, group_id: str, version: str) -> web.StreamResponse:
    group = await _group_at(request, group_id, version)
    infos = await gather(request, (), frozenset())
    now = service_of(request).system.clock.now()
    pods = {pod.id: pod_status_json(pod, (), now) for pod in group.all_apps() if isinstance(pod, Pod)}
    return json_answer(await _group_text(group, _PARTS, infos, pods))


async def create_group(request: web.Request) -> web.StreamResponse:
    """POST: create a group with everything in it; 409 when its path is taken."""
    base, force = _base(request), flag(request, "force")
    update = await judged(request, parse_group, await json_body(request), base)
    started = await service_of(request).update(changes.CreateGroup(update), force=force)
    return deployment_result(started, status=201, location=created(request, "groups", update.id))


def _base(request: web.Request) -> str:
    group_id = _id(_segments(request))
    path_id.check(group_id)
    return group_id


async def put_group(request: web.Request) -> web.StreamResponse:
    """PUT: create or update a group; ``{"version": …}`` goes back to a version, ``{"scaleBy": …}`` scales all apps.

    With ``dryRun`` nothing is changed, and the steps that a deployment would take are told.
    """
    force, dry_run = flag(request, "force"), flag(request, "dryRun")
    match _segments(request):
        case [*group, "versions", version]:  # a spelling of clients, beside {"version": …}
            change: Change = changes.RollBackGroup(await _group_at(request, _id(group), version))
        case _:
            update = await judged(request, parse_group, await json_body(request), _base(request))
            change = await _change(request, update)
    service = service_of(request)
    if dry_run:
        return await tell_plan(service, change)
    return deployment_result(await service.update(change, force=force))


async def _change(request: web.Request, update: GroupUpdate) -> Change:
    if update.version is not None:
        return changes.RollBackGroup(await _group_at(request, update.id, update.version))
    if update.scale_by is not None:
        return changes.ScaleGroup(update.id, update.scale_by)
    return changes.PutGroup(update)


async def patch_group(request: web.Request) -> web.StreamResponse:
    """PATCH ``{"enforceRole": …}`` of a top-level group."""
    group_id = _base(request)
    if group_id == path_id.ROOT or path_id.parent(group_id) != path_id.ROOT:
        raise ValidationFailed.at("/id", "enforceRole can be set for top-level groups only")
    body = await json_body(request)
    enforce = body.get("enforceRole") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not (enforce is None or isinstance(enforce, bool)):
        raise BadRequest("Invalid JSON", 'the body must be {"enforceRole": true or false}')
    started = await service_of(request).update(changes.EnforceRole(group_id, enforce), force=flag(request, "force"))
    return deployment_result(started)


async def delete_group(request: web.Request) -> web.StreamResponse:
    """DELETE: remove a group and everything in it; without an id, everything. ``dryRun`` as for PUT."""
    group_id = _id(_segments(request))
    change = changes.ClearRoot() if group_id == path_id.ROOT else changes.DeleteGroup(group_id)
    if flag(request, "dryRun"):
        return await tell_plan(service_of(request), change)
    return deployment_result(await service_of(request).update(change, force=flag(request, "force")))
