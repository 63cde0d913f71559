"""The tree of groups: updates share what did not change, and what clients write about groups is read with its paths."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.marathon.model import RootGroup, ValidationFailed, parse_app, parse_group


def app(app_id: str) -> Any:
    return parse_app({"id": app_id, "cmd": "sleep 1"})


def test_groups_on_the_way_come_into_being_and_stay() -> None:
    root = RootGroup().with_app(app("/a/b/web"))
    assert list(root.groups) == ["/", "/a", "/a/b"]
    emptied = root.without_app("/a/b/web")
    assert emptied.all_apps() == ()
    assert list(emptied.groups) == ["/", "/a", "/a/b"]


def test_an_update_leaves_the_old_tree_and_shares_the_rest() -> None:
    before = RootGroup().with_apps(app("/a/x"), app("/b/y"))
    after = before.with_app(app("/a/z"))
    assert list(before.apps) == ["/a/x", "/b/y"]
    assert after.group_at("/b") is before.group_at("/b")


def test_a_group_goes_with_everything_below_it() -> None:
    root = RootGroup().with_apps(app("/a/b/x"), app("/a/y"))
    assert list(root.without_group("/a/b").apps) == ["/a/y"]
    assert root.without_group("/").all_apps() == ()


IDS = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map(lambda steps: "/" + "/".join(steps))


@given(st.lists(st.tuples(st.booleans(), IDS), max_size=12))
def test_the_tree_is_a_dictionary_of_its_apps(operations: list[tuple[bool, str]]) -> None:
    root, expected = RootGroup(), set()
    for add, app_id in operations:
        if add and app_id not in root.groups:
            root = root.with_app(app(app_id))
            expected.add(app_id)
        elif not add:
            root = root.without_app(app_id)
            expected.discard(app_id)
    assert set(root.apps) == expected
    assert RootGroup.from_wire(root.to_wire()) == root


def test_a_group_is_read_with_relative_ids_at_every_level() -> None:
    update = parse_group(
        {
            "id": "shop",
            "groups": [{"id": "db", "apps": [{"id": "main", "cmd": "sleep 1"}]}],
            "apps": [{"id": "web", "cmd": "sleep 1", "dependencies": ["db/main"]}],
        }
    )
    root = RootGroup().with_group(update.applied_to(None))
    assert set(root.apps) == {"/shop/web", "/shop/db/main"}
    web = root.app("/shop/web")
    assert web is not None
    assert web.dependencies == ("/shop/db/main",)


@pytest.mark.parametrize(
    ("data", "path", "text"),
    [
        ({"id": "g", "apps": [{"id": "a", "cmd": "x", "cpus": "1"}]}, "/apps(0)/cpus", "error.expected.jsnumber"),
        ({"id": "g", "apps": [{"id": "/h/a", "cmd": "x"}]}, "/apps(0)/id", "Identifier is not child of '/g'"),
        ({"id": "g", "groups": [{"id": "/h"}]}, "/groups(0)/id", "Identifier is not child of '/g'"),
        ({"id": "g", "groups": [{"id": "a", "apps": [{}]}]}, "/groups(0)/apps(0)/id", "error.path.missing"),
        ({"id": "g", "groups": [{}]}, "/groups(0)/id", "error.path.missing"),
        ({"id": "g", "dependencies": [3]}, "/dependencies(0)", "error.expected.jsstring"),
        ({"id": "g", "scaleBy": 2, "apps": []}, "/", "The 'scaleBy' field may only be combined with the 'id' field."),
        (
            {"version": "2026-01-01T00:00:00Z", "apps": []},
            "/",
            "The 'version' field may only be combined with the 'id'",
        ),
        ({"id": "g", "apps": {}}, "/apps", "error.expected.jsarray"),
        ({"id": "g", "scaleBy": -1}, "/scaleBy", "-1"),
        ({"id": "Bad Id"}, "/id", "must fully match regular expression"),
        ([], "/", "error.expected.jsobject"),
    ],
)
def test_a_bad_group_is_told_at_its_place_in_the_document(data: Any, path: str, text: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        parse_group(data)
    (detail,) = failed.value.details
    assert detail.path == path
    assert any(text in error for error in detail.errors)


def test_an_array_replaces_its_level_and_an_absent_one_leaves_it() -> None:
    before = RootGroup().with_apps(app("/g/a"), app("/g/b"), app("/g/h/c")).group_at("/g")
    after = parse_group({"id": "/g", "apps": [{"id": "b", "cmd": "sleep 1"}]}).applied_to(before)
    assert [found.id for found in after.all_apps()] == ["/g/b", "/g/h/c"]
    assert list(parse_group({"id": "/g", "groups": []}).applied_to(before).groups) == []
