"""The hard cases of the scheduler API, by their number in the specification (spec/mesos.md §8), in virtual time."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from aiohttp import web

from actors import ActorSystem
from actors.mesos import (
    AgentLost,
    CallRefused,
    CallUnconfirmed,
    ConnectionSettings,
    Error,
    ExecutorLost,
    FrameworkFailedOver,
    FrameworkRemoved,
    Launch,
    Mesos,
    NotSubscribed,
    OfferRescinded,
    Reconciliation,
    Registered,
    Reregistered,
    ResourceOffers,
    StatusUpdate,
    SubscriptionRefused,
)
from mesos_proto import CommandInfo, FrameworkInfo, OfferID, Resources, TaskID, TaskInfo, mesos_pb2, recordio
from tests.mesos.scripted_master import Call, Event, ScriptedMaster
from tests.mesos.words import INFO, SMALL, disconnected, next_event, offer, registered, status, until

UUID = b"0123456789abcdef"


def task(task_id: str) -> TaskInfo:
    return TaskInfo(
        name=task_id,
        task_id=task_id,
        agent_id="A1",
        resources=Resources.parse("cpus:1;mem:32"),
        command=CommandInfo(value="sleep 1"),
    )


# -- 1: heartbeats lost, half-open TCP


async def test_01_five_intervals_of_silence_lose_the_stream_and_it_is_subscribed_again_with_its_id(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, _ = await registered(system, master)
    begun = system.clock.time()
    reason = await disconnected(framework)
    assert system.clock.time() - begun == pytest.approx(75)
    assert "silent for 75 s" in reason
    again = await master.subscription("F1")
    assert system.clock.time() - begun <= 75 + 15
    assert again.call.framework_id.value == again.call.subscribe.framework_info.id.value == "F1"
    assert (await next_event(framework, Reregistered)).framework_id == "F1"
    await framework.deactivate()


async def test_01_the_interval_is_the_one_that_the_master_names(system: ActorSystem, master: ScriptedMaster) -> None:
    registering = asyncio.ensure_future(Mesos(system).register_framework(master.url, INFO, reconciliation=None))
    stream = await master.subscription()
    await stream.subscribed("F1", heartbeat=2)
    framework = await registering
    begun = system.clock.time()
    await until(framework, Registered)
    await disconnected(framework)
    assert system.clock.time() - begun == pytest.approx(10)
    await framework.deactivate()


async def test_01_heartbeats_and_a_large_event_that_comes_slowly_keep_the_stream(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.beat(10)
    large = offer("O1")
    large.hostname = "h" * 500_000
    event = Event(type=Event.OFFERS)
    event.offers.offers.add().CopyFrom(large)
    record = recordio.encode(event.SerializeToString())
    for start in range(0, len(record), 70_000):
        await system.clock.sleep(70)
        await stream.raw(record[start : start + 70_000])
    assert (await next_event(framework, ResourceOffers)).offers[0].id == "O1"
    await system.clock.sleep(70)
    assert master.subscribes == 1
    assert framework.master == master.url
    await framework.deactivate()


async def test_01_a_stream_that_never_finishes_an_event_is_lost_though_heartbeats_come_in(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    begun = system.clock.time()
    await stream.raw(b"9000\n")  # it was 2
    beating = asyncio.ensure_future(stream.beat(100))
    assert "finished no record for 75 s" in await disconnected(framework)
    assert system.clock.time() - begun == pytest.approx(75)
    beating.cancel()
    await master.subscription("F1")
    await next_event(framework, Reregistered)
    await framework.deactivate()


async def test_01_a_half_open_connection_is_noticed(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, _ = await registered(system, master)
    network = asyncio.get_running_loop().network  # type: ignore[attr-defined]
    network.cut(master.port)
    await disconnected(framework)
    await system.clock.sleep(60)
    network.heal()
    await master.subscription("F1")
    await next_event(framework, Reregistered)
    await framework.deactivate()


# -- 2: the body ends, TCP stays open


async def test_02_the_end_of_the_body_is_the_disconnection(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    begun = system.clock.time()
    await stream.end()
    assert "ended the stream" in await disconnected(framework)
    assert system.clock.time() - begun < 1
    await master.subscription("F1")
    await next_event(framework, Reregistered)
    assert stream.gone
    await framework.deactivate()


async def test_02_a_reset_and_an_end_within_a_record_are_disconnections(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    stream.reset()
    await disconnected(framework)
    stream = await master.subscription("F1")
    await next_event(framework, Reregistered)
    await stream.raw(b"100\nonly this")
    await stream.end()
    assert "in the middle of a record" in await disconnected(framework)
    await framework.deactivate()


# -- 3: records split and merged


async def test_03_records_are_found_however_the_bytes_are_cut(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    event = Event(type=Event.OFFERS)
    event.offers.offers.add().CopyFrom(offer("O1"))
    record = recordio.encode(event.SerializeToString())
    for byte in record:
        await stream.raw(bytes([byte]))
    await stream.raw(record * 3 + record[:10])
    await stream.raw(record[10:])
    for _ in range(5):
        (only,) = (await next_event(framework, ResourceOffers)).offers
        assert only.id == "O1"
    await framework.deactivate()


# -- 4: oversize and malformed lengths


@pytest.mark.parametrize("prefix", [b"9" * 21, b"-5\n", b"12x\n", b"\n"])
async def test_04_a_length_that_is_none_ends_the_stream(
    system: ActorSystem, master: ScriptedMaster, prefix: bytes
) -> None:
    framework, stream = await registered(system, master)
    await stream.raw(prefix)
    assert "is broken" in await disconnected(framework)
    await master.subscription("F1")
    await next_event(framework, Reregistered)
    await framework.deactivate()


async def test_04_a_record_over_the_limit_names_the_limit_and_loses_nothing_before_it(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master, settings=ConnectionSettings(max_record_bytes=1_000))
    good = Event(type=Event.UPDATE)
    good.update.status.CopyFrom(status("t", "TASK_RUNNING", UUID))
    await stream.raw(recordio.encode(good.SerializeToString()) + b"1001\n")
    assert (await next_event(framework, StatusUpdate)).status.task_id == "t"
    reason = await disconnected(framework)
    assert "1001" in reason
    assert "max_record_bytes" in reason
    await framework.deactivate()


async def test_04_a_record_that_is_no_event_ends_the_stream(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    await stream.raw(recordio.encode(b"\xff\xff\xff"))
    assert "do not read as mesos.v1.scheduler.Event" in await disconnected(framework)
    await framework.deactivate()


def _of_another_framework(event: Event) -> None:
    event.type = Event.SUBSCRIBED
    event.subscribed.framework_id.value = "F0"


def _without_what_it_says(event: Event) -> None:
    event.type = Event.MESSAGE


def _without_the_agent_to_acknowledge_to(event: Event) -> None:
    event.type = Event.UPDATE
    event.update.status.CopyFrom(status("t", "TASK_RUNNING", UUID))
    event.update.status.ClearField("agent_id")


def _without_a_time_to_expect_a_heartbeat(event: Event) -> None:
    event.type = Event.SUBSCRIBED
    event.subscribed.framework_id.value = "F1"
    event.subscribed.heartbeat_interval_seconds = 1e300


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_of_another_framework, "subscribes framework F0, and was asked to subscribe F1"),
        (_without_what_it_says, "type MESSAGE without its message"),
        (_without_the_agent_to_acknowledge_to, "names no agent"),
        (_without_a_time_to_expect_a_heartbeat, "every 1e+300 s"),
    ],
)
async def test_04_what_no_master_says_ends_the_stream_and_is_not_followed(
    system: ActorSystem, master: ScriptedMaster, damage: Callable[[Event], None], reason: str
) -> None:
    framework, stream = await registered(system, master)
    event = Event()
    damage(event)
    await stream.send(event)
    assert reason in await disconnected(framework)
    assert (await master.subscription("F1")).call.framework_id.value == "F1"
    await next_event(framework, Reregistered)
    assert framework.id == "F1"
    await framework.deactivate()


async def test_04_an_id_that_is_no_text_is_nobodys(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    update = Event(type=Event.UPDATE)
    update.update.status.CopyFrom(status("task-1", "TASK_RUNNING", UUID))
    await stream.raw(recordio.encode(update.SerializeToString().replace(b"task-1", b"task-\xb1")))
    assert "an id reads" in await disconnected(framework)
    assert framework.known_tasks == {}
    await framework.deactivate()


# -- 5: redirects, circles, 503


async def test_05_the_subscription_follows_a_redirect_without_a_scheme_to_the_leader(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    async with ScriptedMaster.start() as standby:
        location = f"//127.0.0.1:{master.port}/api/v1/scheduler"
        standby.refuse = lambda call: web.Response(status=307, headers={"Location": location})
        registering = asyncio.ensure_future(Mesos(system).register_framework(standby.url, INFO, reconciliation=None))
        await master.subscription("F1")
        framework = await registering
        assert framework.master == master.url
        await framework.driver.revive_offers()
        assert master.kinds() == ["REVIVE"]
        assert not standby.calls
        await framework.deactivate()


async def test_05_a_circle_of_redirects_ends_and_is_tried_again_after_a_pause(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    location = f"//127.0.0.1:{master.port}/api/v1/scheduler"
    master.refuse = lambda call: web.Response(status=307, headers={"Location": location})
    registering = asyncio.ensure_future(Mesos(system).register_framework(master.url, INFO, reconciliation=None))
    await system.clock.sleep(0.05)
    assert master.subscribes == 6  # the first address and five hops
    await system.clock.sleep(5)
    assert master.subscribes > 6
    master.refuse = lambda call: None
    await master.subscription("F1")
    await (await registering).deactivate()


async def test_05_503_is_tried_again_with_pauses_of_at_most_15_seconds(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    times = []

    def not_yet(call: Call) -> web.Response:
        times.append(system.clock.time())
        return web.Response(status=503, text="Master has not finished recovery")

    master.refuse = not_yet
    registering = asyncio.ensure_future(
        Mesos(system).register_framework(master.url, INFO, registration_timeout=None, reconciliation=None)
    )
    await system.clock.sleep(600)
    pauses = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(pauses[:1]) <= 1.01
    assert 7 < max(pauses) <= 15.01
    assert len({round(pause, 6) for pause in pauses}) > len(pauses) / 2  # drawn, so that frameworks do not come as one
    master.refuse = lambda call: None
    await master.subscription("F1")
    await (await registering).deactivate()


async def test_05_a_call_is_never_sent_on_across_a_redirect(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, _ = await registered(system, master)
    async with ScriptedMaster.start() as leader:
        master.answer = lambda call, stream_id: (307, f"//127.0.0.1:{leader.port}/api/v1/scheduler")
        with pytest.raises(NotSubscribed, match="not sent on"):
            await framework.driver.kill_task(TaskID("t"))
        await disconnected(framework)
        assert master.kinds() == ["KILL"]
        assert not leader.calls
        await framework.deactivate()


# -- 6: the stream id belongs to another


async def test_06_a_foreign_stream_id_is_final_and_the_framework_is_not_stolen_back(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, _ = await registered(system, master)
    text = "The stream ID 'stream-1' included in this request didn't match the stream ID currently associated with"
    master.answer = lambda call, stream_id: (400, text)
    with pytest.raises(FrameworkFailedOver, match="does not take the framework back"):
        await framework.driver.revive_offers()
    with pytest.raises(FrameworkFailedOver):
        await anext(framework.events)
    with pytest.raises(FrameworkFailedOver):
        await framework.driver.revive_offers()
    await system.clock.sleep(300)
    assert master.subscribes == 1
    assert len(master.calls) == 1


async def test_06_a_stream_id_that_a_bad_line_made_of_ours_is_nobodys(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, _ = await registered(system, master)
    text = "The stream ID 'stream-q' included in this request didn't match the stream ID currently associated with"
    master.answer = lambda call, stream_id: (400, text)
    with pytest.raises(CallRefused, match="stream-q"):
        await framework.driver.revive_offers()
    master.answer = lambda call, stream_id: (202, "")
    await framework.driver.revive_offers()
    assert master.subscribes == 1
    await framework.deactivate()


# -- 7: 403


async def test_07_not_subscribed_fails_the_call_and_subscribes_again_without_replaying_it(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, _ = await registered(system, master)
    master.answer = lambda call, stream_id: (403, "Framework is not subscribed")
    with pytest.raises(NotSubscribed, match="Framework is not subscribed"):
        await framework.driver.kill_task(TaskID("t"))
    await disconnected(framework)
    master.answer = lambda call, stream_id: (202, "")
    await master.subscription("F1")
    await next_event(framework, Reregistered)
    await system.clock.sleep(60)
    assert master.kinds() == ["KILL"]
    await framework.deactivate()


async def test_07_a_call_without_a_subscription_fails_at_once_and_says_what_to_wait_for(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.end()
    await disconnected(framework)
    with pytest.raises(NotSubscribed, match="Wait for Registered or Reregistered"):
        await framework.driver.kill_task(TaskID("t"))
    assert not master.calls
    await framework.deactivate()


# -- 8, 9, 10: errors


async def test_08_failed_over_is_final(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    await stream.error("Framework failed over")
    await stream.end()
    assert (await next_event(framework, Error)).message == "Framework failed over"
    with pytest.raises(FrameworkFailedOver, match="one instance at a time"):
        await anext(framework.events)
    await system.clock.sleep(300)
    assert master.subscribes == 1


async def test_09_a_removed_framework_is_surfaced_and_gets_no_new_id_by_itself(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.end()
    await disconnected(framework)
    stream = await master.subscription()
    await stream.error("Framework has been removed")
    await stream.end()
    await next_event(framework, Error)
    with pytest.raises(FrameworkRemoved, match="register without an id"):
        await anext(framework.events)
    await system.clock.sleep(300)
    assert master.subscribes == 2


async def test_10_an_error_in_place_of_subscribed_is_a_refusal(system: ActorSystem, master: ScriptedMaster) -> None:
    registering = asyncio.ensure_future(Mesos(system).register_framework(master.url, INFO))
    stream = await master.subscription()
    await stream.error("'FrameworkInfo.roles' contains duplicate items: { a }")
    await stream.end()
    with pytest.raises(SubscriptionRefused, match="contains duplicate items") as caught:
        await registering
    assert caught.value.status == 200
    assert master.subscribes == 1


async def test_10_another_error_is_an_event_and_the_subscription_goes_on(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.error("something else")
    await next_event(framework, Error)
    await stream.rescind("O1")
    await next_event(framework, OfferRescinded)
    await framework.deactivate()


# -- 11, 12, 13: acknowledgements


async def test_11_an_update_that_was_acknowledged_is_acknowledged_again_and_not_shown_twice(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.update(status("t", "TASK_RUNNING", UUID))
    update = await next_event(framework, StatusUpdate)
    await framework.driver.acknowledge(update.status)
    await stream.update(status("t", "TASK_RUNNING", UUID))
    await stream.update(status("t", "TASK_FINISHED", b"another-uuid-123"))
    assert (await next_event(framework, StatusUpdate)).status.uuid == b"another-uuid-123"
    first, second = await master.call("ACKNOWLEDGE"), await master.call("ACKNOWLEDGE")
    assert first.acknowledge == second.acknowledge
    assert (first.acknowledge.task_id.value, first.acknowledge.agent_id.value) == ("t", "A1")
    assert first.acknowledge.uuid == UUID
    await framework.deactivate()


async def test_11_an_update_that_comes_again_while_it_still_waits_is_one(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    for _ in range(3):
        await stream.update(status("t", "TASK_RUNNING", UUID))
    await stream.rescind("O1")
    await system.clock.sleep(1)
    await next_event(framework, StatusUpdate)
    await next_event(framework, OfferRescinded)
    await framework.deactivate()


async def test_12_an_update_is_acknowledged_by_the_driver_alone_and_shown_again_until_it_is(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.update(status("t", "TASK_RUNNING", UUID))
    await next_event(framework, StatusUpdate)
    await stream.update(status("t", "TASK_RUNNING", UUID))  # the agent's retry: nobody has stored it yet
    await next_event(framework, StatusUpdate)
    await system.clock.sleep(1)
    assert not master.calls
    await framework.deactivate()


async def test_12_an_acknowledgement_that_was_not_taken_counts_for_nothing(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.update(status("t", "TASK_RUNNING", UUID))
    update = await next_event(framework, StatusUpdate)
    master.answer = lambda call, stream_id: (400, "Failed to validate scheduler::Call: Not a valid UUID")
    with pytest.raises(CallRefused, match="Not a valid UUID"):
        await framework.driver.acknowledge(update.status)
    await stream.update(status("t", "TASK_RUNNING", UUID))
    await next_event(framework, StatusUpdate)
    await framework.deactivate()


async def test_12_an_acknowledgement_that_was_lost_is_made_good_by_the_next_one(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await framework.driver.revive_offers()  # the connection for calls stands
    await stream.update(status("t", "TASK_RUNNING", UUID))
    update = await next_event(framework, StatusUpdate)
    network = asyncio.get_running_loop().network  # type: ignore[attr-defined]
    network.cut(master.port)
    acknowledging = asyncio.ensure_future(framework.driver.acknowledge(update.status))
    await asyncio.sleep(1)
    network.reset(master.port)
    network.heal()
    with pytest.raises(CallUnconfirmed):
        await acknowledging
    await disconnected(framework)
    stream = await master.subscription("F1")
    await next_event(framework, Reregistered)
    await stream.update(status("t", "TASK_RUNNING", UUID))  # the agent's retry
    again = await next_event(framework, StatusUpdate)
    await framework.driver.acknowledge(again.status)
    assert (await master.call("ACKNOWLEDGE")).acknowledge.uuid == UUID
    await framework.deactivate()


async def test_13_a_status_without_uuid_is_never_acknowledged(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    await stream.update(status("t", "TASK_LOST"))
    update = await next_event(framework, StatusUpdate)
    await framework.driver.acknowledge(update.status)
    await system.clock.sleep(1)
    assert not master.calls
    await framework.deactivate()


# -- 14 to 18: tasks and reconciliation

OFTEN = Reconciliation(first_retry=5, max_retry=40, interval=900)


async def asked(master: ScriptedMaster) -> list[tuple[str, str]]:
    """The tasks of the next RECONCILE, with their agents; none for an implicit one."""
    call = await master.call("RECONCILE")
    return [(task.task_id.value, task.agent_id.value) for task in call.reconcile.tasks]


async def test_14_a_duplicate_id_does_not_mark_the_running_task_dead(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master, reconciliation=OFTEN)
    await stream.update(status("t", "TASK_RUNNING", UUID))
    reason, source = mesos_pb2.TaskStatus.REASON_TASK_INVALID, mesos_pb2.TaskStatus.SOURCE_MASTER
    await stream.update(status("t", "TASK_ERROR", message="Task has duplicate ID: t", reason=reason, source=source))
    await next_event(framework, StatusUpdate)
    await next_event(framework, StatusUpdate)
    assert framework.known_tasks == {"t": "A1"}
    await framework.deactivate()


async def test_14_a_group_refused_for_a_duplicate_id_leaves_the_running_task_alone_and_no_other(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.update(status("b", "TASK_RUNNING", UUID))
    await framework.driver.launch_tasks([task("a")], ["O1"])
    for name in ("a", "b"):
        reason, source = mesos_pb2.TaskStatus.REASON_TASK_GROUP_INVALID, mesos_pb2.TaskStatus.SOURCE_MASTER
        said = "Task 'b' is invalid: Task has duplicate ID: b"
        await stream.update(status(name, "TASK_ERROR", message=said, reason=reason, source=source))
    for _ in range(3):
        await next_event(framework, StatusUpdate)
    assert framework.known_tasks == {"b": "A1"}
    await framework.deactivate()


@pytest.mark.parametrize("said", ["Task uses no resources", "Total resources cpus:9 required by task is more than"])
async def test_14_a_task_that_is_invalid_for_another_reason_was_never_there(
    system: ActorSystem, master: ScriptedMaster, said: str
) -> None:
    framework, stream = await registered(system, master)
    await framework.driver.launch_tasks([task("t")], ["O1"])
    reason, source = mesos_pb2.TaskStatus.REASON_TASK_INVALID, mesos_pb2.TaskStatus.SOURCE_MASTER
    await stream.update(status("t", "TASK_ERROR", message=said, reason=reason, source=source))
    await next_event(framework, StatusUpdate)
    assert framework.known_tasks == {}
    await framework.deactivate()


@pytest.mark.parametrize("state", ["TASK_LOST", "TASK_DROPPED"])
async def test_15_a_stale_offer_comes_back_as_an_update_and_the_task_is_not_believed_to_run(
    system: ActorSystem, master: ScriptedMaster, state: str
) -> None:
    framework, stream = await registered(system, master, reconciliation=OFTEN)
    await stream.offers(offer("O1"))
    (stale,) = (await next_event(framework, ResourceOffers)).offers
    await framework.driver.launch_tasks([task("t")], [stale.id])
    assert framework.known_tasks == {"t": "A1"}
    reason = mesos_pb2.TaskStatus.REASON_INVALID_OFFERS
    await stream.update(status("t", state, message="Offer O1 is no longer valid", reason=reason))
    await next_event(framework, StatusUpdate)
    assert framework.known_tasks == {}
    await framework.deactivate()


async def test_16_a_launch_without_an_answer_is_unconfirmed_and_asked_about_after_the_next_subscription(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, _stream = await registered(system, master, reconciliation=OFTEN)
    assert await asked(master) == []
    network = asyncio.get_running_loop().network  # type: ignore[attr-defined]
    network.cut(master.port)
    launching = asyncio.ensure_future(framework.driver.launch_tasks([task("t")], ["O1"]))
    await asyncio.sleep(1)
    network.reset(master.port)
    network.heal()
    with pytest.raises(CallUnconfirmed, match="Reconcile before"):
        await launching
    await disconnected(framework)
    await master.subscription("F1")
    assert await asked(master) == [("t", "A1")]
    assert await asked(master) == []
    await framework.deactivate()


async def test_16_a_launch_that_a_dying_master_took_is_asked_about_with_its_agent_until_the_next_one_denies_it(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master, reconciliation=OFTEN)
    assert await asked(master) == []
    await framework.driver.launch_tasks([task("t")], ["O1"])  # 202, which is not done
    stream.reset()
    await disconnected(framework)
    stream = await master.subscription("F1")
    await next_event(framework, Reregistered)
    assert [await asked(master), await asked(master)] == [[("t", "A1")], []]
    assert await asked(master) == [("t", "A1")]
    assert framework.known_tasks == {"t": "A1"}
    reason = mesos_pb2.TaskStatus.REASON_RECONCILIATION
    await stream.update(status("t", "TASK_LOST", message="Task is unknown", reason=reason))
    await next_event(framework, StatusUpdate)
    assert framework.known_tasks == {}  # it may be launched again, which is the framework's own to do
    assert master.kinds().count("ACCEPT") == 1
    await framework.deactivate()


async def test_17_unanswered_tasks_are_asked_about_again_ever_more_slowly(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    known = {TaskID("a"): None, TaskID("b"): None}
    framework, stream = await registered(system, master, reconciliation=OFTEN, known_tasks=known)
    begun = system.clock.time()
    assert await asked(master) == [("a", ""), ("b", "")]
    assert await asked(master) == []
    await stream.update(status("a", "TASK_RUNNING"))  # b's agent is still recovering: no answer
    beating = asyncio.ensure_future(stream.beat(100))
    times = []
    for _ in range(5):
        assert await asked(master) == [("b", "")]
        times.append(round(system.clock.time() - begun))
    assert times == [5, 15, 35, 75, 115]
    await stream.update(status("b", "TASK_UNKNOWN"))
    assert await asked(master) == [("a", "A1")]  # the next run, with what is known by now
    assert 115 + 810 <= system.clock.time() - begun <= 115 + 1030
    beating.cancel()
    await framework.deactivate()


async def test_17_each_subscription_begins_one_run_and_ends_the_one_before(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master, reconciliation=OFTEN, known_tasks={TaskID("a"): None})
    assert [await asked(master), await asked(master)] == [[("a", "")], []]
    await stream.end()
    stream = await master.subscription("F1")
    assert [await asked(master), await asked(master)] == [[("a", "")], []]
    begun = system.clock.time()
    assert await asked(master) == [("a", "")]
    assert system.clock.time() - begun == pytest.approx(5, abs=0.1)
    await framework.deactivate()


async def test_17_who_reconciles_by_hand_still_has_its_tasks_kept_in_the_book_while_they_live(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await framework.driver.launch_tasks([task("t")], [OfferID("O1")])
    assert framework.known_tasks == {"t": "A1"}
    await stream.update(status("t", "TASK_FINISHED"))
    await next_event(framework, StatusUpdate)
    assert framework.known_tasks == {}
    assert master.kinds() == ["ACCEPT"]
    await framework.deactivate()


async def test_18_an_unreachable_task_is_still_believed_in_and_a_dead_one_can_come_back(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master, reconciliation=OFTEN)
    for state, known in (
        ("TASK_UNREACHABLE", {"t": "A1"}),
        ("TASK_RUNNING", {"t": "A1"}),
        ("TASK_LOST", {}),
        ("TASK_RUNNING", {"t": "A1"}),
    ):
        await stream.update(status("t", state))
        assert (await next_event(framework, StatusUpdate)).status.state.name == state
        assert framework.known_tasks == known
    await framework.deactivate()


async def test_18_a_task_that_nobody_here_launched_is_shown_with_its_agent_and_can_be_killed(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.update(status("forgotten", "TASK_RUNNING"))
    update = await next_event(framework, StatusUpdate)
    await framework.driver.kill_task(update.status.task_id, update.status.agent_id)
    call = await master.call("KILL")
    assert (call.kill.task_id.value, call.kill.agent_id.value) == ("forgotten", "A1")
    await framework.deactivate()


# -- 19: offers across subscriptions


async def test_19_offers_that_wait_are_void_after_a_disconnection(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    await stream.offers(offer("O1"))
    await stream.update(status("t", "TASK_RUNNING", UUID))
    await stream.end()
    stream = await master.subscription("F1")
    await stream.offers(offer("O2"))
    await system.clock.sleep(1)
    await next_event(framework, StatusUpdate)
    await disconnected(framework)
    await next_event(framework, Reregistered)
    (only,) = (await next_event(framework, ResourceOffers)).offers
    assert only.id == "O2"
    await framework.deactivate()


# -- 20: permanent refusals


@pytest.mark.parametrize(
    ("code", "text", "remedy"),
    [
        (401, "401 Unauthorized.", "Credential"),
        (400, "Authenticated principal 'alice' does not match principal 'bob'", "FrameworkInfo"),
        (415, "Expecting 'Content-Type' of application/json or application/x-protobuf", ""),
    ],
)
async def test_20_a_permanent_refusal_is_raised_and_not_tried_again(
    system: ActorSystem, master: ScriptedMaster, code: int, text: str, remedy: str
) -> None:
    master.refuse = lambda call: web.Response(status=code, text=text)
    with pytest.raises(SubscriptionRefused) as caught:
        await Mesos(system).register_framework(master.url, INFO)
    assert (caught.value.status, caught.value.reason) == (code, text)
    assert remedy in str(caught.value)
    await system.clock.sleep(300)
    assert master.subscribes == 1


async def test_20_an_address_that_stays_unknown_is_no_master(system: ActorSystem, master: ScriptedMaster) -> None:
    master.refuse = lambda call: web.Response(status=404, text="Not Found")
    with pytest.raises(SubscriptionRefused, match="Is this a Mesos master"):
        await Mesos(system).register_framework(master.url, INFO)
    assert master.subscribes > 3
    assert system.clock.time() < 30


async def test_20_a_master_that_starts_and_does_not_know_its_own_paths_yet_is_asked_again(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    master.refuse = lambda call: web.Response(status=404, text="404 Not Found.")
    await stream.end()
    await disconnected(framework)
    await system.clock.sleep(300)
    master.refuse = lambda call: None
    await master.subscription("F1")
    await next_event(framework, Reregistered)
    await framework.deactivate()


async def test_20_a_refusal_of_what_was_taken_before_is_believed_at_the_fifth_time(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    refusals = iter([web.Response(status=400, text="Failed to parse body into Call protobuf") for _ in range(3)])
    master.refuse = lambda call: next(refusals, None)
    await stream.end()
    await disconnected(framework)
    stream = await master.subscription("F1")
    await next_event(framework, Reregistered)
    await stream.beat(1)
    master.refuse = lambda call: web.Response(status=400, text="No.")
    await stream.end()
    await disconnected(framework)
    with pytest.raises(SubscriptionRefused, match="No"):
        await anext(framework.events)
    assert master.subscribes == 5 + 5


async def test_20_a_failure_alone_ends_no_task(system: ActorSystem, master: ScriptedMaster) -> None:
    framework, stream = await registered(system, master)
    for name in ("t", "u"):
        await stream.update(status(name, "TASK_RUNNING"))
        await next_event(framework, StatusUpdate)
    failure: dict[str, object] = {"agent_id": {"value": "A1"}}
    await stream.send(Event(type=Event.FAILURE, failure={**failure, "executor_id": {"value": "t"}, "status": 9}))
    await stream.send(Event(type=Event.FAILURE, failure=failure))
    await next_event(framework, ExecutorLost)
    await next_event(framework, AgentLost)
    assert framework.known_tasks == {"t": "A1", "u": "A1"}
    await stream.update(status("t", "TASK_LOST"))
    await next_event(framework, StatusUpdate)
    assert framework.known_tasks == {"u": "A1"}
    await framework.deactivate()


# -- 21: failover timeout


async def test_21_the_failover_timeout_is_said_to_each_master_since_none_learns_it_from_the_one_before(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    patient = FrameworkInfo(name="patient", user="root", failover_timeout=timedelta(hours=3))
    framework, stream = await registered(system, master, patient)
    await stream.end()
    again = await master.subscription("F1")
    for subscription in (stream, again):
        assert subscription.call.subscribe.framework_info.failover_timeout == 3 * 3600
    await framework.deactivate()


async def test_21_a_failover_timeout_of_zero_is_warned_of_and_a_missing_one_is_a_week(
    system: ActorSystem, master: ScriptedMaster, caplog: pytest.LogCaptureFixture
) -> None:
    framework, stream = await registered(system, master)
    assert stream.call.subscribe.framework_info.failover_timeout == 7 * 24 * 3600
    await framework.deactivate()
    assert "failover_timeout" not in caplog.text
    reckless = FrameworkInfo(name="reckless", user="root", failover_timeout=timedelta(0))
    with caplog.at_level(logging.WARNING):
        framework, stream = await registered(system, master, reckless)
    assert stream.call.subscribe.framework_info.failover_timeout == 0
    assert "kill all its tasks" in caplog.text
    await framework.deactivate()


# -- 22: the slow consumer


async def test_22_a_slow_consumer_stops_the_reading_and_its_time_is_no_loss(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master, settings=SMALL)
    count = 20_000  # updates, far more than every buffer on the way holds

    async def send() -> None:
        for number in range(count):
            await stream.update(status(f"t{number}", "TASK_RUNNING", b"%016d" % number, data=bytes(100)))

    sending = asyncio.ensure_future(send())
    await system.clock.sleep(3600)
    assert not sending.done()  # the master's writing is held up by TCP
    in_one_read = 32 * 1024 // 150
    assert SMALL.buffered_events <= framework.events.waiting <= SMALL.buffered_events + in_one_read
    assert master.subscribes == 1
    for number in range(count):
        assert (await next_event(framework, StatusUpdate)).status.task_id == f"t{number}"
    await sending
    assert master.subscribes == 1
    await framework.deactivate()


async def test_22_offers_that_are_rescinded_while_they_wait_are_never_shown(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    await stream.offers(offer("O1"), offer("O2"))
    await stream.offers(offer("O3"))
    for gone in ("O1", "O3"):
        await stream.rescind(gone)
    await stream.rescind("O0")  # shown long ago
    await system.clock.sleep(1)
    (only,) = (await next_event(framework, ResourceOffers)).offers
    assert only.id == "O2"
    assert (await next_event(framework, OfferRescinded)).offer_id == "O0"
    await framework.deactivate()


# -- 23: the order of calls


async def test_23_calls_keep_their_order_on_one_connection_even_when_nobody_awaits_them(
    system: ActorSystem, master: ScriptedMaster
) -> None:
    framework, stream = await registered(system, master)
    driver = framework.driver
    sent = [driver.kill_task(TaskID(f"t{number}")) for number in range(200)]
    await asyncio.gather(*sent)
    later = asyncio.ensure_future(driver.accept_offers(["O1"], [Launch([task("x")])]))
    await driver.revive_offers()
    await later
    assert [call.kill.task_id.value for call in master.calls[:200]] == [f"t{number}" for number in range(200)]
    assert master.kinds()[200:] == ["ACCEPT", "REVIVE"]
    assert len(set(map(id, master.connections))) == 1
    assert {headers["Mesos-Stream-Id"] for headers in master.call_headers} == {stream.stream_id}
    await framework.deactivate()
