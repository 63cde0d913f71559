"""`ClusterStage`: a cluster of actors on hosts that fail, a bank in it, and what must hold.

It is judged by what truly is: the journal, ZooKeeper, the runs of programs. What nodes believe is looked at when the
faults are over.
"""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import count
from typing import Any

from actors.simulation.bank import ACCOUNTS, VAULT, BankNode
from actors.simulation.disk import Disk
from actors.simulation.leases import Leases
from actors.simulation.leftovers import asks_of
from actors.simulation.plan import Plan, Step
from actors.simulation.stage import Stage
from actors.simulation.world import World
from actors.simulation.zookeeper import SimulatedZooKeeper

__all__ = ["EVENTS_OF_A_CLUSTER", "ClusterStage", "deposits"]

EVENTS_OF_A_CLUSTER = {"deposit": 10, "durable": 12, "promised": 10, "leads": 3, "start": 4, "member up": 8,
                       "member removed": 4, "unreachable": 3, "session over": 2}  # fmt: skip

NAMES = (VAULT, *ACCOUNTS)
NOTICED_WITHIN = 15.0
"""Seconds in which a node that is well must have noticed that another one says nothing."""


def deposits(chance: random.Random, seconds: float) -> list[Step]:
    """What users of the bank do, and who runs the nodes."""

    def when() -> float:
        return chance.choice([chance.uniform(0, seconds), chance.uniform(0, seconds / 4)])

    def node() -> int:
        return chance.randrange(100)

    steps = [
        Step("deposit", when(), (node(), chance.choice(NAMES), chance.randint(1, 4)))
        for _ in range(chance.randint(4, 14))
    ]
    steps += [Step("leave", when(), (node(),)) for _ in range(chance.choice([0, 0, 1, 2]))]
    steps += [Step("replace", when(), (node(),)) for _ in range(chance.choice([0, 1, 2, 3]))]
    steps += [Step("down", when(), (node(), node())) for _ in range(chance.choice([0, 0, 1]))]
    return sorted(steps, key=lambda step: step.at)


