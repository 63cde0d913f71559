"""The format of Marathon's state in a journal: an older one is migrated when the service starts, a newer one refused.

The journal itself has a format too (`actors.persistence`): that of its file. This one is about what the streams mean,
whatever journal keeps them; it is stored in a stream of its own.

A migration turns format n into n + 1. It may be killed at any point, and is then made again from its beginning: it must
come to the same end whatever part of it is there already. A format once released is never edited: add a migration.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from actors.persistence import Append, Event, Journal, NewerVersion

__all__ = ["FORMAT", "bring_up_to_date", "check_readable"]

Migration = Callable[[Journal], Awaitable[None]]

STREAM = "state-format"


async def _there_may_be_pods(journal: Journal) -> None:
    """1 → 2: streams of apps may hold pods, which format 1 would read as apps with nothing to run. Nothing changes."""


MIGRATIONS: tuple[Migration, ...] = (_there_may_be_pods,)
FORMAT = 1 + len(MIGRATIONS)
"""What this version writes."""

log = logging.getLogger(__name__)


async def bring_up_to_date(journal: Journal, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Make `journal` one of the present format. Raises `NewerVersion`, with nothing changed."""
    present = 1 + len(migrations)
    found = await _format_of(journal, present)
    check_readable(found, "the journal", present)
    for number in range(found, present):
        log.warning("bringing the state from format %d to %d", number, number + 1)
        await migrations[number - 1](journal)
        await _mark(journal, number + 1)
    if found == present and not (await journal.replay(STREAM)).seq:
        await _mark(journal, present)


def check_readable(found: int, what: str, present: int = FORMAT) -> None:
    """Raises `NewerVersion` when `what` has a format that this version does not know."""
    if found > present:
        raise NewerVersion(
            f"{what} holds state of format {found}, written by a newer version of this software; this one knows "
            f"formats up to {present}. Upgrade it, or restore a backup that was made before the upgrade. Nothing was "
            "changed."
        )


async def _format_of(journal: Journal, present: int) -> int:
    marks = (await journal.replay(STREAM)).events
    if marks:
        return int(marks[-1].event.payload["format"])
    # Format 1 was written without a mark, too; a journal in which nothing ever was is of any format.
    used = [(await journal.replay(stream)).seq for stream in ("root", "framework")]
    return 1 if any(used) else present


async def _mark(journal: Journal, number: int) -> None:
    await journal.append([Append(STREAM, (Event("state-format", 1, {"format": number}),))])
