"""``marathon serve`` whose link to the real ZooKeeper, or to the real Apache Mesos, is as bad as networks get.

    somebody  ──►  marathon serve  ──►  FaultyLink  ──►  ZooKeeper    (and Mesos directly)
                                   ──►  FaultyLink  ──►  Mesos        (and ZooKeeper directly)

During each fault somebody changes something. After it, exactly the wanted tasks run, counted as processes, and what was
acknowledged is so. ``SEED`` in the environment says which changes and which damage::

    SEED=7 python -m pytest -s tests/integration/test_service_behind_links.py
"""

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.faulty_link import FaultyLink
from tests.integration.real_mesos import RealMesos, real_mesos_or_skip
from tests.integration.real_zookeeper import RealZooKeeper, real_zookeeper_or_skip
from tests.integration.service import eventually
from tests.integration.test_kill_rounds import App, World, status
from tests.integration.test_several_services import SESSION, Services

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(1800)]

SEED = int(os.environ.get("SEED", "0"))

LASTS = 2 * SESSION
"""Seconds of a fault: longer than a session with ZooKeeper outlives silence."""

FAULTS: dict[str, Callable[[FaultyLink], None]] = {
    "delay": lambda link: link.delay(0.3),
    # what a server is told in plain TCP could become another valid thing
    "corrupt": lambda link: link.corrupt(600, towards="client"),
    "truncate": lambda link: link.truncate(200),
    "half_open": lambda link: link.half_open(),
    "cut": lambda link: link.cut(),
}


@pytest.fixture(params=["ZooKeeper", "Mesos"])
def world_and_link(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[World, FaultyLink]]:
    real_mesos_or_skip()
    real_zookeeper_or_skip()
    with (
        RealMesos(tmp_path / "mesos", agents=2) as mesos,
        RealZooKeeper(tmp_path / "zookeeper") as zookeeper,
        FaultyLink(zookeeper.hosts if request.param == "ZooKeeper" else mesos.url, seed=SEED) as link,
        ExitStack() as stack,
    ):
        hosts, master = (link.hosts, mesos.url) if request.param == "ZooKeeper" else (zookeeper.hosts, link.url)
        zk = f"zk://{hosts}/marathon"
        services = Services(stack, "--master", master, "--zk", zk, "--zk-session-timeout", str(SESSION))
        services.start()
        world = World(services, mesos, zookeeper, random.Random(SEED), count=1)
        yield world, link


def test_after_each_fault_of_a_link_exactly_the_wanted_tasks_run(world_and_link: tuple[World, FaultyLink]) -> None:
    world, link = world_and_link
    for number, (name, begin) in enumerate(FAULTS.items()):
        changed_during(world, link, name, begin, number)
    assert link.damaged, "some byte was another one"
    assert link.broken, "some connection was ended in the midst"


def changed_during(world: World, link: FaultyLink, name: str, begin: Callable[[FaultyLink], None], number: int) -> None:
    leader = world.leader()
    if not number:  # so that the faults find something that runs
        app = App(3, 0)
        assert leader.put("/v2/apps//shop/db?force=true", app.definition("/shop/db")).status == 201
        world.wanted = {"/shop/db": app}
        eventually("what is first wanted runs", world.settled)
    what, ask, after = world.change(number + 1)
    begin(link)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, leader)
        threading.Event().wait(LASTS)
        link.heal()
        healed = time.monotonic()
        acknowledged = status(asked) in (200, 201)
    ended = leader.process.poll()
    story = f"{name}: one {what} ({'acknowledged' if acknowledged else 'not acknowledged'})"
    try:
        world.leader()
        told = world.told()
        assert told == after or (not acknowledged and told == world.wanted), f"{story}: wanted is {after}"
        world.wanted = told
        eventually(f"{story}: the deployment ends", lambda: world.asked("/v2/deployments") == [], 180)
        eventually(f"{story}: exactly {told} run", world.settled, 60)
    except AssertionError as error:
        error.add_note(f"{leader.words}\n=====\n{world.words}")
        raise
    stopped_on_damage = name == "corrupt" and "the service cannot go on" in leader.words
    # A damaged answer leaves open what the journal has: to stop, saying so, and to read it again is safe.
    assert ended in (None, 103) or stopped_on_damage, f"{story}: ended with {ended}\n{leader.words}"
    sys.stdout.write(
        f"{story}; ended with {ended}; as wanted {time.monotonic() - healed:.1f} s after the link is well;"
        f" {link.connections} connections, {link.damaged} bytes damaged, {link.broken} broken off\n"
    )
