"""A picture of a system's actors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .inspection import ActorView
    from .ref import ActorRef

__all__ = ["ActorNode", "node_of"]


@dataclass(frozen=True, slots=True)
class ActorNode:
    """One actor as it is now.

    :ivar state: starting, running, restarting, stopping; waiting while a handler awaits, failed before the verdict.
    :ivar depth: messages in its mailbox.
    :ivar handling: the type of the message it is handling.
    :ivar high_water: the most messages that its mailbox has held; None where the mailbox does not keep that.
    :ivar rate: messages that it handled per second since the last look; None while no instrument counts them.
    """

    ref: ActorRef[Any]
    cls: str
    state: str
    depth: int
    stashed: int
    restarts: int
    handling: str | None
    children: tuple[ActorNode, ...]
    high_water: int | None = None
    rate: float | None = None

    @property
    def path(self) -> str:
        return self.ref.path

    def walk(self) -> Iterator[ActorNode]:
        """It and all below it, each before those below it."""
        return (node for _, node in self._walk())

    def __str__(self) -> str:
        return "\n".join(f"{'  ' * depth}{node._line()}" for depth, node in self._walk())

    def _walk(self) -> Iterator[tuple[int, ActorNode]]:
        left = [(0, self)]
        while left:  # no recursion: families may be deep
            depth, node = left.pop()
            yield depth, node
            left += [(depth + 1, child) for child in reversed(node.children)]

    def _line(self) -> str:
        facts = [self.cls, self.state]
        facts += [f"{self.depth} queued"] if self.depth else []
        facts += [f"at most {self.high_water}"] if self.high_water else []
        facts += [f"{self.rate:.4g}/s"] if self.rate else []
        facts += [f"{self.stashed} stashed"] if self.stashed else []
        facts += [f"{self.restarts} restarts"] if self.restarts else []
        facts += [f"handling {self.handling}"] if self.handling else []
        return f"{self.ref.name or '/'}  {', '.join(facts)}"


def node_of(top: ActorView) -> ActorNode:
    """The picture of `top` and all below it."""
    instrument = top.ref.system.instrument
    actors = [(top, top.children)]
    for _, children in actors:  # grows while it is walked
        actors += [(child, child.children) for child in children]
    nodes: dict[int, ActorNode] = {}  # by the view's identity
    for actor, children in reversed(actors):  # children before their parents
        envelope = actor.envelope
        nodes[id(actor)] = ActorNode(
            ref=actor.ref,
            cls=actor.cls.__name__,
            state=actor.state,
            depth=actor.depth,
            stashed=actor.stashed,
            restarts=actor.restarts,
            handling=None if envelope is None else type(envelope[0]).__name__,
            children=tuple([nodes.pop(id(child)) for child in children]),
            high_water=actor.high_water,
            rate=None if instrument is None else instrument.rate(actor.ref),
        )
    return nodes[id(top)]
