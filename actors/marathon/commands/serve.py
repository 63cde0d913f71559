"""``marathon serve``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from ._console import say
from ._options import FILE, ServiceOptions, with_service, with_zk

if TYPE_CHECKING:
    from actors import ActorSystem
    from actors.zookeeper import Address

    from ._service import Mesos


@click.command("serve", short_help="Run the service on a Mesos cluster that is there already.")
@click.option(
    "--master", required=True, metavar="URL", help="The Mesos master: http://HOST:PORT, or zk://HOST:2181,…/mesos."
)
@click.option(
    "--accept-new-framework",
    is_flag=True,
    help="Register anew if Mesos has removed this framework; all apps are launched again.",
)
@click.option("--mesos-principal", metavar="NAME", help="As whom to register with Mesos.")
@click.option("--mesos-secret-file", type=FILE, help="A file that holds the principal's secret and nothing else.")
@with_zk(
    "Keep state in ZooKeeper, not in a work dir, and let the services of this URL elect one to lead. A password and TLS"
    " go into the URL: zk://USER:PASSWORD@HOST:2281/PATH?ca=FILE."
)
@click.option(
    "--zk-session-timeout",
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(min=1, max=40),
    help="A leader not heard of for so long is followed; at most 20 ticks of the servers.",
)
@click.option("--hostname", metavar="NAME", help="How the other services reach this one. [default: that of --host]")
@click.option("--advertise", metavar="URL", help="The same with scheme and port, where a proxy is in between.")
@with_service
def command(
    service: ServiceOptions,
    master: str,
    accept_new_framework: bool,
    mesos_principal: str | None,
    mesos_secret_file: Path | None,
    zk: Address | None,
    zk_session_timeout: float,
    hostname: str | None,
    advertise: str | None,
) -> None:
    """Run the service on a Mesos cluster that is there already.

    A master that does not answer is tried again until it does. Ctrl-C or SIGTERM ends the service; the tasks go on,
    and the next start in the same work dir finds them.

    Services that share a ZooKeeper path (or, on one machine, a work dir) elect one to lead; the others pass requests
    on to it, and one of them follows when it ends. A leader that loses its lease ends with exit code 103.

    \b
      marathon serve --master http://127.0.0.1:5050
      marathon serve --master http://10.0.0.1:5050 --port 8081 --work-dir /var/lib/marathon
      marathon serve --master zk://zk1:2181,zk2:2181,zk3:2181/mesos --host 0.0.0.0 \\
          --zk zk://marathon:secret@zk1:2181,zk2:2181,zk3:2181/marathon
    """
    from actors.zookeeper import Address, InvalidAddress

    from ._security import mesos_credential
    from ._service import Mesos, Sharing, run

    shown = master
    if master.startswith("zk://"):
        try:
            shown = str(Address.parse(master))
        except InvalidAddress as error:
            raise click.BadParameter(str(error), param_hint="--master") from None
    elif urlsplit(master).scheme not in ("http", "https") or not urlsplit(master).hostname:
        raise click.BadParameter(
            f"'{master}' is no URL: write http://HOST:PORT or zk://HOST:2181/mesos", param_hint="--master"
        )
    if zk is not None and service.work_dir is not None:
        raise click.UsageError("with --zk, state is kept in ZooKeeper: leave --work-dir out")
    if advertise is not None and (urlsplit(advertise).scheme not in ("http", "https") or not urlsplit(advertise).port):
        raise click.BadParameter(f"'{advertise}' is no URL: write http://HOST:PORT", param_hint="--advertise")

    credential = mesos_credential(mesos_principal, mesos_secret_file)

    async def somewhere(system: ActorSystem, options: ServiceOptions) -> Mesos:
        say(f"seeking Mesos at {shown}")
        return Mesos(master, shown, mesos_principal, credential, accept_new_framework)

    run(service, somewhere, Sharing(zk, zk_session_timeout, hostname, advertise))
