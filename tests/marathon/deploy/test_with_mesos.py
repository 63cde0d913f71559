"""What becomes of instances and of the framework when Mesos has bad news."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from actors import Actor, Props
from actors.marathon import Marathon, MarathonStopped
from actors.marathon.events import FrameworkMessageReceived, SchedulerEnded
from actors.marathon.instance_kills import KILL_RETRY, KILLED_PER_TURN, SWEEP_INTERVAL
from actors.marathon.launcher import DECLINE_FILTER, REVIVE_BURST, REVIVE_INTERVAL
from actors.marathon.messages import (
    Condition,
    GetFramework,
    GetInstances,
    GetQueue,
    Goal,
    KillInstances,
    ResetDelay,
)
from actors.marathon.offer_filling import MAX_LAUNCHES
from actors.mesos import (
    AcceptOffers,
    DeclineOffers,
    FrameworkMessage,
    FrameworkOver,
    FrameworkRemoved,
    KillTask,
    Registered,
    ReviveOffers,
    SuppressOffers,
)
from actors.persistence import JournalBroken, MemoryJournal
from actors.testkit import TestProbe
from mesos_proto import AgentID, ExecutorID, FrameworkID, mesos_pb2

from .conftest import Service
from .definitions import app
from .fake_mesos import FAILED, RUNNING, UNREACHABLE

PATIENT = {"inactiveAfterSeconds": 60, "expungeAfterSeconds": 600}


async def test_an_unreachable_instance_is_replaced_when_inactive_and_one_is_too_many_when_it_comes_back(
    service: Service,
) -> None:
    await service.put(app("/a", instances=2, unreachableStrategy=PATIENT))
    await service.deployed()
    lost = service.world.live("/a")[0].id
    service.world.tell(lost, UNREACHABLE)
    await service.system.clock.sleep(59)
    assert len(service.world.launched("/a")) == 2
    await service.until(lambda: len(service.world.launched("/a")) == 3, within=3)
    await service.system.clock.sleep(5)
    conditions = {one.condition for one in await service.instances("/a")}
    assert conditions == {Condition.RUNNING, Condition.UNREACHABLE_INACTIVE}
    service.world.tell(lost, RUNNING)
    await service.until(lambda: len(service.world.live("/a")) == 2)
    assert {one.condition for one in await service.instances("/a")} == {Condition.RUNNING}


async def test_an_expunged_instance_that_comes_back_is_killed(service: Service) -> None:
    await service.put(app("/a", unreachableStrategy={"inactiveAfterSeconds": 0, "expungeAfterSeconds": 0}))
    await service.deployed()
    lost = service.world.live("/a")[0].id
    service.world.tell(lost, UNREACHABLE)
    await service.until(lambda: len(service.world.running("/a")) == 1)
    assert lost not in {one.task_id for one in await service.instances("/a")}
    service.world.tell(lost, RUNNING)
    await service.until(lambda: lost not in service.world.tasks)
    assert len(service.world.running("/a")) == 1


async def test_a_single_instance_app_is_not_doubled_while_its_instance_may_run(service: Service) -> None:
    single = app(
        "/a",
        labels={"MARATHON_SINGLE_INSTANCE_APP": "true"},
        upgradeStrategy={"minimumHealthCapacity": 0, "maximumOverCapacity": 0},
        unreachableStrategy=PATIENT,
    )
    await service.put(single)
    await service.deployed()
    service.world.tell(service.world.live("/a")[0].id, UNREACHABLE)
    await service.system.clock.sleep(590)
    assert len(service.world.launched("/a")) == 1
    await service.until(lambda: len(service.world.launched("/a")) == 2, within=20)


async def test_a_kill_is_sent_again_until_the_task_is_gone(service: Service) -> None:
    await service.put(app("/a", instances=1))
    await service.deployed()
    instance = (await service.instances("/a"))[0]
    service.world.ignore_kills = 1
    await service.marathon.instances.ask(KillInstances(frozenset({instance.id})))
    await service.system.clock.sleep(20)
    assert instance.task_id in service.world.tasks
    assert len(service.world.launched("/a")) == 1  # not replaced while it may run
    await service.until(lambda: instance.task_id not in service.world.tasks, within=60)


async def test_a_kill_is_not_sent_again_before_its_time(service: Service) -> None:
    await service.put(app("/a", instances=1))
    await service.deployed()
    (instance,) = await service.instances("/a")
    service.world.ignore_kills = 1
    await service.system.clock.sleep(9)  # sweeps come in between
    await service.marathon.instances.ask(KillInstances(frozenset({instance.id})))
    begun = service.system.clock.time()
    ended = await service.until(lambda: instance.task_id not in service.world.tasks, within=60)
    assert KILL_RETRY <= ended - begun < KILL_RETRY + SWEEP_INTERVAL + 0.1
    assert sum(isinstance(call, KillTask) for call in service.world.calls) == 2


async def test_hundreds_are_killed_in_portions_between_which_others_are_answered(service: Service) -> None:
    count = 2 * KILLED_PER_TURN + 50
    await service.put(app("/a", cpus=0.01, instances=count))
    await service.deployed()
    before = frozenset(one.id for one in await service.instances("/a"))
    asker = TestProbe(service.system)
    asker.send(service.marathon.instances, KillInstances(before))  # in one turn, so that the question comes right after
    asker.send(service.marathon.instances, GetInstances(frozenset({"/a"})))
    killed, listed = await asker.receive_n(2)
    dying = [one for one in listed if one.goal is Goal.DECOMMISSIONED]
    assert len(dying) == KILLED_PER_TURN
    assert {one.id for one in killed} == before
    await service.until(lambda: not any(task.id.rsplit(".", 2)[0] in before for task in service.world.live("/a")))
    await service.until(lambda: len(service.world.running("/a")) == count)


async def test_wiping_forgets_at_once(service: Service) -> None:
    await service.put(app("/a"))
    await service.deployed()
    instance = (await service.instances("/a"))[0]
    service.world.ignore_kills = 100
    await service.marathon.instances.ask(KillInstances(frozenset({instance.id}), wipe=True))
    await service.until(lambda: len(service.world.launched("/a")) == 2, within=5)


async def test_what_an_executor_says_is_passed_on(service: Service) -> None:
    await service.until(lambda: service.world.connection is not None)
    assert service.world.connection is not None
    service.world.connection.event(FrameworkMessage(AgentID("agent-0"), ExecutorID("mine"), b"hello"))
    await service.until(lambda: service.seen(FrameworkMessageReceived) != [])
    assert service.seen(FrameworkMessageReceived) == [FrameworkMessageReceived("mine", "agent-0", b"hello")]


async def test_offers_are_wanted_only_while_something_waits(service: Service) -> None:
    await service.put(app("/a"))
    await service.deployed()
    await service.system.clock.sleep(1)
    wanted = [type(call) for call in service.world.calls if isinstance(call, ReviveOffers | SuppressOffers)]
    assert wanted[-2:] == [ReviveOffers, SuppressOffers]


async def test_changes_in_a_row_are_all_launched_though_revives_are_spaced(service: Service) -> None:
    for number in range(25):
        await service.put(app(f"/a{number}"))
        await service.system.clock.sleep(0.2)
    await service.deployed(within=100)
    revives = [call for call in service.world.calls if isinstance(call, ReviveOffers)]
    assert len(revives) <= REVIVE_BURST + service.system.clock.time() / REVIVE_INTERVAL < 25


async def test_the_region_of_the_leading_master_is_home(service: Service) -> None:
    await service.kill()
    service.world.home_region = "eu"
    for agent, region in zip(service.world.agents.values(), ("eu", "us", "us"), strict=True):
        agent.region = region
    await service.start()
    await service.put(app("/here", instances=5), app("/abroad", instances=2, constraints=[["@region", "IS", "us"]]))
    await service.deployed()
    assert {task.agent.region for task in service.world.live("/here")} == {"eu"}
    assert {task.agent.region for task in service.world.live("/abroad")} == {"us"}


async def test_the_queue_tells_why_an_app_is_not_placed_and_for_how_long_it_waits(service: Service) -> None:
    await service.put(app("/big", cpus=1000), app("/far", constraints=[["hostname", "LIKE", "nowhere"]]))
    await service.system.clock.sleep(1)
    queue = {item.app.id: item for item in await service.marathon.queue.ask(GetQueue())}
    for app_id, reason in (("/big", "InsufficientCpus"), ("/far", "UnfulfilledConstraint")):
        unused = queue[app_id].last_unused_offers
        assert [one.reason for one in unused] == [reason] * 3
        assert {one.offer.agent_id for one in unused} == service.world.agents.keys()
    assert (queue["/big"].count, queue["/big"].delay) == (1, 0)

    service.world.startup = lambda app_id: -1.0
    await service.put(app("/bad", backoffSeconds=100))
    await service.system.clock.sleep(5)
    item = next(item for item in await service.marathon.queue.ask(GetQueue()) if item.app.id == "/bad")
    assert 90 < item.delay <= 100
    service.world.startup = lambda app_id: 0.1
    assert await service.marathon.queue.ask(ResetDelay("/bad")) is True
    await service.until(lambda: len(service.world.running("/bad")) == 1, within=5)
    assert await service.marathon.queue.ask(ResetDelay("/unknown")) is False


async def test_launches_that_were_certainly_not_sent_are_tried_again_without_delay(service: Service) -> None:
    service.world.refuse_accepts = 1
    await service.put(app("/a", instances=3))
    await service.deployed(within=30)
    assert len(service.world.running("/a")) == 3


@pytest.mark.parametrize("call", [ReviveOffers, DeclineOffers])
async def test_what_perhaps_nobody_heard_is_said_again_while_the_subscription_lasts(
    service: Service, call: Any
) -> None:
    """A connection for calls breaks by itself; the events' goes on, and with it what the master holds for us."""
    await service.put(app("/too-large", cpus=10_000))
    service.world.lose = {call}
    await service.system.clock.sleep(60)
    await service.put(app("/a", instances=3))
    await service.until(lambda: len(service.world.running("/a")) == 3, within=30)
    assert not service.world.lose


