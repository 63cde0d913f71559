"""The two plainest ways to have actors on asyncio, for all costs of actors to be compared with.

`QueueActor` is what people write first: an ``asyncio.Queue`` and a task per actor. `DequeActor` is the floor: a deque
and one ``call_soon``, plain functions, no supervision, no one to ask, nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any


class QueueActor:
    """A queue and a task."""

    def __init__(self) -> None:
        self.mailbox: asyncio.Queue[Any] = asyncio.Queue()
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            await self.receive(await self.mailbox.get())

    def tell(self, message: Any) -> None:
        self.mailbox.put_nowait(message)

    async def receive(self, message: Any) -> None:
        """Does nothing."""


class DequeActor:
    """A deque and a callback."""

    def __init__(self) -> None:
        self.mailbox: deque[Any] = deque()
        self.loop = asyncio.get_running_loop()
        self.is_idle = True

    def tell(self, message: Any) -> None:
        self.mailbox.append(message)
        if self.is_idle:
            self.is_idle = False
            self.loop.call_soon(self._drain)

    def _drain(self) -> None:
        for _ in range(256):
            if not self.mailbox:
                self.is_idle = True
                return
            self.receive(self.mailbox.popleft())
        self.loop.call_soon(self._drain)

    def receive(self, message: Any) -> None:
        """Does nothing."""


class Countdown:
    """Reaches zero once; then whoever waits goes on."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hit(self) -> bool:
        """Whether this was the last."""
        self.left -= 1
        if self.left:
            return False
        self.done.set_result(None)
        return True
