"""A cron framework: runs commands at their times, on Mesos.

python -m examples.cron                                           an example, on an embedded Mesos; ends with Ctrl-C
python -m examples.cron CRONTAB --master zk://HOST:2181/mesos     yours

Lines of a crontab are as cron has them (man 5 crontab), in UTC, and `@every SECONDS` besides:

    */5 * * * *      date
    30 6 * * mon-fri ./report
    @every 10        echo ten seconds have passed

A run that is due while the one before is still going is left out, and said.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from actors import Actor, ActorRef, ActorSystem, Props
from actors.local_mesos import LocalMesos
from examples.commands import Began, Commands, Ended, Run

EXAMPLE = """\
@every 3    echo three seconds have passed
* * * * *   echo a minute begins
"""
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
FIELDS = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, MONTHS),
    ("weekday", 0, 7, DAYS),
)
YEARS = 9  # a 29th of February is at most eight years away


class Times(Protocol):
    def after(self, moment: datetime) -> datetime:
        """The first time that is later."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    seconds: float

    def after(self, moment: datetime) -> datetime:
        return moment + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Calendar:
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either_day: bool  # when neither day nor weekday is *, one of them is enough

    def after(self, moment: datetime) -> datetime:
        at = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        while True:
            if not (at.month in self.months and self._is_day(at)):
                at = at.replace(hour=0, minute=0) + timedelta(days=1)
            elif at.hour not in self.hours:
                at = at.replace(minute=0) + timedelta(hours=1)
            elif at.minute not in self.minutes:
                at += timedelta(minutes=1)
            else:
                return at
            if at.year > moment.year + YEARS:
                raise ValueError("there is no such day")

    def _is_day(self, at: datetime) -> bool:
        by_date, by_weekday = at.day in self.days, at.isoweekday() % 7 in self.weekdays
        return by_date or by_weekday if self.either_day else by_date and by_weekday


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    times: Times
    command: str


def parse_crontab(text: str) -> list[Entry]:
    """:raises ValueError: names the line, the field, the rule and the value."""
    entries = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            times, command = _parse_line(stripped)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}: {stripped}") from None
        entries.append(Entry(f"line-{number}", times, command))
    return entries


def _parse_line(line: str) -> tuple[Times, str]:
    words = line.split(maxsplit=2 if line.startswith("@every") else 5)
    if line.startswith("@every"):
        if len(words) < 3 or not words[1].isdigit() or int(words[1]) == 0:
            raise ValueError("@every wants a number of seconds above 0, and a command")
        return Every(int(words[1])), words[2]
    if len(words) < 6:
        raise ValueError("five fields and a command are wanted")
    values = [_values(word, *field) for word, field in zip(words, FIELDS, strict=False)]
    minutes, hours, days, months, weekdays = values
    either = not words[2].startswith("*") and not words[4].startswith("*")
    calendar = Calendar(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either)
    calendar.after(datetime(2024, 1, 1))  # noqa: DTZ001 - only whether there is one
    return calendar, words[5]


def _values(text: str, name: str, first: int, last: int, names: Sequence[str]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.lower().split(","):
        bounds, _, step = part.partition("/")
        low, _, high = bounds.partition("-")
        try:
            start = first if low == "*" else _number(low, first, names)
            stop = last if low == "*" or (step and not high) else _number(high or low, first, names)
            stride = int(step) if step else 1
        except ValueError:
            raise ValueError(f"{name}: {part!r} is no number, range or step") from None
        if not first <= start <= stop <= last or stride < 1:
            raise ValueError(f"{name}: {part!r} is not within {first} to {last}")
        found.update(range(start, stop + 1, stride))
    return frozenset(found)


def _number(text: str, first: int, names: Sequence[str]) -> int:
    return names.index(text) + first if text in names else int(text)


@dataclass(frozen=True, slots=True)
class Due:
    """To itself."""

    entry: Entry
    at: datetime


class Cron(Actor[Any]):
    """Has each entry's command run at its times. What happens is printed."""

    def __init__(self, entries: Sequence[Entry], commands: ActorRef[Any]) -> None:
        self.commands = commands
        self.running: set[str] = set()
        for entry in entries:
            self.wait_for(entry, self.context.system.clock.now())

    def receive(self, message: Any) -> None:
        match message:
            case Due(entry, at):
                if entry.name in self.running:
                    self.say(f"{entry.name} is left out: the run before is still going")
                else:
                    self.running.add(entry.name)
                    self.commands.tell(Run(entry.name, entry.command), self.ref)
                self.wait_for(entry, at)
            case Began(name):
                self.say(f"{name} runs")
            case Ended(name, well, why):
                self.running.discard(name)
                self.say(f"{name} is done" if well else f"{name} failed: {why}")

    def wait_for(self, entry: Entry, before: datetime) -> None:
        """(A timer may come a moment early: what was due then is not due again.)"""
        now = self.context.system.clock.now()
        at = entry.times.after(max(now, before))
        self.context.timers.start_single(entry.name, Due(entry, at), (at - now).total_seconds())

    def say(self, what: str) -> None:
        print(f"{self.context.system.clock.now():%Y-%m-%d %H:%M:%S}  {what}", flush=True)


async def main(entries: Sequence[Entry], master: str | None) -> None:
    async with ActorSystem("cron") as system, AsyncExitStack() as stack:
        if master is None:
            master = (await stack.enter_async_context(await LocalMesos.start(system, port=0))).url
        commands = system.spawn(Props(Commands, "cron", master), "commands")
        system.spawn(Props(Cron, entries, commands), "cron")
        over = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, over.set)
        await over.wait()
        await system.graceful_stop(commands, 30)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, help="the crontab; an example when not given")
    parser.add_argument("--master", help="of Mesos: its URL, or zk://…; an embedded one when not given")
    given = parser.parse_args()
    try:
        wanted = parse_crontab(EXAMPLE if given.file is None else given.file.read_text())
    except (OSError, ValueError) as error:
        parser.error(str(error))
    asyncio.run(main(wanted, given.master))
