"""A real Apache Mesos behind a link that is late, breaks off, damages what crosses it, and goes silent, one by one.

Judged by what has to be so in the end, not by what was logged. What the master is *told* is broken off, but no byte of
it is another one: that could be another valid call, which nobody but TLS can tell. ``SEED`` says what is damaged::

    SEED=7 python -m pytest tests/integration/test_damaging_link.py
"""

import asyncio
import json
import os
import random
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actors import ActorSystem
from actors.mesos import (
    CallError,
    ConnectionSettings,
    Framework,
    Mesos,
    NotSubscribed,
    Reconciliation,
    ResourceOffers,
    StatusUpdate,
)
from mesos_proto import CommandInfo, Filters, FrameworkInfo, Offer, TaskInfo, TaskState
from tests.integration.faulty_link import FaultyLink
from tests.integration.real_mesos import RealMesos, real_mesos_or_skip
from tests.integration.service import PATIENCE

pytestmark = pytest.mark.real

SEED = int(os.environ.get("SEED", "0"))
INFO = FrameworkInfo(name="behind", user="root", checkpoint=True, failover_timeout=timedelta(minutes=10))
LASTS = 2.0
"""Seconds of each fault, at most."""

FAULTS: dict[str, Callable[[FaultyLink], None]] = {
    "is late": lambda link: link.delay(0.3),
    "damages what the master says": lambda link: link.corrupt(every=600, towards="client"),
    "breaks off what the master says": lambda link: link.truncate(after=1500, towards="client"),
    "breaks off what the master is told": lambda link: link.truncate(after=900, towards="server"),
    "is half open": FaultyLink.half_open,
    "is cut": FaultyLink.cut,
}


@pytest.fixture(scope="module")
def mesos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealMesos]:
    real_mesos_or_skip()
    with RealMesos(tmp_path_factory.mktemp("mesos"), flags={"MESOS_ALLOCATION_INTERVAL": "100ms"}) as mesos:
        yield mesos


@pytest.fixture
async def system() -> AsyncIterator[ActorSystem]:
    async with ActorSystem("damaged") as system, asyncio.timeout(120):
        yield system


class Batch:
    """Launches as many tasks as are wanted, each under an id that nobody had, and acknowledges all that it hears."""

    def __init__(self, framework: Framework, journal: Path) -> None:
        self.framework = framework
        self.wanted = 0
        self.heard: dict[str, TaskState | None] = {}
        self.events = 0
        self._journal = journal

    async def run(self) -> None:
        driver = self.framework.driver
        async for event in self.framework.events:
            self.events += 1
            with suppress(CallError):
                match event:
                    case ResourceOffers(offers) if not self.wanted:
                        await driver.decline_offer([offer.id for offer in offers], Filters(refuse_seconds=0.1))
                    case ResourceOffers(offers):
                        for offer in offers:
                            await self._launch(offer)
                    case StatusUpdate(status):
                        self.heard[status.task_id] = status.state
                        await driver.acknowledge(status)

    async def _launch(self, offer: Offer) -> None:
        task_id = f"task-{len(self.heard) + 1}"
        command = CommandInfo(f"echo {task_id} >> {self._journal}")
        task = TaskInfo(
            name=task_id, task_id=task_id, agent_id=offer.agent_id, resources="cpus:0.1;mem:32", command=command
        )
        self.wanted -= 1
        self.heard[task_id] = None
        try:
            await self.framework.driver.launch_tasks([task], [offer.id], Filters(refuse_seconds=0.1))
        except NotSubscribed:
            self.heard[task_id] = TaskState.TASK_DROPPED  # it never left

    @property
    def open(self) -> dict[str, TaskState | None]:
        """The tasks that are not known to be over."""
        return {task_id: state for task_id, state in self.heard.items() if state is None or not state.is_terminal}

    def starts(self) -> Counter[str]:
        return Counter(self._journal.read_text().split()) if self._journal.exists() else Counter()


async def eventually(what: str, look: Callable[[], Any], seconds: float = PATIENCE) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not look():  # noqa: ASYNC110 - the clock is Mesos's
                await asyncio.sleep(0.05)
            return
    raise AssertionError(f"not within {seconds:g} s: {what}")


def unacknowledged(mesos: RealMesos, framework: Framework) -> list[str]:
    """The tasks of which the master still waits for an acknowledgement, or for their end."""
    with urllib.request.urlopen(mesos.url + "/state", timeout=60) as answer:
        frameworks = json.load(answer)["frameworks"]
    return [task["id"] for each in frameworks if each["id"] == framework.id for task in each["tasks"]]


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["protobuf", "json"])
async def test_a_framework_launches_nothing_twice_and_hears_of_all_of_it_whatever_the_link_does(
    mesos: RealMesos, system: ActorSystem, tmp_path: Path, encoding: str
) -> None:
    with FaultyLink(mesos.url, seed=SEED) as link:
        # Offers come each second, so three seconds without an event are no time without a fault.
        settings = ConnectionSettings(
            encoding=encoding, missed_heartbeats=0.2, backoff=0.2, max_backoff=1, connect_timeout=3, answer_timeout=3
        )
        often = Reconciliation(first_retry=1, max_retry=2, interval=3)
        framework = await Mesos(system).register_framework(link.url, INFO, settings=settings, reconciliation=often)
        framework_id = framework.id
        batch = Batch(framework, tmp_path / "started")
        running = asyncio.create_task(batch.run())
        faults = list(FAULTS)
        random.Random(SEED).shuffle(faults)
        for fault in faults:
            struck = link.damaged + link.broken
            FAULTS[fault](link)
            batch.wanted = 3
            with suppress(AssertionError):  # for so long it lasts, whatever gets through
                await eventually("all are over", lambda: not batch.wanted and not batch.open, LASTS)
            struck = link.damaged + link.broken - struck
            assert struck or "what" not in fault, f"the link that {fault} has not met a byte of it"
            link.heal()
            await eventually(f"after it {fault}, all is launched that was wanted", lambda: not batch.wanted)
            await eventually(f"after it {fault}, it is known of all tasks that they are over", lambda: not batch.open)
        assert framework.id == framework_id
        assert max(batch.starts().values()) == 1
        finished = [task_id for task_id, state in batch.heard.items() if state is TaskState.TASK_FINISHED]
        assert set(finished) <= set(batch.starts())
        await eventually("all is acknowledged", lambda: not unacknowledged(mesos, framework))
        assert not running.done()
        await framework.shutdown()
        await running
