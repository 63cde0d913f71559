"""Who is offered what, and when."""

from __future__ import annotations

import json

from .conftest import Bench, Json, amounts, capabilities, scalar


async def test_a_new_framework_is_offered_each_agent_whole_and_at_once(bench: Bench) -> None:
    await bench.start(agents=2)
    began = bench.system.clock.time()
    scheduler = await bench.subscribe()
    offers = await scheduler.offers(2)
    assert bench.system.clock.time() - began < 0.1
    assert {offer["agent_id"]["value"] for offer in offers} == {bench.agent_id(0), bench.agent_id(1)}
    assert amounts(offers[0]) == {"cpus": 4, "mem": 4096, "disk": 10000}
    assert offers[0]["url"]["path"] == "/slave(1)"


async def test_the_offers_of_many_agents_come_in_events_of_some_kilobytes(bench: Bench) -> None:
    await bench.start(agents=200)
    scheduler = await bench.subscribe()
    await scheduler.offers(200)
    sizes = [len(json.dumps(event)) for event in scheduler.events if event["type"] == "OFFERS"]
    assert max(sizes) < 100_000


async def test_a_framework_without_multi_role_is_not_told_of_allocations(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe(roles=[], role="web", capabilities=[])
    offer = (await scheduler.offers())[0]
    assert "allocation_info" not in offer
    assert all("allocation_info" not in resource and resource["role"] == "*" for resource in offer["resources"])
    task = scheduler.task(offer)
    for resource in task["resources"]:
        del resource["allocation_info"]
    await scheduler.launch(offer, task)
    assert await scheduler.status("TASK_RUNNING")


async def test_a_declined_offer_comes_back_after_five_seconds_unless_told_otherwise(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    for filters, low, high in (({}, 5, 6.1), ({"refuse_seconds": 0}, 0, 1.1), ({"refuse_seconds": 60}, 60, 61.1)):
        after, began = len(scheduler.events), bench.system.clock.time()
        await scheduler.call("DECLINE", {"offer_ids": [offer["id"]], "filters": filters})
        offer = (await scheduler.offers(after=after))[0]
        assert low <= bench.system.clock.time() - began <= high


async def test_the_rest_of_an_offer_comes_back_at_once_to_who_launches_and_refuses_nothing(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    after, began = len(scheduler.events), bench.system.clock.time()
    await scheduler.launch(offer, scheduler.task(offer, cpus=1), refuse_seconds=0)
    offer = (await scheduler.offers(after=after))[0]
    assert amounts(offer)["cpus"] == 3
    assert bench.system.clock.time() - began < 0.1


async def test_a_filter_refuses_no_more_than_what_was_declined(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    await scheduler.launch(offer, scheduler.task(offer, cpus=2), refuse_seconds=3600)
    await scheduler.acknowledge(await scheduler.status("TASK_RUNNING"))
    after, began = len(scheduler.events), bench.system.clock.time()
    await scheduler.call("KILL", {"task_id": {"value": "t"}})
    offer = (await scheduler.offers(after=after))[0]
    assert amounts(offer)["cpus"] == 4
    assert bench.system.clock.time() - began < 1, "what a task frees is offered at once"


async def test_revive_clears_filters_and_suppress_stops_offers(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe()
    offer = (await scheduler.offers())[0]
    assert await scheduler.call("SUPPRESS") == (202, "")
    await scheduler.decline(offer, refuse_seconds=3600)
    await bench.sleep(100)
    assert scheduler.types() == ["SUBSCRIBED", "OFFERS"]
    await scheduler.call("REVIVE")
    assert await scheduler.offers(2)


async def test_a_role_that_is_not_the_frameworks_drops_the_whole_call(bench: Bench) -> None:
    await bench.start()
    scheduler = await bench.subscribe(roles=["a", "b"])
    offer = (await scheduler.offers())[0]
    assert await scheduler.call("SUPPRESS", {"roles": ["a", "b", "c"]}) == (202, "")
    await scheduler.decline(offer, refuse_seconds=0)
    assert await scheduler.offers(2)


async def test_suppressing_one_role_leaves_the_other(bench: Bench) -> None:
    await bench.start(agents=0)
    scheduler = await bench.subscribe(roles=["a", "b"], suppressed=("a",))
    for _ in range(3):
        await bench.add_agent()
    assert {offer["allocation_info"]["role"] for offer in await scheduler.offers(3)} == {"b"}


async def test_an_agent_is_offered_to_one_framework_at_a_time_and_then_to_the_next(bench: Bench) -> None:
    await bench.start()
    first = await bench.subscribe(name="first")
    offer = (await first.offers())[0]
    second = await bench.subscribe(name="second")
    await bench.sleep(30)
    assert second.types() == ["SUBSCRIBED"]
    await first.decline(offer, refuse_seconds=3600)
    assert await second.offers()


async def test_an_offer_that_is_out_too_long_is_rescinded_and_goes_to_the_other_role(bench: Bench) -> None:
    await bench.start(offer_timeout=4.0)
    scheduler = await bench.subscribe(roles=["r1", "r2"])
    began = bench.system.clock.time()
    first = (await scheduler.offers())[0]
    rescind = await scheduler.wait("RESCIND")
    assert rescind["rescind"]["offer_id"] == first["id"]
    assert 3.9 <= bench.system.clock.time() - began < 4.1
    second = (await scheduler.offers(2))[1]
    assert second["allocation_info"] != first["allocation_info"]


async def test_the_offers_of_a_framework_that_went_away_go_to_the_next(bench: Bench) -> None:
    await bench.start(agents=2)
    first = await bench.subscribe(name="first", failover_timeout=3600)
    await first.offers(2)
    second = await bench.subscribe(name="second")
    await first.close()
    assert len(await second.offers(2)) == 2


async def test_a_guarantee_is_held_back_from_others(bench: Bench) -> None:
    await bench.start(agents=2)
    config = {"role": "prod", "guarantees": {"cpus": {"value": 3}}, "limits": {"cpus": {"value": 3}}}
    assert await bench.operator("UPDATE_QUOTA", {"quota_configs": [config]}) == (200, "")
    other = await bench.subscribe(name="other", roles=["dev"])
    await bench.sleep(5)
    offered = sum(amounts(offer).get("cpus", 0) for offer in await other.offers())
    await bench.sleep(5)
    assert offered == 5, "eight CPUs but for the three that prod was promised"
    prod = await bench.subscribe(name="prod", roles=["prod"])
    await prod.offers()
    await bench.sleep(3)
    given = [offer for event in prod.events if event["type"] == "OFFERS" for offer in event["offers"]["offers"]]
    assert sum(amounts(offer).get("cpus", 0) for offer in given) == 3


async def test_a_limit_cuts_what_a_role_is_offered(bench: Bench) -> None:
    await bench.start(agents=2)
    config = {"role": "dev", "limits": {"cpus": {"value": 1.5}, "mem": {"value": 1000}}}
    await bench.operator("UPDATE_QUOTA", {"quota_configs": [config]})
    scheduler = await bench.subscribe(roles=["dev"])
    await scheduler.offers()
    await bench.sleep(5)
    given = [offer for event in scheduler.events if event["type"] == "OFFERS" for offer in event["offers"]["offers"]]
    assert sum(amounts(offer).get("cpus", 0) for offer in given) == 1.5
    assert sum(amounts(offer).get("mem", 0) for offer in given) == 1000


async def test_resources_reserved_for_a_role_are_offered_to_it_and_its_children_only(bench: Bench) -> None:
    await bench.start()
    reserved = scalar("cpus", 4, reservations=[{"type": "DYNAMIC", "role": "eng"}])
    agent_id = {"value": bench.agent_id()}
    assert await bench.operator("RESERVE_RESOURCES", {"agent_id": agent_id, "resources": [reserved]}) == (202, "")
    ops = await bench.subscribe(name="ops", roles=["ops"])
    offer = (await ops.offers())[0]
    assert "cpus" not in amounts(offer)
    await ops.decline(offer, refuse_seconds=3600)
    web = await bench.subscribe(
        name="web", roles=["eng/web"], capabilities=capabilities("MULTI_ROLE", "RESERVATION_REFINEMENT")
    )
    assert amounts((await web.offers())[0])["cpus"] == 4


async def test_offer_constraints_choose_agents_by_their_attributes(bench: Bench) -> None:
    await bench.start(agents=0)
    await bench.add_agent(attributes="rack:a")
    await bench.add_agent(attributes="rack:b")
    wanted = {"selector": {"attribute_name": "rack"}, "predicate": {"text_equals": {"value": "b"}}}
    info = {"user": "u", "name": "n", "roles": ["r"], "capabilities": capabilities("MULTI_ROLE")}
    scheduler = await bench.subscribe(suppressed=("r",), **info)
    body = {
        "framework_info": {**info, "id": scheduler.id},
        "offer_constraints": {"role_constraints": {"r": {"groups": [{"attribute_constraints": [wanted]}]}}},
    }
    assert await scheduler.call("UPDATE_FRAMEWORK", body) == (200, "")
    await scheduler.offers()
    await bench.sleep(5)
    given = [offer for event in scheduler.events if event["type"] == "OFFERS" for offer in event["offers"]["offers"]]
    assert [offer["agent_id"]["value"] for offer in given] == [bench.agent_id(1)]


async def test_what_a_guarantee_brings_and_the_rest_of_the_agent_are_one_offer(bench: Bench) -> None:
    await bench.start()
    config = {"role": "prod", "guarantees": {"cpus": {"value": 1}}}
    assert await bench.operator("UPDATE_QUOTA", {"quota_configs": [config]}) == (200, "")
    scheduler = await bench.subscribe(roles=["prod"])
    await bench.sleep(3)
    (offer,) = await scheduler.offers()
    assert amounts(offer) == {"cpus": 4, "mem": 4096, "disk": 10000}


async def test_many_agents_are_offered_some_at_a_time(bench: Bench) -> None:
    await bench.start(agents=130)
    scheduler = await bench.subscribe()
    await scheduler.offers(130)
    events = [len(event["offers"]["offers"]) for event in scheduler.events if event["type"] == "OFFERS"]
    assert sum(events) == 130
    assert max(events) <= 64


async def test_a_framework_says_how_large_an_offer_for_a_role_must_be(bench: Bench) -> None:
    await bench.start()
    small = await bench.add_agent("cpus:1;mem:4096")
    await bench.add_agent("cpus:0.001;mem:1")

    def wanting(**quantities: float) -> Json:
        alternatives = [{"quantities": {name: {"value": value}}} for name, value in quantities.items()]
        return {"offer_filters": {"*": {"min_allocatable_resources": {"quantities": alternatives}}}}

    large = await bench.subscribe(**wanting(cpus=2))
    await bench.sleep(5)
    assert [amounts(offer)["cpus"] for offer in await large.offers()] == [4]
    either = await bench.subscribe(**wanting(cpus=2, mem=4096))
    await bench.sleep(5)
    assert [amounts(offer)["cpus"] for offer in await either.offers()] == [1]
    crumbs = await bench.subscribe(**wanting(mem=1))
    await bench.sleep(5)
    assert [amounts(offer)["cpus"] for offer in await crumbs.offers()] == [0.001], "less than the master's own least"
    assert small
