"""Simulated worlds: the service, a Mesos and their users on hosts that fail, in virtual time, decided by one seed."""

from actors.simulation.world import Host, Line, Violation, World

__all__ = ["Host", "Line", "Violation", "World"]
