"""`Leases`: who was given one lease in a world, and whether anybody else held it then."""

from __future__ import annotations

from actors.cluster import Lease
from actors.simulation.world import Host, World
from actors.testkit.machines import Life

__all__ = ["Leases"]


class Leases:
    """``last``: the host that was given it last."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.last: str | None = None
        self._of: dict[str, tuple[Life, Lease]] = {}

    def given(self, host: Host, lease: Lease) -> None:
        """Told in the moment in which the program on ``host`` learns that it has it."""
        self.world.happened("leads", host.name, f"leads in epoch {lease.epoch}")
        for name, (life, other) in self._of.items():
            if name != host.name and life.running and life.context.copy().run(other.held):
                self.world.violated(
                    "a lease that is held is given to nobody else",
                    f"{host.name} leads in epoch {lease.epoch} while {name} holds that of {other.epoch}",
                )
        if self.last not in (None, host.name):
            self.world.sometimes("a second leader leads")
        self.last = host.name
        assert host.machine.life is not None
        self._of[host.name] = (host.machine.life, lease)
