"""Groups, deployments, queue and service row by row: paths, queries, statuses, bodies (null or absent), headers."""

from __future__ import annotations

import pytest

from .rows import ABSENT, ANY, RESULT, STARTED, V1, V2, Row, asked, differences, ids, open_shop

GROUPS = [
    Row(
        "root",
        "GET",
        "/v2/groups",
        shows={
            "id": "/",
            "apps.*": 1,
            "groups.*": 1,
            "pods": [],
            "dependencies": [],
            "version": V2,
            "enforceRole": ABSENT,
        },
    ),
    Row("one", "GET", "/v2/groups/shop", shows={"id": "/shop", "apps.*": 2, "groups": [], "pods": []}),
    Row("doubled slash", "GET", "/v2/groups//shop", shows={"id": "/shop"}),
    Row("unknown", "GET", "/v2/groups/none", status=404, shows={"": {"message": "Group '/none' does not exist"}}),
    Row("embed=group.groups", "GET", "/v2/groups?embed=group.groups", shows={"groups.*": 1, "apps": ABSENT}),
    Row("embed=group.apps", "GET", "/v2/groups?embed=group.apps", shows={"apps.*": 1, "groups": ABSENT}),
    Row("embed=group.pods", "GET", "/v2/groups?embed=group.pods", shows={"pods": [], "groups": ABSENT}),
    Row(
        "embed=group.apps.tasks",
        "GET",
        "/v2/groups/shop?embed=group.apps&embed=group.apps.tasks",
        shows={"apps.0.tasks.*": 3},
    ),
    Row(
        "embed=group.apps.counts",
        "GET",
        "/v2/groups/shop?embed=group.apps&embed=group.apps.counts",
        shows={"apps.0.tasksRunning": 2},
    ),
    Row("apps", "GET", "/v2/groups/shop/apps", shows=ids("/shop/db", "/shop/web")),
    Row("versions are a bare array, newest first", "GET", "/v2/groups/versions", shows={"": [V2, V1]}),
    Row("versions in which the group is", "GET", "/v2/groups/shop/versions", shows={"": [V2]}),
    Row(
        "versions: unknown",
        "GET",
        "/v2/groups/none/versions",
        status=404,
        shows={"": {"message": "Group '/none' does not exist"}},
    ),
    Row(
        "apps: unknown",
        "GET",
        "/v2/groups/none/apps",
        status=404,
        shows={"": {"message": "Group '/none' does not exist"}},
    ),
    Row("PUT scaleBy of everything", "PUT", "/v2/groups", {"scaleBy": 2}, shows={"": RESULT}, headers=STARTED),
    Row(
        "PUT: a new group",
        "PUT",
        "/v2/groups/g",
        {"apps": [{"id": "a", "cmd": "x"}]},
        shows={"": RESULT},
        headers=STARTED,
    ),
    Row(
        "PUT: an unknown version",
        "PUT",
        "/v2/groups/shop",
        {"version": "2020-01-01T00:00:00.000Z"},
        404,
        {"message": "Group '/shop' does not exist in version 2020-01-01T00:00:00.000Z"},
    ),
    Row("a version", "GET", f"/v2/groups/shop/versions/{V2}", shows={"id": "/shop", "apps.*": 2}),
    Row(
        "a version without the group",
        "GET",
        f"/v2/groups/shop/versions/{V1}",
        status=404,
        shows={"message": f"Group '/shop' does not exist in version {V1}"},
    ),
    Row(
        "POST",
        "POST",
        "/v2/groups",
        {"id": "/g", "groups": [{"id": "h"}]},
        201,
        {"": RESULT},
        {**STARTED, "Location": ANY},
    ),
    Row("POST with the id in the path", "POST", "/v2/groups/g", {"apps": [{"id": "a", "cmd": "x"}]}, 201, {"": RESULT}),
    Row("PUT", "PUT", "/v2/groups/shop?force=true", {"apps": []}, shows={"": RESULT}, headers=STARTED),
    Row(
        "PUT dryRun",
        "PUT",
        "/v2/groups/shop?dryRun=true",
        {"apps": []},
        shows={"steps.0.actions.0": {"action": "StopApplication", "app": "/shop/db"}, "deploymentId": ABSENT},
        headers={"Marathon-Deployment-Id": ABSENT},
    ),
    Row("PUT scaleBy", "PUT", "/v2/groups/shop", {"scaleBy": 1.5}, shows={"": RESULT}),
    Row(
        "PUT scaleBy with more",
        "PUT",
        "/v2/groups/shop",
        {"scaleBy": 1.5, "apps": []},
        422,
        {"message": "Object is not valid"},
    ),
    Row("PUT version", "PUT", "/v2/groups/shop", {"version": V2}, shows={"deploymentId": "d3"}),
    Row(
        "PUT a child that is none",
        "PUT",
        "/v2/groups/shop",
        {"apps": [{"id": "/x", "cmd": "y"}]},
        422,
        {"details.0.path": "/apps(0)/id", "details.0.errors": ["Identifier is not child of '/shop'"]},
    ),
    Row("PATCH enforceRole", "PATCH", "/v2/groups/shop", {"enforceRole": True}, shows={"": RESULT}, headers=STARTED),
    Row("DELETE", "DELETE", "/v2/groups/shop?force=true", shows={"": RESULT}, headers=STARTED),
    Row(
        "DELETE unknown",
        "DELETE",
        "/v2/groups/none",
        status=404,
        shows={"": {"message": "Group '/none' does not exist"}},
    ),
]

