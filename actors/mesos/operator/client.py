"""The operator's client: what a master knows, and what an operator may change, as methods (v1 operator API).

::

    async with OperatorClient(system, "http://127.0.0.1:5050") as mesos:
        for agent in (await mesos.get_agents()).agents: …
        await mesos.drain_agent(agent_id, max_grace_period=timedelta(minutes=5))
        async for event in mesos.events():
            match event:
                case TaskUpdated(framework_id, status): …

Methods that ask return the message of the answer; methods that change something return when the master has done it,
or has taken it (reservations, volumes: 202). Raises `CallRefused` with the master's words, `MasterUnreachable` when
nothing was sent, `CallUnconfirmed` when it may have been done.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Self

from actors.core import ActorSystem
from actors.mesos.detector import Master, detector_for
from actors.mesos.errors import CallRefused
from actors.mesos.settings import ConnectionSettings, Credential, Security
from mesos_proto import AgentID, FrameworkID, Resources, maintenance_pb2, master_pb2, mesos_pb2, quota_pb2

from .connection import OperatorConnection
from .events import Event

__all__ = ["OperatorClient"]

_Call = master_pb2.Call
_Response = master_pb2.Response


class OperatorClient:
    """See the module's head. ``master``, ``credential`` and ``tls`` as for `Mesos.register_framework`."""

    def __init__(
        self,
        system: ActorSystem,
        master: Master,
        *,
        credential: Credential | None = None,
        tls: ssl.SSLContext | str | Path | None = None,
        settings: ConnectionSettings | None = None,
    ) -> None:
        security = Security.of(credential, tls)
        self._connection = OperatorConnection(
            detector_for(master, scheme="https" if security.tls else "http"),
            clock=system.clock,
            chance=system.random,
            settings=settings or ConnectionSettings(),
            security=security,
        )

    async def call(self, call: master_pb2.Call) -> master_pb2.Response | None:
        """Make any call; None when the master only took it."""
        return await self._connection.ask(call)

    def events(self) -> AsyncIterator[Event]:
        """All that happens, from a `Snapshot` on; subscribes again by itself after a `Disconnected`."""
        return self._connection.events()

    async def close(self) -> None:
        """Close what is open; nothing on the master changes."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def _get(self, kind: _Call.Type.ValueType) -> master_pb2.Response:
        return await self._answer(_Call(type=kind))

    async def _answer(self, call: master_pb2.Call) -> master_pb2.Response:
        answer = await self._connection.ask(call)
        if answer is None:
            raise CallRefused(_Call.Type.Name(call.type), 202, "an answer was expected, and none came")
        return answer

    # -- the cluster

    async def get_health(self) -> bool:
        return (await self._get(_Call.GET_HEALTH)).get_health.healthy

    async def get_version(self) -> mesos_pb2.VersionInfo:
        return (await self._get(_Call.GET_VERSION)).get_version.version_info

    async def get_flags(self) -> dict[str, str]:
        return {flag.name: flag.value for flag in (await self._get(_Call.GET_FLAGS)).get_flags.flags}

    async def get_metrics(self, timeout: timedelta | None = None) -> dict[str, float]:
        """``timeout``: how long the master may wait for slow figures; those that take longer are left out."""
        call = _Call(type=_Call.GET_METRICS)
        call.get_metrics.SetInParent()
        if timeout is not None:
            call.get_metrics.timeout.nanoseconds = _nanoseconds(timeout)
        return {metric.name: metric.value for metric in (await self._answer(call)).get_metrics.metrics}

    async def get_master(self) -> master_pb2.Response.GetMaster:
        return (await self._get(_Call.GET_MASTER)).get_master

    async def get_state(self) -> master_pb2.Response.GetState:
        return (await self._get(_Call.GET_STATE)).get_state

    async def get_agents(self) -> master_pb2.Response.GetAgents:
        return (await self._get(_Call.GET_AGENTS)).get_agents

    async def get_frameworks(self) -> master_pb2.Response.GetFrameworks:
        return (await self._get(_Call.GET_FRAMEWORKS)).get_frameworks

    async def get_executors(self) -> master_pb2.Response.GetExecutors:
        return (await self._get(_Call.GET_EXECUTORS)).get_executors

    async def get_operations(self) -> master_pb2.Response.GetOperations:
        return (await self._get(_Call.GET_OPERATIONS)).get_operations

    async def get_tasks(self) -> master_pb2.Response.GetTasks:
        return (await self._get(_Call.GET_TASKS)).get_tasks

    async def get_roles(self) -> tuple[mesos_pb2.Role, ...]:
        return tuple((await self._get(_Call.GET_ROLES)).get_roles.roles)

    # -- the master's own log and files

    async def get_logging_level(self) -> int:
        return (await self._get(_Call.GET_LOGGING_LEVEL)).get_logging_level.level

    async def set_logging_level(self, level: int, duration: timedelta) -> None:
        """``level`` 0 to 3, more is more, for ``duration``; then it goes back by itself."""
        call = _Call(type=_Call.SET_LOGGING_LEVEL)
        call.set_logging_level.level = level
        call.set_logging_level.duration.nanoseconds = _nanoseconds(duration)
        await self.call(call)

    async def list_files(self, path: str) -> tuple[mesos_pb2.FileInfo, ...]:
        call = _Call(type=_Call.LIST_FILES, list_files=_Call.ListFiles(path=path))
        return tuple((await self._answer(call)).list_files.file_infos)

    async def read_file(self, path: str, offset: int = 0, length: int | None = None) -> master_pb2.Response.ReadFile:
        """Bytes of a file from ``offset`` on; ``size`` of the answer is that of the whole file."""
        call = _Call(type=_Call.READ_FILE, read_file=_Call.ReadFile(path=path, offset=offset, length=length))
        return (await self._answer(call)).read_file

    # -- shares

    async def get_weights(self) -> dict[str, float]:
        return {info.role: info.weight for info in (await self._get(_Call.GET_WEIGHTS)).get_weights.weight_infos}

    async def update_weights(self, weights: dict[str, float]) -> None:
        call = _Call(type=_Call.UPDATE_WEIGHTS)
        for role, weight in weights.items():
            call.update_weights.weight_infos.add(role=role, weight=weight)
        await self.call(call)

    async def get_quota(self) -> quota_pb2.QuotaStatus:
        return (await self._get(_Call.GET_QUOTA)).get_quota.status

    async def update_quota(self, configs: Iterable[quota_pb2.QuotaConfig], *, force: bool = False) -> None:
        """All of these or none. ``force`` leaves out the check against what the cluster has."""
        call = _Call(type=_Call.UPDATE_QUOTA, update_quota=_Call.UpdateQuota(force=force, quota_configs=configs))
        await self.call(call)

    async def set_quota(self, request: quota_pb2.QuotaRequest) -> None:
        """The older way of `update_quota`: for one role, only if it has none."""
        await self.call(_Call(type=_Call.SET_QUOTA, set_quota=_Call.SetQuota(quota_request=request)))

    async def remove_quota(self, role: str) -> None:
        await self.call(_Call(type=_Call.REMOVE_QUOTA, remove_quota=_Call.RemoveQuota(role=role)))

    # -- resources of an agent

    async def reserve_resources(self, agent_id: AgentID, resources: Resources, source: Resources | None = None) -> None:
        call = _Call(type=_Call.RESERVE_RESOURCES)
        call.reserve_resources.agent_id.value = agent_id
        call.reserve_resources.resources.extend(resources.to_protos())
        if source is not None:
            call.reserve_resources.source.extend(source.to_protos())
        await self.call(call)

    async def unreserve_resources(self, agent_id: AgentID, resources: Resources) -> None:
        call = _Call(type=_Call.UNRESERVE_RESOURCES)
        call.unreserve_resources.agent_id.value = agent_id
        call.unreserve_resources.resources.extend(resources.to_protos())
        await self.call(call)

    async def create_volumes(self, agent_id: AgentID, volumes: Resources) -> None:
        call = _Call(type=_Call.CREATE_VOLUMES)
        call.create_volumes.agent_id.value = agent_id
        call.create_volumes.volumes.extend(volumes.to_protos())
        await self.call(call)

    async def destroy_volumes(self, agent_id: AgentID, volumes: Resources) -> None:
        call = _Call(type=_Call.DESTROY_VOLUMES)
        call.destroy_volumes.agent_id.value = agent_id
        call.destroy_volumes.volumes.extend(volumes.to_protos())
        await self.call(call)

    async def grow_volume(self, agent_id: AgentID, volume: mesos_pb2.Resource, addition: mesos_pb2.Resource) -> None:
        call = _Call(type=_Call.GROW_VOLUME, grow_volume=_Call.GrowVolume(volume=volume, addition=addition))
        call.grow_volume.agent_id.value = agent_id
        await self.call(call)

    async def shrink_volume(self, agent_id: AgentID, volume: mesos_pb2.Resource, subtract: float) -> None:
        """``subtract`` in megabytes."""
        call = _Call(type=_Call.SHRINK_VOLUME, shrink_volume=_Call.ShrinkVolume(volume=volume))
        call.shrink_volume.agent_id.value = agent_id
        call.shrink_volume.subtract.value = subtract
        await self.call(call)

    # -- machines and agents

    async def get_maintenance_status(self) -> maintenance_pb2.ClusterStatus:
        return (await self._get(_Call.GET_MAINTENANCE_STATUS)).get_maintenance_status.status

    async def get_maintenance_schedule(self) -> maintenance_pb2.Schedule:
        return (await self._get(_Call.GET_MAINTENANCE_SCHEDULE)).get_maintenance_schedule.schedule

    async def update_maintenance_schedule(self, schedule: maintenance_pb2.Schedule) -> None:
        call = _Call(type=_Call.UPDATE_MAINTENANCE_SCHEDULE)
        call.update_maintenance_schedule.schedule.CopyFrom(schedule)
        await self.call(call)

    async def start_maintenance(self, machines: Iterable[mesos_pb2.MachineID]) -> None:
        """These machines, which the schedule names, are down: their agents are removed."""
        await self.call(
            _Call(type=_Call.START_MAINTENANCE, start_maintenance=_Call.StartMaintenance(machines=machines))
        )

    async def stop_maintenance(self, machines: Iterable[mesos_pb2.MachineID]) -> None:
        await self.call(_Call(type=_Call.STOP_MAINTENANCE, stop_maintenance=_Call.StopMaintenance(machines=machines)))

    async def drain_agent(
        self, agent_id: AgentID, max_grace_period: timedelta | None = None, *, mark_gone: bool = False
    ) -> None:
        """Kill the agent's tasks, each with at most ``max_grace_period``, and offer it no more."""
        call = _Call(type=_Call.DRAIN_AGENT, drain_agent=_Call.DrainAgent(mark_gone=mark_gone))
        call.drain_agent.agent_id.value = agent_id
        if max_grace_period is not None:
            whole, rest = divmod(_nanoseconds(max_grace_period), 1_000_000_000)
            call.drain_agent.max_grace_period.seconds, call.drain_agent.max_grace_period.nanos = whole, rest
        await self.call(call)

    async def deactivate_agent(self, agent_id: AgentID) -> None:
        """Offer it no more; its tasks go on."""
        call = _Call(type=_Call.DEACTIVATE_AGENT)
        call.deactivate_agent.agent_id.value = agent_id
        await self.call(call)

    async def reactivate_agent(self, agent_id: AgentID) -> None:
        call = _Call(type=_Call.REACTIVATE_AGENT)
        call.reactivate_agent.agent_id.value = agent_id
        await self.call(call)

    async def mark_agent_gone(self, agent_id: AgentID) -> None:
        """It will never come back: its tasks are TASK_GONE_BY_OPERATOR, and it is turned away for good."""
        call = _Call(type=_Call.MARK_AGENT_GONE)
        call.mark_agent_gone.agent_id.value = agent_id
        await self.call(call)

    # -- frameworks

    async def teardown(self, framework_id: FrameworkID) -> None:
        """End a framework and all its tasks."""
        call = _Call(type=_Call.TEARDOWN)
        call.teardown.framework_id.value = framework_id
        await self.call(call)


def _nanoseconds(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1) * 1_000
