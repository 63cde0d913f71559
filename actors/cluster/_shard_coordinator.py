"""The singleton that says where each shard of a kind lives.

It keeps nothing itself: a new one learns from the regions who has what. Until every member that may have shards has
told it, or was removed, it gives none away: one that has not told may have the shard.

A move is said again every two seconds, step by step, until it is done; each step said twice does nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from actors.core import Actor, ActorRef, DeadLetterSuppression, Terminated
from actors.persistence import Journal

from ._shard import entities_of, stream_of
from ._wire import (
    BeginHandOff,
    GetHome,
    HandOff,
    HandOffBegun,
    Home,
    RegionLeaving,
    Register,
    Registered,
    ShardStopped,
)
from .cluster import Cluster
from .events import MemberRemoved

if TYPE_CHECKING:
    from .sharding import ShardingSettings

__all__ = ["ShardCoordinator"]

_REPEAT = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class _Repeat(DeadLetterSuppression):
    pass


@dataclass(frozen=True, slots=True)
class _Rebalance(DeadLetterSuppression):
    pass


@dataclass(slots=True)
class _Move:
    """A shard that is being stopped where it is. ``awaited``: what regions have still to forget where that is."""

    awaited: dict[ActorRef[Any], None]
    asked: list[ActorRef[Any]] = field(default_factory=list)  # who wants to know its next home


class ShardCoordinator(Actor[Any]):
    """See `actors.cluster.sharding`."""

    def __init__(
        self, cluster: Cluster, kind: str, role: str | None, settings: ShardingSettings, journal: Journal | None
    ) -> None:
        self._cluster = cluster
        self._kind = kind
        self._role = role
        self._settings = settings
        self._journal = journal
        self._regions: dict[str, ActorRef[Any]] = {}  # by node, those that host
        self._others: dict[ActorRef[Any], None] = {}  # regions that only hand on
        self._shards: dict[str, str] = {}  # shard → node
        self._moves: dict[str, _Move] = {}
        self._leaving: set[str] = set()
        self._early: list[tuple[str, ActorRef[Any]]] = []  # asked before all had told
        self._awaited: set[str] | None = None  # nodes that have not told yet
        self._remembered: dict[str, None] = {}

    async def pre_start(self) -> None:
        if self._journal is not None:
            prefix = stream_of(self._kind, "")
            async for stream, recovered in self._journal.replay_all(prefix):
                if entities_of(recovered):
                    self._remembered[stream.removeprefix(prefix)] = None
        self._awaited = {node.id for node in self._cluster.state().with_role(self._role)}
        self._cluster.subscribe(self.ref, MemberRemoved, initial="nothing")
        self.context.timers.start_fixed_delay("repeat", _Repeat(), _REPEAT)
        self.context.timers.start_fixed_delay("rebalance", _Rebalance(), self._settings.rebalance_every)

    def receive(self, message: Any) -> None:
        match message:
            case Register(node, region, shards):
                self._register(node, region, shards)
            case GetHome(shard) if self.sender is not None:
                self._tell_home(shard, self.sender)
            case HandOffBegun(shard):
                self._begun(shard, self.sender)
            case ShardStopped(shard, node):
                self._stopped(shard, node)
            case RegionLeaving(node):
                self._leave(node)
            case MemberRemoved(node):
                self._removed(node.id)
            case Terminated(region):
                self._others.pop(region, None)
            case _Repeat():
                for shard in list(self._moves):
                    self._continue(shard)
                self._start_remembered()
            case _Rebalance():
                self._rebalance()
            case _:
                self.unhandled(message)

    # Who has what

    def _register(self, node: str, region: ActorRef[Any], shards: tuple[str, ...]) -> None:
        if not node:
            self._others[self.context.watch(region)] = None
        elif all(node != member.id for member in self._cluster.state().members):
            return  # it was removed, or we do not know it yet: it tells again
        else:
            self._regions[node] = region
            for shard in shards:
                has_it = self._shards.setdefault(shard, node)
                if has_it != node:
                    self.log.error("two nodes have shard %s: %s is told to stop it", shard, region.path)
                    region.tell(HandOff(shard), self.ref)
        region.tell(Registered(), self.ref)
        self._told(node)

    def _told(self, node: str) -> None:
        if self._awaited is None or not self._awaited:
            return
        self._awaited.discard(node)
        if not self._awaited:
            early, self._early = self._early, []
            for shard, region in early:
                self._tell_home(shard, region)
            self._start_remembered()

    def _tell_home(self, shard: str, region: ActorRef[Any]) -> None:
        if self._awaited is None or self._awaited:
            self._early.append((shard, region))
        elif shard in self._moves:
            self._moves[shard].asked.append(region)
        elif shard in self._shards or self._allocate(shard):
            region.tell(Home(shard, self._regions[self._shards[shard]]), self.ref)
        # Else it asks again: at present nobody can take it.

    def _allocate(self, shard: str) -> bool:
        """Let it live where the fewest do, of the oldest of these."""
        counts = self._counts()
        if not counts:
            return False
        node = min(counts, key=counts.__getitem__)
        self._shards[shard] = node
        self._regions[node].tell(Home(shard, self._regions[node]), self.ref)
        return True

    def _counts(self) -> dict[str, int]:
        """How many shards each node has that may take more; the oldest first."""
        state = self._cluster.state()
        out = {node.id for node in state.leaving | state.unreachable} | self._leaving
        counts = {node.id: 0 for node in state.members if node.id in self._regions and node.id not in out}
        for node in self._shards.values():
            if node in counts:
                counts[node] += 1
        return counts

    def _start_remembered(self) -> None:
        if self._awaited is not None and not self._awaited:
            for shard in self._remembered:
                if shard not in self._shards and shard not in self._moves:
                    self._allocate(shard)

    def _removed(self, node: str) -> None:
        self._regions.pop(node, None)
        self._leaving.discard(node)
        for shard in [shard for shard, has_it in self._shards.items() if has_it == node]:
            self._remember_shard(shard)
            self._stopped(shard, node)
        self._told(node)
        self._start_remembered()

    # Moves

    def _rebalance(self) -> None:
        state, counts = self._cluster.state(), self._counts()
        if self._moves or self._awaited or self._awaited is None or state.unreachable or state.leaving or not counts:
            return
        fewest, most = min(counts.values()), max(counts.values())
        fullest = max(counts, key=counts.__getitem__)
        many = min(self._settings.rebalance_at_once, (most - fewest) // 2)
        if most - fewest > self._settings.rebalance_threshold:
            for shard in [shard for shard, node in self._shards.items() if node == fullest][: max(1, many)]:
                self._move(shard)

    def _leave(self, node: str) -> None:
        self._leaving.add(node)
        for shard in [shard for shard, has_it in self._shards.items() if has_it == node]:
            self._move(shard)

    def _move(self, shard: str) -> None:
        if shard not in self._moves:
            self._remember_shard(shard)
            self._moves[shard] = _Move(self._everybody())
            self._continue(shard)

    def _remember_shard(self, shard: str) -> None:
        """(Whether it has remembered entities its next home finds out.)"""
        if self._journal is not None:
            self._remembered[shard] = None

    def _continue(self, shard: str) -> None:
        move = self._moves[shard]
        everybody = self._everybody()
        move.awaited = {region: None for region in move.awaited if region in everybody}
        for region in move.awaited:
            region.tell(BeginHandOff(shard), self.ref)
        if not move.awaited:
            owner = self._regions.get(self._shards.get(shard, ""))
            if owner is not None:
                owner.tell(HandOff(shard), self.ref)

    def _everybody(self) -> dict[ActorRef[Any], None]:
        return dict.fromkeys(self._regions.values()) | self._others

    def _begun(self, shard: str, region: ActorRef[Any] | None) -> None:
        move = self._moves.get(shard)
        if move is not None and region in move.awaited:
            del move.awaited[region]
            if not move.awaited:
                self._continue(shard)

    def _stopped(self, shard: str, node: str) -> None:
        if self._shards.get(shard) != node:
            return
        del self._shards[shard]
        move = self._moves.pop(shard, None)
        for region in () if move is None else move.asked:
            self._tell_home(shard, region)
        if shard in self._remembered:
            self._start_remembered()
