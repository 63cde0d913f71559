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

To a *path*, for actors that have the same one on several nodes and are *put* there:

    await pubsub.put(self.ref)                           at /user/destination, on this node and on others
    pubsub.send("/user/destination", m)                  to one of them, at random, or to the one here
    pubsub.send_to_all("/user/destination", m)           to all of them
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef, ActorSystem, DeadLetter, Failure, Props, Terminated
from actors.remote import MessageRefused

from ._replica import Replica
from ._wire import Deliver, DeliverToPath
from .cluster import Cluster

__all__ = ["PubSub"]

# What the keys of topics and those of paths begin with, for a topic may have any name.
_TOPIC = "topic "
_AT = "at "


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


@dataclass(frozen=True, slots=True)
class _Put:
    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class _Remove:
    path: str


@dataclass(frozen=True, slots=True)
class _Send:
    path: str
    message: Any
    local_affinity: bool


@dataclass(frozen=True, slots=True)
class _SendToAll:
    path: str
    message: Any
    all_but_self: bool


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

    async def put(self, ref: ActorRef[Any]) -> None:
        """Let ``ref``, an actor of this system, be sent to by its path, until it stops. It holds here at return."""
        await self._mediator.ask(_Put(ref))

    async def remove(self, path: str) -> None:
        """Have nobody of this node sent to by that path. Nobody there does nothing."""
        await self._mediator.ask(_Remove(path))

    def send(
        self, path: str, message: Any, sender: ActorRef[Any] | None = None, *, local_affinity: bool = False
    ) -> None:
        """Tell it to one of those that were put at a path, ``/user/NAME``: at random, or to this node's if it has one.

        Nobody: a dead letter.
        """
        self._mediator.tell(_Send(path, message, local_affinity), sender)

    def send_to_all(
        self, path: str, message: Any, sender: ActorRef[Any] | None = None, *, all_but_self: bool = False
    ) -> None:
        """Tell it to all that were put at a path, or to those of the other nodes. Nobody: a dead letter."""
        self._mediator.tell(_SendToAll(path, message, all_but_self), sender)

    async def nodes(self, topic: str) -> int:
        """How many nodes are known to have subscribers, or somebody at a path, ``/user/NAME``."""
        found: int = await self._mediator.ask(_HowMany(topic))
        return found


def _mediator(system: ActorSystem) -> ActorRef[Any]:
    return system.spawn_system(Props(Mediator, Cluster(system)), "pubsub")


class Mediator(Replica):
    """Keeps this node's subscribers; what it has for a topic, for the others, are the groups of these."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        self._subscribers: dict[str, dict[str, dict[ActorRef[Any], None]]] = {}  # topic → group → refs
        self._topics: dict[ActorRef[Any], dict[tuple[str, str], None]] = {}
        self._put: dict[str, ActorRef[Any]] = {}  # path → who is there

    def receive(self, message: Any) -> None:
        match message:
            case _Publish():
                self._publish(message)
            case Deliver(topic, groups, to_all, inner):
                self._deliver(topic, groups, to_all, inner)
            case _Subscribe(topic, ref, group):
                self.context.watch(ref)
                self._topics.setdefault(ref, {})[topic, group] = None
                self._subscribers.setdefault(topic, {}).setdefault(group, {})[ref] = None
                self.add(_TOPIC + topic, group)
                self.reply("subscribed")
            case _Unsubscribe(topic, ref, group):
                self._remove(ref, topic, group)
                self.reply("unsubscribed")
            case Terminated(ref):
                for topic, group in list(self._topics.get(ref, ())):
                    self._remove(ref, topic, group)
                if self._put.get(_path(ref)) is ref:
                    self._take_away(_path(ref))
            case _Put(ref):
                self.context.watch(ref)
                self._put[_path(ref)] = ref
                self.add(_AT + _path(ref), True)
                self.reply("put")
            case _Remove(path):
                self._take_away(path)
                self.reply("removed")
            case _Send(path, inner, local_affinity):
                nodes = list(self.values(_AT + path))
                if local_affinity and path in self._put:
                    nodes = [self.cluster.own.id]
                self._send(path, inner, [self.context.system.random.choice(nodes)] if nodes else [])
            case _SendToAll(path, inner, all_but_self):
                own = self.cluster.own.id
                self._send(path, inner, [id_ for id_ in self.values(_AT + path) if not (all_but_self and id_ == own)])
            case DeliverToPath(path, inner):
                self._give(path, inner)
            case _HowMany(topic):
                self.reply(len(self.values(_TOPIC + topic) | self.values(_AT + topic)))
            case _:
                super().receive(message)

    def _remove(self, ref: ActorRef[Any], topic: str, group: str) -> None:
        topics = self._topics.get(ref)
        if topics is None or (topic, group) not in topics:
            return
        del topics[topic, group]
        if not topics:
            del self._topics[ref]
            self._let_go(ref)
        groups = self._subscribers[topic]
        del groups[group][ref]
        if not groups[group]:
            del groups[group]
            self.remove(_TOPIC + topic, group)
        if not groups:
            del self._subscribers[topic]

    def _let_go(self, ref: ActorRef[Any]) -> None:
        """One thing that was known of it is over; nothing known of it, its end is no matter of ours."""
        if ref not in self._topics and self._put.get(_path(ref)) is not ref:
            self.context.unwatch(ref)

    def _reaches_nobody(self, message: Any) -> None:
        self.context.system.publish_dead_letter(DeadLetter(message, self.sender, self.ref))

    # By path

    def _take_away(self, path: str) -> None:
        ref = self._put.pop(path, None)
        if ref is None:
            return
        self._let_go(ref)
        self.remove(_AT + path, True)

    def _send(self, path: str, message: Any, nodes: list[str]) -> None:
        if not nodes:
            self._reaches_nobody(message)
        for id_ in nodes:
            if id_ == self.cluster.own.id:
                self._give(path, message)
            elif not self._tell(id_, DeliverToPath(path, message)):
                return

    def _give(self, path: str, message: Any) -> None:
        ref = self._put.get(path)
        if ref is None:  # it has stopped, and the sender's node had not heard of it
            self._reaches_nobody(message)
        else:
            ref.tell(message, self.sender)

    def _tell(self, id_: str, message: Any) -> bool:
        """Whether it can cross; if not, its sender is told."""
        try:
            self.tell_node(id_, message, self.sender)
        except MessageRefused as error:  # is the sender's, not ours
            self.log.error("%s", error)
            if self.sender is not None:
                self.sender.tell(Failure(error))
            return False
        return True

    # By topic

    def _publish(self, publish: _Publish) -> None:
        wanted = self._by_node(publish)
        if not wanted:
            self._reaches_nobody(publish.message)
        for id_, groups in wanted.items():
            to_all = not publish.one_per_group
            if id_ == self.cluster.own.id:
                self._deliver(publish.topic, groups, to_all, publish.message)
                continue
            if not self._tell(id_, Deliver(publish.topic, groups, to_all, publish.message)):
                return

    def _by_node(self, publish: _Publish) -> dict[str, tuple[str, ...]]:
        """Which groups are served by which node."""
        having = self.values(_TOPIC + publish.topic)
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


def _path(ref: ActorRef[Any]) -> str:
    """Without the system: the same on all nodes."""
    return "/" + ref.path.partition("://")[2].partition("/")[2]
