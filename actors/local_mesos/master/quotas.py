"""Quotas: what roles are promised, and what they may not exceed. Two ways to set them, the words are Mesos's.

::

    UPDATE_QUOTA (configs)          guarantees and limits of top-level roles; all of them or none
    SET_QUOTA, POST /quota          the older way: a guarantee that is a limit too, once per role, also of nested ones
    REMOVE_QUOTA, DELETE /quota/r
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from mesos_proto import mesos_pb2, quota_pb2
from mesos_proto.resource import Resource, ResourceError
from mesos_proto.roles import RoleError, validate_role
from mesos_proto.scalars import scalar_text, to_thousandths

from . import offers, views
from .allocator import Quota
from .cluster import Cluster
from .protocol import Answer
from .quantities import Quantities, quantities_of
from .registry import Entry

__all__ = ["remove_quota", "restore_quota", "set_quota", "update_quota"]

DONE = Answer(200)
_MOST = 1_000_000_000_000
_OVERFLOWN = -(2**63) / 1000  # what an infinite number is to Mesos, which counts in thousandths
_SET = "Failed to validate set quota request"


def update_quota(cluster: Cluster, configs: Iterable[quota_pb2.QuotaConfig], force: bool) -> Answer:
    checked = list(configs)
    for config in checked:
        error = _config_error(config)
        if error:
            return Answer(400, error)
    wanted = cluster.quota_configs | {config.role: config for config in checked}
    error = None if force else _consumption_error(cluster, checked)
    if error:
        return Answer(400, error)
    over = None if force else _overcommitment(cluster, wanted)
    if over:
        guaranteed, capacity = over
        return Answer(
            400,
            f"Invalid QuotaConfig: total quota guarantees '{guaranteed}' exceed cluster capacity '{capacity}' (use "
            "'force' flag to bypass this check)",
        )
    for config in checked:
        _keep(cluster, config)
    _rescind(cluster)
    return DONE


def _consumption_error(cluster: Cluster, configs: Iterable[quota_pb2.QuotaConfig]) -> str | None:
    """A limit takes nothing away from those who have it."""
    consumed = {role.name: role.consumed for role in views.known_roles(cluster)}
    for config in configs:
        used, limits = consumed.get(config.role, Quantities()), _amounts(config.limits)
        if any(used.get(name, 0) > limit for name, limit in limits.items()):
            return (
                f"Invalid QuotaConfig: Role '{config.role}' is already consuming '{_listed(used)}'; this is more than "
                f"the requested limits '{_listed(limits)}' (use 'force' flag to bypass this check)"
            )
    return None


def _config_error(config: quota_pb2.QuotaConfig) -> str | None:
    if "/" in config.role:
        return f"Updating quota on nested role '{config.role}' is not supported yet"
    try:
        validate_role(config.role)
    except RoleError as error:
        return f"Invalid QuotaConfig: Invalid 'QuotaConfig.role': {error}"
    for kind, amounts in (("guarantee", config.guarantees), ("limit", config.limits)):
        for name, scalar in amounts.items():
            value = scalar.value if math.isfinite(scalar.value) else _OVERFLOWN
            if not math.isfinite(scalar.value) or value > _MOST:
                shown = f"{{'{name}': {scalar_text(value)}}}"
                return (
                    f"Invalid QuotaConfig: Invalid 'QuotaConfig.{kind}s': {shown} is invalid: values greater than 1 "
                    f"trillion ({_MOST}) are not supported"
                )
            if value < 0:
                shown = f"{{'{name}': {scalar_text(value)}}}"
                return f"Invalid QuotaConfig: Invalid {kind} configuration {shown}: Negative values not supported"
    guarantees, limits = _amounts(config.guarantees), _amounts(config.limits)
    if any(guarantees.get(name, 0) > limit for name, limit in limits.items()):
        return (
            f"Invalid QuotaConfig: 'QuotaConfig.guarantees' {_braced(guarantees)} is not contained within the "
            f"'QuotaConfig.limits' {_braced(limits)}"
        )
    return None


def _overcommitment(cluster: Cluster, wanted: Mapping[str, quota_pb2.QuotaConfig]) -> tuple[str, str] | None:
    """What is guaranteed and what there is, when that is less. What a child is guaranteed is its parent's."""
    guaranteed = Quantities()
    for role, config in wanted.items():
        if "/" not in role:
            guaranteed.count(_amounts(config.guarantees), 1)
    capacity = Quantities()
    for agent in cluster.agents.values():
        capacity.count(quantities_of(agent.total), 1)
    return None if capacity.covers(guaranteed) else (_listed(guaranteed), _listed(capacity))


def _amounts(values: Mapping[str, mesos_pb2.Value.Scalar]) -> Quantities:
    return Quantities({name: to_thousandths(scalar.value) for name, scalar in values.items()})


