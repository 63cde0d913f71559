"""Apps are rendered again when something of them has changed, and only then."""

from __future__ import annotations

from dataclasses import replace

from actors.marathon.api.app_texts import AppTexts
from actors.marathon.messages import Condition

from .conftest import Api

NOTHING, TASKS = frozenset[str](), frozenset({"tasks"})


def test_a_text_is_made_once_for_the_same_values() -> None:
    texts, made = AppTexts(), []

    def render(text: str) -> bytes:
        return texts.get(NOTHING, "/a", (text,), lambda: made.append(text) or text)

    assert [render("one"), render("one"), render("two"), render("two"), render("one")] == [
        b"one",
        b"one",
        b"two",
        b"two",
        b"one",
    ]
    assert made == ["one", "two", "one"]


def test_kinds_of_listings_have_texts_of_their_own() -> None:
    texts = AppTexts()
    assert texts.get(NOTHING, "/a", 1, lambda: "short") == b"short"
    assert texts.get(TASKS, "/a", 1, lambda: "long") == b"long"
    assert texts.get(NOTHING, "/a", 1, lambda: "not made") == b"short"


def test_no_more_is_kept_than_there_is_room_for() -> None:
    texts, made = AppTexts(kept=10), []

    def ask(app_id: str) -> None:
        texts.get(NOTHING, app_id, 1, lambda: made.append(app_id) or "12345")

    for app_id in ("/a", "/b", "/a", "/c", "/a", "/b"):  # /b was asked for longest ago when /c came
        ask(app_id)
    assert made == ["/a", "/b", "/c", "/b"]
    assert texts.get(NOTHING, "/large", 1, lambda: "x" * 100) == b"x" * 100


async def test_a_listing_shows_what_has_changed_since_the_last_one(api: Api) -> None:
    await api.post("/v2/apps", {"id": "/a", "cmd": "serve"})
    api.world.deployments.clear()
    for path in ("/v2/apps", "/v2/apps?embed=apps.tasks"):
        api.world.instances.clear()
        [instance] = api.world.run("/a", condition=Condition.STAGING)
        [staged] = (await api.get(path)).body["apps"]
        api.world.instances[:] = [replace(instance, condition=Condition.RUNNING)]
        [running] = (await api.get(path)).body["apps"]
        assert (staged["tasksStaged"], staged["tasksRunning"]) == (1, 0)
        assert (running["tasksStaged"], running["tasksRunning"]) == (0, 1)
        assert [task["state"] for task in running.get("tasks", ())] == ["TASK_RUNNING"] * ("tasks" in running)
    await api.put("/v2/apps//a", {"cmd": "serve better"})
    [changed] = (await api.get("/v2/apps")).body["apps"]
    assert (changed["cmd"], len(changed["deployments"])) == ("serve better", 1)
