"""``python -m examples.autoscaler --demo``: a Mesos, a first node, load that comes and goes, a table, and a plot.

This process brings the embedded Mesos (unless one is given) and the load, and looks on as a member of the cluster that
does no work. The nodes are processes of their own: the first is started here, the others by Mesos.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from actors import Actor, ActorRef, ActorSystem, AskTimeout, Props
from actors.cluster import Cluster, ClusterMetricsChanged, ClusterSingleton, MetricsSettings, NodeMetrics, Receptionist
from actors.local_mesos import LocalMesos
from actors.remote import Remote
from examples.load import GetSent, Load, Sent, parse_profile
from examples.places import address_towards, place_at
from examples.plots import Panel, draw
from examples.workers import WORKERS, GetStatus, Status, TearDown

if TYPE_CHECKING:  # it is the program that runs: as a module it would be loaded a second time
    from examples.autoscaler import Rules

SHRINKS_FOR = 90.0  # seconds at most that are waited, after the load, until all is given back


@dataclass(slots=True)
class History:
    """What was seen, a value for each moment."""

    times: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    nodes: list[tuple[NodeMetrics, ...]] = field(default_factory=list)

    def add(self, at: float, rate: float, nodes: tuple[NodeMetrics, ...]) -> None:
        self.times.append(at)
        self.rates.append(rate)
        self.nodes.append(nodes)

    def means(self, what: str) -> list[float | None]:
        """Of a property of the nodes."""
        known = [[value for each in nodes if (value := getattr(each, what)) is not None] for nodes in self.nodes]
        return [fmean(values) if values else None for values in known]

    def draw(self, path: Path) -> None:
        draw(
            path,
            "The autoscaler: nodes follow the load",
            [
                Panel("jobs per second", self.times, {"sent": self.rates}),
                Panel(
                    "load per node (mean, cut at 3)",
                    self.times,
                    {"load": self.means("load")},
                    marks={"more": 0.8, "less": 0.3},
                    ceiling=3.0,
                ),
                Panel("heap used (mean, of the limit)", self.times, {"heap": self.means("heap")}, marks={"more": 0.8}),
                Panel("nodes", self.times, {"nodes": [float(len(each)) for each in self.nodes]}, stacked=True),
            ],
        )


class Audience(Actor[Any]):
    """Hears of the metrics, and tells who asks the newest."""

    def __init__(self) -> None:
        self.newest: tuple[NodeMetrics, ...] = ()

    def pre_start(self) -> None:
        Cluster(self.context.system).subscribe(self.ref, ClusterMetricsChanged)

    def receive(self, message: Any) -> None:
        match message:
            case ClusterMetricsChanged(nodes):
                self.newest = tuple(each for each in nodes if each.node.has_role(WORKERS))
            case "newest":
                self.reply(self.newest)


async def demo(master: str | None, cluster: str | None, rules: Rules, profile: str, plot: Path) -> History:
    """Play it, and draw it at the end. Gives back what was seen."""
    console = Console()
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="autoscaler-"))
        where = cluster or str(Path(folder) / "cluster")
        if master is None:
            mesos = await stack.enter_async_context(ActorSystem("mesos"))
            local = await LocalMesos.start(mesos, port=0, agents=2, work_dir=Path(folder) / "mesos")
            await stack.enter_async_context(local)
            master = local.url
        print(f"Mesos: {master}   cluster: {where}", flush=True)
        place = await stack.enter_async_context(place_at(where))
        system = await stack.enter_async_context(ActorSystem("autoscale"))
        await Remote.start(system, address_towards(master), secret=os.environ.get("AUTOSCALER_SECRET"))
        await Cluster.join(system, place.coordinator, metrics=MetricsSettings(interval=rules.every))
        audience = system.spawn(Audience, "audience")
        node = await stack.enter_async_context(first_node(master, where, rules, Path(folder) / "first-node.log"))
        while not await audience.ask("newest") or not (await Receptionist(system).find(WORKERS)).refs:
            if node.returncode is not None:
                raise SystemExit(f"the first node ended:\n{(Path(folder) / 'first-node.log').read_text()}")
            await system.clock.sleep(0.2)
        autoscaler = ClusterSingleton(system).proxy("autoscaler", role=WORKERS)
        load = system.spawn(Props(Load, parse_profile(profile)), "load")
        show = stack.enter_context(Show(console))
        history = await watch(system, rules.every, audience, autoscaler, load, show)
        await asyncio.to_thread(history.draw, plot)
        with suppress(AskTimeout):  # it may live on a node that is a task itself, and goes with it
            await autoscaler.ask(TearDown(), 5)
        sent: Sent = await load.ask(GetSent())
    most_nodes = max(map(len, history.nodes))
    print(f"{most_nodes} nodes at most, {sent.done} of {sent.sent} jobs done. What happened is drawn in {plot}")
    return history


async def watch(
    system: ActorSystem,
    every: float,
    audience: ActorRef[Any],
    autoscaler: ActorRef[Any],
    load: ActorRef[Any],
    show: Show,
) -> History:
    """Until the load is over, and the nodes are given back."""
    history, status, begun, over = History(), None, system.clock.time(), None
    while over is None or system.clock.time() < over + SHRINKS_FOR:
        await system.clock.sleep(every)
        now = system.clock.time() - begun
        nodes, sent = await audience.ask("newest"), await load.ask(GetSent())
        with suppress(AskTimeout):  # while there is none, or none that Mesos answers: the table says what was last
            status = await autoscaler.ask(GetStatus(), 2)
        history.add(now, sent.rate or 0.0, nodes)
        show(now, nodes, sent, status)
        if sent.rate is None and over is None:
            over = system.clock.time()
        # (The one that is left may be a task itself: then the first node has died.)
        if over is not None and len(nodes) == 1 and (status is None or set(status.nodes) <= nodes[0].node.roles):
            break
    return history


@asynccontextmanager
async def first_node(master: str, cluster: str, rules: Rules, log: Path) -> Any:
    node = [sys.executable, "-m", "examples.autoscaler", "--master", master, "--cluster", cluster]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*node, *rules.as_options(), stdout=output, stderr=output)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


class Show:
    """A live table on a terminal; elsewhere a line for each few seconds, and for each step."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._said: tuple[int, str] | None = None
        self._said_at = -5.0

    def __enter__(self) -> Show:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._live.stop()

    def __call__(self, now: float, nodes: Sequence[NodeMetrics], sent: Sent, status: Status | None) -> None:
        did = "…" if status is None else status.did_last
        many = f"{len(nodes)} node{' ' if len(nodes) == 1 else 's'}"
        line = f"{now:5.0f} s   {sent.rate or 0:4.0f} jobs/s   {sent.sent - sent.done:4} open   {many}   {did}"
        if self._live is not None:
            self._live.update(Group(Text(line), table(nodes, status)), refresh=True)
        elif self._said != (len(nodes), did) or now >= self._said_at + 5:
            loads = " ".join(f"{each.load:.2f}" for each in nodes if each.load is not None)
            heaps = " ".join(f"{each.heap:.0%}" for each in nodes if each.heap is not None)
            print(f"{line}   load {loads}   heap {heaps}", flush=True)
            self._said, self._said_at = (len(nodes), did), now


def table(nodes: Sequence[NodeMetrics], status: Status | None) -> Table:
    rows = Table("node", "pid", "address", "jobs", "load", "", "heap", "cpu", "", box=None, padding=(0, 2, 0, 0))
    for column in rows.columns:
        column.no_wrap = True
    for each in nodes:
        load = each.load or 0.0
        address = each.node.address
        rows.add_row(
            ", ".join(each.node.roles - {WORKERS}) or "the first",
            f"{each.figures.get('pid', 0):.0f}",
            f"{address.host}:{address.port}",
            f"{each.figures.get('jobs', 0):.0f}",
            f"{load:.2f}",
            Text("█" * min(10, round(load * 5)), style="red" if load > 0.8 else "green" if load < 0.3 else "yellow"),
            "" if each.heap is None else f"{each.heap:.0%}",
            "" if each.cpu is None else f"{each.figures.get('cpu-process', 0):.0%}",
            "autoscaler" if status is not None and status.lives_at == str(address) else "",
        )
    return rows
