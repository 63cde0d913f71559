"""``marathon migrate``."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._client import CommandFailed
from ._console import say
from ._options import PLACE

if TYPE_CHECKING:
    from ._state import Where


@click.command("migrate", short_help="Copy the state from a work dir into ZooKeeper, or back.")
@click.argument("source", metavar="FROM", type=PLACE)
@click.argument("target", metavar="TO", type=PLACE)
def command(source: Where, target: Where) -> None:
    """Copy the state from one place to another: each is a work dir, or a zk:// URL.

    End the service first: what it accepts after the copy was begun stays behind. The place that is copied from is left
    as it is; one that holds a state already is not copied to. Then start the service at the new place, and never both:
    to Mesos they are the same framework.

    \b
      marathon migrate /var/lib/marathon zk://marathon:secret@zk1:2181,zk2:2181/marathon
      marathon migrate zk://marathon:secret@zk1:2181,zk2:2181/marathon /var/lib/marathon
    """
    from actors.cluster import CoordinationError
    from actors.persistence import JournalError

    if isinstance(target, Path):
        from ._service import work_dir_of

        target = work_dir_of(target)
    try:
        count = asyncio.run(_copy(source, target))
    except FileNotFoundError:
        raise CommandFailed(f"{source} holds no state") from None
    except (JournalError, CoordinationError, OSError) as error:
        raise CommandFailed(str(error)) from error
    say(f"{count} entries of {source} are in {target}; the service can be started there")


async def _copy(source: Where, target: Where) -> int:
    from actors.persistence import dump, restore

    from ._state import filled, streams_of

    with tempfile.TemporaryDirectory(prefix="marathon-migrate-") as folder:
        file = Path(folder) / "state"
        async with streams_of(source) as streams:
            await dump(streams, file, {})
        return await filled(target, lambda journal: restore(file, journal))
