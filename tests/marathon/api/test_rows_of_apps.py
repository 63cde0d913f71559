"""``/v2/apps`` and tasks row by row: paths, queries, statuses, bodies (null or absent), headers."""

from __future__ import annotations

import pytest

from .rows import ABSENT, ANY, DB_TASK, NEW, RESULT, STARTED, V1, ZEROS, Row, asked, differences, ids, open_shop

APPS = [
    Row("no apps is an empty array", "GET", "/v2/apps?id=nothing", shows={"": {"apps": []}}),
    Row("cmd: substring, any case", "GET", "/v2/apps?cmd=tOOL", shows=ids("/tool")),
    Row("id: substring, any case", "GET", "/v2/apps?id=SHOP/w", shows=ids("/shop/web")),
    Row("label ==", "GET", "/v2/apps?label=tier==front", shows=ids("/shop/web")),
    Row("label !=", "GET", "/v2/apps?label=tier!=front", shows=ids("/tool", "/shop/db")),
    Row("label in", "GET", "/v2/apps?label=tier%20in%20(back,x)", shows=ids("/tool", "/shop/db")),
    Row("label notin", "GET", "/v2/apps?label=tier%20notin%20(back)", shows=ids("/shop/web")),
    Row("label alone", "GET", "/v2/apps?label=a", shows=ids("/tool")),
    Row("labels, all must hold", "GET", "/v2/apps?label=a,tier==front", shows={"": {"apps": []}}),
    Row("no selector", "GET", "/v2/apps?label===", status=400, shows={"message": ANY, "details": ABSENT}),
    Row(
        "counts and deployments are always there",
        "GET",
        "/v2/apps?id=db",
        shows={
            "apps.0.tasksRunning": 2,
            "apps.0.tasksStaged": 1,
            "apps.0.tasksHealthy": 0,
            "apps.0.tasksUnhealthy": 0,
            "apps.0.deployments": [{"id": "d2"}],
            "apps.0.tasks": ABSENT,
            "apps.0.lastTaskFailure": ABSENT,
        },
    ),
    Row("embed=apps.tasks", "GET", "/v2/apps?id=db&embed=apps.tasks", shows={"apps.0.tasks.*": 3}),
    Row("embed=apps.tasks: an app without any", "GET", "/v2/apps?id=web&embed=apps.tasks", shows={"apps.0.tasks": []}),
    Row(
        "embed=apps.deployments",
        "GET",
        "/v2/apps?id=db&embed=apps.deployments",
        shows={"apps.0.deployments": [{"id": "d2"}], "apps.0.tasks": ABSENT},
    ),
    Row(
        "embeds together, repeated, with and without their prefix",
        "GET",
        "/v2/apps?id=db&embed=apps.tasks&embed=app.counts&embed=apps.nonsense",
        shows={"apps.0.tasks.*": 3, "apps.0.tasksRunning": 2},
    ),
    Row("cmd and id and label, all must hold", "GET", "/v2/apps?cmd=sleep&id=db&label=tier==front", shows=ids()),
    Row("embed=apps.counts", "GET", "/v2/apps?id=db&embed=apps.counts", shows={"apps.0.tasksRunning": 2}),
    Row(
        "embed=apps.readiness", "GET", "/v2/apps?id=db&embed=apps.readiness", shows={"apps.0.readinessCheckResults": []}
    ),
    Row(
        "embed=apps.lastTaskFailure",
        "GET",
        "/v2/apps?id=tool&embed=apps.lastTaskFailure",
        shows={"apps.0.lastTaskFailure.state": "TASK_FAILED"},
    ),
    Row(
        "embed=apps.failures",
        "GET",
        "/v2/apps?id=tool&embed=apps.failures",
        shows={"apps.0.lastTaskFailure.message": "exit 1", "apps.0.tasks": []},
    ),
    Row(
        "embed=apps.taskStats",
        "GET",
        "/v2/apps?id=db&embed=apps.taskStats",
        shows={"apps.0.taskStats.totalSummary.stats.counts.running": 2},
    ),
    Row(
        "POST",
        "POST",
        "/v2/apps",
        NEW,
        201,
        {
            "id": "/new",
            "cmd": "sleep 3",
            "args": ABSENT,
            "tasks": [],
            "deployments": [{"id": "d3"}],
            "version": RESULT["version"],
            **ZEROS,
        },
        {**STARTED, "Location": ANY, "Content-Type": "application/json; charset=utf-8"},
    ),
    Row("POST force=True", "POST", "/v2/apps?force=True", NEW, 201, headers=STARTED),
    Row("POST without a leading slash", "POST", "/v2/apps", {**NEW, "id": "new"}, 201, {"id": "/new"}),
    Row("PUT []", "PUT", "/v2/apps", [NEW, {"id": "/tool", "instances": 2}], shows={"": RESULT}, headers=STARTED),
    Row(
        "PUT [] partialUpdate=false",
        "PUT",
        "/v2/apps?partialUpdate=false&force=false",
        [{"id": "/tool", "cmd": "y"}],
        shows={"": RESULT},
    ),
    Row("PATCH []", "PATCH", "/v2/apps", [{"id": "/tool", "instances": 2}], shows={"": RESULT}, headers=STARTED),
    Row(
        "PATCH [] unknown",
        "PATCH",
        "/v2/apps",
        [{"id": "/none", "instances": 2}],
        404,
        {"": {"message": "App '/none' does not exist"}},
    ),
]

