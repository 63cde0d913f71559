"""Changes on their way into the registry, and the answers that wait for them.

::

    the master's turn                             registrar                                         registry
    changes of a call, of an agent's coming  ──►  with the next group                         ──►   one commit
                                                  what comes meanwhile waits for the next one ──►   one commit
          who waits is told its answer       ◄──  when the group has been written

A commit takes as long for one agent as for a hundred, so that fifty thousand who register at once are admitted in some
hundred commits, as with Mesos's registrar. Groups are written in the order of their changes, and answers go out in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from actors.core import ActorContext, ActorRef, Failure

from .metrics import Durations
from .registry import Entry, Registry, RegistryError

__all__ = ["Registrar", "Saved", "Unsaved"]

GROUP = 512  # those who wait: of one commit


@dataclass(frozen=True, slots=True)
class Saved:
    """To the master: all that it gave to the registrar is written."""


@dataclass(frozen=True, slots=True)
class Unsaved:
    """To the master: the registry refused, and it cannot keep its word any longer."""

    error: RegistryError


class _Waiting(NamedTuple):
    changes: Sequence[Entry]
    whom: ActorRef[Any] | None
    answer: Any


class Registrar:
    """Belongs to the master of ``context``; with its end, or its restart, nobody waits any more."""

    def __init__(self, registry: Registry, context: ActorContext, durations: Durations) -> None:
        self._registry = registry
        self._context = context
        self._clock = context.system.clock
        self._durations = durations
        self._waiting: deque[_Waiting] = deque()
        self._committing = False

    def save(self, changes: Sequence[Entry], whom: ActorRef[Any] | None, answer: Any) -> None:
        """``whom``, if anybody, is told the answer once the changes are written; a ``Failure`` if they are not."""
        self._waiting.append(_Waiting(changes, whom, answer))
        if not self._committing:
            self._committing = True
            self._context.pipe_to(self._commit())

    async def _commit(self) -> Saved | Unsaved:
        me = self._context.self_ref
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(GROUP, len(self._waiting)))]
            began = self._clock.time()
            try:
                await self._registry.store([entry for waiting in group for entry in waiting.changes])
            except RegistryError as error:
                for waiting in (*group, *self._waiting):
                    if waiting.whom is not None and waiting.whom is not me:
                        waiting.whom.tell(Failure(error), me)
                return Unsaved(error)
            self._durations.note(self._clock.time() - began)
            for waiting in group:
                if waiting.whom is not None:
                    waiting.whom.tell(waiting.answer, me)
        self._committing = False
        return Saved()
