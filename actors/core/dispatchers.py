"""Which dispatcher runs an actor, as `Props.with_dispatcher` says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._dispatcher import Dispatcher
    from .system import ActorSystem

__all__ = ["DispatcherSpec", "checked_dispatcher", "dispatcher_for"]

#: The name of a dispatcher: "default" is the run queue.
DispatcherSpec = str


def checked_dispatcher(spec: DispatcherSpec) -> DispatcherSpec:
    """`spec`, when there is such a dispatcher."""
    if spec != "default":
        raise ValueError(f"there is no dispatcher {spec!r}; there is 'default'")
    return spec


def dispatcher_for(spec: DispatcherSpec, system: ActorSystem) -> Dispatcher:
    """The dispatcher of an actor with that `spec`."""
    return system.dispatcher
