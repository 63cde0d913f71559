"""Mailboxes: in which order an actor takes its messages, and what happens when there are too many.

The default is a plain deque: unbounded, first in, first out. Others are given as recipes, which make one mailbox per
actor: ``Props(Worker).with_mailbox(BoundedMailbox(100, overflow="drop_oldest"))``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from ._types import Envelope

__all__ = ["Mailbox"]


class Mailbox(Protocol):
    """What holds an actor's envelopes. `append` may come from any thread and never waits; the rest is the loop's."""

    def append(self, envelope: Envelope, /) -> None: ...
    def popleft(self) -> Envelope: ...
    def extendleft(self, envelopes: Iterable[Envelope], /) -> None: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
