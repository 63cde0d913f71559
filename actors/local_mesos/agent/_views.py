"""An agent in the JSON of Mesos's own endpoints: ``/state`` and ``/monitor/statistics``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from actors.local_mesos.agent._housekeeping import memory_limit
from actors.local_mesos.agent._run import ExecutorRun, Run
from actors.local_mesos.master import legacy_views
from actors.local_mesos.task_runner import Usage
from mesos_proto import Resources, mesos_pb2

__all__ = ["AgentDescription", "ExecutorDescription", "RunDescription", "state", "statistics"]

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunDescription:
    """One task, its run and its folder."""

    run: Run
    task: mesos_pb2.Task
    directory: str


@dataclass(frozen=True, slots=True)
class ExecutorDescription:
    """An executor that tasks share, its folder, and its tasks."""

    run: ExecutorRun
    directory: str
    tasks: tuple[RunDescription, ...]
    completed: tuple[RunDescription, ...]


@dataclass(frozen=True, slots=True)
class AgentDescription:
    """What an agent says of itself. ``completed`` are the latest tasks that it no longer answers for."""

    info: mesos_pb2.AgentInfo
    ip: str
    runs: tuple[RunDescription, ...]
    completed: tuple[RunDescription, ...]
    executors: tuple[ExecutorDescription, ...] = ()
    completed_executors: tuple[ExecutorDescription, ...] = ()


def state(agent: AgentDescription) -> Json:
    total = Resources(agent.info.resources)
    used = Resources(())
    for one in agent.runs:
        used = used + Resources(one.task.resources).unallocated()
    for executor in agent.executors:
        used = used + Resources(executor.run.info.resources).unallocated()
    reservations = total.reservations()
    running = _frameworks(agent.runs, agent.executors)
    past = _frameworks(agent.completed, agent.completed_executors)
    return {
        **legacy_views.version(),
        "id": agent.info.id.value,
        "pid": f"slave(1)@{agent.ip}:{agent.info.port}",
        "hostname": agent.info.hostname,
        "resources": legacy_views.flat(total),
        "reserved_resources": {role: legacy_views.flat(part) for role, part in reservations.items()},
        "unreserved_resources": legacy_views.flat(total.unreserved()),
        "unreserved_resources_allocated": legacy_views.flat(used),
        "attributes": legacy_views.attributes(agent.info.attributes),
        "flags": {},
        "frameworks": [_framework(info, agent) for info in running.values()],
        "completed_frameworks": [_framework(info, agent) for name, info in past.items() if name not in running],
    }


def _frameworks(
    tasks: Iterable[RunDescription], executors: Iterable[ExecutorDescription]
) -> dict[str, mesos_pb2.FrameworkInfo]:
    infos = [*(task.run.framework for task in tasks), *(executor.run.framework for executor in executors)]
    return {info.id.value: info for info in infos}


def _framework(info: mesos_pb2.FrameworkInfo, agent: AgentDescription) -> Json:
    def executors(runs: Iterable[RunDescription], shared: Iterable[ExecutorDescription], completed: bool) -> list[Json]:
        alone = [one for one in runs if not one.run.shares_executor]
        return [_executor(one, completed) for one in alone if one.run.framework.id == info.id] + [
            _shared(one) for one in shared if one.run.framework.id == info.id
        ]

    return {
        "id": info.id.value,
        "name": info.name,
        "user": info.user,
        "failover_timeout": info.failover_timeout,
        "checkpoint": info.checkpoint,
        "hostname": info.hostname,
        "principal": info.principal,
        "roles": list(info.roles),
        "executors": executors(agent.runs, agent.executors, False),
        "completed_executors": executors(agent.completed, agent.completed_executors, True),
    }


def _executor(one: RunDescription, completed: bool) -> Json:
    """A command task's executor has the task's own id; Mesos names it after the command."""
    task = legacy_views.task(one.task)
    return {
        "id": one.run.executor_id,
        "name": f"Command Executor (Task: {one.run.executor_id}) (Command: sh -c '{one.run.task.command.value}')",
        "source": one.run.executor_id,
        "container": one.run.container_id,
        "directory": one.directory,
        "resources": task["resources"],
        "role": task["role"],
        "type": "DEFAULT",
        "queued_tasks": [],
        "tasks": [] if completed else [task],
        "completed_tasks": [task] if completed else [],
    }


def _shared(one: ExecutorDescription) -> Json:
    info = one.run.info
    total = Resources(info.resources)
    for each in one.tasks:
        total = total + Resources(each.task.resources)
    tasks = [legacy_views.task(each.task) for each in one.tasks]
    return {
        "id": one.run.executor_id,
        "name": info.name,
        "source": info.source or one.run.executor_id,
        "container": one.run.container_id,
        "directory": one.directory,
        "resources": legacy_views.flat(total),
        "role": tasks[0]["role"] if tasks else "*",
        "type": "DEFAULT" if one.run.is_default else "CUSTOM",
        "queued_tasks": [],
        "tasks": tasks,
        "completed_tasks": [legacy_views.task(each.task) for each in one.completed],
    }


def statistics(agent: AgentDescription, usage: Mapping[str, Usage], now: float) -> list[Json]:
    """``now`` is in seconds since the epoch."""
    views = []
    measured: list[tuple[Run | ExecutorRun, str, float, float]] = [
        (one.run, "Command Executor", Resources(one.task.resources).cpus, memory_limit(one.run.task))
        for one in agent.runs
        if not one.run.has_image  # what the engine's client uses says nothing of the container
    ]
    for shared in agent.executors:
        tasks = [one.run.task for one in shared.tasks]
        cpus = Resources(shared.run.info.resources).cpus + sum(Resources(task.resources).cpus for task in tasks)
        measured.append((shared.run, shared.run.info.name, cpus, memory_limit(shared.run.info, *tasks)))
    for run, name, cpus, memory in measured:
        used = usage.get(run.container_id)
        if used is None:
            continue
        views.append(
            {
                "executor_id": run.executor_id,
                "executor_name": name,
                "framework_id": run.framework.id.value,
                "source": run.executor_id,
                "container_id": run.container_id,
                "statistics": {
                    "cpus_limit": cpus,
                    "cpus_system_time_secs": used.system,
                    "cpus_user_time_secs": used.user,
                    "mem_limit_bytes": _bytes(memory),
                    "mem_rss_bytes": used.memory,
                    "processes": used.processes,
                    "threads": used.threads,
                    "timestamp": now,
                },
            }
        )
    return views


def _bytes(limit: float) -> int:
    """JSON has no infinity; Mesos then leaves the greatest number it has."""
    return int(limit) if limit < 1 << 63 else (1 << 63) - 1
