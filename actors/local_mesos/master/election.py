"""Who of several masters leads: the seam between a master and what elects it.

::

    candidate                                    election
    leaders(its info)                       ──►  stands for election
        ◄── another's info                       follow: send everybody there
        ◄── its own info                         lead
        ◄── None                                 nobody leads, or it cannot be known: stop leading at once
    (closes the iterator)                   ──►  withdraws

Who only wants to know, as an agent does, gives no info, and never leads.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from mesos_proto import mesos_pb2

__all__ = ["Election"]


class Election(Protocol):
    def leaders(self, info: mesos_pb2.MasterInfo | None) -> AsyncGenerator[mesos_pb2.MasterInfo | None, None]:
        """Who leads now, and again whenever that changes. Endless."""
