"""``mesos-local``: the embedded Mesos alone, for whoever writes a framework; or some of its masters, or its agents.

Standard output has one line, when the master answers and every agent is registered; all else goes to standard error.
Its subcommands look at a cluster that runs: `agents`, `tasks`, `watch`.
Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 could not run, 2 wrong usage.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from actors.configuration.commands import config_option
from actors.local_mesos.defaults import DEFAULT_RESOURCES
from actors.local_mesos.look_commands import COMMANDS, WATCH_EVERY

if TYPE_CHECKING:
    from actors.core import Settings
    from actors.local_mesos.simulated_runner import Script

__all__ = ["main"]

AS_WRITTEN = "as-written"
SPAN = r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?"


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--port", default=5050, show_default=True, help="The master's port; 0 takes any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--agents", default=2, show_default=True, type=click.IntRange(min=0), help="How many.")
@click.option(
    "--resources",
    default=DEFAULT_RESOURCES,
    show_default=True,
    help="Of each agent: mem and disk in MB; the second agent has its ports below the first one's, and so on.",
)
@click.option("--attributes", default="", metavar="NAME:VALUE;…", help="Of each agent, such as 'rack:a;zone:b'.")
@click.option(
    "--work-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Sandboxes and state: the next start there finds the same agents and tasks, also after kill -9. "
    "[default: mesos-actors/mesos-local in $XDG_STATE_HOME]",
)
@click.option(
    "--masters",
    default=1,
    show_default=True,
    type=click.IntRange(min=0),
    help="How many here; takes --zk. 0: agents alone, for masters elsewhere.",
)
@click.option(
    "--zk",
    metavar="zk://HOST:2181/mesos",
    help="The masters stand for election there, also against those of other processes; agents and frameworks find the "
    "leader by the same URL.",
)
@click.option(
    "--registry-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Shared by the masters of several processes: what the leader before knew of quotas, weights, maintenance and "
    "agents. [default: each its own, in its work dir]",
)
@click.option("--keep-tasks", is_flag=True, help="Leave the tasks running at the end, for the next start to find.")
@click.option(
    "--simulate",
    is_flag=False,
    flag_value=AS_WRITTEN,
    metavar="SPEC",
    help="No processes: tasks are figures. Alone it follows simple commands (sleep N, exit N); "
    "'runs=60-600,failing=0.01,starts=0.1-2' draws lifetimes and delays in seconds.",
)
@click.option("--watch", is_flag=True, help="Show agents and tasks live.")
@config_option("mesos-local")
@click.pass_context
def main(
    context: click.Context,
    port: int,
    host: str,
    agents: int,
    resources: str,
    attributes: str,
    work_dir: Path | None,
    masters: int,
    zk: str | None,
    registry_dir: Path | None,
    keep_tasks: bool,
    simulate: str | None,
    watch: bool,
    settings: Settings,
) -> None:
    """An Apache Mesos cluster in one process, for developing and testing frameworks.

    \b
    Examples:
      mesos-local --port 5050 --agents 2 --watch
      mesos-local --agents 5000 --simulate 'runs=60-600,failing=0.01'
      mesos-local --zk zk://127.0.0.1:2181/mesos --masters 1 --agents 0 --port 5051 --work-dir m1
      mesos-local --zk zk://127.0.0.1:2181/mesos --masters 0 --agents 2 --work-dir agents

    \b
    In another shell:
      mesos-local tasks
      mesos-local watch --master http://127.0.0.1:5050

    Frameworks subscribe at http://HOST:PORT/api/v1/scheduler. Ctrl-C or SIGTERM ends the cluster with its tasks.
    Exit codes: 0 ended by Ctrl-C or SIGTERM, 1 could not run, 2 wrong usage.
    """
    if context.invoked_subcommand is not None:
        return
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    script = _script(simulate) if simulate is not None else None
    if script is None and work_dir is None:
        work_dir = _default_work_dir()
    serving = _serve(
        port, host, agents, resources, attributes, work_dir, masters, zk, registry_dir, keep_tasks, script, settings,
        watch,
    )  # fmt: skip
    status = asyncio.run(serving)
    gc.freeze()  # what a million figures leave, nobody needs to look through: the process ends
    sys.exit(status)


async def _serve(
    port: int,
    host: str,
    agents: int,
    resources: str,
    attributes: str,
    work_dir: Path | None,
    masters: int,
    zk: str | None,
    registry: Path | None,
    keep_tasks: bool,
    script: Script | None,
    settings: Settings,
    watch: bool,
) -> int:
    import signal

    from actors.configuration.collector import settle_collector
    from actors.configuration.open_files import allow_many_files
    from actors.core import ActorSystem
    from actors.local_mesos.local import LocalMesos
    from actors.local_mesos.simulated_runner import as_written

    allow_many_files()
    loop = asyncio.get_running_loop()
    asked_to_end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked_to_end.set)
    async with ActorSystem("mesos-local", settings) as system:
        try:
            local = await LocalMesos.start(
                system,
                host=host,
                port=port,
                agents=agents,
                resources=resources,
                attributes=attributes,
                work_dir=work_dir,
                masters=masters,
                zk=zk,
                registry=registry,
                runner="process" if script is None else "simulated",
                script=script or as_written,
            )
        except (OSError, ValueError, RuntimeError) as error:
            # an OSError made of a number and our own text would print the number too
            text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            click.echo(f"mesos-local: {text}", err=True)
            return 2 if isinstance(error, ValueError) else 1
        settle_collector()
        plural = "agent" if agents == 1 else "agents"
        click.echo(f"mesos-local: {local.url} with {agents} {plural}" + (f" in {work_dir}" if work_dir else ""))
        if watch:
            await _watch_until(asked_to_end, local.url)
        await asked_to_end.wait()
        await local.stop(keep_tasks)
    return 0


async def _watch_until(asked_to_end: asyncio.Event, url: str) -> None:
    """Show the cluster once a second. The looking is done in a thread, over HTTP as anybody would."""
    from contextlib import suppress

    from actors.local_mesos.look import MasterAway, Watch, look

    shown = Watch()
    try:
        while not asked_to_end.is_set():
            with suppress(MasterAway):  # between two leaders nobody answers
                shown.show(await asyncio.to_thread(look, url))
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_EVERY):
                    await asked_to_end.wait()
    finally:
        shown.stop()


def _default_work_dir() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "mesos-actors" / "mesos-local"


def _script(spec: str) -> Script:
    """Raises ``click.BadParameter`` that names the part."""
    from actors.local_mesos.simulated_runner import as_written, at_random

    if spec == AS_WRITTEN:
        return as_written
    spans = {"runs": (60.0, 600.0), "starts": (0.0, 0.0), "stops": (0.0, 0.0), "failing": (0.0, 0.0)}
    for part in spec.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        found = re.fullmatch(SPAN, value)
        if name not in spans or found is None:
            raise click.BadParameter(
                f"'{part}' is not one of runs=A-B, starts=A-B, stops=A-B (seconds) or failing=SHARE",
                param_hint="--simulate",
            )
        spans[name] = (float(found[1]), float(found[2] or found[1]))
    return at_random(runs=spans["runs"], start=spans["starts"], terminates=spans["stops"], failing=spans["failing"][0])


for _command in COMMANDS:
    main.add_command(_command)


if __name__ == "__main__":
    main()
