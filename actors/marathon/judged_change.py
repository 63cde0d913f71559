"""What a change of the root leads to: the new root, the plan, and what the journal is to hold. Pure.

    judge(update, history, …)  ──▶  JudgedChange    legal; whether a deployment is in its way is not looked at
                               ──▶  RefusedChange   why not

With a thousand apps it takes a second or two: in a thread, in which `history` is only read.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.marathon.changes import settled
from actors.marathon.messages import UpdateRoot
from actors.marathon.model import RootGroup
from actors.marathon.plan import DeploymentMode, DeploymentPlan, make_plan
from actors.marathon.roles import with_roles
from actors.marathon.state import DeploymentRecord, RootHistory
from actors.persistence import Append, Event

__all__ = ["JudgedChange", "RefusedChange", "Undo", "judge"]


@dataclass(frozen=True, slots=True)
class JudgedChange:
    """`writes`: what is stored when the deployment begins. `force`: it may end deployments that are in its way."""

    root: RootGroup
    plan: DeploymentPlan
    record: DeploymentRecord
    writes: tuple[Append, ...]
    force: bool


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """`version`: which it would have had."""

    version: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Undo:
    """The change that brings the apps and groups of a deployment back to what they were; others stay as they are."""

    record: DeploymentRecord

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        return settled(root, self.record.original_of(root), version)


def judge(
    update: UpdateRoot, history: RootHistory, version: str, new_id: str, mesos_role: str, mode: DeploymentMode
) -> JudgedChange | RefusedChange:
    """Make the change of the current root, as `version`, and the record of its deployment, `new_id`."""
    before = history.current
    try:
        root = with_roles(before, update.change(before, version), mesos_role)
        plan = make_plan(before, root, mode)
        record = DeploymentRecord.between(before, root, plan.changes, new_id=new_id, version=version, kill=update.kill)
        started = Append(record.stream, (Event("deployment-started", 1, record.to_payload()),))
        return JudgedChange(root, plan, record, (*history.difference(root), started), update.force)
    except Exception as error:  # noqa: BLE001 - whatever the change or the rules refuse, the asker is told
        return RefusedChange(version, error)
