"""``marathon restore``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from ._client import CommandFailed
from ._console import say
from ._options import FILE, with_work_dir


@click.command("restore", short_help="Make a work dir from a backup.")
@click.argument("file", type=FILE)
@with_work_dir
def command(file: Path, work_dir: Path | None) -> None:
    """Make a work dir that holds what FILE holds. The next 'marathon serve' or 'marathon up' there goes on with it.

    A work dir that holds a state already is left alone. A backup that an older version made is brought up to date when
    the service starts; one of a newer version is refused.

    \b
      marathon restore before-upgrade.backup --work-dir /var/lib/marathon
    """
    from actors.cluster import LeaseHeld
    from actors.persistence import JournalError

    from ._service import work_dir_of

    folder = work_dir_of(work_dir)
    try:
        count = asyncio.run(_restore(file, folder))
    except (JournalError, LeaseHeld) as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        raise CommandFailed(f"{error.filename or file} cannot be used: {error.strerror}") from error
    say(f"{count} entries of {file} are in {folder}; the service can be started there")


async def _restore(file: Path, work_dir: Path) -> int:
    from actors.cluster import FileCoordinator
    from actors.marathon.state.format import check_readable
    from actors.persistence import SqliteJournal, read_about, restore

    from ._place import JOURNAL

    about = await read_about(file)
    check_readable(int(about.get("state", 1)), str(file))
    coordinator = FileCoordinator(work_dir / "cluster")
    try:
        await coordinator.lease("marathon", wait=False)
        journal, half_done = work_dir / JOURNAL, work_dir / f"{JOURNAL}.restoring"
        if journal.exists():
            raise CommandFailed(
                f"the work dir {work_dir} holds a state already",
                f"choose another with --work-dir, or move {journal} and the files beside it away",
            )
        _remove(half_done)  # of a restore that was interrupted
        async with SqliteJournal(half_done) as restored:
            count = await restore(file, restored)
        _give_place(half_done, journal)
        return count
    finally:
        await coordinator.close()


def _give_place(half_done: Path, journal: Path) -> None:
    # The journal itself comes last: until it is there, this work dir holds no state.
    Path(f"{half_done}-ack").replace(f"{journal}-ack")
    half_done.replace(journal)
    _remove(half_done)


def _remove(journal: Path) -> None:
    for file in journal.parent.glob(f"{journal.name}*"):
        file.unlink()
