"""`PubSub`: publish to a topic, wherever in the cluster its subscribers are.

    pubsub = PubSub(system)
    await pubsub.subscribe("prices", self.ref)
    pubsub.publish("prices", Price("tea", 3), sender=self.ref)

    publisher            mediator, here                          mediators elsewhere      subscribers
    ---------            --------------                          -------------------      -----------
    publish(topic, m) →  who has any?   →  one copy per node  →                       →   m, as from the publisher
                         nobody: dead letter

At most once, to those who are known to this node at that moment: a subscription is known elsewhere after a moment
(`_replica`). Subscribers that stop, and nodes that are removed, are subscribers no more.

With ``group=`` several subscribers share the work: ``publish(…, one_per_group=True)`` reaches one of each group, chosen
at random, and nobody without a group; without it, only those without a group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef, ActorSystem, DeadLetter, Failure, Props, Terminated
from actors.remote import MessageRefused

from ._replica import Replica
from ._wire import Deliver
from .cluster import Cluster

__all__ = ["PubSub"]


@dataclass(frozen=True, slots=True)
class _Subscribe:
    topic: str
    ref: ActorRef[Any]
    group: str


@dataclass(frozen=True, slots=True)
class _Unsubscribe:
    topic: str
    ref: ActorRef[Any]
    group: str


@dataclass(frozen=True, slots=True)
class _Publish:
    topic: str
    message: Any
    one_per_group: bool


@dataclass(frozen=True, slots=True)
class _HowMany:
    topic: str


class PubSub:
    """Of a system that has joined a cluster. See the head of this module."""

    def __init__(self, system: ActorSystem) -> None:
        self._mediator: ActorRef[Any] = system.resource("actors.cluster.pubsub", _mediator)

    async def subscribe(self, topic: str, ref: ActorRef[Any], group: str = "") -> None:
        """Tell ``ref``, an actor of this system, what is published. It holds on this node when this returns."""
        if not topic:
            raise ValueError("a topic must have a name")
        await self._mediator.ask(_Subscribe(topic, ref, group))

    async def unsubscribe(self, topic: str, ref: ActorRef[Any], group: str = "") -> None:
        """Tell it no more. Not having subscribed does nothing."""
        await self._mediator.ask(_Unsubscribe(topic, ref, group))

    def publish(
        self, topic: str, message: Any, sender: ActorRef[Any] | None = None, *, one_per_group: bool = False
    ) -> None:
        """Tell it to all subscribers without a group, or to one of each group. Nobody: a dead letter."""
        self._mediator.tell(_Publish(topic, message, one_per_group), sender)

    async def nodes(self, topic: str) -> int:
        """How many nodes are known to have subscribers."""
        found: int = await self._mediator.ask(_HowMany(topic))
        return found


def _mediator(system: ActorSystem) -> ActorRef[Any]:
    return system.spawn_system(Props(Mediator, Cluster(system)), "pubsub")


class Mediator(Replica):
    """Keeps this node's subscribers; what it has for a topic, for the others, are the groups of these."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._subscribers: dict[str, dict[str, dict[ActorRef[Any], None]]] = {}  # topic → group → refs
        self._topics: dict[ActorRef[Any], set[tuple[str, str]]] = {}

    def receive(self, message: Any) -> None:
        match message:
            case _Publish():
                self._publish(message)
            case Deliver(topic, groups, to_all, inner):
                self._deliver(topic, groups, to_all, inner)
            case _Subscribe(topic, ref, group):
                self.context.watch(ref)
                self._topics.setdefault(ref, set()).add((topic, group))
                self._subscribers.setdefault(topic, {}).setdefault(group, {})[ref] = None
                self.put(topic, self._subscribers[topic])
                self.reply("subscribed")
            case _Unsubscribe(topic, ref, group):
                self._remove(ref, topic, group)
                self.reply("unsubscribed")
            case Terminated(ref):
                for topic, group in list(self._topics.get(ref, ())):
                    self._remove(ref, topic, group)
            case _HowMany(topic):
                self.reply(len(self.values(topic)))
            case _:
                super().receive(message)

    def _remove(self, ref: ActorRef[Any], topic: str, group: str) -> None:
        topics = self._topics.get(ref)
        if topics is None or (topic, group) not in topics:
            return
        topics.discard((topic, group))
        if not topics:
            del self._topics[ref]
            self.context.unwatch(ref)
        groups = self._subscribers[topic]
        del groups[group][ref]
        if not groups[group]:
            del groups[group]
        if not groups:
            del self._subscribers[topic]
        self.put(topic, groups)

    def _publish(self, publish: _Publish) -> None:
        wanted = self._by_node(publish)
        if not wanted:
            self.context.system.publish_dead_letter(DeadLetter(publish.message, self.sender, self.ref))
        for id_, groups in wanted.items():
            to_all = not publish.one_per_group
            if id_ == self.cluster.own.id:
                self._deliver(publish.topic, groups, to_all, publish.message)
                continue
            try:
                self.tell_node(id_, Deliver(publish.topic, groups, to_all, publish.message), self.sender)
            except MessageRefused as error:  # is the publisher's, not ours
                self.log.error("%s", error)
                if self.sender is not None:
                    self.sender.tell(Failure(error))
                return

    def _by_node(self, publish: _Publish) -> dict[str, tuple[str, ...]]:
        """Which groups are served by which node."""
        having = self.values(publish.topic)
        if not publish.one_per_group:
            return {id_: ("",) for id_, groups in having.items() if "" in groups}
        nodes_of: dict[str, list[str]] = {}
        for id_, groups in having.items():
            for group in groups:
                if group:
                    nodes_of.setdefault(group, []).append(id_)
        chosen: dict[str, tuple[str, ...]] = {}
        for group, nodes in nodes_of.items():
            node = self.context.system.random.choice(nodes)
            chosen[node] = (*chosen.get(node, ()), group)
        return chosen

    def _deliver(self, topic: str, groups: tuple[str, ...], to_all: bool, message: Any) -> None:
        subscribers = self._subscribers.get(topic, {})
        for group in groups:
            refs = list(subscribers.get(group, ()))
            for ref in refs if to_all or not refs else [self.context.system.random.choice(refs)]:
                ref.tell(message, self.sender)
