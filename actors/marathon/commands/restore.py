"""``marathon restore``."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._client import CommandFailed
from ._console import say
from ._options import FILE, state_at, with_state

if TYPE_CHECKING:
    from actors.zookeeper import Address

    from ._state import Where


@click.command("restore", short_help="Make a work dir, or a state in ZooKeeper, from a backup.")
@click.argument("file", type=FILE)
@with_state
def command(file: Path, work_dir: Path | None, zk: Address | None) -> None:
    """Make a work dir that holds what FILE holds. The next 'marathon serve' or 'marathon up' there goes on with it.

    With --zk it is put into ZooKeeper. A place that holds a state already is left alone. A backup that an older version
    made is brought up to date when the service starts; one of a newer version is refused.

    \b
      marathon restore before-upgrade.backup --work-dir /var/lib/marathon
      marathon restore before-upgrade.backup --zk zk://marathon:secret@zk1:2181,zk2:2181/marathon-2
    """
    from actors.cluster import CoordinationError
    from actors.persistence import JournalError

    from ._service import work_dir_of

    where = state_at(work_dir, zk)
    if isinstance(where, Path):
        where = work_dir_of(where)
    try:
        count = asyncio.run(_restore(file, where))
    except (JournalError, CoordinationError) as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        raise CommandFailed(f"{error.filename or file} cannot be used: {error.strerror or error}") from error
    say(f"{count} entries of {file} are in {where}; the service can be started there")


async def _restore(file: Path, where: Where) -> int:
    from actors.marathon.state.format import check_readable
    from actors.persistence import read_about, restore

    from ._state import filled

    about = await read_about(file)
    check_readable(int(about.get("state", 1)), str(file))
    return await filled(where, lambda journal: restore(file, journal))
