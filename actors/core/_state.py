"""Where an actor is in its life."""

from __future__ import annotations

import enum

__all__ = ["State"]


class State(enum.Enum):
    """Where a cell is in its life; `STOPPED` is for ever."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    STOPPING = "stopping"
    STOPPED = "stopped"
