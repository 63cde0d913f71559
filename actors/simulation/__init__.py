"""Simulated worlds: the service, a Mesos and their users on hosts that fail, in virtual time, decided by one seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.simulation.world import Host, Line, Violation, World

if TYPE_CHECKING:
    from actors.simulation.framework import Searched, Trouble, simulate
    from actors.simulation.mesos import LiveTask, SimulatedAgent, SimulatedMesos

__all__ = [
    "Host",
    "Line",
    "LiveTask",
    "Searched",
    "SimulatedAgent",
    "SimulatedMesos",
    "Trouble",
    "Violation",
    "World",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Imported when asked for: a safeguard is left out of modules that were not imported yet (`safeguards`)."""
    if name in ("LiveTask", "SimulatedAgent", "SimulatedMesos"):
        from actors.simulation import mesos

        return getattr(mesos, name)
    if name in ("Searched", "Trouble", "simulate"):
        from actors.simulation import framework

        return getattr(framework, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
