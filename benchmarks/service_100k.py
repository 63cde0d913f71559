"""100,000 instances in 1,000 apps deployed, upgraded and destroyed: ``python -m benchmarks.service_100k``.

::

    this process                          another                        another
    PUT, PUT, DELETE /v2/groups/huge ──►  marathon serve         ◄──►    mesos-local --simulate …
    a ping every 20 ms               ──►  journal synced to disk         tasks are figures that run on
    GET one app each second          ──►
    deployment_node_changed          ◄──  how far it is: progress on stderr

Each phase is followed by a count: of the service, and of what Mesos says that it runs. Seconds are the wall's, so the
machine has to be quiet for them; the CPU's, and for how long the loop ran, are the service's alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.marathon_at_scale import HEAD, PING_EVERY, Row, World, a_world, asked_meanwhile, group, tell

__all__ = ["Phase", "Progress", "main"]

UPGRADE_STRATEGY = {"minimumHealthCapacity": 0.8, "maximumOverCapacity": 0.2}
ASK_EVERY = 1.0  # seconds
SETTLE = 3.0
TOLD_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Phase:
    """One deployment of the whole group; `wanted`: instances of each app that run after it."""

    name: str
    method: str
    body: dict[str, Any] | None
    wanted: int


def phases(apps: int, instances: int) -> Iterator[Phase]:
    first = group("huge", apps, instances)
    second = json.loads(json.dumps(first))
    for each in (*first["apps"], *second["apps"]):
        each["upgradeStrategy"] = UPGRADE_STRATEGY
    for each in second["apps"]:
        each["env"] = {"VERSION": "2"}
    yield Phase("deployed", "PUT", first, instances)
    yield Phase("upgraded", "PUT", second, instances)
    yield Phase("destroyed", "DELETE", None, 0)


@dataclass
class Progress:
    """How far a deployment is, told every few seconds with the time that it will take as it went until now."""

    what: str
    total: int
    begun: float = field(default_factory=time.perf_counter)
    done: int = 0
    _told: float = 0.0

    def one_more(self, now: float | None = None) -> str | None:
        """What to tell, if anything."""
        now = time.perf_counter() if now is None else now
        self.done += 1
        if now - self._told < TOLD_EVERY and self.done < self.total:
            return None
        self._told = now
        passed = now - self.begun
        left = passed / self.done * (self.total - self.done)
        return f"{self.what}: {self.done:,} of {self.total:,} apps after {passed:.0f} s, about {left:.0f} s to go"


async def carry_out(world: World, phase: Phase, apps: int) -> float:
    """Seconds from the request to the end of its deployment."""
    types = "event_type=deployment_success&event_type=deployment_failed&event_type=deployment_node_changed"
    async with world.session.get(f"{world.url}/v2/events?plan-format=light&{types}") as events:
        await events.content.readline()  # it listens
        progress = Progress(phase.name, apps)
        wanted = (await world.ask(phase.method, "/v2/groups/huge", phase.body))["deploymentId"]
        async for line in events.content:
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line[6:])
            if event.get("id") != wanted:
                continue
            if event["eventType"] == "deployment_success":
                return time.perf_counter() - progress.begun
            if event["eventType"] == "deployment_failed":
                raise RuntimeError(f"the deployment failed: {event['reason']}")
            if event["state"] == "ready" and "app-" in event["node"] and (told := progress.one_more()):
                print(told, file=sys.stderr, flush=True)
    raise RuntimeError("the event stream ended")


async def running(world: World) -> tuple[int, int]:
    """How many tasks run, as the service has it and as Mesos has it."""
    apps = (await world.ask("GET", "/v2/apps"))["apps"]
    async with world.session.get(world.mesos + "/metrics/snapshot") as answer:
        metrics = await answer.json(content_type=None)
    return sum(app["tasksRunning"] for app in apps), int(metrics["master/tasks_running"])


async def measure(world: World, apps: int, instances: int) -> AsyncIterator[Row]:
    count = apps * instances
    before = world.service.memory_info().rss
    for phase in phases(apps, instances):
        cpu = world.cpu()
        path = "/v2/apps/huge/app-7" if phase.name == "upgraded" else "/v2/info"
        async with (
            asked_meanwhile(world, "/ping", PING_EVERY) as pings,
            asked_meanwhile(world, path, ASK_EVERY) as asked,
        ):
            seconds = await carry_out(world, phase, apps)
        await asyncio.sleep(SETTLE)
        cpu = world.cpu() - cpu
        yield Row(f"{count:,} instances of {apps:,} apps {phase.name}", None, seconds, "s")
        yield Row("the service's CPU for each", None, cpu / count * 1e6, "µs")
        for row in (*pings.rows("a ping each 20 ms meanwhile"), *asked.rows(f"GET {path} each second")):
            yield row
        if phase.name == "deployed":
            yield Row("memory for an instance", 3, (world.service.memory_info().rss - before) / count / 1024, "KB")
        told, ran = await running(world)
        wanted = phase.wanted * apps
        yield Row(
            "instances too many or too few, of the service and of Mesos", 0, abs(told - wanted) + abs(ran - wanted), ""
        )


async def run(apps: int, instances: int) -> None:
    async with a_world(patience=3600) as world:
        print(HEAD, flush=True)
        await tell(measure(world, apps, instances))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service_100k", description=__doc__.splitlines()[0])
    parser.add_argument("--apps", type=int, default=1_000)
    parser.add_argument("--instances", type=int, default=100, help="of each app")
    options = parser.parse_args()
    asyncio.run(run(options.apps, options.instances))


if __name__ == "__main__":
    main()
