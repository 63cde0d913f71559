"""A batch framework: commands that need each other, each of which starts when those it needs have said they are done.

python -m examples.batch                         a small example, on an embedded Mesos
python -m examples.batch FILE.json --master URL  yours: {"NAME": {"run": "COMMAND", "needs": ["NAME", …]}, …}

    fetch        the job "fetch" is an actor; those that need it are told Done("fetch") by it, and by nobody else
    ├─ clean     Done("fetch") → nothing left to wait for → Run
    ├─ index
    └─ report    needs clean and index: waits for both
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from actors import Actor, ActorRef, ActorSystem, Props
from actors.local_mesos import LocalMesos
from examples.commands import Began, Commands, Ended, Run

EXAMPLE = {
    "fetch": {"run": "echo 3 1 2 | tr ' ' '\\n' && sleep 0.5"},
    "clean": {"run": "sleep 0.5", "needs": ["fetch"]},
    "index": {"run": "sleep 1", "needs": ["fetch"]},
    "report": {"run": "echo ready", "needs": ["clean", "index"]},
}


@dataclass(frozen=True, slots=True)
class Job:
    run: str
    needs: tuple[str, ...] = ()


def parse(jobs: Any) -> dict[str, Job]:
    """:raises ValueError: names the job, the rule and the value."""
    if not isinstance(jobs, dict) or not jobs:
        raise ValueError("a batch is an object of jobs by name, and has at least one")
    parsed = {}
    for name, job in jobs.items():
        if not isinstance(job, dict) or not isinstance(job.get("run"), str) or not job["run"].strip():
            raise ValueError(f"{name}: run must be a command, as in {{'run': 'echo hello'}}, not {job!r}")
        needs = job.get("needs", [])
        if not isinstance(needs, list) or not all(isinstance(each, str) for each in needs):
            raise ValueError(f"{name}: needs must be a list of names of jobs, not {needs!r}")
        for need in needs:
            if need not in jobs:
                raise ValueError(f"{name}: needs {need!r}, and there is no such job; there are {', '.join(jobs)}")
        parsed[name] = Job(job["run"], tuple(dict.fromkeys(needs)))
    try:
        TopologicalSorter({name: job.needs for name, job in parsed.items()}).prepare()
    except CycleError as error:
        raise ValueError(f"these need each other in a circle: {' ← '.join(error.args[1])}") from error
    return parsed


# Between jobs


@dataclass(frozen=True, slots=True)
class NeededBy:
    """Tell this job when you are done."""

    job: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class Done:
    """What it stands for can be used."""

    name: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It will not be done: it failed, or somebody that it needs did."""

    name: str
    why: str


class JobActor(Actor[Any]):
    """Waits for `Done` of those it needs, has its command run, and tells those that need it."""

    def __init__(self, name: str, job: Job, commands: ActorRef[Any]) -> None:
        self.name = name
        self.job = job
        self.commands = commands
        self.missing = set(job.needs)
        self.dependents: list[ActorRef[Any]] = []
        self.over: Done | Failed | None = None

    def receive(self, message: Any) -> None:
        match message:
            case NeededBy(job):
                self.dependents.append(job)
            case "begin" if not self.missing:
                self.run()
            case Done(name):
                self.missing.discard(name)
                if not self.missing:
                    self.run()
            case Failed(name) if self.over is None:
                self.end(Failed(self.name, f"it needs {name}"))
            case Began():
                self.context.parent.tell(message)
            case Ended(_, well, why):
                self.end(Done(self.name) if well else Failed(self.name, why))

    def run(self) -> None:
        self.commands.tell(Run(self.name, self.job.run), self.ref)

    def end(self, how: Done | Failed) -> None:
        self.over = how
        for each in (*self.dependents, self.context.parent):
            each.tell(how)


class Batch(Actor[Any]):
    """One actor for each job; tells ``audience`` what happens, and at last the results by name."""

    def __init__(self, jobs: Mapping[str, Job], commands: ActorRef[Any], audience: ActorRef[Any]) -> None:
        self.audience = audience
        self.results: dict[str, Done | Failed] = {}
        self.jobs = {
            name: self.context.spawn(Props(JobActor, name, job, commands), name.replace("/", "-"))
            for name, job in jobs.items()
        }
        for name, job in jobs.items():
            for need in job.needs:
                self.jobs[need].tell(NeededBy(self.jobs[name]))
        for actor in self.jobs.values():
            actor.tell("begin")

    def receive(self, message: Any) -> None:
        self.audience.tell(message)
        if isinstance(message, Done | Failed):
            self.results[message.name] = message
            if len(self.results) == len(self.jobs):
                self.audience.tell(dict(self.results))


class Audience(Actor[Any]):
    """Prints what happens, and hands over the results."""

    def __init__(self, results: asyncio.Future[dict[str, Done | Failed]]) -> None:
        self.results = results
        self.begun = self.context.system.clock.time()

    def receive(self, message: Any) -> None:
        at = f"{self.context.system.clock.time() - self.begun:5.1f} s "
        match message:
            case Began(name):
                print(at, f"{name} runs", flush=True)
            case Done(name):
                print(at, f"{name} is done", flush=True)
            case Failed(name, why):
                print(at, f"{name} failed: {why}", flush=True)
            case dict():
                self.results.set_result(message)


async def run_batch(system: ActorSystem, jobs: Mapping[str, Job], master: str) -> dict[str, Done | Failed]:
    """The results by name, when all have one."""
    results: asyncio.Future[dict[str, Done | Failed]] = asyncio.get_running_loop().create_future()
    commands = system.spawn(Props(Commands, "batch", master), "commands")
    audience = system.spawn(Props(Audience, results), "audience")
    system.spawn(Props(Batch, jobs, commands, audience), "batch")
    found = await results
    await system.graceful_stop(commands, 30)
    return found


async def main(jobs: dict[str, Job], master: str | None) -> bool:
    async with ActorSystem("batch") as system, AsyncExitStack() as stack:
        if master is None:
            master = (await stack.enter_async_context(await LocalMesos.start(system, port=0))).url
        results = await run_batch(system, jobs, master)
        return all(isinstance(result, Done) for result in results.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path, help="of jobs, as JSON; an example when not given")
    parser.add_argument("--master", help="of Mesos: its URL, or zk://…; an embedded one when not given")
    given = parser.parse_args()
    try:
        wanted = parse(EXAMPLE if given.file is None else json.loads(given.file.read_text()))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    sys.exit(not asyncio.run(main(wanted, given.master)))
