"""What the service says of itself: ``/ping``, ``/v2/info``, ``/v2/leader``, ``/v2/plugins``, ``/metrics``."""

from __future__ import annotations

import resource
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from actors.marathon.task_counts import total

from ._http import BadRequest, NotFound, json_answer, json_text, service_of

__all__ = ["name_the_leader", "routes"]


def routes() -> list[web.RouteDef]:
    """The routes of this module."""
    return [
        web.get("/ping", ping),
        web.get("/v2/info", info),
        web.get("/v2/leader", leader),
        web.delete("/v2/leader", abdicate),
        web.get("/metrics", metrics),
        web.get("/v2/plugins", plugins),
        web.route("*", "/v2/eventSubscriptions", retired),
    ]


async def ping(request: web.Request) -> web.StreamResponse:
    """GET: ``pong``, in quotes where the client accepts JSON."""
    headers = {"Cache-Control": "must-revalidate,no-cache,no-store"}
    if "application/json" in request.headers.get("Accept", ""):
        return json_answer(json_text("pong"), headers=headers)
    return web.Response(text="pong", content_type="text/plain", headers=headers)


async def name_the_leader(request: web.Request, response: web.StreamResponse) -> None:
    """Every answer says which service gave it, as clients behind a proxy expect: ``X-Marathon-Leader``."""
    response.headers["X-Marathon-Leader"] = _url(request)


def _url(request: web.Request) -> str:
    facts = service_of(request).info
    return facts.url or f"{request.scheme}://{facts.hostname}:{_port(request)}"


def _endpoint(request: web.Request) -> str:
    return urlsplit(_url(request)).netloc


def _port(request: web.Request) -> int:
    transport = request.transport
    name = transport.get_extra_info("sockname") if transport is not None else None
    return int(name[1]) if name else (request.url.port or 0)


async def info(request: web.Request) -> web.StreamResponse:
    """GET: name, version, leader, framework id and configuration."""
    service = service_of(request)
    framework = await service.framework()
    facts = service.info
    return json_answer(
        {
            "name": "marathon",
            "version": facts.version,
            "buildref": "mesos-actors",
            "elected": True,
            "leader": _endpoint(request),
            "frameworkId": framework.framework_id,
            "marathon_config": {
                "master": facts.master,
                "mesos_leader_ui_url": framework.master,
                "framework_name": facts.framework_name,
                "hostname": facts.hostname,
                "mesos_role": facts.mesos_role,
                "checkpoint": True,
                "ha": facts.ha,
                "local_port_min": 10000,
                "local_port_max": 20000,
                "features": [],
                **facts.config,
            },
            "zookeeper_config": dict(facts.zookeeper),
            "http_config": {
                "http_port": None if request.secure else _port(request),
                "https_port": _port(request) if request.secure else None,
            },
        }
    )


async def leader(request: web.Request) -> web.StreamResponse:
    """GET: who leads."""
    return json_answer({"leader": _endpoint(request)})


async def abdicate(request: web.Request) -> web.StreamResponse:
    """DELETE: give the leadership up. As in Marathon the process ends; its supervisor starts it anew, tasks run on."""
    if {"backup", "restore"} & request.query.keys():
        raise BadRequest("backup and restore are commands here: marathon backup FILE, marathon restore FILE")
    give_up = service_of(request).abdicate
    if give_up is None:
        raise NotFound("there is nobody to leave the leadership to: this service and its Mesos are one process")
    give_up()
    return json_answer({"message": "Leadership abdicated"})


async def metrics(request: web.Request) -> web.StreamResponse:
    """GET: gauges, in the form of Marathon's."""
    service = service_of(request)
    root, deployments = await service.root(), await service.deployments()
    counts = total((await service.task_counts()).values())
    used = resource.getrusage(resource.RUSAGE_SELF)
    gauges: dict[str, float] = {
        "marathon.apps.active.gauge": len(root.apps) - len(root.all_pods()),
        "marathon.pods.active.gauge": len(root.all_pods()),
        "marathon.groups.active.gauge": len(root.groups),
        "marathon.deployments.active.gauge": len(deployments),
        "marathon.instances.staged.gauge": counts.staged,
        "marathon.instances.running.gauge": counts.running,
        "marathon.instances.healthy.gauge": counts.healthy,
        "marathon.instances.unhealthy.gauge": counts.unhealthy,
        "marathon.process.cpu.gauge.seconds": round(used.ru_utime + used.ru_stime, 3),
        "marathon.process.memory.max.gauge.bytes": used.ru_maxrss * 1024,
    }
    body: dict[str, Any] = {
        "version": "4.0.0",
        "gauges": {name: {"value": value} for name, value in gauges.items()},
        "counters": {},
        "histograms": {},
        "meters": {},
        "timers": {},
    }
    return json_answer(body)


async def plugins(request: web.Request) -> web.StreamResponse:
    """GET: none, in the form in which consoles of Marathon ask for them at their start."""
    return json_answer({"plugins": []})


async def retired(request: web.Request) -> web.StreamResponse:
    """Event subscriptions by callback are gone since Marathon 1.7."""
    message = "event subscriptions by callback were removed from Marathon: read the event stream at /v2/events instead"
    return json_answer({"message": message}, status=404)
