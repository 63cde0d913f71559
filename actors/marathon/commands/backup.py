"""``marathon backup``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._client import CommandFailed
from ._console import say
from ._options import FILE, state_at, with_state

if TYPE_CHECKING:
    from actors.zookeeper import Address


@click.command("backup", short_help="Write everything that the service keeps to one file.")
@click.argument("file", type=FILE)
@with_state
def command(file: Path, work_dir: Path | None, zk: Address | None) -> None:
    """Write everything that the service keeps to FILE: apps, groups, versions, instances, the framework id.

    The service may run meanwhile: the file holds all of one moment. It can be read by its owner alone, for definitions
    may hold secrets.

    \b
      marathon backup before-upgrade.backup
      marathon backup /backups/marathon-$(date +%F).backup --work-dir /var/lib/marathon
      marathon backup before-upgrade.backup --zk zk://marathon:secret@zk1:2181,zk2:2181/marathon
    """
    from actors.marathon.state.format import FORMAT
    from actors.persistence import JournalError, dump
    from actors.zookeeper import ZooKeeperAway

    from ._state import streams_of

    where = state_at(work_dir, zk)
    about = {"state": FORMAT, "software": version("mesos-actors"), "made": datetime.now(UTC).isoformat()}

    async def make() -> int:
        async with streams_of(where) as streams:
            return await dump(streams, file, about)

    try:
        count = asyncio.run(make())
    except FileNotFoundError:
        raise CommandFailed(
            f"{where} holds no state", "name the place that the service was started with: --work-dir, or --zk"
        ) from None
    except FileExistsError as error:
        raise CommandFailed(str(error), "choose another name, or remove it first") from None
    except (JournalError, ZooKeeperAway) as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}") from error
    say(f"{count} entries of {where} are in {file}")
