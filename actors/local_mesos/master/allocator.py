"""Who gets which agent's resources: Mesos's hierarchical dominant resource fairness, as a pure computation.

::

    the master                                        Allocator
    add_agent, add_framework, update_…, …       ──►   tables
    allocate(now)                               ──►   for each agent (in random order), for each role by its share,
          ◄──  [Allocation(framework, role,           for each framework in it by its share: all that the agent has
                agent, resources), …]                 left for that role, unless a filter refuses it
    recover(…, refuse_seconds)                  ──►   taken back; the filter stands for that long

A role's share is the largest of its fractions of the cluster's scalars, divided by its weight; a child role competes
with its siblings. Guarantees of quotas are served first, and what the unserved ones still need is held back from
everybody else; limits cut what a role may have on top. Mesos 1.11 holds the role itself to its quota, not the roles
below it, though what they have counts for it. It knows neither actors nor clocks: ``now`` is in seconds.

After: Mesos's documents, "Dominant Resource Fairness", "Quota"; Ghodsi et al., "Dominant Resource Fairness", NSDI 2011.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mesos_proto import Resources
from mesos_proto.resource import Resource

from .parsed import Part, parts_of
from .quantities import Quantities, quantities_of, shrink
from .slot import Slot
from .sorter import Sorter

__all__ = ["Allocation", "Allocator", "Quota"]


class Allocation(NamedTuple):
    framework_id: str
    role: str
    agent_id: str
    resources: Resources
    """Not marked with ``role`` yet."""


class Quota(NamedTuple):
    """Per scalar, in thousandths: what a role is promised, and what it may not exceed (missing: no limit)."""

    guarantees: Quantities
    limits: Quantities


_Given = dict[tuple[str, str, str], Allocation]
"""By framework, role and agent."""


@dataclass(slots=True)
class _Client:
    roles: frozenset[str]
    suppressed: frozenset[str]
    active: bool
    accepts: Callable[[str, str, Resources], Resources]
    """(role, agent id, resources) → the part of them that it can be offered."""
    least: Mapping[str, Sequence[Quantities]]
    """By role, where it wants other offers than the rest: alternatives, of which an offer must have one."""
    stranded: dict[str, Resources]
    """By agent, marked with their role: allocated to it without its knowing, until it ends."""


class Allocator:
    """
    Args:
        chance: shuffles the agents.
        parse: reads ``min_allocatable``.
        min_allocatable: alternatives separated by ``|``; an agent with less than all of them is not offered.
    """

    def __init__(self, chance: random.Random, parse: Callable[[str], Resources], min_allocatable: str) -> None:
        self._chance = chance
        self._smallest = [quantities_of(parse(each)) for each in min_allocatable.split("|") if each]
        self._slots: dict[str, Slot] = {}
        self._clients: dict[str, _Client] = {}
        self._roles = Sorter()
        self._sharers: dict[str, Sorter] = {}
        self._reserved: dict[str, Quantities] = {}
        self._unreserved_used: dict[str, Quantities] = {}
        self._version = 0
        self.quotas: dict[str, Quota] = {}

    # -- agents

    def add_agent(self, agent_id: str, total: Resources, used: Iterable[tuple[str, Resources]] = ()) -> None:
        """``used``: pairs (framework id, resources marked with their role) of what runs there already."""
        self._slots[agent_id] = Slot(total)
        self._count_total(total, 1)
        for framework_id, resources in used:
            for role, part in resources.allocations().items():
                self._take(framework_id, role or "*", agent_id, part.unallocated())

    def remove_agent(self, agent_id: str) -> None:
        """Whatever was allocated there must have been recovered before."""
        for framework_id, client in self._clients.items():
            self.recover(framework_id, agent_id, client.stranded.pop(agent_id, Resources()))
        slot = self._slots.pop(agent_id)
        self._count_total(slot.total, -1)

    def update_total(self, agent_id: str, total: Resources) -> None:
        """The agent's resources changed their form (a reservation, a volume)."""
        slot = self._slots[agent_id]
        self._count_total(slot.total, -1)
        slot.set_total(total)
        self._count_total(total, 1)

    def set_active(self, agent_id: str, active: bool) -> None:
        slot = self._slots[agent_id]
        slot.active = active
        slot.changed()

    def clear_filters(self, agent_id: str) -> None:
        """The agent is not what it was (its attributes, its maintenance): ask everybody again."""
        self._slots[agent_id].clear_filters()

    def available(self, agent_id: str) -> Resources:
        """What nobody has."""
        return self._slots[agent_id].available

    def _count_total(self, total: Resources, sign: int) -> None:
        self._roles.count_total(quantities_of(total), sign)
        for sorter in self._sharers.values():
            sorter.count_total(quantities_of(total), sign)
        for role, reserved in total.reservations().items():
            for path in _upwards(role):
                self._reserved.setdefault(path, Quantities()).count(quantities_of(reserved), sign)

    # -- frameworks

    def set_framework(
        self,
        framework_id: str,
        roles: Iterable[str],
        suppressed: Iterable[str],
        active: bool,
        accepts: Callable[[str, str, Resources], Resources],
        least: Mapping[str, Sequence[Quantities]] | None = None,
    ) -> None:
        """Adds it, or changes what is known of it."""
        known = self._clients.get(framework_id)
        stranded = known.stranded if known is not None else {}
        self._clients[framework_id] = _Client(
            frozenset(roles), frozenset(suppressed), active, accepts, least or {}, stranded
        )
        self._version += 1

    def remove_framework(self, framework_id: str) -> None:
        """Whatever it had must have been recovered before."""
        client = self._clients.pop(framework_id, None)
        for agent_id, resources in client.stranded.items() if client is not None else ():
            self.recover(framework_id, agent_id, resources)
        for sorter in self._sharers.values():
            sorter.forget(framework_id)
        for slot in self._slots.values():
            slot.forget(framework_id)
        self._version += 1

    def set_framework_active(self, framework_id: str, active: bool) -> None:
        client = self._clients.get(framework_id)
        if client is not None:
            client.active = active
            self._version += 1

    def suppress(self, framework_id: str, roles: Iterable[str]) -> None:
        """No more offers for these roles; for all of them when there are none."""
        client = self._clients[framework_id]
        client.suppressed |= frozenset(roles) or client.roles
        self._version += 1

    def revive(self, framework_id: str, roles: Iterable[str]) -> None:
        """Offers again for these roles (none: all), whatever was refused before."""
        client = self._clients[framework_id]
        chosen = frozenset(roles) or client.roles
        client.suppressed -= chosen
        for slot in self._slots.values():
            for role in chosen:
                slot.lift(framework_id, role)
        self._version += 1

    def suppressed(self, framework_id: str) -> frozenset[str]:
        client = self._clients.get(framework_id)
        return client.suppressed if client is not None else frozenset()

    @property
    def roles(self) -> set[str]:
        """Of the frameworks."""
        return {role for client in self._clients.values() for role in client.roles}

    def filters(self, now: float) -> Counter[str]:
        """How many stand, by role."""
        return Counter(role for slot in self._slots.values() for role in slot.refusing_roles(now))

    def held(self, role: str) -> Mapping[str, int]:
        """What the role and those below it have, offered or allocated."""
        return self._roles.held(role)

    # -- roles

    def share(self, role: str) -> float:
        """The dominant share of the role's own frameworks, without the roles below it, weighted."""
        return self._roles.share(role + "/.")

    def set_weight(self, role: str, weight: float) -> None:
        self._roles.set_weight(role, weight)
        self._version += 1

    @property
    def weights(self) -> Mapping[str, float]:
        return self._roles.weights

    def set_quota(self, role: str, quota: Quota) -> None:
        self.quotas[role] = quota
        self._version += 1

    def remove_quota(self, role: str) -> None:
        self.quotas.pop(role, None)
        self._version += 1

    def consumed(self, role: str) -> Quantities:
        """What counts against a role's quota: the reservations of it and those below, and what else they hold."""
        consumed = Quantities(self._reserved.get(role, {}))
        consumed.count(self._unreserved_used.get(role, {}), 1)
        return consumed

    # -- what is held

    def recover(
        self, framework_id: str, agent_id: str, resources: Resources, refuse_until: float | None = None
    ) -> None:
        """Resources (marked with their role) come back; until ``refuse_until`` the framework does not want them."""
        slot = self._slots.get(agent_id)
        for part in parts_of(resources):
            self._count(framework_id, part, -1)
            if slot is None:
                continue
            slot.take_back(part.bare)
            if refuse_until is not None:
                slot.refuse(framework_id, part.role, part.bare, refuse_until)

    def strand(self, framework_id: str, agent_id: str, resources: Resources) -> None:
        """What it holds does not come back before it ends, though it is used for nothing."""
        stranded = self._clients[framework_id].stranded
        stranded[agent_id] = stranded.get(agent_id, Resources()) + resources

    def refuse(self, framework_id: str, agent_id: str, role: str, resources: Resources, until: float) -> None:
        """A filter alone."""
        self._slots[agent_id].refuse(framework_id, role, resources, until)

    def convert(self, framework_id: str, agent_id: str, before: Resources, after: Resources) -> None:
        """What a framework holds changed its form; both are marked with its role."""
        slot = self._slots[agent_id]
        for part in parts_of(before):
            self._count(framework_id, part, -1)
            slot.take_back(part.bare)
        for part in parts_of(after):
            self._count(framework_id, part, 1)
            slot.give(part.bare)

    def _take(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        self._slots[agent_id].give(resources)
        part = Part(role, resources, quantities_of(resources), quantities_of(resources.unreserved()))
        self._count(framework_id, part, 1)

    def _count(self, framework_id: str, part: Part, sign: int) -> None:
        self._roles.count(part.role, part.amounts, sign)
        self._sharer(part.role).count(framework_id, part.amounts, sign)
        for path in _upwards(part.role):
            self._unreserved_used.setdefault(path, Quantities()).count(part.unreserved, sign)

    def _sharer(self, role: str) -> Sorter:
        sorter = self._sharers.get(role)
        if sorter is None:
            sorter = self._sharers[role] = Sorter(hierarchical=False)
            sorter.count_total(self._roles.total, 1)
        return sorter

    # -- the allocation

    def allocate(self, now: float, agents: Iterable[str] | None = None) -> list[Allocation]:
        """Gives away what is free on these agents (None: on all), and says to whom."""
        if not self._clients:
            return []
        chosen = [
            agent_id
            for agent_id in (self._slots if agents is None else agents)
            if self._is_offerable(self._slots[agent_id], now)
        ]
        if not chosen:
            return []
        self._chance.shuffle(chosen)
        given: _Given = {}
        if any(quota.guarantees for quota in self.quotas.values()):
            self._serve_guarantees(now, chosen, given)
        self._serve_all(now, chosen, given)
        taken = {allocation.agent_id for allocation in given.values()}
        for agent_id in chosen:
            if agent_id not in taken:
                self._slots[agent_id].rest(now, self._version)
        return list(given.values())

    def _is_offerable(self, slot: Slot, now: float) -> bool:
        if not slot.active or slot.rests(now, self._version) or not slot.available:
            return False
        free = slot.free
        return any(free.covers(least) for least in self._smallest) or any(
            client.least for client in self._clients.values()
        )

    def _takers(self, role: str) -> list[str]:
        """The frameworks that want offers for the role, the one with the smallest share first."""
        wanting = [
            framework_id
            for framework_id, client in self._clients.items()
            if client.active and role in client.roles and role not in client.suppressed
        ]
        return self._sharer(role).sort(wanting) if len(wanting) > 1 else wanting

    def _wanting_roles(self) -> set[str]:
        return {role for client in self._clients.values() if client.active for role in client.roles - client.suppressed}

    def _serve_guarantees(self, now: float, agents: list[str], given: _Given) -> None:
        wanting = self._wanting_roles()
        for agent_id in agents:
            slot = self._slots[agent_id]
            for role in self._roles.sort(wanting):
                quota = self.quotas.get(role)
                if quota is None or not quota.guarantees:
                    continue
                for framework_id in self._takers(role):
                    missing = quota.guarantees.minus(self.consumed(role))
                    if not missing:
                        break
                    free = slot.available.allocatable_to(role)
                    # What the guarantee names is cut to what is missing; the rest of the agent goes along with it.
                    part = shrink(free.unreserved(), missing, self._spare(role, quota))
                    self._give(now, framework_id, role, agent_id, free.reserved() + part, given)

    def _spare(self, role: str, quota: Quota) -> Quantities:
        """How much more of each limited scalar the role may have."""
        consumed = self.consumed(role)
        return Quantities({name: max(0, limit - consumed.get(name, 0)) for name, limit in quota.limits.items()})

    def _serve_all(self, now: float, agents: list[str], given: _Given) -> None:
        wanting = self._wanting_roles()
        held = self._held_back()
        headroom = self._headroom() if held else Quantities()
        for agent_id in agents:
            slot = self._slots[agent_id]
            for role in self._roles.sort(wanting):
                quota = self.quotas.get(role)
                for framework_id in self._takers(role):
                    if not slot.available:
                        break
                    free = slot.available.allocatable_to(role)
                    part = free.unreserved()
                    if quota is not None and quota.limits:
                        part = shrink(part, self._spare(role, quota))
                    if held:
                        part = shrink(
                            part, Quantities({name: headroom.get(name, 0) - need for name, need in held.items()})
                        )
                    taken = self._give(now, framework_id, role, agent_id, free.reserved() + part, given)
                    if held and taken:
                        headroom.count(quantities_of(taken.unreserved()), -1)

    def _held_back(self) -> Quantities:
        """What guarantees still need, over all roles."""
        held = Quantities()
        for role, quota in self.quotas.items():
            if "/" not in role:  # what is guaranteed to a child is guaranteed to its parent, too
                held.count(quota.guarantees.minus(self.consumed(role)), 1)
        return held

    def _headroom(self) -> Quantities:
        """What is free and reserved for nobody, over all active agents."""
        free = Quantities()
        for slot in self._slots.values():
            if slot.active:
                free.count(quantities_of(slot.available.unreserved()), 1)
        return free

    def _give(
        self, now: float, framework_id: str, role: str, agent_id: str, resources: Resources, given: _Given
    ) -> Resources | None:
        client = self._clients[framework_id]
        resources = client.accepts(role, agent_id, resources)
        amounts = quantities_of(resources)
        smallest = client.least.get(role, self._smallest)
        if not resources or (smallest and not any(amounts.covers(least) for least in smallest)):
            return None
        if self._slots[agent_id].refuses(framework_id, role, resources, now):
            return None
        self._take(framework_id, role, agent_id, resources)
        # What a guarantee brought and what was left over make one offer; ports come first, as Mesos writes it.
        before = given.get((framework_id, role, agent_id))
        together = resources if before is None else before.resources + resources
        ordered = together.filter(_is_no_scalar) + together.filter(_is_scalar)
        given[framework_id, role, agent_id] = Allocation(framework_id, role, agent_id, ordered)
        return resources


@lru_cache(4096)
def _upwards(role: str) -> tuple[str, ...]:
    """The role and those above it."""
    parts = role.split("/")
    return tuple("/".join(parts[:length]) for length in range(1, len(parts) + 1))


def _is_scalar(resource: Resource) -> bool:
    return isinstance(resource.amount, int)


def _is_no_scalar(resource: Resource) -> bool:
    return not isinstance(resource.amount, int)
