"""``marathon up``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actors.local_mesos.defaults import DEFAULT_RESOURCES

from ._client import CommandFailed
from ._console import say
from ._options import ServiceOptions, with_service

if TYPE_CHECKING:
    from actors import ActorSystem

    from ._service import Mesos


@click.command("up", short_help="Run everything on this machine: an embedded Mesos and the service.")
@with_service
@click.option("--mesos-port", default=5050, show_default=True, help="The embedded master's port; 0 takes any.")
@click.option("--mesos-host", default="127.0.0.1", show_default=True, help="The address that the master listens on.")
@click.option("--agents", default=2, show_default=True, type=click.IntRange(min=1), help="How many agents.")
@click.option("--resources", default=DEFAULT_RESOURCES, show_default=True, help="Of each agent; mem and disk in MB.")
@click.option("--attributes", default="", metavar="NAME:VALUE;…", help="Of each agent, such as 'rack:a;zone:b'.")
@click.option("--keep-tasks", is_flag=True, help="Leave the tasks running at the end, for the next start to find.")
def command(
    service: ServiceOptions,
    mesos_port: int,
    mesos_host: str,
    agents: int,
    resources: str,
    attributes: str,
    keep_tasks: bool,
) -> None:
    """Run everything on this machine: an embedded Mesos whose tasks are processes, and the service.

    Ctrl-C or SIGTERM ends the service and its tasks; the apps are kept and start again with the next 'marathon up'.
    After kill -9 the tasks go on, and the next start finds them.

    \b
      marathon up
      marathon up --port 8081 --mesos-port 0 --work-dir /tmp/try --agents 4
    """
    from actors.local_mesos.local import LocalMesos
    from actors.marathon.api import LocalSandboxes

    from ._service import Mesos, run, work_dir_of

    async def start(system: ActorSystem, options: ServiceOptions) -> Mesos:
        work_dir = work_dir_of(options.work_dir)
        say(f"starting an embedded Mesos with {agents} agents")
        try:
            local = await LocalMesos.start(
                system,
                host=mesos_host,
                port=mesos_port,
                agents=agents,
                resources=resources,
                attributes=attributes,
                work_dir=work_dir / "mesos",
            )
        except (OSError, ValueError, RuntimeError) as error:
            message = getattr(error, "strerror", None) or str(error)
            raise CommandFailed(
                f"the embedded Mesos cannot start: {message.replace('--port', '--mesos-port')}"
            ) from error
        say(f"Mesos answers at {local.url}")
        return Mesos(
            local.url,
            # This Mesos is ours: when it has forgotten the framework, nobody else can mind that it registers anew.
            accept_new_framework=True,
            sandboxes=LocalSandboxes(work_dir / "mesos"),
            stop=lambda: local.stop(keep_tasks),
        )

    run(service, start)
