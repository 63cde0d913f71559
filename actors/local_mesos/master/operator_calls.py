"""The master's answer to each call of the v1 operator API."""

from __future__ import annotations

from mesos_proto import master_pb2, mesos_pb2, quota_pb2

from . import frameworks, operators, quotas, views
from .cluster import Cluster
from .legacy_views import VERSION
from .metrics import snapshot
from .protocol import Answer

__all__ = ["answer", "call_error"]

Call = master_pb2.Call
Response = master_pb2.Response
Operation = mesos_pb2.Offer.Operation

_WITHOUT_PAYLOAD = frozenset(
    {
        Call.UNKNOWN,
        Call.GET_HEALTH,
        Call.GET_FLAGS,
        Call.GET_VERSION,
        Call.GET_LOGGING_LEVEL,
        Call.GET_STATE,
        Call.GET_AGENTS,
        Call.GET_FRAMEWORKS,
        Call.GET_EXECUTORS,
        Call.GET_OPERATIONS,
        Call.GET_TASKS,
        Call.GET_ROLES,
        Call.GET_WEIGHTS,
        Call.GET_MASTER,
        Call.SUBSCRIBE,
        Call.GET_MAINTENANCE_STATUS,
        Call.GET_MAINTENANCE_SCHEDULE,
        Call.GET_QUOTA,
    }
)


def call_error(call: master_pb2.Call) -> str | None:
    """What is wrong with a call, whatever the state of the cluster."""
    if not call.HasField("type"):
        return "Expecting 'type' to be present"
    payload = Call.Type.Name(call.type).lower()
    if call.type not in _WITHOUT_PAYLOAD and not call.HasField(payload):  # type: ignore[arg-type]
        return f"Expecting '{payload}' to be present"
    for kind in (Call.GROW_VOLUME, Call.SHRINK_VOLUME):
        if call.type == kind and not getattr(call, payload).HasField("agent_id"):
            return "Expecting 'agent_id' to be present; only agent default resources are supported right now"
    return None


def answer(cluster: Cluster, call: master_pb2.Call, principal: str | None) -> Answer | master_pb2.Response:
    """A response, or a status alone for what changes something."""
    if call.type in _READS:
        response = Response(type=Response.Type.Value(Call.Type.Name(call.type)))
        _read(cluster, call, response)
        return response
    return _change(cluster, call, principal)


_READS = frozenset((*_WITHOUT_PAYLOAD, Call.GET_METRICS)) - {Call.UNKNOWN, Call.SUBSCRIBE}


def _read(cluster: Cluster, call: master_pb2.Call, response: master_pb2.Response) -> None:
    match call.type:
        case Call.GET_HEALTH:
            response.get_health.healthy = True
        case Call.GET_FLAGS:
            for name, value in cluster.settings.flags().items():
                response.get_flags.flags.add(name=name, value=value)
        case Call.GET_VERSION:
            response.get_version.version_info.CopyFrom(mesos_pb2.VersionInfo(**VERSION))
        case Call.GET_METRICS:
            for name, number in snapshot(cluster).items():
                response.get_metrics.metrics.add(name=name, value=number)
        case Call.GET_LOGGING_LEVEL:
            response.get_logging_level.level = 0
        case Call.GET_STATE:
            response.get_state.CopyFrom(views.state(cluster))
        case Call.GET_AGENTS:
            response.get_agents.CopyFrom(views.agents(cluster))
        case Call.GET_FRAMEWORKS:
            response.get_frameworks.CopyFrom(views.frameworks(cluster))
        case Call.GET_EXECUTORS:
            response.get_executors.CopyFrom(views.executors(cluster))
        case Call.GET_OPERATIONS:
            response.get_operations.CopyFrom(views.operations(cluster))
        case Call.GET_TASKS:
            response.get_tasks.CopyFrom(views.tasks(cluster))
        case Call.GET_ROLES:
            response.get_roles.CopyFrom(views.roles(cluster))
        case Call.GET_WEIGHTS:
            for role, weight in cluster.allocator.weights.items():
                response.get_weights.weight_infos.add(role=role, weight=weight)
        case Call.GET_MASTER:
            response.get_master.master_info.CopyFrom(cluster.master)
            response.get_master.start_time = response.get_master.elected_time = cluster.started
        case Call.GET_MAINTENANCE_STATUS:
            response.get_maintenance_status.status.CopyFrom(operators.maintenance_status(cluster))
        case Call.GET_MAINTENANCE_SCHEDULE:
            response.get_maintenance_schedule.schedule.CopyFrom(cluster.maintenance.schedule)
        case Call.GET_QUOTA:
            response.get_quota.status.CopyFrom(quota_status(cluster))


