"""``marathon serve``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from ._console import say
from ._options import FILE, ServiceOptions, with_service

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
@click.option("--mesos-principal", metavar="NAME", help="As whom to register with Mesos.")
@click.option("--mesos-secret-file", type=FILE, help="A file that holds the principal's secret and nothing else.")
@with_service
def command(
    service: ServiceOptions,
    master: str,
    accept_new_framework: bool,
    mesos_principal: str | None,
    mesos_secret_file: Path | None,
) -> None:
    """Run the service on a Mesos cluster that is there already.

    A master that does not answer is tried again until it does. Ctrl-C or SIGTERM ends the service; the tasks go on,
    and the next start in the same work dir finds them.

    \b
      marathon serve --master http://127.0.0.1:5050
      marathon serve --master http://10.0.0.1:5050 --port 8081 --work-dir /var/lib/marathon
    """
    from ._security import mesos_credential
    from ._service import Mesos, run

    parts = urlsplit(master)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(f"'{master}' is no URL: write http://HOST:PORT", param_hint="--master")

    credential = mesos_credential(mesos_principal, mesos_secret_file)

    async def somewhere(system: ActorSystem, work_dir: Path) -> Mesos:
        say(f"seeking Mesos at {master}")
        return Mesos(master, mesos_principal, credential, accept_new_framework)

    run(service, somewhere)
