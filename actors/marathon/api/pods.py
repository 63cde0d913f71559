"""``/v2/pods``: list, read, create, change and remove pods, and kill their instances (``api/v2/PodsResource.scala``).

/v2/pods                  all of them            /v2/pods/a/b::versions[/v]    its versions
/v2/pods::status          how all of them are    /v2/pods/a/b::instances[/i]   DELETE
/v2/pods/a/b[::status]    one, how it is
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from actors.marathon import changes, pod_changes
from actors.marathon.messages import Instance
from actors.marathon.model import Pod, UnknownPod, ValidationFailed, parse_pod, parse_version, path_id

from ._http import BadRequest, NotFound, created, flag, json_answer, json_body, request_origin, service_of
from .event_json import PodCreated, PodDeleted, PodUpdated
from .pod_json import instance_json, pod_status_json
from .service import Change

__all__ = ["routes"]

PodHandler = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


def routes() -> list[web.RouteDef]:
    """The routes of everything below ``/v2/pods``."""
    return [
        web.get("/v2/pods", list_pods),  # HEAD comes with it: clients ask by it whether there are pods
        web.post("/v2/pods", create_pod),
        web.get("/v2/pods::status", all_status),
        web.get("/v2/pods/::status", all_status),
        *(web.route(method, "/v2/pods/{path:.+}", _dispatch) for method in ("GET", "PUT", "DELETE")),
    ]


async def _dispatch(request: web.Request) -> web.StreamResponse:
    named, _, part = request.match_info["path"].partition("::")
    pod_id = path_id.absolute(named)
    path_id.check(pod_id)
    what, *rest = [step for step in part.split("/") if step] or [""]
    handlers: Mapping[str, PodHandler]
    match what, rest:
        case "", []:
            handlers = {"GET": read_pod, "PUT": put_pod, "DELETE": delete_pod}
        case "status", []:
            handlers = {"GET": pod_status}
        case "versions", []:
            handlers = {"GET": list_versions}
        case "versions", [_]:
            handlers = {"GET": read_version}
        case "instances", []:
            handlers = {"DELETE": kill_instances}
        case "instances", [_]:
            handlers = {"DELETE": kill_instance}
        case _:
            raise web.HTTPNotFound
    handler = handlers.get(request.method)
    if handler is None:
        raise web.HTTPMethodNotAllowed(request.method, list(handlers))
    return await handler(request, pod_id)


def _last(request: web.Request) -> str:
    return request.match_info["path"].rstrip("/").rpartition("/")[2]


async def _pod(request: web.Request, pod_id: str) -> Pod:
    pod = (await service_of(request).root()).pod(pod_id)
    if pod is None:
        raise UnknownPod(pod_id)
    return pod


async def list_pods(request: web.Request) -> web.StreamResponse:
    """GET: the definitions of all pods."""
    return json_answer([dict(pod.wire) for pod in (await service_of(request).root()).all_pods()])


async def all_status(request: web.Request) -> web.StreamResponse:
    """GET ``/v2/pods::status``: how every pod is."""
    service = service_of(request)
    pods = (await service.root()).all_pods()
    instances: dict[str, list[Instance]] = {pod.id: [] for pod in pods}
    for instance in await service.instances(frozenset(instances)):
        instances[instance.app_id].append(instance)
    now = service.system.clock.now()
    return json_answer([pod_status_json(pod, instances[pod.id], now) for pod in pods])


async def create_pod(request: web.Request) -> web.StreamResponse:
    """POST: create a pod; 409 when its path is taken."""
    force = flag(request, "force")
    pod = parse_pod(await json_body(request))
    address, uri = request_origin(request)
    answer = await _stored(request, changes.CreateApp(pod), pod.id, force=force, status=201)
    service_of(request).system.event_stream.publish(PodCreated(address, uri))
    return answer


async def put_pod(request: web.Request, pod_id: str) -> web.StreamResponse:
    """PUT: replace a pod's definition."""
    force = flag(request, "force")
    pod = parse_pod(await json_body(request), pod_id)
    address, uri = request_origin(request)
    answer = await _stored(request, pod_changes.PutPod(pod), pod_id, force=force, status=200)
    service_of(request).system.event_stream.publish(PodUpdated(address, uri))
    return answer


