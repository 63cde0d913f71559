"""``marathon serve``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import click

from ._console import say
from ._options import with_service

if TYPE_CHECKING:
    from actors import ActorSystem

    from ._service import Mesos


@click.command("serve", short_help="Run the service on a Mesos cluster that is there already.")
@click.option("--master", required=True, metavar="URL", help="The Mesos master: http://HOST:PORT.")
@click.option(
    "--accept-new-framework",
    is_flag=True,
    help="Register anew if Mesos has removed this framework; all apps are launched again.",
)
@with_service
def command(
    master: str,
    accept_new_framework: bool,
    port: int,
    host: str,
    work_dir: Path | None,
    durability: Literal["sync", "process"],
    verbose: int,
) -> None:
    """Run the service on a Mesos cluster that is there already.

    A master that does not answer is tried again until it does. Ctrl-C or SIGTERM ends the service; the tasks go on,
    and the next start in the same work dir finds them.

    \b
      marathon serve --master http://127.0.0.1:5050
      marathon serve --master http://10.0.0.1:5050 --port 8081 --work-dir /var/lib/marathon
    """
    from ._service import Mesos, ServiceSettings, run, work_dir_of

    parts = urlsplit(master)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"'{master}' is no URL: write http://HOST:PORT", param_hint="--master")

    async def somewhere(system: ActorSystem) -> Mesos:
        say(f"seeking Mesos at {master}")
        return Mesos(master)

    run(ServiceSettings(host, port, work_dir_of(work_dir), durability, verbose, accept_new_framework), somewhere)
