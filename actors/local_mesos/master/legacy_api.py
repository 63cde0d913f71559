"""The older endpoints, at the root and below ``/master``: what tools read, and the few that change something."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from aiohttp import web

from actors.core import ActorRef
from mesos_proto import json_codec, maintenance_pb2, master_pb2, mesos_pb2

from ._http import PREFIXES, Refusal, body_of, json_body, require_method, text
from .legacy_calls import PATHS
from .legacy_views import version
from .metrics import machine
from .protocol import Answer, LegacyQuery, OperatorCall

__all__ = ["LegacyApi"]

_BELOW = "{below:.*}"  # as Mesos does, an endpoint answers for every path below it

Call = master_pb2.Call


class LegacyApi:
    """``master`` is None until there is one; ``leader`` is ``host:port``."""

    def __init__(self) -> None:
        self.master: ActorRef[Any] | None = None
        self.leader = ""

    def add_routes(self, router: web.UrlDispatcher) -> None:
        for prefix in PREFIXES:
            router.add_route("DELETE", prefix + "/quota/{role:.+}", self._remove_quota)
            for path in PATHS:
                if path == "/metrics/snapshot" and prefix:
                    continue
                router.add_route("*", prefix + path, self._reader(path))
                router.add_route("*", f"{prefix}{path}/{_BELOW}", self._reader(path))
            router.add_route("*", prefix + "/health", self._health)
            router.add_route("*", f"{prefix}/health/{_BELOW}", self._health)
            router.add_route("*", prefix + "/redirect", self._redirect)
            router.add_route("*", prefix + "/teardown", self._form(_teardown))
            router.add_route("*", prefix + "/reserve", self._form(_reserve))
            router.add_route("*", prefix + "/unreserve", self._form(_unreserve))
            router.add_route("*", prefix + "/create-volumes", self._form(_create_volumes))
            router.add_route("*", prefix + "/destroy-volumes", self._form(_destroy_volumes))
            router.add_route("*", prefix + "/machine/down", self._json(_MACHINE_DOWN))
            router.add_route("*", prefix + "/machine/up", self._json(_MACHINE_UP))
        router.add_route("*", "/version", self._version)
        router.add_route("*", "/version/", self._version)
        router.add_route("*", "/system/stats.json", self._machine)
        for name in ("browse", "read", "download"):
            router.add_route("*", "/files/" + name, _files)
        router.add_route("*", "/files/debug", _no_files)

    # -- reading

    def _reader(self, path: str) -> Callable[[web.Request], Any]:
        async def read(request: web.Request) -> web.StreamResponse:
            change = _CHANGES.get((path, request.method))
            if change is not None:
                changed: web.StreamResponse = await self._json(change)(request)
                return changed
            if (path, request.method) == ("/quota", "DELETE"):
                raise Refusal(
                    400,
                    "Failed to parse remove quota request for path '/master/quota': expected 3 tokens, found 2 tokens",
                )
            if path in _METHODS:
                require_method(request, *_METHODS[path])
            if path == "/metrics/snapshot":
                _require_duration(request.query.get("timeout"))
            value = await self._ask(LegacyQuery(path, dict(request.query.items())))
            if isinstance(value, Answer):
                return text(value.status, value.text)
            return json_body(request, _dumps(value))

        return read

    async def _ask(self, message: object) -> Any:
        if self.master is None:
            raise Refusal(503, "No leader elected")
        return await self.master.ask(message, timeout=30.0)

    async def _health(self, request: web.Request) -> web.Response:
        return text(200)

    async def _redirect(self, request: web.Request) -> web.Response:
        return text(307, headers={"Location": f"//{self.leader}"})

    async def _version(self, request: web.Request) -> web.Response:
        return json_body(request, json.dumps(version(), separators=(",", ":")).encode())

    async def _machine(self, request: web.Request) -> web.Response:
        return json_body(request, json.dumps(machine(), separators=(",", ":")).encode())

    # -- changing

    def _form(self, read: Callable[[dict[str, str]], master_pb2.Call]) -> Callable[[web.Request], Any]:
        async def change(request: web.Request) -> web.StreamResponse:
            require_method(request, "POST")
            fields = {
                name: values[-1]
                for name, values in parse_qs((await body_of(request)).decode(errors="replace"), True).items()
            }
            return await self._operate(read(fields))

        return change

    def _json(self, change: _Change) -> Callable[[web.Request], Any]:
        async def answer(request: web.Request) -> web.StreamResponse:
            require_method(request, change.method)
            body = await body_of(request)
            try:
                value = json_codec.parse(body)
                if not isinstance(value, change.kind):
                    raise Refusal(400, change.unread.format(body=body.decode()) + "Unexpected JSON type parsed")
            except json_codec.JsonError as error:
                shown = body.decode(errors="replace")
                raise Refusal(400, change.unread.format(body=shown) + str(error)) from None
            try:
                return await self._operate(change.read(value))
            except json_codec.JsonError as error:
                raise Refusal(400, change.invalid.format(body=body.decode()) + str(error)) from None

        return answer

    async def _remove_quota(self, request: web.Request) -> web.StreamResponse:
        role = request.raw_path.partition("?")[0].partition("/quota/")[2]  # as it was written: Mesos decodes none
        answer: Answer = await self._ask(OperatorCall(_removal(role)))
        if answer.status == 200:
            return text(200)
        return text(answer.status, f"Failed to remove quota for path '/master/quota/{role}': {answer.text}")

    async def _operate(self, call: master_pb2.Call) -> web.StreamResponse:
        answer: Answer = await self._ask(OperatorCall(call))
        return text(answer.status, answer.text)


async def _files(request: web.Request) -> web.Response:
    """The master has no files to show: sandboxes are at their agents."""
    if not request.query.get("path"):
        raise Refusal(400, "Expecting 'path=value' in query.\n")
    if request.path.endswith("read"):
        for name in ("offset", "length"):
            _require_number(name, request.query.get(name))
    if request.path.endswith("download"):
        raise Refusal(404, "404 Not Found.")
    return web.Response(status=404, headers={"Content-Type": "text/plain; charset=utf-8"})


async def _no_files(request: web.Request) -> web.Response:
    return json_body(request, b"{}")


def _require_number(name: str, given: str | None) -> None:
    """-1 is as if it were not given; length is taken with any sign."""
    if given is None:
        return
    try:
        number = int(given)
    except ValueError:
        raise Refusal(400, f"Failed to parse {name}: Failed to convert '{given}' to number.\n") from None
    if name == "offset" and number < -1:
        raise Refusal(400, f"Negative offset provided: {number}.\n")


def _require_duration(text_: str | None) -> None:
    if text_ is None or _DURATION.fullmatch(text_):
        return
    if not text_.lstrip("0123456789."):
        raise Refusal(400, f"Invalid timeout '{text_}': Invalid duration '{text_}'.\n")
    number = text_[: len(text_) - len(text_.lstrip("0123456789."))]
    raise Refusal(400, f"Invalid timeout '{text_}': Failed to convert '{number}' to number.\n")


_DURATION = re.compile(r"[0-9.]+(ns|us|ms|secs|mins|hrs|days|weeks)")


def _field(fields: dict[str, str], name: str) -> str:
    if name not in fields:
        raise Refusal(400, f"Missing '{name}' query parameter in the request body")
    return fields[name]


def _resources(fields: dict[str, str], name: str, prefix: str = "Error in parsing") -> list[mesos_pb2.Resource]:
    prefix += f" '{name}' query parameter in the request body: "
    try:
        parsed = json_codec.parse(_field(fields, name).encode())
        if not isinstance(parsed, list):
            raise Refusal(400, prefix + "Unexpected JSON type parsed")
        return [json_codec.from_dict(mesos_pb2.Resource, each) for each in parsed]
    except json_codec.JsonError as error:
        raise Refusal(400, prefix + str(error)) from None


def _agent(fields: dict[str, str]) -> mesos_pb2.AgentID:
    return mesos_pb2.AgentID(value=_field(fields, "slaveId"))


def _teardown(fields: dict[str, str]) -> master_pb2.Call:
    framework_id = mesos_pb2.FrameworkID(value=_field(fields, "frameworkId"))
    return Call(type=Call.TEARDOWN, teardown=Call.Teardown(framework_id=framework_id))


def _reserve(fields: dict[str, str]) -> master_pb2.Call:
    reserve = Call.ReserveResources(agent_id=_agent(fields), resources=_resources(fields, "resources", "Error parsing"))
    return Call(type=Call.RESERVE_RESOURCES, reserve_resources=reserve)


def _unreserve(fields: dict[str, str]) -> master_pb2.Call:
    unreserve = Call.UnreserveResources(agent_id=_agent(fields), resources=_resources(fields, "resources"))
    return Call(type=Call.UNRESERVE_RESOURCES, unreserve_resources=unreserve)


def _create_volumes(fields: dict[str, str]) -> master_pb2.Call:
    create = Call.CreateVolumes(agent_id=_agent(fields), volumes=_resources(fields, "volumes"))
    return Call(type=Call.CREATE_VOLUMES, create_volumes=create)


def _destroy_volumes(fields: dict[str, str]) -> master_pb2.Call:
    destroy = Call.DestroyVolumes(agent_id=_agent(fields), volumes=_resources(fields, "volumes"))
    return Call(type=Call.DESTROY_VOLUMES, destroy_volumes=destroy)


def _dumps(value: Any) -> bytes:
    try:
        text_ = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:  # an infinite weight, which Mesos takes, and writes as text
        text_ = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))
    return text_.encode()


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "Infinity" if value > 0 else "-Infinity" if value < 0 else "NaN"
    return value


# -- changes whose body is JSON


class _Change(NamedTuple):
    """``unread`` and ``invalid``: what precedes the reason when the body is no JSON of that kind, or no message."""

    read: Callable[[Any], master_pb2.Call]
    method: str = "POST"
    kind: type = dict
    unread: str = ""
    invalid: str = ""


def _removal(role: str) -> master_pb2.Call:
    return Call(type=Call.REMOVE_QUOTA, remove_quota=Call.RemoveQuota(role=role))


def _machines(value: list[Any]) -> list[mesos_pb2.MachineID]:
    return [json_codec.from_dict(mesos_pb2.MachineID, each) for each in value]


def _machine_down(value: Any) -> master_pb2.Call:
    return Call(type=Call.START_MAINTENANCE, start_maintenance=Call.StartMaintenance(machines=_machines(value)))


def _machine_up(value: Any) -> master_pb2.Call:
    return Call(type=Call.STOP_MAINTENANCE, stop_maintenance=Call.StopMaintenance(machines=_machines(value)))


def _schedule(value: Any) -> master_pb2.Call:
    schedule = json_codec.from_dict(maintenance_pb2.Schedule, value)
    update = Call.UpdateMaintenanceSchedule(schedule=schedule)
    return Call(type=Call.UPDATE_MAINTENANCE_SCHEDULE, update_maintenance_schedule=update)


def _weights(value: Any) -> master_pb2.Call:
    infos = [json_codec.from_dict(mesos_pb2.WeightInfo, each) for each in value]
    return Call(type=Call.UPDATE_WEIGHTS, update_weights=Call.UpdateWeights(weight_infos=infos))


def _quota(value: Any) -> master_pb2.Call:
    call = Call(type=Call.SET_QUOTA)
    call.set_quota.quota_request.CopyFrom(json_codec.from_dict(type(call.set_quota.quota_request), value))
    return call


_MACHINE_DOWN = _Change(_machine_down, kind=list)
_MACHINE_UP = _Change(_machine_up, kind=list)
_CHANGES = {
    ("/maintenance/schedule", "POST"): _Change(_schedule),
    ("/weights", "PUT"): _Change(
        _weights,
        "PUT",
        list,
        "Failed to parse update weights request JSON '{body}': ",
        "Failed to convert weights JSON array to protobuf '{body}': ",
    ),
    ("/quota", "POST"): _Change(
        _quota,
        unread="Failed to parse set quota request JSON '{body}': ",
        invalid="Failed to validate set quota request JSON '{body}': ",
    ),
}
_METHODS = {
    "/weights": ("GET", "PUT"),
    "/quota": ("GET", "POST", "DELETE"),
    "/maintenance/schedule": ("GET", "POST"),
    "/maintenance/status": ("GET",),
}