async def _stored(request: web.Request, change: Change, pod_id: str, *, force: bool, status: int) -> web.Response:
    started = await service_of(request).update(change, force=force)
    pod = started.root.pod(pod_id)
    assert pod is not None
    headers = {"Marathon-Deployment-Id": started.deployment_id, "Location": created(request, "pods", pod_id)}
    return json_answer(dict(pod.wire), status=status, headers=headers)


async def read_pod(request: web.Request, pod_id: str) -> web.StreamResponse:
    """GET: one pod's definition."""
    return json_answer(dict((await _pod(request, pod_id)).wire))


async def delete_pod(request: web.Request, pod_id: str) -> web.StreamResponse:
    """DELETE: remove a pod (202, no body)."""
    service = service_of(request)
    started = await service.update(pod_changes.DeletePod(pod_id), force=flag(request, "force"))
    service.system.event_stream.publish(PodDeleted(*request_origin(request)))
    headers = {
        "Marathon-Deployment-Id": started.deployment_id,
        "Location": f"{request.scheme}://{request.host}/v2/deployments/{started.deployment_id}",
    }
    return web.Response(status=202, headers=headers)


async def pod_status(request: web.Request, pod_id: str) -> web.StreamResponse:
    """GET ``…::status``: how the pod and its instances are."""
    service, pod = service_of(request), await _pod(request, pod_id)
    instances = await service.instances(frozenset((pod_id,)))
    return json_answer(pod_status_json(pod, instances, service.system.clock.now()))


async def list_versions(request: web.Request, pod_id: str) -> web.StreamResponse:
    """GET ``…::versions``: newest first."""
    await _pod(request, pod_id)
    return json_answer(list(await service_of(request).app_versions(pod_id)))


async def read_version(request: web.Request, pod_id: str) -> web.StreamResponse:
    """GET ``…::versions/{timestamp}``: the definition as it was."""
    version = _last(request)
    try:
        kept = await service_of(request).app_at(pod_id, parse_version(version))
    except ValidationFailed as failed:
        raise NotFound(f"Pod '{pod_id}' does not exist in version {version}: {failed.details[0].errors[0]}") from None
    if not isinstance(kept, Pod):
        raise UnknownPod(pod_id, version)
    return json_answer(dict(kept.wire))


async def kill_instance(request: web.Request, pod_id: str) -> web.StreamResponse:
    """DELETE ``…::instances/{id}``: kill one instance; it is replaced."""
    wanted = _last(request)
    pod = await _pod(request, pod_id)
    killed = await _kill(request, pod, frozenset((wanted,)))
    if not killed:
        raise NotFound(f"Task '{wanted}' does not exist")
    return json_answer(killed[0])


async def kill_instances(request: web.Request, pod_id: str) -> web.StreamResponse:
    """DELETE ``…::instances`` with the ids as the body: kill these instances; they are replaced."""
    pod, ids = await _pod(request, pod_id), await json_body(request)
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise BadRequest("Invalid JSON", "the body must be an array of ids of instances")
    return json_answer(await _kill(request, pod, frozenset(ids)))


async def _kill(request: web.Request, pod: Pod, wanted: frozenset[str]) -> list[dict[str, object]]:
    service, wipe = service_of(request), flag(request, "wipe")
    found = [one for one in await service.instances(frozenset((pod.id,))) if one.id in wanted]
    await service.kill(frozenset(one.id for one in found), wipe=wipe)
    now = service.system.clock.now()
    return [instance_json(pod, one, now) for one in found]
