"""Publish and subscribe inside one system, by class of event."""

from __future__ import annotations

from threading import Lock
from typing import Any

from .ref import ActorRef

__all__ = ["EventStream"]


class EventStream:
    """Who subscribes to a class gets its instances and those of its subclasses, each event once. For any thread."""

    __slots__ = ("_by_class", "_changing", "_receivers")

    def __init__(self) -> None:
        self._changing = Lock()
        self._by_class: dict[type, dict[ActorRef[Any], None]] = {}
        self._receivers: dict[type, tuple[ActorRef[Any], ...]] = {}  # by exact class; forgotten when anything changes

    def subscribe(self, ref: ActorRef[Any], cls: type) -> bool:
        """Send `ref` the events of `cls` from now on; False when it had them already. Ends when it has stopped."""
        if not isinstance(cls, type):
            raise TypeError(f"subscribe needs a class of events, not {cls!r}")
        with self._changing:
            subscribers = self._by_class.setdefault(cls, {})
            if ref in subscribers:
                return False
            subscribers[ref] = None
            self._receivers.clear()
            return True

    def unsubscribe(self, ref: ActorRef[Any], cls: type | None = None) -> bool:
        """Send `ref` no more events of `cls`, or of any class when None; False when there were none."""
        with self._changing:
            found = False
            for each in [cls] if cls is not None else list(self._by_class):
                subscribers = self._by_class.get(each)
                if subscribers is not None and ref in subscribers:
                    found = True
                    del subscribers[ref]
                    if not subscribers:
                        del self._by_class[each]
            if found:
                self._receivers.clear()
            return found

    def publish(self, event: Any) -> None:
        """Send `event` to its subscribers, in the order they subscribed to its most specific class first."""
        cls = type(event)
        receivers = self._receivers.get(cls)
        if receivers is None:
            with self._changing:
                receivers = self._receivers[cls] = self._receivers_of(cls)
        gone = False
        for ref in receivers:
            if ref.is_terminated:
                gone = True
            else:
                ref.tell(event)
        if gone:
            for ref in receivers:
                if ref.is_terminated:
                    self.unsubscribe(ref)

    def _receivers_of(self, cls: type) -> tuple[ActorRef[Any], ...]:
        found: dict[ActorRef[Any], None] = {}
        for each in cls.__mro__:
            found.update(self._by_class.get(each, {}))
        return tuple(found)