ONE_APP = [
    Row(
        "GET: everything, always",
        "GET",
        "/v2/apps/shop/db",
        shows={
            "app.id": "/shop/db",
            "app.tasks.*": 3,
            "app.tasksRunning": 2,
            "app.deployments": [{"id": "d2"}],
            "app.lastTaskFailure": ABSENT,
            "app.readinessCheckResults": ABSENT,
            "app.taskStats": ABSENT,
        },
    ),
    Row(
        "GET: the last failure",
        "GET",
        "/v2/apps/tool",
        shows={
            "app.lastTaskFailure": {
                "appId": "/tool",
                "host": "h",
                "message": "exit 1",
                "state": "TASK_FAILED",
                "taskId": "t",
                "timestamp": "2026-01-01T00:00:00.000Z",
                "version": V1,
                "slaveId": "S0",
            }
        },
    ),
    Row("GET: doubled slash", "GET", "/v2/apps//shop//db", shows={"app.id": "/shop/db"}),
    Row("GET: unknown", "GET", "/v2/apps/none", status=404, shows={"": {"message": "App '/none' does not exist"}}),
    Row("GET group/*", "GET", "/v2/apps/shop/*", shows={"*": ANY, "*.0.id": "/shop/db", "*.1.id": "/shop/web"}),
    Row("GET unknown group/*", "GET", "/v2/apps/none/*", status=404, shows={"message": "Group '/none' does not exist"}),
    Row("PUT: new", "PUT", "/v2/apps/new", {"cmd": "x"}, 201, {"": RESULT}, {**STARTED, "Location": ANY}),
    Row("PUT: update", "PUT", "/v2/apps/tool", {"instances": 2}, 200, {"": RESULT}, {**STARTED, "Location": ABSENT}),
    Row(
        "PUT: force and partialUpdate",
        "PUT",
        "/v2/apps/tool?force=true&partialUpdate=false",
        {"cmd": "x"},
        shows={"": RESULT},
    ),
    Row("PUT: a version alone goes back", "PUT", "/v2/apps/tool", {"version": V1}, shows={"deploymentId": "d3"}),
    Row(
        "PUT: an unknown version",
        "PUT",
        "/v2/apps/tool",
        {"version": "2020-01-01T00:00:00.000Z"},
        404,
        {"message": "App '/tool' does not exist in version 2020-01-01T00:00:00.000Z"},
    ),
    Row(
        "PUT: a version with more",
        "PUT",
        "/v2/apps/tool",
        {"version": V1, "cmd": "x"},
        422,
        {
            "message": "Object is not valid",
            "details.0.path": "/",
            "details.0.errors": ["The 'version' field may only be combined with the 'id' field."],
        },
    ),
    Row("PATCH", "PATCH", "/v2/apps/tool", {"instances": 2}, shows={"": RESULT}, headers=STARTED),
    Row("PATCH: unknown", "PATCH", "/v2/apps/none", {"instances": 2}, 404, {"message": "App '/none' does not exist"}),
    Row("DELETE", "DELETE", "/v2/apps/tool", shows={"": RESULT}, headers=STARTED),
    Row("DELETE: doubled slash", "DELETE", "/v2/apps//tool?force=False", shows={"": RESULT}),
    Row("DELETE: unknown", "DELETE", "/v2/apps/none", status=404, shows={"message": "App '/none' does not exist"}),
    Row("restart", "POST", "/v2/apps/tool/restart?force=true", shows={"": RESULT}, headers=STARTED),
    Row(
        "restart: unknown", "POST", "/v2/apps/none/restart", status=404, shows={"message": "App '/none' does not exist"}
    ),
    Row("versions", "GET", "/v2/apps/tool/versions", shows={"": {"versions": [V1]}}),
    Row(
        "versions: unknown",
        "GET",
        "/v2/apps/none/versions",
        status=404,
        shows={"message": "App '/none' does not exist"},
    ),
    Row(
        "version",
        "GET",
        f"/v2/apps/tool/versions/{V1}",
        shows={"id": "/tool", "version": V1, "tasks": ABSENT, "tasksRunning": ABSENT, "deployments": ABSENT},
    ),
    Row(
        "version: unknown",
        "GET",
        "/v2/apps/tool/versions/2020-01-01T00:00:00.000Z",
        status=404,
        shows={"message": "App '/tool' does not exist in version 2020-01-01T00:00:00.000Z"},
    ),
]

