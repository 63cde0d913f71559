"""Reading Marathon's state back from its journal, each kind in one sweep."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from actors.marathon.instance import Instance, TaskFailure
from actors.marathon.state.deployment_record import DeploymentRecord
from actors.marathon.state.instance_record import failure_from_payload, instance_from_payload
from actors.marathon.state.root_history import RootHistory
from actors.persistence import Journal, JournalFull, Recovered

__all__ = [
    "FRAMEWORK_STREAM",
    "recover_deployments",
    "recover_failures",
    "recover_framework_id",
    "recover_instances",
    "recover_root",
]

FRAMEWORK_STREAM = "framework"


async def recover_root(journal: Journal) -> RootHistory:
    """The root group with its kept versions."""
    history = RootHistory()
    history.recover("root", await journal.replay("root"))
    for prefix in ("group/", "app/"):
        async for stream, recovered in journal.replay_all(prefix):
            history.recover(stream, recovered)
    history.recovered()
    return history


async def recover_deployments(journal: Journal) -> tuple[DeploymentRecord, ...]:
    """The deployments that were running, oldest first. What is left of ended ones is deleted."""
    running = []
    ended = []
    async for stream, recovered in journal.replay_all("deployment/"):
        first, last = recovered.events[0].event, recovered.events[-1].event
        if last.kind == "deployment-ended":
            ended.append(stream)
        else:
            record = DeploymentRecord.from_payload(first.payload)
            for stored in recovered.events[1:]:  # a part of it was cancelled
                record = record.without(stored.event.payload["app"])
            running.append(record)
    with suppress(JournalFull):  # the next start will find them again
        for stream in ended:
            await journal.delete(stream)
    return tuple(sorted(running, key=lambda record: record.version))


async def recover_instances(journal: Journal) -> list[tuple[Instance, int]]:
    """Every stored instance, with the number of its last event."""
    found = []
    async for _, recovered in journal.replay_all("instance/"):
        payload = _latest(recovered)
        if payload is not None:
            found.append((instance_from_payload(payload), recovered.seq))
    return found


async def recover_failures(journal: Journal) -> dict[str, tuple[TaskFailure, int]]:
    """The last failure of each app, with the number of its event."""
    found = {}
    async for _, recovered in journal.replay_all("failure/"):
        payload = _latest(recovered)
        if payload is not None:
            failure = failure_from_payload(payload)
            found[failure.app_id] = (failure, recovered.seq)
    return found


async def recover_framework_id(journal: Journal) -> str | None:
    """The id under which Mesos knows us; None before the first registration."""
    payload = _latest(await journal.replay(FRAMEWORK_STREAM))
    return None if payload is None else payload["id"]


def _latest(recovered: Recovered) -> Mapping[str, Any] | None:
    """The state of a stream of which every event holds all of it."""
    if recovered.events:
        return recovered.events[-1].event.payload
    return None if recovered.snapshot is None else recovered.snapshot.payload