DEPLOYMENTS = [
    Row(
        "list",
        "GET",
        "/v2/deployments",
        shows={
            "*": 2,
            "0": {
                "id": "d1",
                "version": V1,
                "affectedApps": ["/tool"],
                "affectedPods": [],
                "steps": [{"actions": [{"action": "ScaleApplication", "app": "/tool"}]}],
                "currentActions": [{"action": "ScaleApplication", "app": "/tool", "readinessCheckResults": []}],
                "currentStep": 1,
                "totalSteps": 1,
            },
        },
    ),
    Row(
        "DELETE reverts",
        "DELETE",
        "/v2/deployments/d1",
        shows={"deploymentId": "revert", "version": ANY},
        headers={"Marathon-Deployment-Id": "revert"},
    ),
    Row("DELETE force cancels", "DELETE", "/v2/deployments/d1?force=true", status=202, shows={"": ""}),
    Row(
        "DELETE unknown",
        "DELETE",
        "/v2/deployments/x",
        status=404,
        shows={"": {"message": "DeploymentPlan x does not exist"}},
    ),
]

SERVICE = [
    Row(
        "queue",
        "GET",
        "/v2/queue",
        shows={
            "queue.*": 1,
            "queue.0.app.id": "/shop/web",
            "queue.0.count": 1,
            "queue.0.role": "*",
            "queue.0.delay": {"timeLeftSeconds": 0, "overdue": True},
            "queue.0.since": "2026-01-01T00:00:00.000Z",
            "queue.0.processedOffersSummary.processedOffersCount": 1,
            "queue.0.processedOffersSummary.unusedOffersCount": 0,
            "queue.0.processedOffersSummary.lastUnusedOfferAt": ABSENT,
            "queue.0.processedOffersSummary.lastUsedOfferAt": ABSENT,
            "queue.0.lastUnusedOffers": ABSENT,
        },
    ),
    Row(
        "queue embed=lastUnusedOffers",
        "GET",
        "/v2/queue?embed=lastUnusedOffers",
        shows={"queue.0.lastUnusedOffers": []},
    ),
    Row("queue DELETE delay", "DELETE", "/v2/queue/shop/web/delay", status=204, shows={"": ""}),
    Row("queue DELETE delay, doubled slash", "DELETE", "/v2/queue//shop/web/delay", status=204),
    Row(
        "queue DELETE delay, not queued",
        "DELETE",
        "/v2/queue/tool/delay",
        status=404,
        shows={"": {"message": "Application /tool not found in tasks queue."}},
    ),
    Row(
        "info",
        "GET",
        "/v2/info",
        shows={
            "name": "marathon",
            "version": "0.1.0",
            "buildref": ANY,
            "elected": True,
            "leader": ANY,
            "frameworkId": "framework-1",
            "marathon_config.master": "http://127.0.0.1:5050",
            "marathon_config.mesos_leader_ui_url": "http://127.0.0.1:5050",
            "zookeeper_config": ANY,
            "http_config.http_port": ANY,
            "http_config.https_port": None,
        },
    ),
    Row("leader", "GET", "/v2/leader", shows={"leader": ANY}),
    Row("leader DELETE", "DELETE", "/v2/leader", shows={"": {"message": "Leadership abdicated"}}),
    Row(
        "ping for JSON",
        "GET",
        "/ping",
        shows={"": "pong"},
        accept="application/json",
        headers={"Content-Type": "application/json; charset=utf-8"},
    ),
    Row(
        "ping for text",
        "GET",
        "/ping",
        shows={"": "pong"},
        accept="text/plain",
        headers={"Content-Type": "text/plain; charset=utf-8"},
    ),
    Row(
        "metrics",
        "GET",
        "/metrics",
        shows={"version": ANY, "gauges": ANY, "counters": ANY, "histograms": ANY, "meters": ANY, "timers": ANY},
    ),
    Row("eventSubscriptions are retired", "GET", "/v2/eventSubscriptions", status=404, shows={"message": ANY}),
    Row("an unknown route", "GET", "/v2/nowhere", status=404, shows={"message": "URI not found: /v2/nowhere"}),
]

TABLE = {"groups": GROUPS, "deployments": DEPLOYMENTS, "service": SERVICE}


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{name}: {row.id}") for name, rows in TABLE.items() for row in rows]
)
async def test_the_wire(row: Row) -> None:
    async with open_shop() as api:
        assert differences(row, await asked(api, row)) == []
