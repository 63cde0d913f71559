"""A hundred times: somebody changes something, and in the midst of it ``kill -9`` ends one of those it rests on.

Three ``marathon serve`` on a real ZooKeeper and a real Apache Mesos. After each round, with everybody back, exactly the
wanted tasks run, counted as processes, and what was acknowledged is so. ``ROUNDS`` and ``SEED`` in the environment say
how many and which::

    ROUNDS=10 SEED=7 python -m pytest -s tests/integration/test_kill_rounds.py

With ``KEEP=FOLDER`` each round is kept there.
"""

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.integration.kept import keep
from tests.integration.real_mesos import RealMesos, real_mesos_or_skip
from tests.integration.real_zookeeper import RealZooKeeper, real_zookeeper_or_skip
from tests.integration.service import Answer, Service, eventually
from tests.integration.test_several_services import SESSION, SLEEPER, Services, answers, tasks

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(7200)]

VICTIMS = ["leader"] * 8 + ["Mesos", "ZooKeeper"]
NAMES = ["/shop/db", "/shop/web", "/shop/search", "/alone"]


@dataclass(frozen=True)
class App:
    """What is wanted of an app."""

    instances: int
    colour: int

    def definition(self, app_id: str) -> dict[str, Any]:
        needs = {"dependencies": ["/shop/db"]} if app_id in ("/shop/web", "/shop/search") else {}
        return {"id": app_id, "instances": self.instances, "env": {"COLOUR": str(self.colour)}, **SLEEPER, **needs}


@dataclass
class World:
    services: Services
    mesos: RealMesos
    zookeeper: RealZooKeeper
    random: random.Random
    wanted: dict[str, App] = field(default_factory=dict)
    count: int = 3
    """Of services."""

    def change(self, number: int) -> tuple[str, Callable[[Service], Answer], dict[str, App]]:
        """What somebody does in this round: its name, how it is asked for, and what is wanted after it."""
        app_id = self.random.choice(NAMES)
        known = self.wanted.get(app_id)
        if known is None or self.random.random() < 0.4:
            app = App(self.random.randint(1, 6), number)
            after = {**self.wanted, app_id: app}
            put = f"/v2/apps/{app_id}?force=true"
            return f"deploys {app}", lambda service: service.put(put, app.definition(app_id)), after
        if self.random.random() < 0.3 and app_id != "/shop/db":
            after = {name: app for name, app in self.wanted.items() if name != app_id}
            return "destroys", lambda service: service.delete(f"/v2/apps/{app_id}?force=true"), after
        app = App(self.random.randint(0, 8), known.colour)
        scaled = f"/v2/apps/{app_id}?force=true"
        return (
            f"scales to {app.instances}",
            lambda service: service.put(scaled, {"instances": app.instances}),
            {**self.wanted, app_id: app},
        )

    def kill(self, victim: str, leader: Service) -> None:
        if victim == "leader":
            leader.kill()
            self.services.all.remove(leader)
        elif victim == "Mesos":
            self.mesos.kill()
        else:
            self.zookeeper.kill()

    def bring_back(self, victim: str) -> None:
        if victim == "Mesos":
            self.mesos.start()
        elif victim == "ZooKeeper":
            self.zookeeper.start()
        self.restart_the_ended()

    def restart_the_ended(self) -> None:
        """As systemd would: the killed, and who could not prove its lease while ZooKeeper was away."""
        self.services.all[:] = self.services.alive
        if missing := self.count - len(self.services.all):
            self.services.start(missing)

    def leader(self) -> Service:
        def look() -> Service | None:
            self.restart_the_ended()
            with suppress(AssertionError):
                return self.services.leader(seconds=1)
            return None

        return eventually("one leads", look, 60)  # type: ignore[return-value]

    def asked(self, path: str) -> Any:
        """The answer of whoever answers."""

        def look() -> Answer | None:
            self.restart_the_ended()
            return next((got for service in self.services.alive if (got := answers(service, path))), None)

        return eventually(f"somebody answers {path}", look, 60).json  # type: ignore[union-attr]

    def told(self) -> dict[str, App]:
        """What the service says is wanted."""
        apps = self.asked("/v2/apps")["apps"]
        return {app["id"]: App(app["instances"], int(app["env"]["COLOUR"])) for app in apps}

    @property
    def words(self) -> str:
        return "\n=====\n".join(service.words for service in self.services.alive)

    def runs(self) -> dict[str, int]:
        return {name: len(tasks(name, self.mesos)) for name in NAMES}

    def settled(self) -> bool:
        return self.runs() == {name: self.wanted[name].instances if name in self.wanted else 0 for name in NAMES}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    real_mesos_or_skip()
    real_zookeeper_or_skip()
    with (
        RealMesos(tmp_path / "mesos", agents=2) as mesos,
        RealZooKeeper(tmp_path / "zookeeper") as zookeeper,
        ExitStack() as stack,
    ):
        zk = f"zk://{zookeeper.hosts}/marathon"
        services = Services(stack, "--master", mesos.url, "--zk", zk, "--zk-session-timeout", str(SESSION))
        services.start(3)
        yield World(services, mesos, zookeeper, random.Random(int(os.environ.get("SEED", "0"))))


def status(asked: Future[Answer]) -> int:
    """The answer's; 0 when none came."""
    try:
        return asked.result().status
    except (OSError, HTTPException):
        return 0


def test_after_each_kill_exactly_the_wanted_tasks_run(world: World) -> None:
    rounds = int(os.environ.get("ROUNDS", "100"))
    recoveries = []
    for number in range(1, rounds + 1):
        leader = world.leader()
        what, ask, after = world.change(number)
        victim, moment = world.random.choice(VICTIMS), world.random.uniform(0.0, 1.5)
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(ask, leader)
            threading.Event().wait(moment)
            world.kill(victim, leader)
            killed = time.monotonic()
            acknowledged = status(asked) in (200, 201)
        world.bring_back(victim)
        world.leader()
        story = f"round {number}: one {what}, after {moment:.2f} s kill -9 of the {victim}"
        told = world.told()
        assert told == after or (not acknowledged and told == world.wanted), f"{story}: acknowledged is {after}"
        world.wanted = told
        try:
            eventually(f"{story}: the deployment ends", lambda: world.asked("/v2/deployments") == [], 120)
            eventually(f"{story}: exactly {world.wanted} run", world.settled, 60)
        except AssertionError as error:
            error.add_note(world.words)
            raise
        recoveries.append(time.monotonic() - killed)
        known = "acknowledged" if acknowledged else "not acknowledged"
        sys.stdout.write(f"{story} ({known}): as wanted after {recoveries[-1]:.1f} s\n")
        seconds = round(recoveries[-1], 1)
        keep(
            "kill-rounds", round=number, change=what, victim=victim, acknowledged=acknowledged, as_wanted_after=seconds
        )
    recoveries.sort()
    middle = recoveries[len(recoveries) // 2]
    sys.stdout.write(f"{rounds} of {rounds}; as wanted after {middle:.1f} s, at most {recoveries[-1]:.1f} s\n")
