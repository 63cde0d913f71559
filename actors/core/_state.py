"""Where an actor is in its life. No enum, whose members are slow to look up before Python 3.12."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["RESTARTING", "RUNNING", "STARTING", "STOPPED", "STOPPING", "State"]

State = Literal["starting", "running", "restarting", "stopping", "stopped"]

STARTING: Final = "starting"
RUNNING: Final = "running"
RESTARTING: Final = "restarting"
STOPPING: Final = "stopping"
STOPPED: Final = "stopped"
