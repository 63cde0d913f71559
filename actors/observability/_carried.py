"""Mailboxes whose envelopes bring something along from where they were sent: a span, a correlation.

An actor has a context of its own, in which nothing of its senders' is visible; so what is to follow a message travels
with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.core import Mailbox

__all__ = ["CarryingMailbox", "carried"]


class _Envelope(tuple[Any, Any]):
    """An envelope that knows what was taken along when it was sent, by key."""

    carried: dict[object, Any]


class CarryingMailbox:
    """`inner`, whose envelopes carry what `take()` gave when they were sent; nothing where it gave nothing."""

    __slots__ = ("_inner", "append", "extendleft", "popleft")

    def __init__(self, inner: Mailbox, key: object, take: Callable[[], Any]) -> None:
        self._inner = inner
        self.popleft = inner.popleft
        self.extendleft = inner.extendleft
        add = inner.append

        def append(envelope: Any, /) -> None:
            what = take()
            if what:
                if type(envelope) is not _Envelope:
                    envelope = _Envelope(envelope)
                    envelope.carried = {}
                envelope.carried[key] = what
            add(envelope)

        self.append = append

    def __len__(self) -> int:
        return len(self._inner)

    def __iter__(self) -> Any:
        return iter(self._inner)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def carried(envelope: Any, key: object) -> Any:
    """What the envelope carries for `key`, or None."""
    return envelope.carried.get(key) if type(envelope) is _Envelope else None
