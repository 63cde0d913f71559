"""What operators and tools see and change."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from actors.local_mesos import messages as m
from actors.local_mesos.master import legacy_calls
from actors.local_mesos.master.hostless import Hostless

from .conftest import JSON, Bench, Json, capabilities, scalar


def reserved(name: str, value: float, role: str = "r", **fields: object) -> Json:
    return scalar(name, value, reservations=[{"type": "DYNAMIC", "role": role}], **fields)


def volume(size: float, volume_id: str = "v") -> Json:
    disk = {"persistence": {"id": volume_id}, "volume": {"mode": "RW", "container_path": "data"}}
    return reserved("disk", size, disk=disk)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "Failed to validate master::Call: Expecting 'type' to be present"),
        ({"type": "LIST_FILES"}, "Failed to validate master::Call: Expecting 'list_files' to be present"),
        ({"type": 5}, "Failed to convert JSON into Call protobuf: Not expecting a JSON number for field 'type'"),
    ],
)
async def test_a_malformed_call_is_refused_at_any_path_below_the_api(bench: Bench, body: Json, text: str) -> None:
    await bench.start(agents=0)
    for path in ("/api/v1", "/api/v1/operator", "/master/api/v1"):
        assert await bench.post(path, body) == (400, text)


HEALTH = b'{"type":"GET_HEALTH"}'
PACKED = gzip.compress(HEALTH, mtime=0)


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (PACKED, "gzip", 200),
        (HEALTH, "deflate", 200),  # no other encoding is looked at
        (HEALTH, "br", 200),
        (HEALTH, "gzip", 500),
        (PACKED[:-9], "gzip", 500),
    ],
)
async def test_a_body_is_unpacked_when_it_is_gzip_and_else_read_as_it_is(
    bench: Bench, body: bytes, encoding: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.start(agents=0)
    headers = {**JSON, "Content-Encoding": encoding}
    found, text = await bench.request("POST", "/api/v1", data=body, headers=headers)
    assert (found, text if status == 500 else "") == (status, "failed to decode body" if status == 500 else "")
    assert not caplog.records


async def test_a_small_body_that_unpacks_to_more_than_a_master_takes_is_refused(bench: Bench) -> None:
    await bench.start(agents=0)
    body = gzip.compress(bytes(65 * 1024 * 1024))
    status, text = await bench.request("POST", "/api/v1", data=body, headers={**JSON, "Content-Encoding": "gzip"})
    assert (status, text.partition(":")[0]) == (413, "The body is larger than this master takes")


async def test_the_event_stream_begins_with_the_state_and_tells_every_change(bench: Bench) -> None:
    await bench.start()
    operator = await bench.watch()
    assert len(operator.events[0]["subscribed"]["get_state"]["get_agents"]["agents"]) == 1
    await bench.add_agent()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    await scheduler.status("TASK_RUNNING")
    await scheduler.call("TEARDOWN")
    await operator.wait("FRAMEWORK_REMOVED")
    assert operator.types() == [
        "SUBSCRIBED",
        "AGENT_ADDED",
        "FRAMEWORK_ADDED",
        "TASK_ADDED",
        "TASK_UPDATED",
        "TASK_UPDATED",
        "FRAMEWORK_REMOVED",
    ]


async def test_of_too_many_listeners_the_oldest_is_closed(bench: Bench) -> None:
    await bench.start(agents=0, max_operator_event_stream_subscribers=1)
    first = await bench.watch()
    second = await bench.watch()
    await first.end()
    assert not second.ended


async def test_a_reservation_and_a_volume_are_made_grown_shrunk_and_taken_back(bench: Bench) -> None:
    await bench.start()
    agent_id = {"value": bench.agent_id()}

    async def do(kind: str, **body: object) -> tuple[int, str]:
        return await bench.operator(kind, {"agent_id": agent_id, **body})

    assert await do("RESERVE_RESOURCES", resources=[reserved("disk", 1000)]) == (202, "")
    assert await do("CREATE_VOLUMES", volumes=[volume(100)]) == (202, "")
    assert await do("GROW_VOLUME", volume=volume(100), addition=reserved("disk", 50)) == (202, "")
    assert await do("SHRINK_VOLUME", volume=volume(150), subtract={"value": 30}) == (202, "")
    slave = (await bench.get("/slaves"))["slaves"][0]
    assert slave["reserved_resources"]["r"]["disk"] == 1000
    assert sorted(each["scalar"]["value"] for each in slave["reserved_resources_full"]["r"]) == [120, 880]
    assert (await do("UNRESERVE_RESOURCES", resources=[volume(120)]))[0] == 400
    assert await do("DESTROY_VOLUMES", volumes=[volume(120)]) == (202, "")
    assert await do("UNRESERVE_RESOURCES", resources=[reserved("disk", 1000)]) == (202, "")
    assert (await bench.get("/slaves"))["slaves"][0]["reserved_resources"] == {}
    assert len(bench.messages(m.ApplyOperation)) == 6


async def test_reserving_what_is_on_offer_rescinds_it_and_what_is_not_there_is_a_conflict(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe(roles=["r"])
    await scheduler.offers()
    body = {"agent_id": {"value": bench.agent_id()}, "resources": [reserved("cpus", 2)]}
    assert await bench.operator("RESERVE_RESOURCES", body) == (202, "")
    await scheduler.wait("RESCIND")
    offer = (await scheduler.offers(2))[1]
    assert {each["role"]: each["scalar"]["value"] for each in offer["resources"] if each["name"] == "cpus"} == {
        "*": 2,
        "r": 2,
    }
    status, text = await bench.operator("RESERVE_RESOURCES", {**body, "resources": [reserved("cpus", 20)]})
    assert status == 409
    assert text.endswith("does not contain cpus:20")


async def test_a_framework_reserves_with_feedback_until_it_acknowledges(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe(
        roles=["r"], capabilities=capabilities("MULTI_ROLE", "RESERVATION_REFINEMENT"), principal="p"
    )
    offer = (await scheduler.offers())[0]
    mine = scalar("cpus", 2, "r", reservations=[{"type": "DYNAMIC", "role": "r", "principal": "p"}])
    other = scalar("cpus", 1, "r", reservations=[{"type": "DYNAMIC", "role": "r", "principal": "q"}])
    await scheduler.accept(
        [offer],
        {"type": "RESERVE", "id": {"value": "good"}, "reserve": {"resources": [mine]}},
        {"type": "RESERVE", "id": {"value": "bad"}, "reserve": {"resources": [other]}},
        refuse_seconds=0,
    )
    statuses = {}
    for name in ("good", "bad"):
        event = await scheduler.wait(
            "UPDATE_OPERATION_STATUS",
            0,
            lambda e, n=name: e["update_operation_status"]["status"]["operation_id"]["value"] == n,
        )
        statuses[name] = event["update_operation_status"]["status"]
    assert statuses["good"]["state"] == "OPERATION_FINISHED"
    assert statuses["bad"]["state"] == "OPERATION_ERROR"
    assert "does not match a reserved resource in the request with principal 'q'" in statuses["bad"]["message"]
    assert len((await bench.ask_operator("GET_OPERATIONS"))["operations"]) == 1
    acknowledgement = {
        "agent_id": offer["agent_id"],
        "operation_id": {"value": "good"},
        "uuid": statuses["good"]["uuid"]["value"],
    }
    assert await scheduler.call("ACKNOWLEDGE_OPERATION_STATUS", acknowledgement) == (202, "")
    assert await bench.ask_operator("GET_OPERATIONS") == {}
    assert len(bench.messages(m.AcknowledgeOperationStatus)) == 1


async def test_a_task_uses_the_volume_that_the_same_accept_made(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe(roles=["r"], capabilities=capabilities("MULTI_ROLE", "RESERVATION_REFINEMENT"))
    offer = (await scheduler.offers())[0]
    allocated = {"allocation_info": {"role": "r"}}
    task = scheduler.task(offer)
    task["resources"].append({**volume(100), **allocated})
    await scheduler.accept(
        [offer],
        {"type": "RESERVE", "reserve": {"resources": [{**reserved("disk", 100), **allocated}]}},
        {"type": "CREATE", "create": {"volumes": [{**volume(100), **allocated}]}},
        {"type": "LAUNCH", "launch": {"task_infos": [task]}},
    )
    assert (await scheduler.status())["state"] == "TASK_RUNNING"
    body = {"agent_id": offer["agent_id"], "volumes": [volume(100)]}
    assert await bench.operator("DESTROY_VOLUMES", body) == (
        400,
        "Invalid DESTROY operation: Persistent volumes in use",
    )


async def test_a_shared_volume_is_used_by_many_tasks_and_offered_all_the_while(bench: Bench) -> None:
    await bench.start()
    names = ("MULTI_ROLE", "RESERVATION_REFINEMENT", "SHARED_RESOURCES")
    scheduler = await bench.subscribe(roles=["r"], capabilities=capabilities(*names))
    allocated = {"allocation_info": {"role": "r"}}
    shared = {**volume(100), **allocated, "shared": {}}

    def on_volume(offer: Json, name: str) -> Json:
        task = scheduler.task(offer, name, cpus=0.5)
        return {**task, "resources": [*task["resources"], shared]}

    offer = (await scheduler.offers())[0]
    before = len(scheduler.events)
    await scheduler.accept(
        [offer],
        {"type": "RESERVE", "reserve": {"resources": [{**reserved("disk", 100), **allocated}]}},
        {"type": "CREATE", "create": {"volumes": [shared]}},
        {"type": "LAUNCH", "launch": {"task_infos": [on_volume(offer, "1"), on_volume(offer, "2")]}},
        refuse_seconds=0,
    )
    for name in ("1", "2"):
        assert (await scheduler.status(task_id=name))["state"] == "TASK_RUNNING"
    for name in ("3", "4"):
        rest = (await scheduler.offers(after=before))[0]
        before = len(scheduler.events)
        assert [each for each in rest["resources"] if "shared" in each]
        await scheduler.launch(rest, on_volume(rest, name), refuse_seconds=0)
        assert (await scheduler.status(task_id=name))["state"] == "TASK_RUNNING"
    for name in ("1", "2", "3", "4"):
        await scheduler.call("KILL", {"task_id": {"value": name}})
        await scheduler.status("TASK_KILLED", task_id=name)
    slave = (await bench.get("/slaves"))["slaves"][0]
    assert {name: slave["used_resources"][name] for name in ("cpus", "disk")} == {"cpus": 0, "disk": 0}


async def test_what_a_framework_s_volume_no_longer_has_is_given_away_when_it_has_ended(bench: Bench) -> None:
    await bench.start()
    names = capabilities("MULTI_ROLE", "RESERVATION_REFINEMENT")
    scheduler = await bench.subscribe(roles=["r"], capabilities=names)
    allocated = {"allocation_info": {"role": "r"}}
    whole = {**volume(100), **allocated}
    first = (await scheduler.offers())[0]
    before = len(scheduler.events)
    await scheduler.accept(
        [first],
        {"type": "RESERVE", "reserve": {"resources": [{**reserved("disk", 100), **allocated}]}},
        {"type": "CREATE", "create": {"volumes": [whole]}},
        {"type": "SHRINK_VOLUME", "shrink_volume": {"volume": whole, "subtract": {"value": 30}}},
        refuse_seconds=0,
    )

    def of_r(offer: Json) -> list[float]:
        return sorted(each["scalar"]["value"] for each in offer["resources"] if "reservations" in each)

    offer = (await scheduler.offers(after=before))[0]
    assert of_r(offer) == [70]
    await scheduler.call("TEARDOWN")
    other = await bench.subscribe(roles=["r"], capabilities=names)
    assert of_r((await other.offers())[0]) == [30, 70]


async def test_counts_are_of_what_was_launched_and_of_what_was_tried(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe(name="counted")
    offer = (await scheduler.offers())[0]
    tasks = [scheduler.task(offer, "good"), scheduler.task(offer, "good"), scheduler.task(offer, "none", resources=[])]
    reserve = {"type": "RESERVE", "reserve": {"resources": [scalar("cpus", 100, "*")]}}
    await scheduler.accept([offer], {"type": "LAUNCH", "launch": {"task_infos": tasks}}, reserve)
    await scheduler.status("TASK_RUNNING")
    found = await bench.get("/metrics/snapshot")
    own = f"master/frameworks/counted/{scheduler.id['value']}/"
    assert [found[own + name] for name in ("operations", "operations/launch", "tasks/terminal/task_error")] == [1, 1, 0]
    assert [found["master/" + name] for name in ("tasks_error", "messages_launch_tasks")] == [2, 1]
    assert [found[f"master/operations/reserve/{name}"] for name in ("total", "error")] == [1, 1]


@pytest.mark.parametrize("aware", [True, False])
async def test_who_knows_nothing_of_gone_agents_is_told_of_a_kill_when_one_is_drained_away(
    bench: Bench, aware: bool
) -> None:
    await bench.start()
    scheduler = await bench.subscribe(capabilities=capabilities("MULTI_ROLE", *(["PARTITION_AWARE"] if aware else [])))
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    await scheduler.status("TASK_RUNNING")
    before = len(scheduler.events)
    assert await bench.operator("DRAIN_AGENT", {"agent_id": offer["agent_id"], "mark_gone": True}) == (200, "")
    status = await scheduler.status(after=before)
    assert status["state"] == ("TASK_GONE_BY_OPERATOR" if aware else "TASK_KILLED")
    assert status["reason"] == "REASON_AGENT_DRAINING"


@pytest.mark.parametrize("seconds", [9223372037, 2**63 - 1, -(2**63)])
async def test_a_grace_period_of_any_length_is_taken_and_the_master_goes_on(bench: Bench, seconds: int) -> None:
    await bench.start()
    body = {"agent_id": {"value": bench.agent_id()}, "max_grace_period": {"seconds": seconds, "nanos": 0}}
    assert await bench.operator("DRAIN_AGENT", body) == (200, "")
    assert (await bench.ask_operator("GET_AGENTS"))["agents"][0]["drain_info"]["state"] == "DRAINED"


async def test_quotas_are_checked_whole_and_change_nothing_when_one_is_wrong(bench: Bench) -> None:
    await bench.start()

    async def update(*configs: Json, **fields: object) -> tuple[int, str]:
        return await bench.operator("UPDATE_QUOTA", {"quota_configs": list(configs), **fields})

    good = {"role": "a", "guarantees": {"cpus": {"value": 1}}, "limits": {"cpus": {"value": 2}}}
    bad = {"role": "b", "guarantees": {"cpus": {"value": 3}}, "limits": {"cpus": {"value": 2}}}
    status, text = await update(good, bad)
    assert (status, text) == (
        400,
        "Invalid QuotaConfig: 'QuotaConfig.guarantees' { cpus: 3 } is not contained within the "
        "'QuotaConfig.limits' { cpus: 2 }",
    )
    assert await bench.ask_operator("GET_QUOTA") == {"status": {}}
    much = {"role": "c", "guarantees": {"cpus": {"value": 100}}}
    status, text = await update(much)
    assert "total quota guarantees 'cpus:100' exceed cluster capacity" in text
    assert await update(much, force=True) == (200, "")


async def test_a_limit_below_what_a_role_has_is_refused_unless_forced(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe(roles=["a/b"])
    (offer,) = await scheduler.offers()
    await scheduler.launch(offer, scheduler.task(offer, cpus=1, mem=128))
    await scheduler.status("TASK_RUNNING")
    configs = {"quota_configs": [{"role": "a", "limits": {"cpus": {"value": 0.5}}}]}
    assert await bench.operator("UPDATE_QUOTA", configs) == (
        400,
        "Invalid QuotaConfig: Role 'a' is already consuming 'cpus:1; mem:128'; this is more than the requested limits "
        "'cpus:0.5' (use 'force' flag to bypass this check)",
    )
    assert await bench.ask_operator("GET_QUOTA") == {"status": {}}
    assert await bench.operator("UPDATE_QUOTA", configs | {"force": True}) == (200, "")
    metrics = await bench.get("/metrics/snapshot")
    assert metrics["allocator/mesos/quota/roles/a/resources/cpus/consumed"] == 1.0
    assert metrics["allocator/mesos/roles/a/b/shares/dominant"] > 0


async def test_a_deactivated_agent_is_not_offered_until_it_is_reactivated(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    await scheduler.offers()
    agent_id = {"agent_id": {"value": bench.agent_id()}}
    assert await bench.operator("DEACTIVATE_AGENT", {"agent_id": {"value": "x"}}) == (400, "Unknown agent")
    assert await bench.operator("DEACTIVATE_AGENT", agent_id) == (200, "")
    await scheduler.wait("RESCIND")
    await bench.sleep(10)
    assert scheduler.types() == ["SUBSCRIBED", "OFFERS", "RESCIND"]
    assert await bench.operator("REACTIVATE_AGENT", agent_id) == (200, "")
    assert await scheduler.offers(2)
    assert await bench.operator("REACTIVATE_AGENT", agent_id) == (400, "Agent is not deactivated")


async def test_draining_kills_the_tasks_says_why_and_ends_drained_or_gone(bench: Bench) -> None:
    await bench.start(agents=2)
    scheduler = await bench.subscribe(capabilities=capabilities("MULTI_ROLE", "PARTITION_AWARE"))
    first, second = await scheduler.offers(2)
    await scheduler.launch(first, scheduler.task(first, "a"))
    await scheduler.launch(second, scheduler.task(second, "b"))
    for task_id in ("a", "b"):
        await scheduler.acknowledge(await scheduler.status("TASK_RUNNING", task_id=task_id))
    await bench.operator("DRAIN_AGENT", {"agent_id": first["agent_id"], "max_grace_period": {"seconds": 2}})
    status = await scheduler.status("TASK_KILLED", task_id="a")
    assert status["reason"] == "REASON_AGENT_DRAINING"
    slaves = {each["id"]: each for each in (await bench.get("/slaves"))["slaves"]}
    assert slaves[first["agent_id"]["value"]]["drain_info"]["state"] == "DRAINING"
    await scheduler.acknowledge(status)
    slaves = {each["id"]: each for each in (await bench.get("/slaves"))["slaves"]}
    assert slaves[first["agent_id"]["value"]]["drain_info"]["state"] == "DRAINED"
    await bench.operator("DRAIN_AGENT", {"agent_id": second["agent_id"], "mark_gone": True})
    await scheduler.acknowledge(await scheduler.status("TASK_GONE_BY_OPERATOR", task_id="b"))
    await scheduler.wait("FAILURE")
    assert len((await bench.get("/slaves"))["slaves"]) == 1


async def test_planned_maintenance_asks_agents_back_and_takes_them_down(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    await scheduler.offers()
    machine = {"hostname": "127.0.0.1", "ip": "127.0.0.1"}
    unavailable = {"start": {"nanoseconds": 5}, "duration": {"nanoseconds": 7}}
    schedule = {"windows": [{"machine_ids": [machine], "unavailability": unavailable}]}
    assert await bench.operator("UPDATE_MAINTENANCE_SCHEDULE", {"schedule": schedule}) == (200, "")
    await scheduler.wait("RESCIND")
    assert (await scheduler.offers(2))[1]["unavailability"] == unavailable
    inverse = (await scheduler.wait("INVERSE_OFFERS"))["inverse_offers"]["inverse_offers"][0]
    assert inverse["unavailability"] == unavailable
    body = {"inverse_offer_ids": [inverse["id"]]}
    assert await scheduler.call("ACCEPT_INVERSE_OFFERS", body) == (202, "")
    status = (await bench.ask_operator("GET_MAINTENANCE_STATUS"))["status"]["draining_machines"][0]
    assert [each["status"] for each in status["statuses"]] == ["ACCEPT"]
    assert await bench.operator("START_MAINTENANCE", {"machines": [machine]}) == (200, "")
    await scheduler.wait("FAILURE")
    assert bench.messages(m.ShutdownAgent)
    assert (await bench.ask_operator("GET_MAINTENANCE_STATUS"))["status"] == {"down_machines": [machine]}
    assert await bench.operator("STOP_MAINTENANCE", {"machines": [machine]}) == (200, "")
    assert await bench.ask_operator("GET_MAINTENANCE_SCHEDULE") == {"schedule": {}}


async def test_the_older_endpoints_show_the_same_cluster(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, *(scheduler.task(offer, f"t{number}", cpus=0.5) for number in range(3)))
    for number in range(3):
        await scheduler.status("TASK_RUNNING", task_id=f"t{number}")
    state = await bench.get("/master/state")
    assert len(state["frameworks"][0]["tasks"]) == 3
    assert state["slaves"][0]["used_resources"]["cpus"] == 1.5
    assert state["leader_info"]["port"] == bench.master.port
    assert (await bench.get("/state-summary"))["frameworks"][0]["TASK_RUNNING"] == 3
    assert len((await bench.get("/tasks?limit=2&offset=2"))["tasks"]) == 1
    assert (await bench.get("/metrics/snapshot"))["master/tasks_running"] == 3.0
    role = next(each for each in (await bench.get("/roles"))["roles"] if each["name"] == "*")
    assert role["allocated"] == {"cpus": 1.5, "mem": 384.0}
    status, text = await bench.request("GET", "/version?jsonp=show")
    assert text.startswith("show({")
    assert text.endswith("})")
    status, _ = await bench.request("GET", "/redirect", allow_redirects=False)
    assert status == 307
    assert (await bench.request("GET", "/state.json")) == (404, "404 Not Found.")


@pytest.mark.parametrize("prefix", ["", "/master", "/", "/master/"])
async def test_an_address_and_a_path_that_both_have_a_slash_are_understood(bench: Bench, prefix: str) -> None:
    await bench.start()
    assert await bench.request("GET", prefix + "/health") == (200, "")
    assert len((await bench.get(prefix + "/state"))["slaves"]) == 1
    assert (await bench.post(prefix + "/api/v1", {"type": "GET_HEALTH"}))[0] == 200
    refused = await bench.post(prefix + "/api/v1/scheduler", {"type": "REVIVE", "framework_id": {"value": "nobody"}})
    assert refused == (400, "Framework cannot be found")


@pytest.mark.parametrize("number", ["18446744073709551615", "18446744073709551616", "9" * 4000, "9" * 35, "-1", "x"])
async def test_a_page_of_any_size_is_answered_and_the_master_goes_on(bench: Bench, number: str) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer))
    await scheduler.status("TASK_RUNNING")
    assert len((await bench.get(f"/tasks?limit={number}&order=asc"))["tasks"]) == 1
    for query in (f"offset={number}", f"limit={number}&offset={number}"):
        assert len((await bench.get(f"/tasks?{query}"))["tasks"]) <= 1
    assert (await scheduler.call("REVIVE"))[0] == 202


async def test_a_view_that_fails_ends_its_request_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(cluster: object, query: object) -> None:
        raise ZeroDivisionError("of a view")

    await bench.start()
    scheduler = await bench.subscribe()
    monkeypatch.setitem(legacy_calls.PATHS, "/tasks", fails)
    assert await bench.request("GET", "/tasks") == (500, "500 Internal Server Error.\n\nZeroDivisionError: of a view")
    assert (await scheduler.call("REVIVE"))[0] == 202


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json;q=0.1, application/x-protobuf", "application/json"),
        ("application/json;q=0, */*", "application/x-protobuf"),
        ("APPLICATION/JSON ; q=0.0, application/x-protobuf", "application/x-protobuf"),
        ("application/x-protobuf;q=0", None),
        ("application/json;q=x", None),
        ("application/json;Q=0", "application/json"),
    ],
)
async def test_a_format_with_no_weight_is_not_taken(bench: Bench, accept: str, kind: str | None) -> None:
    await bench.start(agents=0)
    headers = {"Content-Type": "application/json", "Accept": accept}
    async with await bench.open("/api/v1", {"type": "GET_HEALTH"}, headers) as answer:
        assert answer.status == (406 if kind is None else 200)
        assert kind is None or answer.headers["Content-Type"] == kind


async def test_the_older_endpoints_change_the_cluster_too(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    agent_id = bench.agent_id()
    form = {"slaveId": agent_id, "resources": json.dumps([reserved("cpus", 1)])}
    assert await bench.request("POST", "/master/reserve", data=form) == (202, "")
    assert await bench.request("POST", "/reserve", data={}) == (
        400,
        "Missing 'slaveId' query parameter in the request body",
    )
    assert await bench.request("PUT", "/weights", json=[{"role": "w", "weight": 2}]) == (200, "")
    assert await bench.get("/weights") == [{"role": "w", "weight": 2.0}]
    assert await bench.request("POST", "/teardown", data={"frameworkId": scheduler.id["value"]}) == (200, "")
    await scheduler.end()


async def test_unknown_types_are_not_implemented(bench: Bench) -> None:
    await bench.start(agents=0)
    assert await bench.post("/api/v1", {"type": "UNKNOWN"}, JSON) == (501, "501 Not Implemented.")


@pytest.mark.parametrize("value", ["Infinity", 1e13])
async def test_a_quota_without_bounds_is_refused_and_the_master_goes_on(bench: Bench, value: object) -> None:
    await bench.start()
    config = {"role": "q", "limits": {"cpus": {"value": value}}}
    status, text = await bench.operator("UPDATE_QUOTA", {"quota_configs": [config]})
    assert status == 400
    assert text.startswith("Invalid QuotaConfig: Invalid 'QuotaConfig.limits': {'cpus': ")
    assert (await bench.ask_operator("GET_QUOTA"))["status"] == {}


async def test_a_guarantee_of_a_child_must_be_its_parent_s(bench: Bench) -> None:
    await bench.start()

    async def guarantee(role: str, cpus: float) -> tuple[int, str]:
        return await bench.operator("SET_QUOTA", {"quota_request": {"role": role, "guarantee": [scalar("cpus", cpus)]}})

    status, text = await guarantee("eng/web", 1)
    assert (status, "Parent role 'eng' with guarantees ({})" in text) == (400, True)
    assert await guarantee("eng", 2) == (200, "")
    assert await guarantee("eng/web", 1) == (200, "")
    status, text = await guarantee("eng/db", 1.5)
    assert (status, "the sum of its children's guarantees (cpus:2.5)" in text) == (400, True)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "head", [b"POST /api/v1 HTTP/1.1\r\nContent-Type: application/json\r\n", b"POST /api/v1 HTTP/1.1\r\nHOST: x\r\n"]
)
async def test_who_asks_without_a_host_is_given_one_and_all_else_goes_on_as_it_came(size: int, head: bytes) -> None:
    class Inner(asyncio.Protocol):
        data = b""

        def data_received(self, data: bytes) -> None:
            self.data += data

    inner = Inner()
    hostless = Hostless(inner)
    sent = head + b"Content-Length: 4\r\n\r\nbody" + b"GET /health HTTP/1.1\r\n\r\n"
    for at in range(0, len(sent), size):
        hostless.data_received(sent[at : at + size])
    line, _, rest = sent.partition(b"\r\n")
    assert inner.data == (sent if b"HOST" in head else line + b"\r\nHost: \r\n" + rest)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/%6daster/health", 200),
        ("/%68ealth", 404),
        ("/master/%68ealth", 404),
        ("/health/%zz", 200),
        ("/tasks/%20", 200),
    ],
)
async def test_of_a_path_only_the_process_may_be_written_in_another_way(bench: Bench, path: str, status: int) -> None:
    await bench.start(agents=0)
    assert (await bench.request("GET", path))[0] == status
