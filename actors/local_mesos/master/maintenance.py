"""Planned maintenance of machines: the schedule, and which machines are down. Pure.

A machine is UP, DRAINING (in a window of the schedule: its resources are offered with their unavailability, and
frameworks are asked by inverse offers whether they can leave) or DOWN (START_MAINTENANCE: its agents are sent away).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from mesos_proto import json_codec, maintenance_pb2, mesos_pb2

__all__ = ["Maintenance"]


class Maintenance:
    def __init__(self) -> None:
        self.schedule = maintenance_pb2.Schedule()
        self._windows: dict[str, mesos_pb2.Unavailability] = {}
        self._down: dict[str, mesos_pb2.MachineID] = {}

    def replace(self, schedule: maintenance_pb2.Schedule) -> None:
        """A valid schedule takes the place of the old one."""
        self.schedule = schedule
        self._windows = {
            _key(machine): window.unavailability for window in schedule.windows for machine in window.machine_ids
        }
        self._down = {key: machine for key, machine in self._down.items() if key in self._windows}

    def unavailability(self, machine: mesos_pb2.MachineID) -> mesos_pb2.Unavailability | None:
        """When the machine is to be down; None when nothing is planned."""
        return self._windows.get(_key(machine))

    def is_down(self, machine: mesos_pb2.MachineID) -> bool:
        return _key(machine) in self._down

    def bring_down(self, machines: Iterable[mesos_pb2.MachineID]) -> None:
        for machine in machines:
            self._down[_key(machine)] = machine

    def bring_up(self, machines: Iterable[mesos_pb2.MachineID]) -> None:
        """They leave the schedule as well."""
        keys = {_key(machine) for machine in machines}
        left = maintenance_pb2.Schedule()
        for window in self.schedule.windows:
            kept = [machine for machine in window.machine_ids if _key(machine) not in keys]
            if kept:
                left.windows.add(machine_ids=kept, unavailability=window.unavailability)
        for key in keys:
            self._down.pop(key, None)
        self.replace(left)

    @property
    def down(self) -> list[mesos_pb2.MachineID]:
        return list(self._down.values())

    @property
    def draining(self) -> list[mesos_pb2.MachineID]:
        return [
            machine for window in self.schedule.windows for machine in window.machine_ids if not self.is_down(machine)
        ]

    # -- is what an operator asks for possible?

    def schedule_error(self, schedule: maintenance_pb2.Schedule) -> str | None:
        seen: set[str] = set()
        for window in schedule.windows:
            if not window.machine_ids:
                return "List of machines in the maintenance window is empty"
            if window.unavailability.duration.nanoseconds < 0:
                return "Unavailability 'duration' is negative"
            for machine in window.machine_ids:
                error = _machine_error(machine)
                if error:
                    return error
                if _key(machine) in seen:
                    return f"Machine '{_shown(machine)}' appears more than once in the schedule"
                seen.add(_key(machine))
        for key, machine in self._down.items():
            if key not in seen:
                return f"Machine '{_shown(machine)}' is deactivated and cannot be removed from the schedule"
        return None

    def start_error(
        self, machines: list[mesos_pb2.MachineID], with_agents: Iterable[mesos_pb2.MachineID]
    ) -> str | None:
        error = self._list_error(machines, with_agents)
        if error:
            return error
        for machine in machines:
            if self.is_down(machine) or _key(machine) not in self._windows:
                return f"Machine '{_shown(machine)}' is not in DRAINING mode and cannot be brought down"
        return None

    def stop_error(self, machines: list[mesos_pb2.MachineID], with_agents: Iterable[mesos_pb2.MachineID]) -> str | None:
        error = self._list_error(machines, with_agents)
        if error:
            return error
        for machine in machines:
            if not self.is_down(machine):
                return f"Machine '{_shown(machine)}' is not in DOWN mode and cannot be brought up"
        return None

    def _list_error(
        self, machines: list[mesos_pb2.MachineID], with_agents: Iterable[mesos_pb2.MachineID]
    ) -> str | None:
        if not machines:
            return "List of machines is empty"
        seen: set[str] = set()
        for machine in machines:
            error = _machine_error(machine)
            if error:
                return error
            if _key(machine) in seen:
                return f"Machine '{_shown(machine)}' appears more than once in the schedule"
            seen.add(_key(machine))
        known = {*self._windows, *self._down, *(_key(machine) for machine in with_agents)}
        for machine in machines:
            if _key(machine) not in known:
                return f"Machine '{_shown(machine)}' is not part of a maintenance schedule"
        return None


def _machine_error(machine: mesos_pb2.MachineID) -> str | None:
    if not machine.hostname and not machine.ip:
        return "Both 'hostname' and 'ip' for a machine are empty"
    if machine.ip:
        try:
            ipaddress.IPv4Address(machine.ip)
        except ValueError:
            return f"Failed to parse IPv4: {machine.ip}"
    return None


def _key(machine: mesos_pb2.MachineID) -> str:
    """Host names do not care for case."""
    return f"{machine.hostname.lower()}\n{machine.ip}"


def _shown(machine: mesos_pb2.MachineID) -> str:
    return json_codec.dumps(machine).decode()
