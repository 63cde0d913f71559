"""Sharded entities: actors with an identity, each living once in the cluster, made by the first message to it.

    sharding = ClusterSharding(system)
    accounts = sharding.start("account", lambda entity_id: Props(Account, entity_id), role="worker")
    accounts.tell(ToEntity("alice", Deposit(5)), sender)          to the entity "alice", wherever it lives

    sender          region, here             coordinator (a singleton)     region, there        shard       entity
    ------          ------------             -------------------------     -------------        -----       ------
    ToEntity   →    known home?         →                                  →               →           →    m
                    GetHome             →    least loaded region
                    (messages wait)     ←    Home                      →   starts the shard
                                             BeginHandOff to all: they forget the home, and keep messages
                                             HandOff                   →   stops its entities
                                        ←    Home, elsewhere               (a node joined, or leaves)

Entities are grouped into *shards* by a hash of their identity; a shard lives on one node and moves as a whole. That it
lives once rests on the coordinator's lease and on membership: a node that is removed has its shards started elsewhere,
and shuts down itself. As with singletons, one that stood still may finish a line later: entities that persist are
protected by their stream's numbers (`SequenceConflict`), others by nothing.

*Passivation*: an entity that had no message for ``passivate_after`` seconds is told the stop message; messages that
come meanwhile wait, and start it anew. An entity may ask for it: ``self.context.parent.tell(Passivate(), self.ref)``.
One that just stops is started by the next message; what was in its mailbox is lost.

*Remembered entities* (``remember=journal``) are started with their shard, wherever it moves, also after all nodes were
down: the journal keeps who was started and not passivated. It must be one that all nodes share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef, ActorSystem, PoisonPill, Props
from actors.patterns.consistent_hashing import stable_hash
from actors.persistence import Journal

from ._shard import Passivate
from ._shard_coordinator import ShardCoordinator
from ._shard_region import Region
from ._wire import ToEntity
from .cluster import Cluster
from .singleton import ClusterSingleton

__all__ = ["ClusterSharding", "Passivate", "ShardingSettings", "ToEntity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardingSettings:
    """The same on all nodes. Times are seconds.

    :ivar shards: how many; about ten times the most nodes there will be. It cannot be changed while any node lives.
    :ivar passivate_after: without a message; None: never. Remembered entities are passivated only when they ask.
    :ivar buffer: messages that wait in a region for homes that are not known; the newest are dropped.
    :ivar stop_timeout: that the entities of a shard have to stop when it moves; then they are stopped at once.
    :ivar rebalance_every: between looks at who has how many shards.
    :ivar rebalance_threshold: the difference between the most and the fewest that is left as it is.
    :ivar rebalance_at_once: shards that move at a time.
    :ivar restart_after: until a remembered entity that stopped without being passivated is started again.
    """

    shards: int = 100
    passivate_after: float | None = 120.0
    buffer: int = 100_000
    stop_timeout: float = 6.0
    rebalance_every: float = 10.0
    rebalance_threshold: int = 1
    rebalance_at_once: int = 3
    restart_after: float = 10.0

    def __post_init__(self) -> None:
        for name in ("shards", "buffer", "rebalance_threshold", "rebalance_at_once"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)!r}")
        for name in ("passivate_after", "stop_timeout", "rebalance_every", "restart_after"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be a number of seconds above 0, not {value!r}")


class ClusterSharding:
    """The kinds of entities of a system that has joined a cluster. Start each on all nodes alike."""

    def __init__(self, system: ActorSystem) -> None:
        self._system = system
        self._cluster = Cluster(system)

    def start(
        self,
        kind: str,
        entity: Callable[[str], Props[Any]],
        *,
        role: str | None = None,
        extract: Callable[[Any], tuple[str, Any] | None] | None = None,
        stop_message: Any = None,
        remember: Journal | None = None,
        settings: ShardingSettings | None = None,
    ) -> ActorRef[Any]:
        """The region of this node: tell it what is for the entities.

        Without ``role`` this node has no entities, and only hands on to those that do.

        :param entity: makes the Props of an entity of its identity.
        :param extract: the identity and the message for it, of what the region is told; None for what is not for an
            entity. By default messages are `ToEntity(identity, message)`.
        :param stop_message: what entities are told that are to stop; a `PoisonPill` when None.
        """
        chosen = settings or ShardingSettings()
        singleton = ClusterSingleton(self._system).start(
            Props(ShardCoordinator, self._cluster, kind, role, chosen, remember), f"sharding-{kind}", role=role
        )
        last_word = PoisonPill() if stop_message is None else stop_message
        hosts = self._cluster.own.has_role(role)

        def shard_of(entity_id: str) -> str:
            return str(stable_hash(entity_id) % chosen.shards)

        return self._system.spawn_system(
            Props(
                Region, self._cluster, kind, singleton, hosts, entity, extract or _to_entity, shard_of, last_word,
                remember, chosen,
            ),
            f"shards-{kind}",
        )  # fmt: skip


def _to_entity(message: Any) -> tuple[str, Any] | None:
    return (message.entity, message.message) if isinstance(message, ToEntity) else None
