"""C1M: a million tasks on 5,000 agents, launched, running, acknowledged; as others have shown it with containers.

::

    this process                              another
    a framework on actors.mesos  ◄── HTTP ──► mesos-local --agents 5000 --simulate …

The framework keeps every offer and fills one after the other, so fast that no more than 4,000 tasks are on their way:
else it would send all launches before it reads the first status, and each status would wait for longer than the ten
seconds after which an agent sends it again. Each task says TASK_STARTING and TASK_RUNNING, both are acknowledged, and
all stay running until the last one does; then mesos-local is asked to end. Told while it runs, for each tenth of the
tasks: tasks a second, CPU for a task in both processes, what both hold in memory, how long a task took from its launch
until this process read that it runs, and when the end is to be expected;
the first tenth has the offers of all agents in it. It gives up when nothing has come for two minutes.

``python -m benchmarks.c1m --tasks 100000`` runs it for a number of one's own. What was measured is kept in
``docs/proof/c1m.jsonl``, in place of what was there for as many tasks, and drawn beside it; ``--no-keep`` leaves both.
With ``--profile`` mesos-local writes a profile at its end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from benchmarks import proof
from benchmarks.frameworks import tasks_for

__all__ = ["Tenth", "run"]

AGENTS = 5_000
EACH = 200  # tasks of an agent, if there are a million
GOAL = 3_750  # tasks a second
ON_THEIR_WAY = 4_000  # tasks that were launched and do not run yet
PATIENCE = 120.0  # seconds without an event
STOP = 300.0  # seconds until mesos-local is killed
KEPT = proof.KEPT / "c1m.jsonl"


@dataclass(frozen=True, slots=True)
class Tenth:
    """Of the tasks. ``seconds`` by the clock and of CPU for a task; ``memory`` in bytes, at its end.

    ``latency``: seconds from the launch of a task until the framework read that it runs.
    """

    of: int
    tasks: int
    seconds: float
    cpu_of_mesos: float
    cpu_of_framework: float
    memory_of_mesos: int
    memory_of_framework: int
    latency_p50: float
    latency_p99: float
    latency_max: float

    def __str__(self) -> str:
        return (
            f"{time.strftime('%X')} {self.tasks:>9,} tasks running  {self.tasks_per_second:7,.0f}/s  "
            f"mesos-local {self.cpu_of_mesos * 1e6:4.0f} µs {self.memory_of_mesos / 2**20:6,.0f} MB  "
            f"framework {self.cpu_of_framework * 1e6:4.0f} µs {self.memory_of_framework / 2**20:6,.0f} MB  "
            f"running after {self.latency_p50:.2f} s, 99 % {self.latency_p99:.2f} s  "
            f"the last one in {(self.of - self.tasks) * self.seconds:,.0f} s"
        )

    @property
    def tasks_per_second(self) -> float:
        return 1 / self.seconds


@contextlib.contextmanager
def mesos_local(size: int, profile: Path | None = None) -> Iterator[tuple[psutil.Process, str]]:
    """Its process and its URL."""
    each = -(-size // AGENTS)
    command = [sys.executable, "-m", "actors.local_mesos.command"]
    if profile is not None:
        command = [sys.executable, "-m", "cProfile", "-o", str(profile), "-m", "actors.local_mesos.command"]
    command += ["--port", "0", "--agents", str(AGENTS), "--simulate"]  # a command like "server" runs until it is killed
    command += ["--resources", f"cpus:{each * 0.01:.2f};mem:{each}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said = re.search(r"http://\S+", process.stdout.readline())
        assert said is not None
        yield psutil.Process(process.pid), said[0]
        asked = time.perf_counter()
        process.terminate()
        process.wait(STOP)
        print(f"mesos-local ended in {time.perf_counter() - asked:.1f} s, with {process.returncode}", flush=True)
    finally:
        process.kill()
        process.wait()


async def run(size: int, url: str, mesos: psutil.Process) -> list[Tenth]:
    """Launches them and tells of each tenth; those that wait for their second status count when it has come.

    Gives back what there is when nothing comes any more.
    """
    from actors import ActorSystem
    from actors.configuration.collector import settle_collector
    from actors.mesos import FrameworkInfo, Mesos, ResourceOffers, StatusUpdate
    from mesos_proto import CommandInfo, Offer, Resources, TaskState

    needed, command = Resources.parse("cpus:0.01;mem:1"), CommandInfo(value="server")
    own = psutil.Process()
    tenths: list[Tenth] = []
    settle_collector()
    async with ActorSystem() as system:
        info = FrameworkInfo(name="c1m", user="root")
        framework = await Mesos(system).register_framework(url, info, reconciliation=None)
        launched = running = 0
        offers: deque[Offer] = deque()
        launched_at = array("d", bytes(8 * size))
        latencies = array("d")
        due = step = max(1, size // 10)
        print(f"{time.strftime('%X')} subscribed", flush=True)
        began = _figures(mesos, own)
        events = aiter(framework.events)
        while running < size:
            try:
                async with asyncio.timeout(PATIENCE):
                    event = await anext(events)
            except TimeoutError:
                print(f"nothing has come for {PATIENCE:g} s: {launched:,} launched, {running:,} run", flush=True)
                return tenths
            match event:
                case ResourceOffers(more):
                    offers += more
                case StatusUpdate(status):
                    acknowledged = framework.driver.acknowledge(status)
                    number = int(status.task_id.removeprefix("task-"))
                    if status.state is TaskState.TASK_RUNNING and launched_at[number]:  # not one that is said again
                        latencies.append(time.perf_counter() - launched_at[number])
                        launched_at[number] = 0.0
                        running += 1
                    if running >= due:
                        ended = _figures(mesos, own)
                        each = [(after - before) / step for before, after in zip(began[:3], ended[:3], strict=True)]
                        waited = sorted(latencies)
                        p50, p99 = waited[len(waited) // 2], waited[len(waited) * 99 // 100]
                        tenths.append(Tenth(size, running, *each, *ended[3:], p50, p99, waited[-1]))
                        del latencies[:]
                        print(tenths[-1], flush=True)
                        began, due = ended, due + step
            while offers and launched < size and launched - running < ON_THEIR_WAY:
                offer = offers.popleft()
                fitting = min(round(offer.resources.cpus * 100), size - launched)
                tasks = tasks_for(offer, launched, fitting, needed, command)
                launched_at[launched : launched + fitting] = array("d", [time.perf_counter()]) * fitting
                launched += fitting
                framework.driver.launch_tasks(tasks, [offer.id])
        await acknowledged  # calls are answered in their order
        await framework.deactivate()
    return tenths


def _figures(mesos: psutil.Process, own: psutil.Process) -> tuple[float, float, float, int, int]:
    return (
        time.perf_counter(),
        sum(mesos.cpu_times()[:2]),
        sum(own.cpu_times()[:2]),
        mesos.memory_info().rss,
        own.memory_info().rss,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.c1m", description="A million tasks on 5,000 agents.")
    parser.add_argument("--tasks", type=int, default=1_000_000)
    parser.add_argument("--profile", type=Path, metavar="FILE", help="of mesos-local, for pstats")
    parser.add_argument("--no-keep", action="store_true", help=f"leave {KEPT.name} and its plot as they are")
    options = parser.parse_args()
    size: int = options.tasks
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    with mesos_local(size, options.profile) as (process, url):
        start = time.perf_counter()
        tenths = asyncio.run(run(size, url, process))
        seconds = time.perf_counter() - start
    if tenths and not options.no_keep:
        _keep(size, tenths)
    if not tenths or tenths[-1].tasks < size:
        sys.exit(f"{size:,} tasks do not run")
    mesos, framework = (
        sum(tenth.cpu_of_mesos for tenth in tenths) / len(tenths) * 1e6,
        sum(tenth.cpu_of_framework for tenth in tenths) / len(tenths) * 1e6,
    )
    print(f"CPU for a task: mesos-local {mesos:.0f} µs, framework {framework:.0f} µs")
    print(f"{size:,} tasks on {AGENTS:,} agents in {seconds:,.1f} s: {size / seconds:,.0f}/s (goal {GOAL:,})")


def _keep(size: int, tenths: list[Tenth]) -> None:
    before = [json.loads(line) for line in KEPT.read_text().splitlines()] if KEPT.exists() else []
    rows = [row for row in before if row["of"] != size] + [asdict(tenth) for tenth in tenths]
    rows.sort(key=lambda row: (row["of"], row["tasks"]))
    KEPT.write_text("".join(json.dumps(row) + "\n" for row in rows))
    proof.draw("c1m")


if __name__ == "__main__":
    main()
