"""Refusals in a real master's words and order, the stream, subscriptions."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from mesos_proto import scheduler_pb2

from .conftest import JSON, Bench, capabilities

PATH = "/api/v1/scheduler"
INFO = {"user": "root", "name": "x"}
SUBSCRIBE = {"type": "SUBSCRIBE", "subscribe": {"framework_info": INFO}}
NO_TEXT = (
    scheduler_pb2.Call(type="SUBSCRIBE", subscribe={"framework_info": {"user": "root", "name": "name"}})
    .SerializeToString()
    .replace(b"name", b"\xff\xfe\xff\xfe")
)


@pytest.mark.parametrize(
    ("body", "headers", "status", "text"),
    [
        (b"{}", {}, 400, "Expecting 'Content-Type' to be present"),
        (
            b"{}",
            {"Content-Type": "application/json; charset=utf-8"},
            415,
            "Expecting 'Content-Type' of application/json or application/x-protobuf",
        ),
        (b"", JSON, 400, "Failed to parse body into JSON: syntax error at line 1 near: "),
        (b"[]", JSON, 400, "Failed to convert JSON into Call protobuf: Expecting a JSON object"),
        (b"\xff\xff\xff", {"Content-Type": "application/x-protobuf"}, 400, "Failed to parse body into Call protobuf"),
        (NO_TEXT, {"Content-Type": "application/x-protobuf"}, 400, "Failed to parse body into Call protobuf"),
        (b'{"type":"DANCE"}', JSON, 400, "Failed to validate scheduler::Call: Expecting 'type' to be present"),
        (
            b'{"type":"REVIVE"}',
            JSON,
            400,
            "Failed to validate scheduler::Call: Expecting 'framework_id' to be present",
        ),
        (b'{"type":"REVIVE","framework_id":{"value":"nobody"}}', JSON, 400, "Framework cannot be found"),
    ],
)
async def test_a_malformed_request_is_refused_in_mesos_words(
    bench: Bench, body: bytes, headers: dict[str, str], status: int, text: str
) -> None:
    await bench.start(agents=0)
    skip = {"skip_auto_headers": ["Content-Type"]} if "Content-Type" not in headers else {}
    assert await bench.request("POST", PATH, data=body, headers=headers, **skip) == (status, text)


async def test_get_is_not_allowed(bench: Bench) -> None:
    await bench.start(agents=0)
    text = "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'."
    assert await bench.request("GET", PATH) == (405, text)


async def test_a_subscriber_must_take_json_or_protobuf_and_send_no_stream_id(bench: Bench) -> None:
    await bench.start(agents=0)
    assert (await bench.post(PATH, SUBSCRIBE, {"Accept": "text/html"}))[0] == 406
    assert await bench.post(PATH, SUBSCRIBE, {"Mesos-Stream-Id": "x"}) == (
        400,
        "Subscribe calls should not include the 'Mesos-Stream-Id' header",
    )


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ({"roles": ["a"]}, "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"),
        (
            {"role": "a", "capabilities": capabilities("MULTI_ROLE")},
            "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable",
        ),
        ({"role": "a//b"}, "'FrameworkInfo.role' is not a valid role: Role 'a//b' cannot contain two adjacent slashes"),
        (
            {"roles": ["a", "a"], "capabilities": capabilities("MULTI_ROLE")},
            "'FrameworkInfo.roles' contains duplicate items: { a }",
        ),
        ({"failover_timeout": 1e300}, "The framework failover_timeout (1e+300) is invalid"),
    ],
)
async def test_an_invalid_framework_is_told_so_by_an_event_that_ends_the_stream(
    bench: Bench, info: dict[str, Any], message: str
) -> None:
    await bench.start(agents=0)
    scheduler = await bench.subscribe(**{"roles": [], "capabilities": [], **info})
    await scheduler.end()
    assert scheduler.response.status == 200
    assert scheduler.events == [{"type": "ERROR", "error": {"message": message}}]


async def test_a_subscription_begins_with_subscribed_and_a_heartbeat_and_goes_on_with_one_each_15_s(
    bench: Bench,
) -> None:
    await bench.start(agents=0)
    scheduler = await bench.subscribe()
    await bench.sleep(31)
    assert [event["type"] for event in scheduler.events] == ["SUBSCRIBED"] + ["HEARTBEAT"] * 3
    assert scheduler.events[0]["subscribed"]["heartbeat_interval_seconds"] == 15.0
    assert scheduler.response.headers["Transfer-Encoding"] == "chunked"


async def test_a_subscription_in_protobuf_gets_protobuf(bench: Bench) -> None:
    await bench.start(agents=0)
    call = scheduler_pb2.Call(type=scheduler_pb2.Call.SUBSCRIBE)
    call.subscribe.framework_info.user = call.subscribe.framework_info.name = "x"
    headers = {"Content-Type": "application/x-protobuf", "Accept": "application/x-protobuf"}
    async with bench._session.post(bench.master.url + PATH, data=call.SerializeToString(), headers=headers) as response:
        length = int(await response.content.readline())
        event = scheduler_pb2.Event.FromString(await response.content.readexactly(length))
    assert event.type == scheduler_pb2.Event.SUBSCRIBED


async def test_calls_need_the_stream_id_of_the_current_subscription(bench: Bench) -> None:
    await bench.start(agents=0)
    scheduler = await bench.subscribe()
    call = {"type": "REVIVE", "framework_id": scheduler.id}
    assert (await bench.post(PATH, call))[1] == "All non-subscribe calls should include the 'Mesos-Stream-Id' header"
    status, text = await scheduler.call("REVIVE", **{"Mesos-Stream-Id": "other"})
    assert status == 400
    assert text.startswith("The stream ID 'other' included in this request didn't match the stream ID currently")
    assert await scheduler.call("REVIVE") == (202, "")


async def test_a_call_of_unknown_type_is_not_implemented_and_the_master_lives(bench: Bench) -> None:
    await bench.start(agents=0)
    scheduler = await bench.subscribe()
    assert await scheduler.call("UNKNOWN") == (501, "501 Not Implemented.")
    assert await scheduler.call("REVIVE") == (202, "")


async def test_a_second_subscription_ends_the_first_and_voids_its_offers_without_a_word(bench: Bench) -> None:
    await bench.start()
    first = await bench.subscribe(failover_timeout=60)
    await first.offers()
    second = await bench.subscribe(id=first.id, failover_timeout=60)
    await first.end()
    assert first.types() == ["SUBSCRIBED", "OFFERS", "ERROR"]
    assert first.events[-1]["error"]["message"] == "Framework failed over"
    assert (await first.call("REVIVE"))[0] == 400
    assert await second.offers()


async def test_a_framework_that_stays_away_is_removed_after_its_failover_timeout_and_barred(bench: Bench) -> None:
    await bench.start(agents=0)
    scheduler = await bench.subscribe(failover_timeout=10)
    await scheduler.close()
    await bench.sleep(9)
    assert await scheduler.call("REVIVE") == (403, "Framework is not subscribed")
    await bench.sleep(2)
    assert await scheduler.call("REVIVE") == (400, "Framework cannot be found")
    again = await bench.subscribe(id=scheduler.id)
    assert again.events[0]["error"]["message"] == "Framework has been removed"


async def test_a_framework_that_comes_back_in_time_keeps_its_tasks(bench: Bench) -> None:
    await bench.start()
    first = await bench.subscribe(failover_timeout=10)
    offer = (await first.offers())[0]
    await first.launch(offer, first.task(offer))
    await first.status("TASK_RUNNING")
    await first.close()
    await bench.sleep(5)
    second = await bench.subscribe(id=first.id, failover_timeout=10)
    await bench.sleep(20)
    assert (await second.status())["state"] == "TASK_RUNNING", "told again to the new subscription"
    assert len((await bench.ask_operator("GET_TASKS"))["tasks"]) == 1


async def test_teardown_ends_the_stream_without_an_error_and_shuts_the_framework_down_on_its_agents(
    bench: Bench,
) -> None:
    await bench.start()
    scheduler = await bench.subscribe(failover_timeout=60)
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    assert await scheduler.call("TEARDOWN") == (202, "")
    await scheduler.end()
    assert "ERROR" not in scheduler.types()
    assert any(type(message).__name__ == "ShutdownFramework" for message in bench.told[0])
    assert [each["state"] for each in (await bench.ask_operator("GET_TASKS"))["completed_tasks"]] == ["TASK_KILLED"]


async def test_frameworks_authenticate_where_there_are_credentials(bench: Bench) -> None:
    await bench.start(agents=0, credentials={"alice": "secret"})
    assert await bench.post(PATH, SUBSCRIBE) == (401, "401 Unauthorized.")
    basic = "Basic " + base64.b64encode(b"alice:secret").decode()
    other = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {**INFO, "principal": "bob"}}}
    assert await bench.post(PATH, other, {"Authorization": basic}) == (
        400,
        "Failed to validate scheduler::Call: Authenticated principal 'alice' does not match principal 'bob' set in "
        "`FrameworkInfo`",
    )


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_go_on(bench: Bench) -> None:
    await bench.start(stream_buffer_bytes=10_000)
    reader = await bench.subscribe(name="reader", failover_timeout=60)
    call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {**INFO, "failover_timeout": 3600.0}}}
    deaf = await bench.open(PATH, call)
    frameworks = (await bench.get("/frameworks"))["frameworks"]
    deaf_id = next(each["id"] for each in frameworks if each["name"] == "x")
    ask = {"type": "RECONCILE", "framework_id": {"value": deaf_id}}
    ask["reconcile"] = {"tasks": [{"task_id": {"value": f"unknown-{number}"}} for number in range(1000)]}
    for _ in range(40):
        await bench.post(PATH, ask, {"Mesos-Stream-Id": deaf.headers["Mesos-Stream-Id"]})
    states = {each["name"]: each["connected"] for each in (await bench.get("/frameworks"))["frameworks"]}
    assert states == {"reader": True, "x": False}
    assert await reader.call("REVIVE") == (202, "")
    deaf.close()


async def test_a_framework_may_change_what_it_is_but_not_its_user(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe(roles=["a", "b"])
    role = (await scheduler.offers())[0]["allocation_info"]["role"]
    info = {"user": "root", "name": "new", "roles": ["c"], "capabilities": capabilities("MULTI_ROLE")}
    info["id"] = scheduler.id
    assert await scheduler.call("UPDATE_FRAMEWORK", {"framework_info": info}) == (200, "")
    await scheduler.wait("RESCIND")
    after = len(scheduler.events) - 1
    assert (await scheduler.offers(after=after))[0]["allocation_info"]["role"] == "c" != role
    status, text = await scheduler.call("UPDATE_FRAMEWORK", {"framework_info": {**info, "user": "other"}})
    assert (status, text) == (
        400,
        "FrameworkInfo update is not valid: Updating 'FrameworkInfo.user' is unsupported; attempted to update from "
        "'root' to 'other'",
    )