def quota_status(cluster: Cluster) -> quota_pb2.QuotaStatus:
    """The newest first, in both of Mesos's formats."""
    status = quota_pb2.QuotaStatus()
    for config in reversed(cluster.quota_configs.values()):
        status.configs.add().CopyFrom(config)
        guarantee = [
            views.scalar(name, round(config.guarantees[name].value * 1000)) for name in sorted(config.guarantees)
        ]
        status.infos.add(role=config.role, guarantee=guarantee)
    return status


def _change(cluster: Cluster, call: master_pb2.Call, principal: str | None) -> Answer:
    match call.type:
        case Call.UPDATE_WEIGHTS:
            return operators.update_weights(cluster, call.update_weights.weight_infos)
        case Call.UPDATE_QUOTA:
            return quotas.update_quota(cluster, call.update_quota.quota_configs, call.update_quota.force)
        case Call.SET_QUOTA:
            return quotas.set_quota(cluster, call.set_quota.quota_request)
        case Call.REMOVE_QUOTA:
            return quotas.remove_quota(cluster, call.remove_quota.role)
        case Call.UPDATE_MAINTENANCE_SCHEDULE:
            return operators.update_schedule(cluster, call.update_maintenance_schedule.schedule)
        case Call.START_MAINTENANCE:
            return operators.start_maintenance(cluster, call.start_maintenance.machines)
        case Call.STOP_MAINTENANCE:
            return operators.stop_maintenance(cluster, call.stop_maintenance.machines)
        case Call.DRAIN_AGENT:
            return operators.drain(cluster, call.drain_agent)
        case Call.DEACTIVATE_AGENT:
            return operators.deactivate(cluster, call.deactivate_agent.agent_id.value)
        case Call.REACTIVATE_AGENT:
            return operators.reactivate(cluster, call.reactivate_agent.agent_id.value)
        case Call.MARK_AGENT_GONE:
            return operators.mark_gone(cluster, call.mark_agent_gone.agent_id.value)
        case Call.TEARDOWN:
            return teardown(cluster, call.teardown.framework_id.value)
        case Call.SET_LOGGING_LEVEL:
            # Logging is the process's own affair here; the call is taken, as Mesos takes any level.
            return Answer(200)
        case Call.LIST_FILES | Call.READ_FILE:
            return Answer(404)
    operation = _operation_of(call)
    if operation is None:
        return Answer(501, "501 Not Implemented.")
    agent_id = getattr(call, Call.Type.Name(call.type).lower()).agent_id.value
    return operators.operate(cluster, agent_id, operation, principal)


def teardown(cluster: Cluster, framework_id: str) -> Answer:
    framework = cluster.frameworks.get(framework_id)
    if framework is None:
        return Answer(400, "No framework found with specified ID")
    frameworks.remove(cluster, framework)
    return Answer(200)


def _operation_of(call: master_pb2.Call) -> mesos_pb2.Offer.Operation | None:
    match call.type:
        case Call.RESERVE_RESOURCES:
            reserve = call.reserve_resources
            return Operation(
                type=Operation.RESERVE,
                reserve=Operation.Reserve(resources=reserve.resources, source=reserve.source),
            )
        case Call.UNRESERVE_RESOURCES:
            unreserve = Operation.Unreserve(resources=call.unreserve_resources.resources)
            return Operation(type=Operation.UNRESERVE, unreserve=unreserve)
        case Call.CREATE_VOLUMES:
            create = Operation.Create(volumes=call.create_volumes.volumes)
            return Operation(type=Operation.CREATE, create=create)
        case Call.DESTROY_VOLUMES:
            destroy = Operation.Destroy(volumes=call.destroy_volumes.volumes)
            return Operation(type=Operation.DESTROY, destroy=destroy)
        case Call.GROW_VOLUME:
            grow = Operation.GrowVolume(volume=call.grow_volume.volume, addition=call.grow_volume.addition)
            return Operation(type=Operation.GROW_VOLUME, grow_volume=grow)
        case Call.SHRINK_VOLUME:
            shrink = Operation.ShrinkVolume(volume=call.shrink_volume.volume, subtract=call.shrink_volume.subtract)
            return Operation(type=Operation.SHRINK_VOLUME, shrink_volume=shrink)
    return None
