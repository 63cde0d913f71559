"""Whether a status update costs the same among 100,000 running instances as among 1,000: CPU until it is acknowledged.

The service begins with a journal that holds so many instances of as many apps as there are hundreds of them; each
update changes one instance, is stored and synced, told to all who follow, and acknowledged. Mesos is away but for that.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.cost import Cost
from benchmarks.probes import cpu_seconds

COST = Cost(
    "update-growth",
    "CPU for a status update of the service",
    size=1_000,
    baseline="of 1,000",
    unit="µs",
    is_rate=False,
    scale=1e6,
    goal=1.25,
    at_most=1,
)
UPDATES = 5_000
OF_AN_APP = 100
STORED_AT_ONCE = 5_000
VERSION = "2026-01-01T00:00:00.000Z"


@COST.contender("of 1,000")
@COST.contender("of 100,000", size=100_000, ours=True)
async def marathon(size: int) -> float:
    """CPU seconds per update."""
    from actors import Actor, ActorSystem, Props
    from actors.configuration.collector import settle_collector
    from actors.marathon import Marathon
    from actors.mesos import Acknowledge, StatusUpdate
    from actors.persistence import SqliteJournal
    from mesos_proto import TaskStatus, mesos_pb2

    acknowledged = asyncio.Event()
    left = UPDATES

    class Connection(Actor[Any]):
        def receive(self, call: Any) -> None:
            nonlocal left
            left -= isinstance(call, Acknowledge)
            if not left:
                acknowledged.set()

    def update(number: int) -> StatusUpdate:
        index = number * 7919 % size
        status = mesos_pb2.TaskStatus(state=mesos_pb2.TASK_RUNNING, uuid=number.to_bytes(16, "big"))
        status.task_id.value = _task(index)
        status.agent_id.value = "agent"
        status.container_status.network_infos.add().ip_addresses.add(ip_address=f"10.0.{number // 256}.{number % 256}")
        return StatusUpdate(TaskStatus.from_proto(status))

    with tempfile.TemporaryDirectory() as folder:
        async with SqliteJournal(Path(folder) / "journal") as journal, ActorSystem() as system:
            await _fill(journal, size)
            service = await Marathon.start(
                system, journal=journal, connect=lambda *_: Props(Connection), user="nobody", probe=_well
            )
            updates = [update(number) for number in range(UPDATES)]
            await asyncio.sleep(0.5)
            settle_collector()
            began = cpu_seconds()
            for first in range(0, UPDATES, 100):
                for each in updates[first : first + 100]:
                    service.scheduler.tell(each)
                await asyncio.sleep(0.005)
            await acknowledged.wait()
            spent = cpu_seconds() - began
            await service.stop()
            return spent / UPDATES


async def _fill(journal: Any, size: int) -> None:
    from actors.marathon.changes import settled
    from actors.marathon.messages import Condition, Instance
    from actors.marathon.model import RootGroup, parse_app
    from actors.marathon.state import RootHistory, instance_payload
    from actors.persistence import Append, Event

    apps = [
        parse_app({"id": f"/b/app-{number}", "cmd": "serve", "instances": OF_AN_APP})
        for number in range(size // OF_AN_APP)
    ]
    root = settled(RootGroup(), RootGroup().with_apps(*apps), VERSION)
    await journal.append(RootHistory().difference(root))
    for first in range(0, size, STORED_AT_ONCE):
        instances = (
            Instance(
                _task(index).partition("._app")[0],
                f"/b/app-{index // OF_AN_APP}",
                VERSION,
                Condition.RUNNING,
                task_id=_task(index),
                agent_id="agent",
                host="host",
                ports=(31000,),
            )
            for index in range(first, min(first + STORED_AT_ONCE, size))
        )
        await journal.append(
            [Append(f"instance/{one.id}", (Event("instance-set", 1, instance_payload(one)),)) for one in instances]
        )


def _task(index: int) -> str:
    return f"b_app-{index // OF_AN_APP}.instance-00000000-0000-11f0-8000-{index:012d}._app.1"


async def _well(check: Any, target: Any) -> None:
    return None
