"""What holds at any moment, whatever users, tasks and crashes do: a state machine in virtual time.

- Nothing is started twice: no two live tasks of one instance, no task id a second time.
- Nothing is lost: what Mesos is told to launch is in the journal; in the end what runs is what the book has, is what
  the last accepted change says.
- We never kill a healthy task when fewer than the app's ``minimumHealthCapacity`` would be left; what users kill by
  hand and what dies by itself are not ours.
- A new or changed app is not launched before every app that it depends on, and that the same deployment starts,
  restarts or enlarges, has been healthy in its full number.

A crash is ``kill -9``: the system is dropped with all that was under way, and another reads the journal. Mesos may be
away for an hour, and the journal's disk full for as long, at any moment.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from actors.marathon.instance_ids import instance_of_task
from actors.marathon.messages import (
    AppLocked,
    CancelDeployment,
    CancelPart,
    Condition,
    DeploymentNotFound,
    DeploymentStatus,
    GetRoot,
    KillInstances,
    PartNotFound,
)
from actors.marathon.model import App, RootGroup, ValidationFailed
from actors.mesos import KillTask
from actors.persistence import JournalFull
from actors.testkit import VirtualLoop
from mesos_proto import mesos_pb2

from .conftest import Service
from .definitions import app
from .fake_mesos import FAILED, RUNNING, Agent, FakeScheduler, MesosWorld, Task

IDS = ("/db", "/g/cache", "/g/auth", "/web")
SLOWEST_START = 2.0
LAG = 2.2  # seconds until the service has looked at what is well: a look each second, also after a crash
STORED_AGAIN = 1.0  # seconds until a journal that has room again is tried
CHECK = {"intervalSeconds": 1, "gracePeriodSeconds": 3600}


def command_of(info: mesos_pb2.TaskInfo) -> str:
    return info.command.value


@dataclass
class Launch:
    """A task that was launched, and how many of each (app, command) had ever been healthy at that moment."""

    app_id: str
    command: str
    ever_healthy: Counter[tuple[str, str]]


@dataclass
class Wait:
    """What a deployment has to wait for before it launches an app's command: apps as they were then, with their ids."""

    deployment_id: str
    command: str
    first: list[tuple[App, str]]


@dataclass
class Killing:
    """A healthy task that we kill, and how many healthy ones of its app are left."""

    app_id: str
    left: int


@dataclass
class Watched(MesosWorld):
    """A Mesos that looks at what it is told. `healthy_after`: seconds from its launch after which a task is well."""

    service: Service
    launches: list[Launch] = field(default_factory=list)
    killings: list[Killing] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    healthy_after: dict[str, float] = field(default_factory=dict)
    by_hand: set[str] = field(default_factory=set)
    calm: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, math.inf)])
    doomed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def connect(self) -> Any:
        real = super().connect

        def connect(*arguments: Any) -> Any:
            props = real(*arguments)
            return type(props)(WatchedScheduler, *props.args, **props.kwargs)

        return connect

    def now(self) -> float:
        return self.service.system.clock.time()

    def well(self, task: Task) -> bool:
        return (
            task.id in self.tasks
            and task.state == RUNNING
            and task.id not in self.doomed
            and self.now() - task.launched_at >= self.healthy_after.get(task.app_id, 0.0)
        )

    def launch(self, info: mesos_pb2.TaskInfo, agent: Agent) -> None:
        task_id = info.task_id.value
        instance_id = instance_of_task(task_id)
        if task_id in self.ever:
            self.wrong.append(f"task {task_id} was launched twice")
        if any(instance_of_task(other) == instance_id for other in self.tasks):
            self.wrong.append(f"instance {instance_id} was started twice")
        if f"instance/{instance_id}" not in self.service.store.streams:
            self.wrong.append(f"instance {instance_id} was launched before it was stored")
        super().launch(info, agent)
        task = self.tasks[task_id]
        ever = Counter(
            (other.app_id, command_of(other.info)) for other in self.all_tasks if other.id in self.been_well()
        )
        self.launches.append(Launch(task.app_id, command_of(info), ever))

    def seen_well(self, task: Task) -> bool:
        """Whether the service must know of a task that is well: it hears nothing while Mesos is away, and goes by
        nothing that it cannot store."""
        needed = max(self.healthy_after.get(task.app_id, 0.0), SLOWEST_START) + LAG
        return any(min(end, self.now()) - max(begin, task.launched_at) > needed for begin, end in self.calm)

    @property
    def troubled(self) -> bool:
        return self.away or self.service.store.capacity is not None

    def look_for_trouble(self) -> None:
        """To be called when Mesos or the disk have changed."""
        begin, end = self.calm[-1]
        troubled = self.troubled
        if troubled and end == math.inf:
            self.calm[-1] = (begin, self.now())
        elif not troubled and end != math.inf:
            self.calm.append((self.now() + STORED_AGAIN, math.inf))

    def been_well(self) -> set[str]:
        """The tasks that are well or were."""
        return {task.id for task in self.all_tasks if self.well(task)} | self._been_well

    _been_well: set[str] = field(default_factory=set)

    def end(self, task_id: str, state: int, message: str = "") -> None:
        task = self.tasks.get(task_id)
        if task is not None and (self.well(task) or task_id in self.doomed):
            self._been_well.add(task_id)
        super().end(task_id, state, message)

    def told_to_kill(self, task_id: str) -> None:
        task = self.tasks.get(task_id)
        if task is None or task_id in self.doomed:
            return
        if self.well(task):
            self._been_well.add(task_id)
            left = sum(self.well(other) for other in self.tasks.values() if other.app_id == task.app_id) - 1
            if self.seen_well(task) and instance_of_task(task_id) not in self.by_hand:
                self.killings.append(Killing(task.app_id, left))
        self.doomed.add(task_id)


