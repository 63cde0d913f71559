"""``/v2/deployments``: list, show as a graph, undo and abandon running deployments (``DeploymentsResource.scala``)."""

from __future__ import annotations

from aiohttp import web

from actors.marathon.messages import DeploymentCancelled, DeploymentNotFound, DeploymentStarted
from actors.marathon.model import path_id

from ._http import deployment_result, flag, json_answer, service_of
from .deployment_json import deployment_json, graph_json

__all__ = ["routes"]


def routes() -> list[web.RouteDef]:
    """The routes of ``/v2/deployments``."""
    return [
        web.get("/v2/deployments", list_deployments),
        web.get("/v2/deployments/{id}", get_deployment),
        web.delete("/v2/deployments/{id}", cancel_deployment),
    ]


async def list_deployments(request: web.Request) -> web.StreamResponse:
    """GET: the running deployments, oldest first."""
    return json_answer([deployment_json(deployment) for deployment in await service_of(request).deployments()])


async def get_deployment(request: web.Request) -> web.StreamResponse:
    """GET ``…/{id}``: one running deployment with its ``graph``. An addition of ours: Marathon only lists them."""
    wanted = request.match_info["id"]
    for deployment in await service_of(request).deployments():
        if deployment.id == wanted:
            graph = graph_json(deployment.nodes, deployment.begun, deployment.ready)
            return json_answer({**deployment_json(deployment), "graph": graph})
    raise DeploymentNotFound(wanted)


async def cancel_deployment(request: web.Request) -> web.StreamResponse:
    """DELETE: start the deployment that undoes it (200), or with ``force`` leave everything as it is (202, no body).

    With ``app`` only the part of that app is ended, as it stands; the deployment goes on without it (202, no body).
    """
    force, app_id = flag(request, "force"), request.query.get("app")
    service, deployment_id = service_of(request), request.match_info["id"]
    outcome: DeploymentStarted | DeploymentCancelled
    if app_id is not None:
        outcome = await service.cancel_part(deployment_id, path_id.absolute(app_id))
    else:
        outcome = await service.cancel_deployment(deployment_id, force=force)
    if isinstance(outcome, DeploymentStarted):
        return deployment_result(outcome)
    return web.Response(status=202, headers={"Marathon-Deployment-Id": outcome.deployment_id})
