"""Subscribe with Mesos only while the journal is ours: Mesos itself gives a framework to whoever subscribed last.

    connection                    FencedDetector                         journal
    detect(previous)         ──▶  an empty write, under our epoch   ──▶  is it still the newest?
                             ◀──  the master                        ◀──  it is
        NoMaster: asks again ◀──  no proof in time: it is away
        StaleEpoch: the end  ◀──                                    ◀──  another leads

A leader that was stopped or cut off must not take the framework back from its successor, not even when it finds its
connection broken and does what it always does then.
"""

from __future__ import annotations

import asyncio
from typing import Final

from actors.mesos import MasterDetector, NoMaster
from actors.persistence import Journal

__all__ = ["FencedDetector"]

PROOF_SECONDS: Final = 5.0


class FencedDetector:
    """A `MasterDetector` that tells what `detector` does, each time after the journal has proven that it is ours."""

    def __init__(self, detector: MasterDetector, journal: Journal) -> None:
        self._detector = detector
        self._journal = journal

    async def detect(self, previous: str | None) -> str:
        """Raises `NoMaster`, and what the journal raises: `StaleEpoch` when another process leads."""
        try:
            async with asyncio.timeout(PROOF_SECONDS):
                await self._journal.append([])
        except TimeoutError:
            raise NoMaster(
                f"the journal did not say within {PROOF_SECONDS:g} s that it is still this process's: it is away, and "
                "who cannot prove to lead does not subscribe"
            ) from None
        return await self._detector.detect(previous)

    async def close(self) -> None:
        await self._detector.close()
