"""``dryRun``: what a change would do, told and not done.

    GET what is ─▶ change(root) ─▶ the plan ─▶ {"steps": Marathon's levels, "graph": who waits for whom,
                                                "changes": each app as it is and as it would be}

Marathon has it for groups alone, and only the steps. What the change refuses is refused here as well.
"""

from __future__ import annotations

from aiohttp import web

from actors.marathon.deployment import status_of
from actors.marathon.model import next_version
from actors.marathon.plan import make_plan
from actors.marathon.roles import with_roles

from ._http import json_answer
from .deployment_json import graph_json, steps_json
from .service import Change, Service

__all__ = ["tell_plan"]


async def tell_plan(service: Service, change: Change) -> web.Response:
    """The answer to a dry run of `change`; raises what `change` raises."""
    root = await service.root()
    changed = change(root, next_version(service.system.clock.now(), root.version))
    planned = with_roles(root, changed, service.info.mesos_role)
    plan = make_plan(root, planned)
    status = status_of("", planned.version, plan)
    changes = [
        {
            "id": each.app_id,
            "before": None if each.original is None else dict(each.original.wire),
            "after": None if each.target is None else dict(each.target.wire),
        }
        for each in plan.changes.values()
    ]
    return json_answer({"steps": steps_json(status.steps), "graph": graph_json(status.nodes), "changes": changes})
