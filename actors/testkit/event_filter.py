"""`EventFilter`: what a block of code must log.

    async with EventFilter(message="lost the master", level=logging.WARNING):
        master.stop()

At the end of the block it waits up to 3 s until the records have come, and fails when there were fewer or more.
"""

from __future__ import annotations

import asyncio
import logging
import re
from types import TracebackType
from typing import NoReturn, Self

__all__ = ["EventFilter"]

WAIT_SECONDS = 3.0


class EventFilter(logging.Handler):
    """Counts the log records that match all that is named.

    ``message``: the whole text; ``start``: its beginning; ``pattern``: a regular expression found in it. The text of
    the record's exception is tried too. ``level``: the least level; ``logger``: the logger or one above it; ``error``:
    the class of the record's exception. ``occurrences``: how many must match; None: any number, nothing awaited.
    """

    def __init__(
        self,
        *,
        message: str | None = None,
        start: str | None = None,
        pattern: str | None = None,
        level: int = logging.NOTSET,
        logger: str = "",
        error: type[BaseException] | None = None,
        occurrences: int | None = 1,
        timeout: float = WAIT_SECONDS,
    ) -> None:
        super().__init__(level)
        self._message, self._start = message, start
        self._pattern = re.compile(pattern) if pattern is not None else None
        self._logger = logging.getLogger(logger) if logger else logging.getLogger()
        self._error = error
        self._occurrences = occurrences
        self._timeout = timeout
        self._changed = asyncio.Event()
        self._logger_level = logging.NOTSET
        self.records: list[logging.LogRecord] = []
        """The records that matched."""
        self._others: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        texts = [record.getMessage()]
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            texts.append(str(error))
        if any(self._matches(text) for text in texts) and (self._error is None or isinstance(error, self._error)):
            self.records.append(record)
            self._changed.set()
        else:
            self._others.append(f"{record.levelname} {record.name}: {texts[0]}")

    def _matches(self, text: str) -> bool:
        return (
            (self._message is None or text == self._message)
            and (self._start is None or text.startswith(self._start))
            and (self._pattern is None or self._pattern.search(text) is not None)
        )

    def __enter__(self) -> NoReturn:
        raise TypeError("an event filter waits for what is logged yet: write `async with`")

    def __exit__(self, *_: object) -> None: ...

    async def __aenter__(self) -> Self:
        self._logger_level = self._logger.level
        if self._logger.getEffectiveLevel() > self.level:
            self._logger.setLevel(self.level or logging.DEBUG)
        self._logger.addHandler(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self._occurrences is not None:
                await self._check(self._occurrences)
        finally:
            self._logger.removeHandler(self)
            self._logger.setLevel(self._logger_level)

    async def _check(self, wanted: int) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._timeout
        while len(self.records) < wanted and (left := end - loop.time()) > 0:
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                break
        if len(self.records) != wanted:
            others = "".join(f"\n    {line}" for line in self._others[-10:])
            raise AssertionError(
                f"{self._describe()} was to be logged {wanted} times, but was {len(self.records)} times"
                + (f"; logged besides:{others}" if others else "; nothing was logged besides")
            )

    def _describe(self) -> str:
        parts = [
            f"{name} {value!r}"
            for name, value in (
                ("the message", self._message),
                ("a message that starts with", self._start),
                ("a message that matches", self._pattern.pattern if self._pattern else None),
                ("an error of class", self._error.__name__ if self._error else None),
                ("a level of at least", logging.getLevelName(self.level) if self.level else None),
            )
            if value is not None
        ]
        return " with ".join(parts) or "anything"