class WatchedScheduler(FakeScheduler):
    def receive(self, call: Any) -> None:
        if isinstance(call, KillTask):
            assert isinstance(self.world, Watched)
            self.world.told_to_kill(str(call.task_id))
        super().receive(call)


def must_stay(root: RootGroup, app_id: str) -> int:
    wanted = root.app(app_id)
    return math.ceil(wanted.instances * wanted.upgrade_strategy.minimum_health_capacity) if wanted else 0


def behind(root: RootGroup, app_id: str) -> set[str]:
    """All apps that an app depends on, also by way of others."""
    found: set[str] = set()
    pending = [app_id]
    while pending:
        wanted = root.app(pending.pop())
        for dependency in wanted.dependencies if wanted else ():
            for each in (dependency, *(below.id for below in root.apps_below(dependency))):
                if each in root.apps and each not in found:
                    found.add(each)
                    pending.append(each)
    return found


def shrinks(deployment: DeploymentStatus, app_id: str) -> bool:
    before, after = deployment.original.get(app_id), deployment.target[app_id]
    return before is not None and before.cmd == after.cmd and after.instances <= before.instances


DEFINITIONS = st.fixed_dictionaries(
    {
        "instances": st.integers(0, 4),
        "checked": st.booleans(),
        "healthy_after": st.sampled_from([0.0, 2.0, 7.0]),
        "minimum": st.sampled_from([0.0, 0.5, 0.7, 1.0]),
        "over": st.sampled_from([0.0, 0.3, 1.0]),
        "after": st.sets(st.sampled_from([*IDS[:3], "/g"]), max_size=2),
        "changed": st.booleans(),
    }
)