class ClusterStage(Stage):
    """Of two to four nodes."""

    def __init__(self, world: World, plan: Plan) -> None:
        self.plan = plan
        self.leases = Leases(world)
        zookeeper, disk = SimulatedZooKeeper(world), Disk(world.chance, lambda: world.loop._now)
        hosts = [world.host(f"node{n}") for n in range(1, 3 + plan.agents % 3)]
        super().__init__(world, hosts, disk=disk, zookeeper=zookeeper)
        ledger = Disk(world.chance, lambda: world.loop._now)
        disk.on_durable = partial(self._durable, disk)
        ledger.on_durable = partial(self._durable, ledger)
        self._disks = {VAULT: disk} | dict.fromkeys(ACCOUNTS, ledger)
        disk.on_lost = partial(world.sometimes, "what was being written died with its process")
        self._numbers = count(1)
        self._epoch = 0
        self._runs: dict[int, str] = {}  # by the uids of their systems
        self._well: dict[str, float] = {}  # hosts that run and are not cut off, since when they are
        self._silent: dict[str, float] = {}  # the others
        self._seen: dict[tuple[str, str], float] = {}  # since when a run sees a member, by its id
        self._knows: dict[str, float] = {}  # since when a run knows that it was removed
        self._ends: Counter[tuple[str, str]] = Counter()  # told: (who watches, who was watched)
        self.nodes = [BankNode(self, host, zookeeper, disk, ledger) for host in hosts]

    # what is done

    @property
    def actions(self) -> dict[str, Any]:
        return {"deposit": self._deposit, "leave": self._leave, "replace": self._replace, "down": self._down}

    def _at(self, draw: int) -> BankNode:
        return self.nodes[draw % len(self.nodes)]

    def _deposit(self, draw: int, account: str, times: int) -> None:
        for _ in range(times):
            self._at(draw).do(self._at(draw).deposit(account))

    def _leave(self, draw: int) -> None:
        self._at(draw).do(self._at(draw).leave())

    def _replace(self, draw: int) -> None:
        self._at(draw).do(self._at(draw).replace())

    def _down(self, draw: int, other: int) -> None:
        self._at(draw).do(self._at(draw).down(self._at(other)))

    async def ready(self) -> None:
        await self.world.soon("all nodes join", self._unlike, 60.0)
        self._listen()

    def calm(self) -> None:
        super().calm()
        self._forget_what_was_told()
        self._silent.clear()

    def _forget_what_was_told(self) -> None:
        for node in self.nodes:
            node.told.clear()

    # what must always hold

    def next_number(self) -> int:
        return next(self._numbers)

    def _stored(self, account: str) -> list[dict[str, Any]]:
        stream = self._disks[account].store.streams.get(account)
        return [] if stream is None else [json.loads(payload) for _, _, payload in stream.events]

    def _durable(self, disk: Disk, streams: Sequence[str], epoch: int) -> None:
        (account,) = streams
        events = self._stored(account)
        self.world.happened("durable", "disk", f"stored in {account}: {events[-1]}, in epoch {epoch}")
        if disk is self.disk:
            if epoch < self._epoch:
                self.world.violated("nothing is journaled under an older epoch", f"{epoch}, after {self._epoch}")
            self._epoch = epoch
        numbers = [event["number"] for event in events]
        if len(set(numbers)) < len(numbers):
            self.world.violated("messages come at most once", f"{numbers[-1]} came to {account} again")
        earlier = [event["number"] for event in events[:-1] if event["giver"] == events[-1]["giver"]]
        # To a singleton; to an entity, only as long as it stays where it is.
        if account == VAULT and earlier and numbers[-1] < earlier[-1]:
            self.world.violated("messages come in order", f"{events[-1]} after {earlier[-1]}")

    def confirmed(self, account: str, number: int) -> None:
        if number not in [event["number"] for event in self._stored(account)]:
            self.world.violated("no acknowledged change is lost", f"{number} was confirmed, and is not in the journal")

    def opened(self, account: str, run: str) -> None:
        """Of a node that was removed its shards live elsewhere before it hears of that; else nothing lives twice."""
        self.world.happened("opened", run.partition("/")[0], f"opens {account}")
        if self.world.loop._now > self._knows.get(run, math.inf) + 0.1:
            self.world.violated("nothing starts where one knows of his removal", f"{account} is opened on {run}")
        for node in self.nodes:
            elsewhere = node.run != run and node.runs and account in node.open
            if account != VAULT and elsewhere and self._is_member(node.run) and self._is_member(run):
                self.world.violated("an entity lives once", f"{account} is opened on {run}, and open on {node.run}")

    def heard_of(self, uid: int) -> None:
        self._silent.pop(self._runs[uid].partition("/")[0], None)

    def knows_that_it_was_removed(self, run: str) -> None:
        self._knows[run] = self.world.loop._now

    def _is_member(self, run: str) -> bool:
        """For all that run: whoever of them has heard of its removal may start its shards elsewhere."""
        uid = next(uid for uid, of in self._runs.items() if of == run)
        states = [node.cluster.state() for node in self.nodes if node.cluster is not None and node.runs]
        return all(uid in [member.uid for member in state.members] for state in states)

    def begins(self, run: str, uid: int) -> None:
        self._runs[uid] = run

    def not_told(self, watcher: str, uid: int, watched: Iterable[str]) -> list[str]:
        """Of which of those that it ``watched`` in that run it was not told that they have ended."""
        mine = [echo for echo in watched if echo.startswith(f"{self._runs[uid]}.")]
        return [echo for echo in mine if not self._ends[watcher, echo]]

    def _listen(self) -> None:
        """Each second: who is well must have noticed who says nothing."""
        now, network = self.world.loop._now, self.world.network
        for node in self.nodes:
            well = node.runs and not network.is_cut(node.host.address)
            (self._silent if well else self._well).pop(node.host.name, None)
            (self._well if well else self._silent).setdefault(node.host.name, now)
        for node in self.nodes:
            if node.cluster is None or now - self._well.get(node.host.name, now) < NOTICED_WITHIN:
                continue
            state = node.cluster.state()
            for member in state.members:
                host = self._runs[member.uid].partition("/")[0]
                since = max(self._seen.setdefault((node.run, member.id), now), self._silent.get(host, now))
                if now - since >= NOTICED_WITHIN and member not in state.unreachable and member not in state.leaving:
                    self.world.violated(
                        "who is not heard of is called unreachable",
                        f"{node.run} takes {member.address.host} for reachable, which said nothing since {since:.1f} s",
                    )
        self.world.later(1.0, self._listen)

    def told_of_an_end(self, watcher: str, watched: str) -> None:
        self._ends[watcher, watched] += 1
        if self._ends[watcher, watched] > 1:
            self.world.violated("who watches is told of an end once", f"{watcher} of {watched} again")

    # what must hold at last

    def _unlike(self) -> str | None:
        """How what a node sees of the others is not what is."""
        runs, echoes = {node.run for node in self.nodes}, {node.echo for node in self.nodes}
        own = {node.cluster.own for node in self.nodes if node.cluster is not None}
        for node in self.nodes:
            if node.cluster is None:
                return f"{node.run} has not joined"
            state = node.cluster.state()
            if set(state.members) != own or len(own) != len(runs):
                return f"{node.run} sees the members {[each.id for each in state.members]} of {len(runs)}"
            if state.unreachable or state.leaving:
                return f"{node.run} does not hear of {state.unreachable}, or sees {state.leaving} leave"
            for echo in sorted(echoes - {node.echo} - set(node.watched)):
                return f"{node.run} has not found {echo}"
            for echo in node.watched:
                if echo in echoes and self._ends[node.run, echo]:
                    return f"{node.run} was told that {echo} has ended, which lives"
                if echo not in echoes and not self._ends[node.run, echo]:
                    return f"{node.run} was never told of the end of {echo}"
        return None

    def wrong(self) -> str | None:
        if unlike := self._unlike():
            return unlike
        if not any(VAULT in node.open for node in self.nodes):
            return "nobody has the vault"
        for account in self._disks:
            stored = tuple(sorted(event["number"] for event in self._stored(account)))
            if len(homes := [node.run for node in self.nodes if account in node.open]) > 1:
                return f"{account} is open {len(homes)} times: {homes}"
            for node in self.nodes:
                told = node.told.get(account)
                if told is None:
                    node.do(node.look(account))
                elif told != stored:
                    # One that lived elsewhere for a moment has written behind its back: its next write is refused, and
                    # its next life knows all.
                    node.do(node.deposit(account))
                    self._forget_what_was_told()
                if told != stored:
                    return f"{node.run} is told that {account} has {told}, not {stored}"
        return None

    def under_way(self) -> str | None:
        for node in self.nodes:
            if node.system is not None and (asks := asks_of(node.system)):
                return f"asks of {node.run} have not ended: {asks}"
        return None
