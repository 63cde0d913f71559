"""The Thespian side of the bridge: an actor there whose address stands for one of our refs.

Thespian actor            Gateway                       the bridge's endpoint
--------------            -------                       ---------------------
                          Exposed(number)          ←    where to forward to, and as whom
send(gateway, m)     →    Forwarded(number, m, sender)   →   ref.tell(m, a ref of the sender)
receives m from it   ←    SendAs(target, m)        ←    the ref's owner told a Thespian actor something
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thespian.actors import Actor as ThespianActor
from thespian.actors import ActorExitRequest

__all__ = ["Exposed", "Forwarded", "Gateway", "SendAs"]


@dataclass(frozen=True, slots=True)
class Exposed:
    """The first message: the number of the ref that the gateway stands for; its sender is the endpoint."""

    number: int


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What a gateway was sent, and by whom (an address)."""

    number: int
    message: Any
    sender: Any


@dataclass(frozen=True, slots=True)
class SendAs:
    """Send `message` to `target` (an address), so that its answer comes to the gateway."""

    target: Any
    message: Any


class Gateway(ThespianActor):  # type: ignore[misc]
    """See the head of this module."""

    number = 0
    endpoint = None

    def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: N802 - Thespian's name
        match message:
            case Exposed(number):
                self.number, self.endpoint = number, sender
                self.send(sender, message)
            case SendAs(target, inner):
                self.send(target, inner)
            case ActorExitRequest():
                pass
            case _ if self.endpoint is not None:
                self.send(self.endpoint, Forwarded(self.number, message, sender))
