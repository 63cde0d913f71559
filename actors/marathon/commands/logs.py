"""``marathon logs``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle
from typing import Any
from urllib.parse import quote

import click

from ._client import Client, CommandFailed, Refused, Unreachable
from ._complete import AppId
from ._console import EXIT_INTERRUPTED, say, with_url
from ._pods import containers, tasks_of

POLL = 0.5
"""Seconds between two looks at a file that is followed."""
TAIL_BYTES = 256 * 1024
COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "bright_red")


@click.command("logs", short_help="Show what tasks wrote.")
@click.argument("app", type=AppId())
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on.")
@click.option("--tail", type=click.IntRange(min=0), default=100, show_default=True, help="Last lines of each file.")
@click.option("--task", "wanted", metavar="ID", help="Only this task.")
@click.option("--stdout", "file", flag_value="stdout", help="Only what went to stdout.")
@click.option("--stderr", "file", flag_value="stderr", help="Only what went to stderr.")
@click.option("--previous", is_flag=True, help="Show tasks that have ended, too.")
@click.option("--no-prefix", is_flag=True, help="Do not begin each line with the task's name.")
@click.option("--timestamps", is_flag=True, help="With -f: begin each new line with the time at which it came.")
@with_url
def command(
    app: str,
    follow: bool,
    tail: int,
    wanted: str | None,
    file: str | None,
    previous: bool,
    no_prefix: bool,
    timestamps: bool,
    url: str | None,
) -> None:
    """Show what the tasks of APP, or the containers of a pod, wrote to stdout and stderr.

    Mesos keeps it as it was written, without times: there is no --since, and only what comes while one follows can be
    given a time.

    \b
      marathon logs my-app -f
      marathon logs my-app --previous --tail 20 --stderr
    """
    if timestamps and not follow:
        raise click.UsageError("--timestamps needs -f: Mesos keeps no times of what was written before")
    client = Client(url)
    files = (file,) if file else ("stdout", "stderr")
    streams = Streams(client, app, files, wanted, not no_prefix, follow, timestamps)
    try:
        streams.open_present(previous=previous, tail=tail)
        if not streams.spoke and tail:
            say("nothing has been written" + (" yet" if follow else ""))
        while follow:
            time.sleep(POLL)
            streams.go_on()
    except KeyboardInterrupt:
        raise SystemExit(EXIT_INTERRUPTED) from None
    finally:
        streams.flush()


@dataclass
class Stream:
    """One file of one task, and how far it was read (bytes)."""

    task_id: str
    file: str
    prefix: str
    offset: int = 0
    rest: str = ""


@dataclass
class Streams:
    """The files that are shown, joined line by line."""

    client: Client
    app: str
    files: tuple[str, ...]
    wanted: str | None
    prefixed: bool
    following: bool
    timed: bool = False
    away: bool = False
    spoke: bool = False
    """Whether anything was shown."""
    opened: dict[tuple[str, str], Stream] = field(default_factory=dict)
    colours: Iterator[str] = field(default_factory=lambda: cycle(COLOURS))

    def live(self) -> list[str]:
        tasks, pod = tasks_of(self.client, self.app)
        ids = [task["id"] for task in tasks] if pod is None else [each["containerId"] for _, each in containers(pod)]
        return [task_id for task_id in ids if self.wanted in (None, task_id)]

    def open_present(self, *, previous: bool, tail: int) -> None:
        """Show the end of every file that is there."""
        live, kept = self.live(), self.client.get("/v2/logs", app=self.app)["tasks"]
        if previous or self.wanted:
            chosen = [*kept, *(task for task in live if task not in kept)]
        else:
            chosen = live or kept[-1:]
            if not live and kept:
                say(f"no task of {self.app} runs; this is what the last one wrote")
        if self.wanted:
            chosen = [task for task in chosen if task == self.wanted]
        if not chosen:
            raise CommandFailed(
                f"there is no task of {self.app} to read from", "'marathon ps' lists the tasks there are"
            )
        failures = [failure for task in chosen for failure in self._open(task, tail, several=len(chosen) > 1)]
        if len(failures) == len(chosen) * len(self.files):
            raise CommandFailed(failures[0])

    def go_on(self) -> None:
        """Show what came since. While the service is away nothing is lost: it is asked again from the same place."""
        try:
            self.open_new()
            self.copy()
            self.away = False
        except Unreachable:
            if not self.away:
                say(f"no answer from {self.client.url}, trying again")
            self.away = True

    def open_new(self) -> None:
        """Read tasks that have started since from their beginning."""
        for task in self.live():
            if (task, self.files[0]) not in self.opened:
                list(self._open(task, None, several=True))

    def _open(self, task_id: str, tail: int | None, *, several: bool) -> Iterator[str]:
        prefix = self._prefix(task_id) if several and self.prefixed else ""
        for file in self.files:
            stream = Stream(task_id, file, prefix)
            try:
                self._begin(stream, tail)
            except Refused as refused:
                if refused.status != 404:
                    raise
                yield refused.message
            else:
                self.opened[task_id, file] = stream

    def _begin(self, stream: Stream, tail: int | None) -> None:
        if tail is None:
            self._copy(stream)
            return
        end = self._read(stream, -TAIL_BYTES)
        lines = end["data"].splitlines(keepends=True)
        if end["offset"] > 0 and lines:
            lines = lines[1:]  # its beginning lies before what was read
        stream.offset = end["next"]
        self._print(stream, "".join(lines[-tail:] if tail else []), timed=False)
        if not self.following:
            self._end_line(stream)

    def copy(self) -> None:
        """Show what was written since."""
        for stream in self.opened.values():
            try:
                self._copy(stream)
            except Refused as refused:
                if refused.status != 404:  # its sandbox was removed
                    raise

    def _copy(self, stream: Stream) -> None:
        while True:
            part = self._read(stream, stream.offset)
            stream.offset = part["next"]
            self._print(stream, part["data"])
            if part["next"] >= part["size"] or not part["data"]:
                return

    def _read(self, stream: Stream, offset: int) -> Mapping[str, Any]:
        path = f"/v2/logs/{quote(stream.task_id)}/{stream.file}"
        part: Mapping[str, Any] = self.client.get(path, offset=offset, length=TAIL_BYTES)
        return part

    def _print(self, stream: Stream, text: str, *, timed: bool = True) -> None:
        *lines, stream.rest = (stream.rest + text).split("\n")
        now = f"{datetime.now().astimezone():%H:%M:%S}  " if self.timed else ""
        self.spoke = self.spoke or bool(lines or stream.rest)
        for line in lines:
            click.echo((now if timed else " " * len(now)) + stream.prefix + line)

    def flush(self) -> None:
        """Show what was written without an end of line."""
        for stream in self.opened.values():
            self._end_line(stream)

    def _end_line(self, stream: Stream) -> None:
        if stream.rest:
            self._print(stream, "\n")

    def _prefix(self, task_id: str) -> str:
        return click.style(f"{_short(task_id)} | ", fg=next(self.colours))


def _short(task_id: str) -> str:
    """Enough of a task's id to tell it from its neighbours."""
    app, _, rest = task_id.partition(".")
    short = f"{app}.{rest.removeprefix('instance-')[:8]}"
    container = rest.split(".")[1:2]  # of a pod; an app's tasks have but one, of no name that anybody gave
    return short if container in ([], ["_app"]) or not rest.startswith("instance-") else f"{short}.{container[0]}"
