"""The region: one actor per node and kind of entities; knows where shards live, and has those that live here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.core import Actor, ActorRef, DeadLetter, DeadLetterSuppression, Failure, Props, Terminated
from actors.persistence import Journal
from actors.remote import MessageRefused, RemoteRef

from ._shard import Shard, StopShard
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
    ToEntity,
)
from .cluster import Cluster
from .events import MemberRemoved, SelfRemoved

if TYPE_CHECKING:
    from .sharding import ShardingSettings

__all__ = ["Region"]

_LOOK = 1.0  # seconds until what was not answered is said again

Waiting = deque[tuple[ToEntity, ActorRef[Any] | None]]


@dataclass(frozen=True, slots=True)
class _Look(DeadLetterSuppression):
    pass


@dataclass(frozen=True, slots=True)
class _Leave:
    """This node leaves. Answered when no shard is here any more."""


class Region(Actor[Any]):
    """See `actors.cluster.sharding`. ``singleton``: a proxy of the coordinator. ``hosts``: whether shards live here."""

    def __init__(
        self,
        cluster: Cluster,
        kind: str,
        singleton: ActorRef[Any],
        hosts: bool,
        entity: Callable[[str], Props[Any]],
        extract: Callable[[Any], tuple[str, Any] | None],
        shard_of: Callable[[str], str],
        stop_message: Any,
        journal: Journal | None,
        settings: ShardingSettings,
    ) -> None:
        self._cluster = cluster
        self._node = cluster.own.id
        self._kind = kind
        self._singleton = singleton
        self._hosts = hosts
        self._extract = extract
        self._shard_of = shard_of
        self._recipe = (entity, stop_message, journal, settings)
        self._capacity = settings.buffer
        self._coordinator: ActorRef[Any] | None = None
        self._homes: dict[str, ActorRef[Any]] = {}  # of shards elsewhere
        self._shards: dict[str, ActorRef[Any]] = {}  # those here
        self._forgotten: set[str] = set()  # of those here: they are about to move, and get no more messages
        self._stopping: set[str] = set()  # of those here
        self._waiting: dict[str, Waiting] = {}  # by shard whose home is not known
        self._waiting_count = 0
        self._leaving: list[ActorRef[Any]] | None = None  # who waits for that

    def pre_start(self) -> None:
        self._cluster.subscribe(self.ref, MemberRemoved, SelfRemoved, initial="nothing")
        if self._hosts:
            self._cluster.on_leaving(self.ref.name, self._leave)
        self.context.timers.start_fixed_delay("look", _Look(), _LOOK)
        self._look()

    async def _leave(self) -> None:
        if not self.ref.is_terminated:
            await self.ref.ask(_Leave(), 60)

    def receive(self, message: Any) -> None:
        match message:
            case ToEntity():
                self._route(message, self.sender)
            case Registered():
                self._registered(self.sender)
            case Home(shard, region) if self.sender is self._coordinator:
                self._home(shard, region)
            case BeginHandOff(shard):
                self._homes.pop(shard, None)
                if shard in self._shards:
                    self._forgotten.add(shard)
                self.reply(HandOffBegun(shard, self._node))
            case HandOff(shard):
                self._hand_off(shard)
            case Terminated(ref):
                self._gone(ref)
            case MemberRemoved(node):
                self._forget(node)
            case SelfRemoved():
                # Its shards are started elsewhere by now: nothing may be said to its entities any more.
                self.context.stop(self.ref)
            case _Look():
                self._look()
            case _Leave():
                self._begin_leaving()
            case _:
                found = self._extract(message)
                if found is None:
                    self.unhandled(message)
                elif not found[0]:
                    self.context.system.publish_dead_letter(DeadLetter(message, self.sender, self.ref))
                else:
                    self._route(ToEntity(*found), self.sender)

    # Messages

    def _route(self, message: ToEntity, sender: ActorRef[Any] | None) -> None:
        shard = self._shard_of(message.entity)
        here = self._shards.get(shard)
        if here is not None and shard not in self._forgotten and shard not in self._stopping:
            here.tell(message, sender)
        elif shard in self._homes:
            self._send(self._homes[shard], message, sender)
        else:
            self._keep(shard, message, sender)

    def _send(self, region: ActorRef[Any], message: ToEntity, sender: ActorRef[Any] | None) -> None:
        try:
            region.tell(message, sender)
        except MessageRefused as error:  # is the sender's, not ours
            self.log.error("%s", error)
            if sender is not None:
                sender.tell(Failure(error))

    def _keep(self, shard: str, message: ToEntity, sender: ActorRef[Any] | None) -> None:
        if self._waiting_count >= self._capacity:
            self.context.system.publish_dead_letter(DeadLetter(message.message, sender, self.ref))
            return
        if shard not in self._waiting:
            self._waiting[shard] = deque()
            self._ask_for(shard)
        self._waiting[shard].append((message, sender))
        self._waiting_count += 1

    def _ask_for(self, shard: str) -> None:
        if self._coordinator is not None:
            self._coordinator.tell(GetHome(shard), self.ref)

    def _home(self, shard: str, region: ActorRef[Any]) -> None:
        if region is self.ref:
            if self._leaving is not None or shard in self._stopping:
                return
            self._forgotten.discard(shard)
            if shard not in self._shards:
                entity, stop_message, journal, settings = self._recipe
                props = Props(Shard, self._kind, shard, entity, stop_message, journal, settings)
                self._shards[shard] = self.context.watch(self.context.spawn(props, shard))
        elif region.is_terminated:
            return  # the coordinator has not heard yet that this node is removed: it is asked again
        else:
            self._homes[shard] = region
        waiting = self._waiting.pop(shard, deque())
        self._waiting_count -= len(waiting)
        for message, sender in waiting:
            self._route(message, sender)

    # The coordinator

    def _look(self) -> None:
        if self._coordinator is None:
            self._singleton.tell(Register(self._node if self._hosts else "", self.ref, tuple(self._shards)), self.ref)
            return
        for shard in self._waiting:
            self._ask_for(shard)
        if self._leaving is not None:
            self._coordinator.tell(RegionLeaving(self._node), self.ref)

    def _registered(self, coordinator: ActorRef[Any] | None) -> None:
        if coordinator is None or coordinator is self._coordinator:
            return
        if self._coordinator is not None:
            self.context.unwatch(self._coordinator)
        self._coordinator = self.context.watch(coordinator)
        self._forgotten.clear()  # whoever wanted to move them is gone
        self._look()

    # Shards here

    def _hand_off(self, shard: str) -> None:
        here = self._shards.get(shard)
        if here is None:
            self.reply(ShardStopped(shard, self._node))
        else:
            self._stopping.add(shard)
            here.tell(StopShard(), self.ref)

    def _gone(self, ref: ActorRef[Any]) -> None:
        if ref is self._coordinator:
            self._coordinator = None
            self._look()
            return
        for shard, here in list(self._shards.items()):
            if here is ref:
                del self._shards[shard]
                self._stopping.discard(shard)
                self._forgotten.discard(shard)
                if self._coordinator is not None:
                    self._coordinator.tell(ShardStopped(shard, self._node), self.ref)
                if shard in self._waiting:
                    self._ask_for(shard)
        self._leave_if_empty()

    def _forget(self, node: Any) -> None:
        for shard, region in list(self._homes.items()):
            if isinstance(region, RemoteRef) and region.address == node.address:
                del self._homes[shard]

    # Leaving

    def _begin_leaving(self) -> None:
        if self._leaving is None:
            self._leaving = []
        if self.sender is not None:
            self._leaving.append(self.sender)
        state = self._cluster.state()
        if all(node == self._cluster.own or node in state.leaving for node in state.members):
            for shard in self._shards:  # nobody is there to take them
                self._hand_off(shard)
        self._look()
        self._leave_if_empty()

    def _leave_if_empty(self) -> None:
        if self._leaving and not self._shards:
            for waiting in self._leaving:
                waiting.tell("no shard is here any more")
            self._leaving.clear()

    def post_stop(self) -> None:
        for waiting in self._waiting.values():
            for message, sender in waiting:
                self.context.system.publish_dead_letter(DeadLetter(message.message, sender, self.ref))
