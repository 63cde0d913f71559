"""How long a deployment takes: the whole service over the embedded Mesos, with simulated tasks, in virtual time.

Seconds are those in which the tasks become healthy and the service waits for that; what the machine computes meanwhile
costs none, so that the figures are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchmarks.cost import Cost


class App:
    """An app of one instance that is healthy `seconds` after it runs, and may wait for another."""

    def __init__(self, app_id: str, seconds: float, after: str | None = None) -> None:
        self.id = app_id
        self.definition = {
            "id": app_id,
            "cmd": "serve",
            "cpus": 0.01,
            "mem": 1,
            "dependencies": [after] if after else [],
            "healthChecks": [{"path": f"/{seconds}", "intervalSeconds": 1}],
        }


def measure(apps: Iterable[App], mode: str) -> float:
    """Virtual seconds from the request to the end of the deployment."""
    from actors.testkit import VirtualLoop

    loop = VirtualLoop()
    try:
        took: float = loop.run_until_complete(_deploy([app.definition for app in apps], mode))
        return took
    finally:
        loop.close()


async def _deploy(definitions: list[dict[str, Any]], mode: Any) -> float:
    from actors import Actor, ActorSystem
    from actors.local_mesos import LocalMesos
    from actors.marathon import Marathon
    from actors.marathon.changes import PutApp, PutApps
    from actors.marathon.messages import Condition, InstanceChanged, ListDeployments, UpdateRoot
    from actors.persistence import MemoryJournal

    running: dict[int, float] = {}  # since when, by port: the agents' ports are disjoint

    class Watcher(Actor[Any]):
        def pre_start(self) -> None:
            self.context.system.event_stream.subscribe(self.ref, InstanceChanged)

        def receive(self, message: InstanceChanged) -> None:
            if message.instance.condition is Condition.RUNNING:
                running.setdefault(message.instance.ports[0], self.context.system.clock.time())

    async with ActorSystem() as system:

        async def probe(check: Any, target: Any) -> str | None:
            age = system.clock.time() - running.get(target.port, system.clock.time())
            # A look comes each second: half of one keeps rounding from turning 5 s into 6.
            return None if age > float(check.path[1:]) - 0.5 else "starting"

        system.spawn(Watcher)
        local = await LocalMesos.start(system, port=0, agents=2, runner="simulated")
        marathon = await Marathon.start(
            system, master=local.url, journal=MemoryJournal(), user="nobody", probe=probe, deployment_mode=mode
        )
        begun = system.clock.time()
        apps = PutApps(tuple(PutApp(definition["id"], definition) for definition in definitions))
        await marathon.supervisor.ask(UpdateRoot(apps))
        while await marathon.supervisor.ask(ListDeployments()):
            await system.clock.sleep(0.1)
        took = system.clock.time() - begun
        await marathon.stop()
        await local.stop()
        return took


def makespan(name: str, what: str, apps: list[App], goal: float) -> Cost:
    """The cost of deploying `apps` as a graph, beside Marathon's barriers between steps."""
    cost = Cost(name, what, size=len(apps), baseline="barriers (steps)", unit="s", is_rate=False, scale=1.0, goal=goal)
    cost.contender("barriers (steps)")(lambda size: measure(apps, "steps"))
    cost.contender("graph", ours=True)(lambda size: measure(apps, "graph"))
    return cost
