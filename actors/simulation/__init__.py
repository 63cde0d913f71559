"""Simulated worlds: the service, a Mesos and their users on hosts that fail, in virtual time, decided by one seed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from actors.simulation.world import Host, Line, Violation, World

if TYPE_CHECKING:
    from actors.simulation.framework import Searched, simulate
    from actors.simulation.in_pytest import simulation
    from actors.simulation.mesos import LiveTask, SimulatedAgent, SimulatedMesos
    from actors.simulation.steps import Step
    from actors.simulation.trouble import Trouble

__all__ = [
    "Host",
    "Line",
    "LiveTask",
    "Searched",
    "SimulatedAgent",
    "SimulatedMesos",
    "Step",
    "Trouble",
    "Violation",
    "World",
    "simulate",
    "simulation",
]

_ROOMS = {
    "LiveTask": "mesos",
    "Searched": "framework",
    "SimulatedAgent": "mesos",
    "SimulatedMesos": "mesos",
    "Step": "steps",
    "Trouble": "trouble",
    "simulate": "framework",
    "simulation": "in_pytest",
}


def __getattr__(name: str) -> Any:
    """Imported when asked for: a safeguard is left out of modules that were not imported yet (`safeguards`)."""
    if name in _ROOMS:
        return getattr(import_module(f"actors.simulation.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