TASKS = [
    Row("of an app", "GET", "/v2/apps/shop/db/tasks", shows={"tasks.*": 3, "tasks.0.appId": "/shop/db"}),
    Row("of an app without", "GET", "/v2/apps/tool/tasks", shows={"": {"tasks": []}}),
    Row("of an unknown app", "GET", "/v2/apps/none/tasks", status=404, shows={"message": "App '/none' does not exist"}),
    Row("of a group", "GET", "/v2/apps/shop/*/tasks", shows={"tasks.*": 3}),
    Row(
        "all",
        "GET",
        "/v2/tasks",
        shows={
            "tasks.*": 3,
            "tasks.2.startedAt": ABSENT,
            "tasks.2.stagedAt": ANY,
            "tasks.0.slaveId": "S0",
            "tasks.0.region": ABSENT,
        },
    ),
    Row("status=running", "GET", "/v2/tasks?status=running", shows={"tasks.*": 2}),
    Row("status=staging", "GET", "/v2/tasks?status=staging", shows={"tasks.*": 1}),
    Row("status[]= repeated", "GET", "/v2/tasks?status[]=running&status[]=staging", shows={"tasks.*": 3}),
    Row(
        "DELETE all of an app",
        "DELETE",
        "/v2/apps/shop/db/tasks",
        shows={"tasks.*": 3},
        headers={"Marathon-Deployment-Id": ABSENT},
    ),
    Row("DELETE of a host", "DELETE", "/v2/apps/shop/db/tasks?host=other", shows={"tasks.*": 1}),
    Row("DELETE of another host", "DELETE", "/v2/apps/shop/db/tasks?host=none", shows={"": {"tasks": []}}),
    Row("DELETE wipe=True", "DELETE", "/v2/apps/shop/db/tasks?wipe=True", shows={"tasks.*": 3}),
    Row("DELETE scale", "DELETE", "/v2/apps/shop/db/tasks?scale=true&force=true", shows={"": RESULT}, headers=STARTED),
    Row(
        "DELETE scale and wipe",
        "DELETE",
        "/v2/apps/shop/db/tasks?scale=true&wipe=true",
        status=400,
        shows={"": {"message": "You cannot use scale and wipe at the same time."}},
    ),
    Row("DELETE one", "DELETE", f"/v2/apps/shop/db/tasks/{DB_TASK}", shows={"task.id": DB_TASK, "tasks": ABSENT}),
    Row(
        "DELETE one, scale",
        "DELETE",
        f"/v2/apps/shop/db/tasks/{DB_TASK}?scale=true",
        shows={"": RESULT},
        headers=STARTED,
    ),
    Row(
        "DELETE one, unknown",
        "DELETE",
        "/v2/apps/shop/db/tasks/x",
        status=404,
        shows={"": {"message": "Task 'x' does not exist"}},
    ),
    Row("delete by ids", "POST", "/v2/tasks/delete", {"ids": [DB_TASK]}, shows={"tasks.*": 1, "tasks.0.id": DB_TASK}),
    Row("delete by ids, none of them there", "POST", "/v2/tasks/delete", {"ids": ["x"]}, shows={"": {"tasks": []}}),
    Row(
        "delete by ids, scale",
        "POST",
        "/v2/tasks/delete?scale=true",
        {"ids": [DB_TASK]},
        shows={"": RESULT},
        headers=STARTED,
    ),
    Row(
        "delete by ids, scale and wipe",
        "POST",
        "/v2/tasks/delete?scale=true&wipe=true",
        {"ids": [DB_TASK]},
        400,
        {"message": "You cannot use scale and wipe at the same time."},
    ),
    Row("delete by ids, wipe", "POST", "/v2/tasks/delete?wipe=true", {"ids": [DB_TASK]}, shows={"tasks.*": 1}),
    Row("status=dead", "GET", "/v2/tasks?status=dead", status=400, shows={"message": ANY}),
    Row(
        "of an unknown group",
        "GET",
        "/v2/apps/none/*/tasks",
        status=404,
        shows={"message": "Group '/none' does not exist"},
    ),
    Row(
        "DELETE all of an unknown app",
        "DELETE",
        "/v2/apps/none/tasks",
        status=404,
        shows={"": {"message": "App '/none' does not exist"}},
    ),
    Row("delete without ids", "POST", "/v2/tasks/delete", {}, 400, {"message": "Invalid JSON", "details": ANY}),
]

TABLE = {"apps": APPS, "app": ONE_APP, "tasks": TASKS}


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{name}: {row.id}") for name, rows in TABLE.items() for row in rows]
)
async def test_the_wire(row: Row) -> None:
    async with open_shop() as api:
        assert differences(row, await asked(api, row)) == []


async def test_a_row_that_is_not_so_is_told() -> None:
    wrong = Row("", "GET", "/v2/apps/tool", status=201, shows={"app.cmd": ABSENT, "app.x": ANY, "app.id": "/t"})
    async with open_shop() as api:
        assert len(differences(wrong, await asked(api, wrong))) == 4