def _listed(amounts: Quantities) -> str:
    return "; ".join(f"{name}:{scalar_text(amounts[name] / 1000)}" for name in sorted(amounts))


def _braced(amounts: Quantities) -> str:
    return "{ " + ", ".join(f"{name}: {scalar_text(amounts[name] / 1000)}" for name in sorted(amounts)) + " }"


def restore_quota(cluster: Cluster, config: quota_pb2.QuotaConfig) -> None:
    """Sets what is in the registry already."""
    cluster.quota_configs.pop(config.role, None)
    cluster.quota_configs[config.role] = config
    cluster.allocator.set_quota(config.role, Quota(_amounts(config.guarantees), _amounts(config.limits)))


def _keep(cluster: Cluster, config: quota_pb2.QuotaConfig) -> None:
    for name, scalar in list(config.guarantees.items()):
        if not to_thousandths(scalar.value):
            del config.guarantees[name]  # a guarantee of nothing is none, while a limit of nothing is one
    restore_quota(cluster, config)
    cluster.persist(Entry("quota", config.role, config.SerializeToString()))


def _rescind(cluster: Cluster) -> None:
    """What is out may be more than the new limits allow, or what the new guarantees need."""
    for offer in list(cluster.offers.values()):
        offers.rescind(cluster, offer)


# -- the older way


def set_quota(cluster: Cluster, request: quota_pb2.QuotaRequest) -> Answer:
    error = _request_error(cluster, request)
    if error:
        return Answer(400, f"{_SET}: {error}")
    config = quota_pb2.QuotaConfig(role=request.role)
    for resource in request.guarantee:
        config.guarantees[resource.name].value = resource.scalar.value
        config.limits[resource.name].value = resource.scalar.value
    wanted = cluster.quota_configs | {request.role: config}
    error = _tree_error(wanted)
    if error:
        return Answer(400, f"{_SET}: {error}")
    over = None if request.force else _overcommitment(cluster, wanted)
    if over:
        return Answer(
            409,
            "Quota guarantees overcommit the cluster (use 'force' to bypass this check): Total quota guarantees "
            f"'{over[0]}' exceed cluster capacity '{over[1]}'",
        )
    _keep(cluster, config)
    _rescind(cluster)
    return DONE


def _request_error(cluster: Cluster, request: quota_pb2.QuotaRequest) -> str | None:
    try:
        validate_role(request.role)
    except RoleError as error:
        return f"QuotaInfo with invalid role: {error}"
    if not request.guarantee:
        return "QuotaInfo with empty 'guarantee'"
    names: set[str] = set()
    for resource in request.guarantee:
        try:
            Resource(resource)
        except ResourceError as error:
            return f"QuotaInfo with invalid resource: {error}"
        if resource.reservations or resource.HasField("reservation"):
            return "QuotaInfo must not contain any ReservationInfo"
        for field, message in (("disk", "DiskInfo"), ("revocable", "RevocableInfo")):
            if resource.HasField(field):  # type: ignore[arg-type]
                return f"QuotaInfo must not contain {message}"
        if resource.type != mesos_pb2.Value.SCALAR:
            return "QuotaInfo must not include non-scalar resources"
        if resource.name in names:
            return f"QuotaInfo contains duplicate resource name '{resource.name}'"
        names.add(resource.name)
    if request.role in cluster.quota_configs:
        return f"Cannot set quota for role '{request.role}' which already has quota"
    return None


def _tree_error(configs: Mapping[str, quota_pb2.QuotaConfig]) -> str | None:
    """What is guaranteed to a role's children must be guaranteed to itself."""
    for parent in sorted({role.rpartition("/")[0] for role in configs if "/" in role}):
        below = Quantities()
        for role, config in configs.items():
            if role.rpartition("/")[0] == parent:
                below.count(_amounts(config.guarantees), 1)
        own = _amounts(configs[parent].guarantees) if parent in configs else Quantities()
        if not own.covers(below):
            return (
                f"Invalid quota configuration. Parent role '{parent}' with guarantees ({_listed(own) or '{}'}) does "
                f"not contain the sum of its children's guarantees ({_listed(below)})"
            )
    return None


def remove_quota(cluster: Cluster, role: str) -> Answer:
    if role not in cluster.quota_configs:
        return Answer(400, f"Role '{role}' has no quota set")
    error = _tree_error({name: config for name, config in cluster.quota_configs.items() if name != role})
    if error:
        return Answer(400, error)
    del cluster.quota_configs[role]
    cluster.allocator.remove_quota(role)
    cluster.persist(Entry("quota", role, None))
    cluster.dirty.add_all(cluster.agents)
    return DONE
