"""Draining: an operator wants an agent empty. Its tasks are killed, nothing new is offered, and then it is DRAINED
(or, if so asked, marked gone).
"""

from __future__ import annotations

from actors.local_mesos.messages import KillTask
from mesos_proto import mesos_pb2

from .cluster import Agent, Cluster, Framework

__all__ = ["check", "kill_all", "reworded"]


def kill_all(agent: Agent, config: mesos_pb2.DrainConfig) -> None:
    """Kills every task, each within the operator's grace period at most."""
    for framework_id, tasks in agent.tasks.items():
        for task_id, task in tasks.items():
            policy: mesos_pb2.KillPolicy | None = None
            if config.HasField("max_grace_period"):
                policy = mesos_pb2.KillPolicy(grace_period=config.max_grace_period)
                own = task.message().kill_policy
                longest = config.max_grace_period.nanoseconds
                if own.HasField("grace_period") and own.grace_period.nanoseconds < longest:
                    policy = own
            agent.kills[framework_id, task_id] = policy
            if agent.connected:
                agent.ref.tell(KillTask(framework_id, task_id, policy))


def reworded(agent: Agent, framework: Framework, status: mesos_pb2.TaskStatus) -> mesos_pb2.TaskStatus:
    """A kill that the draining caused says so, in a state that the framework knows."""
    if status.state not in (mesos_pb2.TASK_KILLING, mesos_pb2.TASK_KILLED) or agent.drain_info is None:
        return status
    changed = mesos_pb2.TaskStatus()
    changed.CopyFrom(status)
    changed.reason = mesos_pb2.TaskStatus.REASON_AGENT_DRAINING
    gone = agent.drain_info.config.mark_gone and framework.partition_aware
    if gone and status.state == mesos_pb2.TASK_KILLED:
        changed.state = mesos_pb2.TASK_GONE_BY_OPERATOR
    return changed


def check(cluster: Cluster, agent: Agent) -> None:
    """Whether a draining agent is empty by now: no task, no operation whose end nobody acknowledged."""
    info = agent.drain_info
    if info is None or info.state != mesos_pb2.DRAINING or agent.operations or any(agent.tasks.values()):
        return
    info.state = mesos_pb2.DRAINED
    cluster.log.info("agent %s is drained", agent.id)
    cluster.drained(agent)
