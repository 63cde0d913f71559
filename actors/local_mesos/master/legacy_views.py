"""The tables as the older endpoints' JSON: agents are slaves, resources are flattened. Pure."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from mesos_proto import Resources, json_codec, mesos_pb2

from . import views
from .cluster import Agent, Cluster, Framework
from .quantities import Quantities

__all__ = [
    "attributes",
    "flags",
    "flat",
    "frameworks",
    "roles",
    "slaves",
    "state",
    "state_summary",
    "task",
    "tasks",
    "version",
]

Json = dict[str, Any]
TaskState = mesos_pb2.TaskState

VERSION: Json = {
    "build_date": "2020-11-24 15:38:37",
    "build_time": 1606232317.0,
    "build_user": "ubuntu",
    "git_sha": "04bc7ee1984d86fbb0bd782ccc69ce44c13ae4b9",
    "git_tag": "1.11.0",
    "version": "1.11.0",
}
"""The Apache Mesos whose behaviour this is; clients parse it (pymesos: digits and dots only)."""

_SUMMARY_STATES = (
    "TASK_STAGING",
    "TASK_STARTING",
    "TASK_RUNNING",
    "TASK_KILLING",
    "TASK_FINISHED",
    "TASK_KILLED",
    "TASK_FAILED",
    "TASK_LOST",
    "TASK_ERROR",
    "TASK_UNREACHABLE",
)


def version() -> Json:
    return dict(VERSION)


def flat(resources: Resources) -> Json:
    """``{"disk": 0.0, "mem": 32.0, "gpus": 0.0, "cpus": 0.1, "ports": "[31000-31001]"}``."""
    amounts: Json = {name: resources.scalar(name) for name in ("disk", "mem", "gpus", "cpus")}
    for name in dict.fromkeys(each.name for each in resources):
        if name in amounts:
            continue
        values = [each.amount for each in resources if each.name == name]
        if isinstance(values[0], int):
            amounts[name] = resources.scalar(name)
        elif isinstance(values[0], frozenset):
            amounts[name] = "{" + ", ".join(sorted(frozenset().union(*values))) + "}"  # type: ignore[arg-type]
        else:
            amounts[name] = _ranges(resources, name)
    return amounts


def _ranges(resources: Resources, name: str) -> str:
    return "[" + ", ".join(f"{first}-{last}" for first, last in resources.ranges(name).intervals) + "]"


# -- slaves


def slave(agent: Agent, full: bool) -> Json:
    view: Json = {
        "id": agent.id,
        "hostname": agent.info.hostname,
        "port": agent.info.port,
        "attributes": attributes(agent.info.attributes),
        "pid": agent.pid,
        "registered_time": agent.registered_time,
    }
    if agent.reregistered_time is not None:
        view["reregistered_time"] = agent.reregistered_time
    reservations = agent.total.reservations()
    view |= {
        "resources": flat(agent.total),
        "used_resources": flat(agent.used()),
        "offered_resources": flat(agent.offered()),
        "reserved_resources": {role: flat(part) for role, part in reservations.items()},
        "unreserved_resources": flat(agent.total.unreserved()),
        "active": agent.active,
        "deactivated": agent.deactivated,
        "version": VERSION["version"],
        "capabilities": [mesos_pb2.AgentInfo.Capability.Type.Name(each) for each in views.AGENT_CAPABILITIES],
    }
    if agent.info.HasField("domain"):
        view["domain"] = json_codec.to_dict(agent.info.domain)
    if agent.drain_info is not None:
        view["drain_info"] = json_codec.to_dict(agent.drain_info)
        view["estimated_drain_start_time_seconds"] = agent.drain_start_time
    if full:
        view |= {
            "reserved_resources_full": {role: _full(part) for role, part in reservations.items()},
            "unreserved_resources_full": _full(agent.total.unreserved()),
            "used_resources_full": _full(agent.used()),
            "offered_resources_full": _full(agent.offered()),
        }
    return view


def _full(resources: Resources) -> list[Json]:
    return [json_codec.to_dict(proto) for proto in views.shown(resources)]


def attributes(protos: Iterable[mesos_pb2.Attribute]) -> Json:
    view: Json = {}
    for each in protos:
        if each.type == mesos_pb2.Value.SCALAR:
            view[each.name] = each.scalar.value
        elif each.type == mesos_pb2.Value.RANGES:
            view[each.name] = "[" + ", ".join(f"{part.begin}-{part.end}" for part in each.ranges.range) + "]"
        elif each.type == mesos_pb2.Value.SET:
            view[each.name] = "{" + ", ".join(each.set.item) + "}"
        else:
            view[each.name] = each.text.value
    return view


def slaves(cluster: Cluster, query: Mapping[str, str]) -> Json:
    wanted = query.get("slave_id")
    return {
        "slaves": [slave(each, full=True) for each in cluster.agents.values() if wanted in (None, each.id)],
        "recovered_slaves": [
            {"id": agent_id, "hostname": info.hostname, "port": info.port, "attributes": attributes(info.attributes)}
            for agent_id, info in cluster.recovered_agents.items()
            if wanted in (None, agent_id)
        ],
    }


# -- tasks


def task(one: mesos_pb2.Task) -> Json:
    resources = Resources(one.resources)
    view: Json = {
        "id": one.task_id.value,
        "name": one.name,
        "framework_id": one.framework_id.value,
        "executor_id": one.executor_id.value,
        "slave_id": one.agent_id.value,
        "state": TaskState.Name(one.state),
        "resources": flat(resources),
        "role": next((each.allocation_role for each in resources if each.allocation_role), "*"),
        "statuses": [_status(status) for status in one.statuses],
    }
    if one.HasField("user"):
        view["user"] = one.user
    if one.HasField("labels"):
        view["labels"] = [json_codec.to_dict(label) for label in one.labels.labels]
    for name in ("discovery", "container", "health_check"):
        if one.HasField(name):
            view[name] = json_codec.to_dict(getattr(one, name))
    return view


def _status(status: mesos_pb2.TaskStatus) -> Json:
    view: Json = {"state": TaskState.Name(status.state), "timestamp": status.timestamp}
    if status.HasField("labels"):
        view["labels"] = [json_codec.to_dict(label) for label in status.labels.labels]
    if status.HasField("container_status"):
        view["container_status"] = json_codec.to_dict(status.container_status)
        view["container_status"].pop("executor_pid", None)
    if status.HasField("healthy"):
        view["healthy"] = status.healthy
    if status.HasField("check_status"):
        view["check_status"] = json_codec.to_dict(status.check_status)
    return view


_NUMBER = re.compile("[0-9]{1,40}|0x[0-9a-fA-F]{1,40}")


def tasks(cluster: Cluster, query: Mapping[str, str]) -> Json:
    """Newest first, or by ``order=asc``; a page of ``limit`` (100) from ``offset`` (0)."""
    found = [
        each
        for framework in (*cluster.frameworks.values(), *cluster.completed_frameworks.values())
        if query.get("framework_id") in (None, framework.id)
        for each in (*framework.tasks.values(), *framework.unreachable_tasks.values(), *framework.completed_tasks)
        if query.get("task_id") in (None, each.task_id)
    ]
    found.sort(key=lambda each: each.began, reverse=query.get("order") != "asc")
    if query.get("offset", "").startswith("-"):
        return {"tasks": []}  # Mesos reads it as a very large number
    offset = _number(query.get("offset"), 0)
    limit = _number(query.get("limit"), 100)
    return {"tasks": [task(each.message()) for each in islice(found, offset, offset + limit)]}


def _number(text: str | None, default: int) -> int:
    """What is no number of 64 bits, or a negative one, counts for nothing. As in C, 0x10 is 16."""
    if text is None or not _NUMBER.fullmatch(text):
        return default
    number = int(text, 16 if text.startswith("0x") else 10)
    return default if number >= 1 << 64 else min(number, sys.maxsize // 2)


# -- frameworks


def framework(one: Framework, full: bool) -> Json:
    used, offered = one.used(), one.offered()
    view: Json = {
        "id": one.id,
        "name": one.info.name,
        "used_resources": flat(used),
        "offered_resources": flat(offered),
        "capabilities": [mesos_pb2.FrameworkInfo.Capability.Type.Name(each.type) for each in one.info.capabilities],
        "hostname": one.info.hostname,
        "webui_url": one.info.webui_url,
        "active": one.connected,
        "connected": one.connected,
        "recovered": one.recovered,
    }
    if not full:
        return view
    view |= {
        "user": one.info.user,
        "failover_timeout": one.info.failover_timeout,
        "checkpoint": one.info.checkpoint,
        "registered_time": one.registered_time,
        "unregistered_time": one.unregistered_time or 0.0 if not one.connected else 0.0,
        **({"principal": one.info.principal} if one.info.HasField("principal") else {}),
        "resources": flat(used + offered),
    }
    if one.reregistered_time is not None and one.reregistered_time != one.registered_time:
        view["reregistered_time"] = one.reregistered_time
    if any(each.type == mesos_pb2.FrameworkInfo.Capability.MULTI_ROLE for each in one.info.capabilities):
        view["roles"] = list(one.info.roles)
    else:
        view["role"] = one.info.role
    view |= {
        "tasks": [task(each.message()) for each in one.tasks.values()],
        "unreachable_tasks": [task(each.message()) for each in one.unreachable_tasks.values()],
        "completed_tasks": [task(each.message()) for each in one.completed_tasks],
        "offers": [
            {
                "id": offer.id,
                "framework_id": one.id,
                "allocation_info": {"role": offer.role},
                "slave_id": offer.agent_id,
                "resources": flat(offer.resources),
            }
            for offer in one.offers.values()
        ],
        "executors": [
            {
                "executor_id": executor.executor_id.value,
                "name": executor.name,
                "framework_id": one.id,
                "command": json_codec.to_dict(executor.command),
                "resources": flat(Resources(executor.resources)),
                "slave_id": agent_id,
            }
            for agent_id, by_id in one.executors.items()
            for executor in by_id.values()
        ],
    }
    if one.info.HasField("labels"):
        view["labels"] = [json_codec.to_dict(label) for label in one.info.labels.labels]
    view["offer_constraints"] = json_codec.to_dict(one.offer_constraints)
    return view


def frameworks(cluster: Cluster, query: Mapping[str, str]) -> Json:
    wanted = query.get("framework_id")
    return {
        "frameworks": [framework(each, full=True) for each in cluster.frameworks.values() if wanted in (None, each.id)],
        "completed_frameworks": [
            framework(each, full=True) for each in cluster.completed_frameworks.values() if wanted in (None, each.id)
        ],
        "unregistered_frameworks": [],
    }


# -- the whole


def state(cluster: Cluster) -> Json:
    master = cluster.master
    found = frameworks(cluster, {})
    return {
        "version": VERSION["version"],
        **{name: VERSION[name] for name in ("git_sha", "git_tag", "build_date", "build_time", "build_user")},
        "start_time": cluster.started,
        "elected_time": cluster.started,
        "id": master.id,
        "pid": master.pid,
        "hostname": master.hostname,
        "capabilities": ["AGENT_UPDATE", "AGENT_DRAINING", "QUOTA_V2"],
        "activated_slaves": float(sum(each.active for each in cluster.agents.values())),
        "deactivated_slaves": float(sum(not each.active for each in cluster.agents.values())),
        "unreachable_slaves": float(len(cluster.unreachable_agents)),
        "leader": master.pid,
        "leader_info": {"id": master.id, "pid": master.pid, "port": master.port, "hostname": master.hostname},
        "flags": cluster.settings.flags(),
        "slaves": [slave(each, full=False) for each in cluster.agents.values()],
        "recovered_slaves": slaves(cluster, {})["recovered_slaves"],
        "frameworks": found["frameworks"],
        "completed_frameworks": found["completed_frameworks"],
        "orphan_tasks": [],
        "unregistered_frameworks": [],
    }


def state_summary(cluster: Cluster) -> Json:
    by_agent = {each: dict.fromkeys(_SUMMARY_STATES, 0) for each in cluster.agents}
    on_agent: dict[str, dict[str, None]] = {each: {} for each in cluster.agents}
    views_of: list[Json] = []
    for one in cluster.frameworks.values():
        counts = dict.fromkeys(_SUMMARY_STATES, 0)
        slave_ids: dict[str, None] = {}
        for each in (*one.tasks.values(), *one.unreachable_tasks.values(), *one.completed_tasks):
            name, agent_id = TaskState.Name(each.state), each.agent_id
            for table in (counts, by_agent.get(agent_id, {})):
                if name in table:
                    table[name] += 1
            slave_ids[agent_id] = None
            if agent_id in on_agent:
                on_agent[agent_id][one.id] = None
        views_of.append({**framework(one, full=False), **counts, "slave_ids": list(slave_ids)})
    return {
        "hostname": cluster.master.hostname,
        "slaves": [
            {**slave(each, full=False), **by_agent[each.id], "framework_ids": list(on_agent[each.id])}
            for each in cluster.agents.values()
        ],
        "frameworks": views_of,
    }


def roles(cluster: Cluster) -> Json:
    found = []
    for role in views.known_roles(cluster):
        quota = cluster.quota_configs.get(role.name)
        found.append(
            {
                "name": role.name,
                "weight": role.weight,
                "quota": {
                    "role": role.name,
                    "guarantee": _scalars(quota.guarantees) if quota else {},
                    "limit": _scalars(quota.limits) if quota else {},
                    "consumed": _amounts(role.consumed),
                },
                "resources": _quantities(role.allocated + role.offered),
                "allocated": _quantities(role.allocated),
                "offered": _quantities(role.offered),
                "reserved": _quantities(role.reserved),
                "frameworks": role.frameworks,
            }
        )
    return {"roles": found}


def _amounts(quantities: Mapping[str, int] | Quantities) -> Json:
    return {name: quantities[name] / 1000 for name in sorted(quantities)}


def _scalars(values: Mapping[str, mesos_pb2.Value.Scalar]) -> Json:
    return {name: values[name].value for name in sorted(values)}


def _quantities(resources: Resources) -> Json:
    """Scalars, and how many items of what is no scalar (ports)."""
    amounts: dict[str, float] = {}
    for each in resources:
        size = each.amount / 1000 if isinstance(each.amount, int) else len(each.amount)
        amounts[each.name] = amounts.get(each.name, 0.0) + float(size)
    return dict(sorted(amounts.items()))


def flags(cluster: Cluster) -> Json:
    return {"flags": cluster.settings.flags()}
