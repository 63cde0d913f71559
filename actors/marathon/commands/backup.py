"""``marathon backup``."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import click

from ._client import CommandFailed
from ._console import say
from ._options import FILE, default_work_dir, with_work_dir


@click.command("backup", short_help="Write everything that the service keeps to one file.")
@click.argument("file", type=FILE)
@with_work_dir
def command(file: Path, work_dir: Path | None) -> None:
    """Write everything that the service keeps to FILE: apps, groups, versions, instances, the framework id.

    The service may run meanwhile: the file holds all of one moment. It can be read by its owner alone, for definitions
    may hold secrets.

    \b
      marathon backup before-upgrade.backup
      marathon backup /backups/marathon-$(date +%F).backup --work-dir /var/lib/marathon
    """
    from actors.marathon.state.format import FORMAT
    from actors.persistence import JournalError, dump, read_streams

    from ._place import JOURNAL

    folder = (work_dir or default_work_dir()).absolute()
    about = {"state": FORMAT, "software": version("mesos-actors"), "made": datetime.now(UTC).isoformat()}
    try:
        count = asyncio.run(dump(read_streams(folder / JOURNAL), file, about))
    except FileNotFoundError:
        raise CommandFailed(
            f"the work dir {folder} holds no state", "name the one that the service was started with: --work-dir"
        ) from None
    except FileExistsError as error:
        raise CommandFailed(str(error), "choose another name, or remove it first") from None
    except JournalError as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}") from error
    say(f"{count} entries of {folder} are in {file}")
