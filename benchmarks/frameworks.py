"""One small framework with three clients, and with none: a task for each offer, an acknowledgement for each update.

Each gives back the seconds of CPU that its process spent between SUBSCRIBED and the last call's answer.
"""

from __future__ import annotations

import gc
import threading
from typing import Any

from benchmarks.probes import cpu_seconds
from benchmarks.scripted_master import running


def _started() -> float:
    """The clock, when what the imports left is collected: nobody pays for that among so few tasks."""
    gc.collect()
    return cpu_seconds()


def tasks_for(offer: Any, first: int, count: int, needed: Any, command: Any) -> list[Any]:
    """So many tasks on the offer's agent, numbered from ``first``."""
    from mesos_proto import TaskInfo

    return [
        TaskInfo(name="bench", task_id=f"task-{number}", agent_id=offer.agent_id, resources=needed, command=command)
        for number in range(first, first + count)
    ]


async def ours(script: str, count: int, encoding: str) -> float:
    from actors import ActorSystem
    from actors.mesos import ConnectionSettings, FrameworkInfo, Mesos, ResourceOffers, StatusUpdate
    from mesos_proto import CommandInfo, Resources, TaskInfo

    needed, command = Resources.parse("cpus:0.1;mem:32"), CommandInfo(value="sleep 100")
    with running(script, count) as master:
        async with ActorSystem() as system:
            settings = ConnectionSettings(encoding=encoding)
            info = FrameworkInfo(name="bench", user="root")
            framework = await Mesos(system).register_framework(
                f"http://{master}", info, settings=settings, reconciliation=None
            )
            start = _started()
            driver, number, called = framework.driver, 0, 0
            async for event in framework.events:
                match event:
                    case ResourceOffers(offers):
                        for offer in offers:
                            number += 1
                            task = TaskInfo(
                                name="bench",
                                task_id=f"task-{number}",
                                agent_id=offer.agent_id,
                                resources=needed,
                                command=command,
                            )
                            last = driver.launch_tasks([task], [offer.id])
                            called += 1
                    case StatusUpdate(status):
                        last = driver.acknowledge(status)
                        called += 1
                if called == count:
                    break
            await last  # answers come in the order of the calls; of a refusal before it asyncio would tell
            seconds = cpu_seconds() - start
            await framework.deactivate()
    return seconds


_RESOURCES = [
    {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
    {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}},
]


def _task(number: int, agent_id: Any) -> dict[str, Any]:
    return {
        "name": "bench",
        "task_id": {"value": f"task-{number}"},
        "agent_id": agent_id,
        "resources": _RESOURCES,
        "command": {"value": "sleep 100"},
    }


def plain(script: str, count: int) -> float:
    """The plainest code: ``http.client``, ``json``, one call after the other, and nobody told of anything."""
    import json
    from http.client import HTTPConnection

    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    called = 0
    with running(script, count) as master:
        host, _, port = master.partition(":")
        events, calls = HTTPConnection(host, int(port)), HTTPConnection(host, int(port))
        framework = {"framework_info": {"name": "bench", "user": "root"}}
        events.request("POST", "/api/v1/scheduler", json.dumps({"type": "SUBSCRIBE", "subscribe": framework}), headers)
        stream = events.getresponse()
        headers["Mesos-Stream-Id"] = stream.headers["Mesos-Stream-Id"]
        event = json.loads(stream.read(int(stream.readline())))
        framework_id = event["subscribed"]["framework_id"]

        def call(body: dict[str, Any]) -> None:
            nonlocal called
            calls.request("POST", "/api/v1/scheduler", json.dumps({"framework_id": framework_id} | body), headers)
            calls.getresponse().read()
            called += 1

        start = _started()
        while called < count:
            event = json.loads(stream.read(int(stream.readline())))
            if event["type"] == "OFFERS":
                for offer in event["offers"]["offers"]:
                    launch = {"type": "LAUNCH", "launch": {"task_infos": [_task(called, offer["agent_id"])]}}
                    call({"type": "ACCEPT", "accept": {"offer_ids": [offer["id"]], "operations": [launch]}})
            elif event["type"] == "UPDATE":
                status = event["update"]["status"]
                known = {name: status[name] for name in ("agent_id", "task_id", "uuid")}
                call({"type": "ACKNOWLEDGE", "acknowledge": known})
        return cpu_seconds() - start


def pymesos(script: str, count: int) -> float:
    from pymesos import MesosSchedulerDriver, Scheduler

    over = threading.Event()

    class Framework(Scheduler):  # type: ignore[misc]
        called = 0
        start = 0.0

        def registered(self, driver: Any, framework_id: Any, master_info: Any) -> None:
            self.start = _started()

        def resourceOffers(self, driver: Any, offers: Any) -> None:  # noqa: N802
            for offer in offers:
                driver.launchTasks(offer["id"], [_task(self.called, offer["agent_id"])])
                self._count()

        def statusUpdate(self, driver: Any, update: Any) -> None:  # noqa: N802
            self._count()  # the driver acknowledges when this returns: the last one is left out, of thousands

        def _count(self) -> None:
            self.called += 1
            if self.called == count:
                over.set()

    with running(script, count) as master:
        framework = Framework()
        driver = MesosSchedulerDriver(framework, {"name": "bench", "user": "root"}, master)
        driver.start()
        over.wait()
        return cpu_seconds() - framework.start


def avmesos(script: str, count: int) -> float:
    from avmesos.client import MesosClient

    over = threading.Event()
    called, start = 0, 0.0

    def subscribed(driver: Any) -> None:
        nonlocal start
        start = _started()

    def hit() -> None:
        nonlocal called
        called += 1
        if called == count:
            over.set()

    def offered(offers: Any) -> None:
        for offer in offers:
            offer.accept([_task(called, offer.get_offer()["agent_id"])])
            hit()

    with running(script, count) as master:
        client = MesosClient(mesos_urls=[f"http://{master}"], frameworkName="bench")
        client.on(MesosClient.SUBSCRIBED, subscribed)
        client.on(MesosClient.OFFERS, offered)
        client.on(MesosClient.UPDATE, lambda update: hit())  # acknowledged by then
        threading.Thread(target=client.register, daemon=True).start()
        over.wait()
        return cpu_seconds() - start