async def test_one_offer_takes_a_bounded_number_of_instances_and_its_rest_is_wanted_back_at_once(
    service: Service,
) -> None:
    agents, surplus = len(service.world.agents), 10
    begun = service.system.clock.time()
    await service.put(app("/a", cpus=0.01, instances=agents * MAX_LAUNCHES + surplus))
    await service.until(lambda: len(service.world.running("/a")) == agents * MAX_LAUNCHES + surplus)
    assert service.system.clock.time() - begun < 1
    accepts = [call for call in service.world.calls if isinstance(call, AcceptOffers)]
    launched = [(len(call.operations[0].tasks), call.filters.refuse_seconds) for call in accepts]
    assert launched == [*[(MAX_LAUNCHES, 0)] * agents, (surplus, DECLINE_FILTER)]


async def test_constraints_hold_for_instances_placed_in_different_offers(service: Service) -> None:
    await service.put(app("/a", instances=3, constraints=[["hostname", "UNIQUE"]]))
    await service.deployed()
    assert len({one.host for one in await service.instances("/a")}) == 3
    await service.put(app("/a", instances=4, constraints=[["hostname", "UNIQUE"]]))
    await service.system.clock.sleep(60)
    assert len(service.world.live("/a")) == 3


async def test_an_app_that_is_spread_stays_so_when_it_shrinks_also_after_a_restart_of_the_service(
    service: Service,
) -> None:
    for number, agent in enumerate(service.world.agents.values()):
        agent.attributes = {"rack": f"r{number}"}
    spread = {"constraints": [["rack", "GROUP_BY", "3"]]}
    await service.put(app("/a", instances=9, **spread))
    assert await service.deployed() < 10  # though each agent is refused for minutes once it has its share
    await service.restart()
    for count in (6, 3):
        await service.put(app("/a", instances=count, **spread))
        await service.deployed()
        standing = Counter(one.attributes["rack"] for one in await service.instances("/a"))
        assert standing == dict.fromkeys(("r0", "r1", "r2"), count // 3)


async def test_many_instances_that_are_spread_are_placed_with_the_first_offers_of_all_groups(
    service: Service,
) -> None:
    """By turns, as the smallest group of each moment may take one: not one of each group per round of offers."""
    for number, agent in enumerate(service.world.agents.values()):
        agent.attributes = {"rack": f"r{number}"}
    begun = service.system.clock.time()
    await service.put(app("/a", instances=300, cpus=0.1, mem=1, constraints=[["rack", "GROUP_BY", "3"]]))
    await service.deployed()
    assert service.system.clock.time() - begun < 3
    assert sorted(Counter(one.host for one in await service.instances("/a")).values()) == [100, 100, 100]


async def test_a_group_that_never_offers_holds_back_no_more_than_its_own_app(service: Service) -> None:
    for number, agent in enumerate(service.world.agents.values()):
        agent.attributes = {"rack": f"r{number % 2}"}
    await service.put(app("/spread", instances=9, constraints=[["rack", "GROUP_BY", "3"]]), app("/plain", instances=9))
    await service.until(lambda: len(service.world.running("/plain")) == 9, within=5)
    await service.system.clock.sleep(60)
    assert len(service.world.live("/spread")) == 2


@pytest.mark.parametrize(
    ("constraint", "racks"),
    [
        (["hostname", "UNIQUE"], [1, 1, 1]),
        (["rack", "CLUSTER", "r1"], [3]),
        (["rack", "CLUSTER"], [3]),
        (["rack", "GROUP_BY", "3"], [1, 1, 1]),
        (["rack", "GROUP_BY"], None),
        (["rack", "LIKE", "r[01]"], None),
        (["rack", "UNLIKE", "r[01]"], [3]),
        (["rack", "MAX_PER", "2"], None),
        (["rack", "IS", "r2"], [3]),
    ],
)
async def test_a_constraint_holds_from_the_first_launch_through_an_upgrade_and_a_replacement(
    service: Service, constraint: list[str], racks: list[int] | None
) -> None:
    for number, agent in enumerate(service.world.agents.values()):
        agent.attributes = {"rack": f"r{number}"}
    for command in ("one", "two"):  # the second finds the first in its way, and does not count it
        begun = service.system.clock.time()
        await service.put(app("/a", cmd=command, instances=3, constraints=[constraint]))
        assert await service.deployed() - begun < 30
    service.world.end(service.world.live("/a")[0].id, FAILED)
    await service.until(lambda: len(service.world.running("/a")) == 3, within=30)
    standing = Counter(one.attributes["rack"] for one in await service.instances("/a"))
    assert standing.total() == 3
    if racks is not None:
        assert sorted(standing.values()) == racks
    if constraint[1] == "MAX_PER":
        assert max(standing.values()) <= 2
    if constraint[1] == "LIKE":
        assert standing.keys() <= {"r0", "r1"}


class Refused(Actor[Any]):
    """A Mesos that has removed the framework, unless it comes without an id."""

    def __init__(self, info: Any, handler: Any) -> None:
        if info.id is None:
            master = mesos_pb2.MasterInfo(id="m", ip=0, port=5050, hostname="master")
            handler.tell(Registered(FrameworkID("new"), master, 15.0), self.ref)
        else:
            handler.tell(FrameworkOver(FrameworkRemoved("Framework has been removed")), self.ref)

    def receive(self, message: Any) -> None:
        """Calls go nowhere."""


@pytest.mark.parametrize("accept", [False, True])
async def test_a_removed_framework_is_reported_or_replaced_when_told_to(service: Service, accept: bool) -> None:
    await service.put(app("/a"))
    await service.deployed()
    await service.marathon.stop()
    service.marathon = await Marathon.start(
        service.system,
        journal=MemoryJournal(service.store),
        connect=lambda info, handler, tasks: Props(Refused, info, handler),
        accept_new_framework=accept,
    )
    await service.system.clock.sleep(1)
    status = await service.marathon.scheduler.ask(GetFramework())
    if accept:
        assert (status.framework_id, status.connected, status.problem) == ("new", True, None)
    else:
        assert "--accept-new-framework" in status.problem
        assert len(service.seen(SchedulerEnded)) == 1


class BrokenJournal(MemoryJournal):
    async def replay_all(self, prefix: str) -> Any:
        raise JournalBroken("the disk is gone")
        yield  # what makes it a generator, as the protocol has it


async def test_a_journal_that_cannot_be_read_is_said_at_the_start(service: Service) -> None:
    await service.marathon.stop()
    with pytest.raises(MarathonStopped, match="the disk is gone"):
        await Marathon.start(service.system, journal=BrokenJournal(), connect=service.world.connect)


async def test_a_failing_actor_makes_the_service_begin_again_from_its_journal(service: Service) -> None:
    await service.put(app("/a", instances=2))
    await service.deployed()
    tasks = set(service.world.tasks)
    service.marathon.instances.tell(KillInstances(None))  # type: ignore[arg-type]
    await service.system.clock.sleep(30)
    assert set(service.world.tasks) == tasks
    assert {one.task_id for one in await service.instances("/a")} == tasks
    service.world.end(min(tasks), FAILED)
    await service.until(lambda: len(service.world.running("/a")) == 2)
    assert not [call for call in service.world.calls if isinstance(call, KillTask)]