class Deployments(RuleBasedStateMachine):
    """See the head of this module."""

    def __init__(self) -> None:
        super().__init__()
        self.commands = 0
        self.trouble = 0  # steps until it is over
        self.waits: dict[str, Wait] = {}
        self.root = RootGroup()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize(seed=st.integers(0, 1000))
    def begin(self, seed: int) -> None:
        self.loop = VirtualLoop(seed, order="actors" if seed else "fifo", max_turns=5_000_000)
        self.service = Service(seed)
        self.world = self.service.world = Watched(self.service)
        self.service.healthy_after = lambda app_id: self.world.healthy_after.get(app_id, 0.0)
        self.run(self.service.start())

    # -- what may happen

    @rule(
        chosen=st.dictionaries(st.sampled_from(IDS), DEFINITIONS, min_size=1, max_size=3),
        force=st.booleans(),
        startup=st.sampled_from([0.05, 0.3, SLOWEST_START]),
    )
    def put(self, chosen: dict[str, Any], force: bool, startup: float) -> None:
        self.world.startup = lambda app_id: startup
        apps = [self.definition(app_id, **drawn) for app_id, drawn in sorted(chosen.items())]
        self.step(self._change(self.service.put(*apps, force=force)))

    def definition(
        self,
        app_id: str,
        instances: int,
        checked: bool,
        healthy_after: float,
        minimum: float,
        over: float,
        after: set[str],
        changed: bool,
    ) -> App:
        present = self.root.app(app_id)
        if present is not None and not changed:
            return present.replace(instances=instances)
        self.commands += 1
        self.world.healthy_after.setdefault(app_id, healthy_after)
        allowed = {"/g/cache": {"/db"}, "/g/auth": {"/db", "/g/cache"}, "/web": {"/db", "/g", "/g/cache", "/g/auth"}}
        return app(
            app_id,
            cmd=f"serve {self.commands}",
            instances=instances,
            dependencies=sorted(after & allowed.get(app_id, set())),
            healthChecks=[CHECK] if self.world.healthy_after[app_id] or checked else [],
            upgradeStrategy={"minimumHealthCapacity": minimum, "maximumOverCapacity": over},
            backoffSeconds=1,
            maxLaunchDelaySeconds=5,
        )

    async def _change(self, accepted: Coroutine[Any, Any, Any]) -> None:
        try:
            started = await accepted
        except (AppLocked, ValidationFailed, JournalFull):
            return
        self.root = started.root
        alive = {status.id for status in await self.service.deployments()}
        changed = set(started.status.affected_apps)
        # Apps whose deployment was cancelled in favour of this one are kept by their standing order, in any order.
        self.waits = {
            key: wait
            for key, wait in self.waits.items()
            if wait.deployment_id in alive and key not in changed and not changed & behind(self.root, key)
        }
        for app_id in changed & self.root.apps.keys():
            before = started.status.original.get(app_id)
            wanted = self.root.apps[app_id]
            if before is None or before.cmd != wanted.cmd:
                grown = {key for key in changed & self.root.apps.keys() if not shrinks(started.status, key)}
                first = [(self.root.apps[other], other) for other in behind(self.root, app_id) & grown]
                self.waits[app_id] = Wait(started.deployment_id, wanted.cmd or "", first)

    @rule(app_id=st.sampled_from(IDS))
    def remove(self, app_id: str) -> None:
        self.step(self._change(self.service.remove(app_id)))

    @precondition(lambda self: self.world.tasks)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        task_id = data.draw(st.sampled_from(sorted(self.world.tasks)))
        self.step(self._fail(task_id))

    async def _fail(self, task_id: str) -> None:
        self.world.end(task_id, FAILED, "by itself")

    @precondition(lambda self: self.world.tasks)
    @rule(data=st.data())
    def kill_by_hand(self, data: st.DataObject) -> None:
        instance_id = instance_of_task(data.draw(st.sampled_from(sorted(self.world.tasks))))
        self.world.by_hand.add(instance_id)
        self.step(self.service.marathon.instances.ask(KillInstances(frozenset({instance_id}))))

    @rule(force=st.booleans())
    def cancel(self, force: bool) -> None:
        self.step(self._cancel(force))

    async def _cancel(self, force: bool) -> None:
        for status in (await self.service.deployments())[:1]:
            self.waits.clear()
            with contextlib.suppress(DeploymentNotFound, ValidationFailed, JournalFull):
                await self.service.marathon.supervisor.ask(CancelDeployment(status.id, force=force))
        self.root = await self.service.marathon.supervisor.ask(GetRoot())

    @rule(app_id=st.sampled_from(IDS))
    def cancel_part(self, app_id: str) -> None:
        self.step(self._cancel_part(app_id))

    async def _cancel_part(self, app_id: str) -> None:
        for status in await self.service.deployments():
            with contextlib.suppress(PartNotFound, JournalFull):
                await self.service.marathon.supervisor.ask(CancelPart(status.id, app_id))
                self.waits.clear()

    @rule(turns=st.integers(0, 40))
    def crash(self, turns: int) -> None:
        self.step(self._crash(turns))

    async def _crash(self, turns: int) -> None:
        for _ in range(turns):
            await self.service.system.clock.sleep(0)
        await self.service.restart()

    @precondition(lambda self: not self.trouble)
    @rule(steps=st.integers(1, 3))
    def mesos_leaves(self, steps: int) -> None:
        self.trouble = steps + 1
        self.step(self._do(self.world.leave))

    @precondition(lambda self: not self.trouble)
    @rule(steps=st.integers(1, 3), left=st.sampled_from([0, 500, 5000]))
    def the_disk_fills(self, steps: int, left: int) -> None:
        self.service.store.capacity = self.service.store.used + left
        self.world.look_for_trouble()
        self.trouble = steps

    @precondition(lambda self: self.trouble)
    @rule()
    def an_hour_of_it(self) -> None:
        self.step(self.service.system.clock.sleep(3600))

    async def _do(self, what: Callable[[], None]) -> None:
        what()
        self.world.look_for_trouble()

    def _recover(self) -> None:
        self.service.store.capacity = None
        if self.world.away:
            self.world.come_back()

    @rule(seconds=st.sampled_from([0.01, 0.1, 1.0, 5.0, 30.0]))
    def pass_by(self, seconds: float) -> None:
        self.step(self.service.system.clock.sleep(seconds))

    # -- what must hold

    def step(self, work: Coroutine[Any, Any, Any]) -> None:
        before = self.root
        self.trouble -= bool(self.trouble)
        self.run(self._settled(work))
        if not self.trouble and self.world.troubled:
            self.run(self._settled(self._do(self._recover)))
        assert not self.world.wrong, self.world.wrong
        for killing in self.world.killings:
            needed = min(must_stay(before, killing.app_id), must_stay(self.root, killing.app_id))
            assert killing.left >= needed, f"{killing.left} healthy tasks of {killing.app_id} left, not {needed}"
        for launch in self.world.launches:
            wait = self.waits.get(launch.app_id)
            if wait is None or launch.command != wait.command:
                continue
            for dependency, dependency_id in wait.first:
                healthy = launch.ever_healthy[dependency_id, dependency.cmd or ""]
                assert healthy >= dependency.instances, f"{launch.app_id} did not wait for {dependency_id}"
            del self.waits[launch.app_id]
        self.world.killings.clear()
        self.world.launches.clear()

    async def _settled(self, work: Coroutine[Any, Any, Any]) -> None:
        """What is decided now has reached Mesos before the next thing happens, by which it would be judged."""
        await work
        await self.service.system.clock.sleep(0.02)

    def teardown(self) -> None:
        try:
            self.world.startup = lambda app_id: 0.1
            self.trouble = 0
            self.run(self._do(self._recover))
            self.step(self._everything_stands())
        finally:
            self.run(self.service.kill())
            self.loop.close()

    async def _everything_stands(self) -> None:
        service = self.service
        await service.deployed(within=3600)
        await service.system.clock.sleep(60)
        root = await service.marathon.supervisor.ask(GetRoot())
        assert root == self.root
        instances = await service.instances()
        assert {one.task_id for one in instances} == set(self.world.tasks)
        assert all(one.condition is Condition.RUNNING for one in instances)
        assert Counter(one.app_id for one in instances) == Counter(
            {each.id: each.instances for each in root.all_apps() if each.instances}
        )
        kept = {name for name in service.store.streams if name.startswith(("instance/", "deployment/"))}
        assert kept == {f"instance/{one.id}" for one in instances}


def test_the_same_steps_launch_the_same_tasks() -> None:
    """Or hypothesis could neither repeat what it found nor make it smaller."""

    def launched() -> list[str]:
        machine = Deployments()
        machine.begin(1031)
        drawn = {"checked": False, "healthy_after": 0.0, "minimum": 0.5, "over": 0.0, "after": set(), "changed": True}
        machine.put({app_id: {"instances": 3, **drawn} for app_id in IDS}, force=False, startup=0.3)
        machine.crash(3)
        machine.pass_by(5.0)
        machine.teardown()
        return [task.id for task in machine.world.all_tasks]

    assert launched() == launched()


Deployments.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestDeployments = Deployments.TestCase
