"""First the record, then the deed: effects that happen only when the checkpoint has what led to them.

::

    agent                                          write-ahead
    then(records, effect)                    ──►   joins the batch; one batch is being written at a time
          ◄──  Stored(effects)                     a message to the agent: it runs them, and calls ``go_on``

Effects happen in the order of their ``then``, also those without records. A disk that is full is tried again each
second and said each time: until then nothing new is done, and nothing that was accepted is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.core import ActorContext
from actors.local_mesos.agent._checkpoint import Checkpoint
from actors.local_mesos.agent._records import Record

__all__ = ["Stored", "WriteAhead"]

RETRY = 1.0  # seconds
BATCH = 64  # effects of one message: they run in one turn of the loop, which nobody may hold for long

Effect = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Stored:
    effects: tuple[Effect, ...]


class WriteAhead:
    """Belongs to the actor of ``context``, whose stop ends it; what was not stored by then never happens."""

    def __init__(self, checkpoint: Checkpoint, context: ActorContext, complain: Callable[[str], object]) -> None:
        self._checkpoint = checkpoint
        self._context = context
        self._complain = complain
        self._steps: deque[tuple[tuple[Record, ...], Effect | None]] = deque()
        self._writing = False

    @property
    def idle(self) -> bool:
        return not self._writing

    def then(self, records: tuple[Record, ...], effect: Effect | None = None) -> None:
        if not records and not self._writing:
            if effect is not None:
                effect()
            return
        self._steps.append((records, effect))
        if not self._writing:
            self._write()

    def go_on(self) -> None:
        """The effects of ``Stored`` were run: write what came meanwhile."""
        self._writing = False
        if self._steps:
            self._write()

    def _write(self) -> None:
        records: list[Record] = []
        effects: list[Effect] = []
        for _ in range(min(BATCH, len(self._steps))):
            recorded, effect = self._steps.popleft()
            records += recorded
            if effect is not None:
                effects.append(effect)
        self._writing = True
        self._context.pipe_to(self._store(records, tuple(effects)))

    async def _store(self, records: list[Record], effects: tuple[Effect, ...]) -> Any:
        while records:
            try:
                await self._checkpoint.append(records)
                break
            except OSError as error:
                self._complain(f"cannot write the agent's checkpoint, trying again in {RETRY:g} s: {error}")
                await self._context.system.clock.sleep(RETRY)
        return Stored(effects)
