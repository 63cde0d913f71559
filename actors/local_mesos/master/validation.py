"""Is a scheduler's call well formed, and is a framework's description of itself valid? In Mesos's words.

Every function returns the error's text, None when there is none, and changes nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final

from mesos_proto import mesos_pb2, scheduler_pb2
from mesos_proto.roles import RoleError, validate_role

__all__ = ["call_error", "capabilities_of", "framework_error", "framework_update_error", "id_error", "roles_of"]

Call = scheduler_pb2.Call
Capability = mesos_pb2.FrameworkInfo.Capability

_MAX_ID: Final = 255
_NEVER_IN_IDS: Final = re.compile(r"[/\\\x00-\x1f\x7f]")
_MAX_SECONDS: Final = (2**63 - 1) / 1e9
"""Mesos's durations are 64-bit numbers of nanoseconds."""

_PAYLOADS: Final = {
    Call.ACCEPT: "accept",
    Call.DECLINE: "decline",
    Call.ACCEPT_INVERSE_OFFERS: "accept_inverse_offers",
    Call.DECLINE_INVERSE_OFFERS: "decline_inverse_offers",
    Call.KILL: "kill",
    Call.SHUTDOWN: "shutdown",
    Call.ACKNOWLEDGE: "acknowledge",
    Call.ACKNOWLEDGE_OPERATION_STATUS: "acknowledge_operation_status",
    Call.RECONCILE: "reconcile",
    Call.RECONCILE_OPERATIONS: "reconcile_operations",
    Call.MESSAGE: "message",
    Call.REQUEST: "request",
    Call.UPDATE_FRAMEWORK: "update_framework",
}


def call_error(call: scheduler_pb2.Call, principal: str | None = None) -> str | None:
    """What is wrong with a call, before anybody asks whose it is."""
    if not call.HasField("type"):
        return "Expecting 'type' to be present"
    if call.type == Call.SUBSCRIBE:
        return _subscribe_error(call, principal)
    if not call.HasField("framework_id"):
        return "Expecting 'framework_id' to be present"
    payload = _PAYLOADS.get(call.type)
    if payload is not None and not call.HasField(payload):  # type: ignore[arg-type]
        return f"Expecting '{payload}' to be present"
    if call.type == Call.ACKNOWLEDGE and not is_uuid(call.acknowledge.uuid):
        return "Not a valid UUID"
    if call.type == Call.ACKNOWLEDGE_OPERATION_STATUS:
        if not is_uuid(call.acknowledge_operation_status.uuid):
            return "Not a valid UUID"
        if not call.acknowledge_operation_status.HasField("agent_id"):
            return "Expecting 'agent_id' to be present"
    if call.type == Call.UPDATE_FRAMEWORK and call.update_framework.framework_info.id != call.framework_id:
        return "'framework_id' differs from 'update_framework.framework_info.id'"
    return None


def is_uuid(value: bytes) -> bool:
    """Of a version that stout's ``UUID::fromBytes`` knows."""
    return len(value) == 16 and value[6] >> 4 in range(1, 6)


def _subscribe_error(call: scheduler_pb2.Call, principal: str | None) -> str | None:
    if not call.HasField("subscribe"):
        return "Expecting 'subscribe' to be present"
    info = call.subscribe.framework_info
    if info.id != call.framework_id:
        return "'framework_id' differs from 'subscribe.framework_info.id'"
    if principal is not None and info.HasField("principal") and info.principal != principal:
        return principal_mismatch(principal, info.principal)
    return None


def principal_mismatch(principal: str, stated: str) -> str:
    return f"Authenticated principal '{principal}' does not match principal '{stated}' set in `FrameworkInfo`"


# -- frameworks ----------------------------------------------------------------------------------------------------


def capabilities_of(info: mesos_pb2.FrameworkInfo) -> frozenset[int]:
    return frozenset(each.type for each in info.capabilities)


def roles_of(info: mesos_pb2.FrameworkInfo) -> tuple[str, ...]:
    """The roles it subscribes to, whichever of the two ways it says so."""
    if Capability.MULTI_ROLE in capabilities_of(info):
        return tuple(info.roles)
    return (info.role,)


def framework_error(info: mesos_pb2.FrameworkInfo, suppressed: Iterable[str] = ()) -> str | None:
    """What is wrong with a framework's info, or with the roles that it wants suppressed."""
    error = _roles_error(info) or (id_error(info.id.value) if info.HasField("id") and info.id.value else None)
    if error:
        return error
    if math.isnan(info.failover_timeout) or abs(info.failover_timeout) > _MAX_SECONDS:
        return f"The framework failover_timeout ({info.failover_timeout:g}) is invalid"
    roles = roles_of(info)
    for role in suppressed:
        if role not in roles:
            return f"Suppressed role '{role}' is not contained in the list of roles"
    return _offer_filters_error(info)


def _roles_error(info: mesos_pb2.FrameworkInfo) -> str | None:
    if Capability.MULTI_ROLE in capabilities_of(info):
        if info.HasField("role"):
            return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"
        repeated = sorted({role for role in info.roles if list(info.roles).count(role) > 1})
        if repeated:
            return f"'FrameworkInfo.roles' contains duplicate items: {{ {', '.join(repeated)} }}"
        fault = next(filter(None, (_role_fault(role) for role in info.roles)), None)
        return f"'FrameworkInfo.roles' contains invalid role: {fault}" if fault else None
    if info.roles:
        return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
    fault = _role_fault(info.role)
    return f"'FrameworkInfo.role' is not a valid role: {fault}" if fault else None


def _role_fault(role: str) -> str | None:
    try:
        validate_role(role)
    except RoleError as error:
        return str(error)
    return None


def _offer_filters_error(info: mesos_pb2.FrameworkInfo) -> str | None:
    for filters in info.offer_filters.values():
        for least in filters.min_allocatable_resources.quantities:
            if not least.quantities:
                return "Resource quantities must contain at least one quantity"
            for name, scalar in least.quantities.items():
                if not scalar.value >= 0:
                    return f"Invalid resource quantity for '{name}': Negative values not supported"
    return None


def framework_update_error(old: mesos_pb2.FrameworkInfo, new: mesos_pb2.FrameworkInfo) -> str | None:
    """What of a framework's info may never change (UPDATE_FRAMEWORK says so; a new subscription ignores it)."""
    if old.HasField("principal") != new.HasField("principal") or old.principal != new.principal:
        return "Changing framework's principal is not allowed."
    if old.user != new.user:
        return unsupported("user", old.user, new.user)
    if old.checkpoint != new.checkpoint:
        return unsupported("checkpoint", str(old.checkpoint).lower(), str(new.checkpoint).lower())
    return None


def unsupported(field: str, old: str, new: str) -> str:
    return f"Updating 'FrameworkInfo.{field}' is unsupported; attempted to update from '{old}' to '{new}'"


def id_error(value: str) -> str | None:
    """Ids become names of folders: no slashes, no control characters, at most 255 characters."""
    if not value:
        return "ID must not be empty"
    if len(value) > _MAX_ID:
        return f"ID must not be greater than {_MAX_ID} characters"
    if value in (".", ".."):
        return f"'{value}' is disallowed"
    if _NEVER_IN_IDS.search(value):
        return f"'{value}' contains invalid characters"
    return None
