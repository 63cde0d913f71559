"""Ids of instances and tasks, as Marathon spells them: ``a_b.instance-<uuid>`` and ``a_b.instance-<uuid>._app.1``."""

from __future__ import annotations

from random import Random
from uuid import UUID

from actors.core import Clock

__all__ = ["InstanceIds", "app_of_task", "instance_of_task", "task_of_instance"]

_GREGORIAN_EPOCH = 0x01B21DD213814000
"""100-nanosecond intervals between 1582-10-15, where UUIDs of version 1 begin to count, and 1970."""


class InstanceIds:
    """Makes ids that differ from all others of this and of earlier processes: they hold the time (UUID version 1).

    Random bits alone would repeat in a simulated world, where a restarted service begins with the same seed.
    """

    def __init__(self, clock: Clock, random: Random) -> None:
        self._clock = clock
        self._clock_seq = random.getrandbits(14)
        self._node = random.getrandbits(48) | 1 << 40  # the multicast bit says that it is no network card's address
        self._last = 0

    def make(self, app_id: str) -> str:
        """A fresh instance id for an app."""
        self._last = max(self._last + 1, int(self._clock.wall() * 10_000_000) + _GREGORIAN_EPOCH)
        time_low, time_mid, time_high = self._last & 0xFFFFFFFF, self._last >> 32 & 0xFFFF, self._last >> 48 & 0x0FFF
        high, low = self._clock_seq >> 8, self._clock_seq & 0xFF
        uuid = UUID(fields=(time_low, time_mid, time_high, high, low, self._node), version=1)
        return f"{app_id.lstrip('/').replace('/', '_')}.instance-{uuid}"


def task_of_instance(instance_id: str, container: str = "_app") -> str:
    """The id of an instance's task, or of that of a pod's container. An instance has one attempt; its replacement is
    another instance."""
    return f"{instance_id}.{container}.1"


def instance_of_task(task_id: str) -> str:
    """The instance that a task of ours belongs to: its id without container and attempt, which hold no dots."""
    return task_id.rsplit(".", 2)[0]


def app_of_task(task_id: str) -> str:
    """The app that a task of ours belongs to (ids hold no underscore, so ``_`` can only stand for ``/``)."""
    return "/" + task_id.partition(".instance-")[0].replace("_", "/")
