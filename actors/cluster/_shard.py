"""The actor of one shard: the parent of its entities."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from actors.core import Actor, ActorRef, DeadLetterSuppression, Props, Terminated
from actors.persistence import Append, Event, Journal

from ._wire import ToEntity

if TYPE_CHECKING:
    from .sharding import ShardingSettings

__all__ = ["Passivate", "Shard", "StopShard", "remembered_in", "stream_of"]

_SNAPSHOT_EVERY = 200  # events of who was started and stopped


@dataclass(frozen=True, slots=True)
class Passivate(DeadLetterSuppression):
    """From an entity to its parent: stop me, with this message (the region's when None), until I am needed."""

    stop_message: Any = None


@dataclass(frozen=True, slots=True)
class StopShard:
    """From the region: the shard moves. It stops when its entities have."""


@dataclass(frozen=True, slots=True)
class _LookForIdle(DeadLetterSuppression):
    pass


@dataclass(frozen=True, slots=True)
class _Restart(DeadLetterSuppression):
    entity: str


@dataclass(frozen=True, slots=True)
class _TimeIsUp(DeadLetterSuppression):
    pass


class Shard(Actor[Any]):
    """See `actors.cluster.sharding`."""

    def __init__(
        self,
        kind: str,
        shard: str,
        entity: Callable[[str], Props[Any]],
        stop_message: Any,
        journal: Journal | None,
        settings: ShardingSettings,
    ) -> None:
        self._entity = entity
        self._stop_message = stop_message
        self._journal = journal
        self._stream = stream_of(kind, shard)
        self._settings = settings
        self._remembered: set[str] = set()
        self._seq = 0
        self._refs: dict[str, ActorRef[Any]] = {}
        self._ids: dict[ActorRef[Any], str] = {}
        self._last_used: dict[str, float] = {}
        self._passivating: dict[str, deque[tuple[Any, ActorRef[Any] | None]]] = {}
        self._is_stopping = False

    async def pre_start(self) -> None:
        if self._journal is not None:
            self._remembered, self._seq = await remembered_in(self._journal, self._stream)
            for entity in sorted(self._remembered):
                self._spawn(entity)
        elif self._settings.passivate_after is not None:
            self.context.timers.start_fixed_delay("idle", _LookForIdle(), self._settings.passivate_after / 2)

    def pre_restart(self, cause: BaseException, message: Any | None) -> None:
        """The entities stop with the instance that knew them; they are started anew by messages, or as remembered."""
        for child in self.context.children:
            self.context.unwatch(child)
            self.context.stop(child)

    async def receive(self, message: Any) -> None:
        match message:
            case ToEntity(entity, inner):
                await self._deliver(entity, inner, self.sender)
            case Passivate(stop_message) if self.sender in self._ids:
                self._passivate(self._ids[self.sender], stop_message)
            case Terminated(ref):
                await self._ended(ref)
            case _LookForIdle():
                self._look_for_idle()
            case _Restart(entity):
                if entity in self._remembered and entity not in self._refs and not self._is_stopping:
                    self._spawn(entity)
            case StopShard():
                self._stop()
            case _TimeIsUp():
                for entity, ref in self._refs.items():
                    self.log.warning("the entity %r has not stopped in time: it is stopped now", entity)
                    self.context.stop(ref)
            case _:
                self.unhandled(message)

    async def _deliver(self, entity: str, message: Any, sender: ActorRef[Any] | None) -> None:
        waiting = self._passivating.get(entity)
        if self._is_stopping:
            self.context.parent.tell(ToEntity(entity, message), sender)  # it waits there for the shard's next home
            return
        if waiting is not None:
            waiting.append((message, sender))
            return
        ref = self._refs.get(entity)
        if ref is None:
            await self._remember(entity)
            ref = self._spawn(entity)
        self._last_used[entity] = self.context.system.clock.time()
        ref.tell(message, sender)

    def _spawn(self, entity: str) -> ActorRef[Any]:
        ref = self.context.watch(self.context.spawn(self._entity(entity), quote(entity, safe="")))
        self._refs[entity], self._ids[ref] = ref, entity
        self._last_used[entity] = self.context.system.clock.time()
        return ref

    def _passivate(self, entity: str, stop_message: Any = None) -> None:
        if entity not in self._passivating:
            self._passivating[entity] = deque()
            self._refs[entity].tell(self._stop_message if stop_message is None else stop_message, self.ref)

    def _look_for_idle(self) -> None:
        assert self._settings.passivate_after is not None
        before = self.context.system.clock.time() - self._settings.passivate_after
        for entity in [entity for entity, used in self._last_used.items() if used <= before]:
            self._passivate(entity)

    async def _ended(self, ref: ActorRef[Any]) -> None:
        entity = self._ids.pop(ref)
        del self._refs[entity], self._last_used[entity]
        waiting = self._passivating.pop(entity, None)
        for message, sender in waiting or ():
            await self._deliver(entity, message, sender)
        if self._is_stopping:
            if not self._refs:
                self.context.stop(self.ref)
        elif waiting:
            pass  # it lives again
        elif waiting is not None:
            await self._forget(entity)
        elif entity in self._remembered:
            self.context.timers.start_single(("restart", entity), _Restart(entity), self._settings.restart_after)

    def _stop(self) -> None:
        self._is_stopping = True
        if not self._refs:
            self.context.stop(self.ref)
            return
        for entity in list(self._refs):
            self._passivate(entity)
        self.context.timers.start_single("stop", _TimeIsUp(), self._settings.stop_timeout)

    # Remembering

    async def _remember(self, entity: str) -> None:
        if self._journal is not None and entity not in self._remembered:
            await self._write("started", entity)
            self._remembered.add(entity)

    async def _forget(self, entity: str) -> None:
        if self._journal is not None and entity in self._remembered:
            await self._write("stopped", entity)
            self._remembered.discard(entity)

    async def _write(self, kind: str, entity: str) -> None:
        assert self._journal is not None
        await self._journal.append([Append(self._stream, (Event(kind, 1, {"entity": entity}),), self._seq)])
        self._seq += 1
        if self._seq % _SNAPSHOT_EVERY == 0:
            entities = self._remembered | {entity} if kind == "started" else self._remembered - {entity}
            await self._journal.save_snapshot(self._stream, self._seq, {"entities": sorted(entities)})


def stream_of(kind: str, shard: str) -> str:
    return f"sharding/{kind}/{shard}"


async def remembered_in(journal: Journal, stream: str) -> tuple[set[str], int]:
    """Who was started there and not passivated, and the number of the last event."""
    recovered = await journal.replay(stream)
    return entities_of(recovered), recovered.seq


def entities_of(recovered: Any) -> set[str]:
    """The same, of what a stream holds."""
    entities = set(recovered.snapshot.payload["entities"]) if recovered.snapshot is not None else set()
    for stored in recovered.events:
        entity = stored.event.payload["entity"]
        if stored.event.kind == "started":
            entities.add(entity)
        else:
            entities.discard(entity)
    return entities
