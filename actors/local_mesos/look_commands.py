"""The subcommands of ``mesos-local`` that look at a cluster that runs: `agents`, `tasks`, `watch`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from actors.local_mesos.look import Picture

__all__ = ["COMMANDS", "WATCH_EVERY"]

DEFAULT_MASTER = "http://127.0.0.1:5050"
WATCH_EVERY = 1.0
"""Seconds between two pictures."""

_with_master = click.option(
    "--master", "url", default=DEFAULT_MASTER, show_default=True, metavar="URL", help="The master to ask."
)
_with_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, as Mesos answers it.")


@click.command("agents")
@_with_json
@_with_master
def agents_command(url: str, as_json: bool) -> None:
    """List the agents of a cluster that runs, with what is used of each.

    \b
      mesos-local agents
    """
    from actors.local_mesos.look import AGENT_HEADINGS

    picture = _look(url)
    _print(picture.agents if as_json else None, AGENT_HEADINGS, picture.agent_rows())


@click.command("tasks")
@_with_json
@_with_master
def tasks_command(url: str, as_json: bool) -> None:
    """List the tasks of a cluster that runs: live ones first, newest first.

    \b
      mesos-local tasks
    """
    import time

    from actors.local_mesos.look import TASK_HEADINGS

    picture = _look(url)
    _print(picture.tasks if as_json else None, TASK_HEADINGS, picture.task_rows(time.time()))


@click.command("watch")
@_with_master
def watch_command(url: str) -> None:
    """Show agents and tasks of a cluster that runs, live, until Ctrl-C.

    \b
      mesos-local watch
      mesos-local watch --master http://10.0.0.1:5050
    """
    import time

    from actors.local_mesos.look import Watch

    picture = _look(url)
    shown = Watch()
    try:
        while True:
            shown.show(picture)
            time.sleep(WATCH_EVERY)
            picture = _look(url)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shown.stop()


def _look(url: str) -> Picture:
    from actors.local_mesos.look import MasterAway, look

    try:
        return look(url.rstrip("/"))
    except (MasterAway, ValueError) as error:
        click.echo(f"mesos-local: {error}\nhint: start one with 'mesos-local', or name another with --master", err=True)
        sys.exit(1)


def _print(as_json: Any, headings: Sequence[str], rows: list[tuple[str, ...]]) -> None:
    import json

    from actors.local_mesos.look import columns

    if as_json is not None:
        click.echo(json.dumps(as_json, indent=2, ensure_ascii=False))
        return
    heading, *lines = columns(headings, rows)
    click.echo(heading, err=not lines)
    for line in lines:
        click.echo(line)


COMMANDS = (agents_command, tasks_command, watch_command)
