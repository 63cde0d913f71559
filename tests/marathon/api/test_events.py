"""The event stream."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from actors.marathon.api import events
from actors.marathon.api.event_json import event_text
from actors.marathon.messages import (
    AppTerminated,
    DeploymentNodeChanged,
    DeploymentSuccess,
    GroupChangeSuccess,
    InstanceChanged,
)

from .conftest import Api


async def read_event(answer: aiohttp.ClientResponse) -> tuple[str, dict[str, Any]]:
    name = ""
    async for raw in answer.content:
        line = raw.decode().strip()
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            return name, json.loads(line.removeprefix("data: "))
    raise EOFError


async def test_events_come_in_order_with_type_and_time(api: Api) -> None:
    async with api.session.get(f"{api.url}/v2/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert (await read_event(stream))[0] == "event_stream_attached"
        await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
        name, posted = await read_event(stream)
        assert (name, posted["eventType"], posted["uri"]) == ("api_post_event", "api_post_event", "/v2/apps")
        assert posted["appDefinition"]["id"] == "/x"
        assert posted["timestamp"].endswith("Z")
        (instance,) = api.world.run("/x")
        for number in range(20):
            api.system.event_stream.publish(GroupChangeSuccess("/", f"v{number}"))
        api.system.event_stream.publish(InstanceChanged(instance))
        assert [(await read_event(stream))[1]["version"] for _ in range(20)] == [f"v{n}" for n in range(20)]
        name, changed = await read_event(stream)
        changed.pop("timestamp")
        assert (name, changed) == (
            "instance_changed_event",
            {
                "instanceId": "x.instance-0",
                "condition": "Running",
                "runSpecId": "/x",
                "agentId": "S0",
                "host": "127.0.0.1",
                "runSpecVersion": "2026-01-01T00:00:01.000Z",
                "eventType": "instance_changed_event",
            },
        )


async def test_whoever_changes_an_app_is_told_with_what_became_of_it_and_who_only_tries_is_not(api: Api) -> None:
    only = "?event_type=api_post_event&event_type=app_terminated_event"
    async with api.session.get(f"{api.url}/v2/events{only}") as stream:
        await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
        await api.put("/v2/apps//x?force=True", {"instances": 2})
        await api.patch("/v2/apps/x", {"instances": 3})
        await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})  # is there
        await api.put("/v2/apps/x", {"cpus": -1})
        await api.put("/v2/apps/x?dryRun=true", {"instances": 9})
        await api.get("/v2/apps/x")
        api.system.event_stream.publish(AppTerminated("/end"))
        told = [await read_event(stream) for _ in range(4)]
    assert [(name, event.get("uri")) for name, event in told] == [
        ("api_post_event", "/v2/apps"),
        ("api_post_event", "/v2/apps//x"),
        ("api_post_event", "/v2/apps/x"),
        ("app_terminated_event", None),
    ]
    assert [event["appDefinition"]["instances"] for _, event in told[:3]] == [1, 2, 3]
    assert {event["clientIp"] for _, event in told[:3]} == {"127.0.0.1"}
    assert told[0][1].keys() == {"clientIp", "uri", "appDefinition", "eventType", "timestamp"}


async def test_as_many_events_may_wait_for_a_client_as_marathon_lets() -> None:
    assert events.MAX_QUEUED == 1024


async def test_a_client_gets_only_the_types_it_names(api: Api) -> None:
    query = "?event_type=app_terminated_event&event_type=group_change_success"
    async with api.session.get(f"{api.url}/v2/events{query}") as stream:
        await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})
        api.system.event_stream.publish(AppTerminated("/x"))
        assert (await read_event(stream))[0] == "app_terminated_event"


async def test_a_light_plan_has_no_groups_and_a_full_one_has(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/g/x", "cmd": "sleep 1"})
    (status,) = api.world.deployments
    only = "event_type=deployment_success"
    async with (
        api.session.get(f"{api.url}/v2/events?{only}") as full,
        api.session.get(f"{api.url}/v2/events?plan-format=light&{only}") as light,
    ):
        api.system.event_stream.publish(DeploymentSuccess("d1", status))
        _, event = await read_event(light)
        assert set(event["plan"]) == {"id", "steps", "version"}
        _, event = await read_event(full)
        assert event["plan"]["original"]["groups"] == []
        assert event["plan"]["target"]["groups"][0]["apps"][0]["id"] == "/g/x"


async def test_a_plan_shows_of_an_app_what_its_own_page_does(api: Api) -> None:
    app = (await api.post("/v2/apps", {"id": "/x", "cmd": "sleep 1"})).body
    await api.post("/v2/apps/x/restart")
    (_, status) = api.world.deployments
    async with api.session.get(f"{api.url}/v2/events?event_type=deployment_success") as stream:
        api.system.event_stream.publish(DeploymentSuccess("d2", status))
        _, event = await read_event(stream)
    (target,) = event["plan"]["target"]["apps"]
    assert target["versionInfo"].keys() == app["versionInfo"].keys()
    shown = (await api.get("/v2/apps/x")).body["app"]
    assert target == {key: shown[key] for key in target}


async def test_a_client_that_does_not_read_is_dropped_and_holds_up_nobody(api: Api, monkeypatch: Any) -> None:
    monkeypatch.setattr(events, "MAX_QUEUED", 8)
    only = "?event_type=group_change_success"
    async with (
        api.session.get(f"{api.url}/v2/events{only}") as slow,
        api.session.get(f"{api.url}/v2/events?event_type=event_stream_detached") as other,
    ):
        for number in range(200):  # at once: nobody can have read in between
            api.system.event_stream.publish(GroupChangeSuccess("/", f"v{number}"))
        assert (await read_event(other))[0] == "event_stream_detached"
        assert not (await slow.read()).endswith(b'"v199"}\r\n\r\n')


async def test_the_connection_of_a_stalled_client_is_cut_while_it_is_written_to(api: Api, monkeypatch: Any) -> None:
    monkeypatch.setattr(events, "MAX_QUEUED", 8)
    host, port = urlsplit(api.url).netloc.split(":")
    stalled, writer = await asyncio.open_connection(host, int(port), limit=1000)
    writer.write(f"GET /v2/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert (await stalled.readline()).startswith(b"HTTP/1.1 200")
    async with api.session.get(f"{api.url}/v2/events?event_type=group_change_success") as other:
        for number in range(100):
            api.system.event_stream.publish(GroupChangeSuccess("/" + "x" * 10_000, f"v{number}"))
            await read_event(other)  # nothing holds it up
        await api.system.clock.sleep(1)
    with pytest.raises(ConnectionResetError):
        await stalled.read()


async def test_a_client_that_leaves_is_told_to_the_others(api: Api) -> None:
    async with api.session.get(f"{api.url}/v2/events?event_type=event_stream_detached") as stream:
        async with api.session.get(f"{api.url}/v2/events"):
            pass
        assert (await read_event(stream))[0] == "event_stream_detached"


async def test_an_idle_stream_gets_a_sign_of_life(api: Api) -> None:
    async with api.session.get(f"{api.url}/v2/events?event_type=none") as stream:
        before = api.system.clock.time()
        assert await stream.content.readline() == b"\r\n"
        assert await stream.content.readline() == b"\r\n"
        assert api.system.clock.time() - before >= events.HEARTBEAT


async def test_a_client_that_names_no_types_hears_of_those_that_marathon_has_and_no_others(api: Api) -> None:
    """Marathon's Python client raises at a type that it does not know, and whoever reads with it is cut off."""
    async with (
        api.session.get(f"{api.url}/v2/events") as of_all,
        api.session.get(f"{api.url}/v2/events?event_type=deployment_node_changed") as of_ours,
    ):
        assert (await read_event(of_all))[0] == "event_stream_attached"
        assert (await read_event(of_all))[0] == "event_stream_attached"
        api.system.event_stream.publish(DeploymentNodeChanged("d1", "/x", "begun"))
        api.system.event_stream.publish(AppTerminated("/x"))
        assert (await read_event(of_all))[0] == "app_terminated_event"
        assert (await read_event(of_ours))[0] == "deployment_node_changed"


async def test_an_event_that_nobody_wants_is_not_put_into_words(api: Api, monkeypatch: Any) -> None:
    worded: list[str] = []

    def text(event: Any, **options: Any) -> str:
        worded.append(type(event).__name__)
        return event_text(event, **options)

    monkeypatch.setattr(events, "event_text", text)
    only = "?event_type=app_terminated_event"
    async with (
        api.session.get(f"{api.url}/v2/events{only}") as first,
        api.session.get(f"{api.url}/v2/events{only}&plan-format=light") as second,
    ):
        for number in range(10):
            api.system.event_stream.publish(GroupChangeSuccess("/", f"v{number}"))
        api.system.event_stream.publish(AppTerminated("/x"))
        assert (await read_event(first))[0] == (await read_event(second))[0] == "app_terminated_event"
    assert worded == ["AppTerminated"]  # once for both
