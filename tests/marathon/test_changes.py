"""Changes of the root group: what each does, which versions it stamps, and what is refused."""

from typing import Any

import pytest

from actors.marathon.changes import (
    ClearRoot,
    CreateApp,
    CreateGroup,
    DeleteApp,
    DeleteGroup,
    PutApp,
    PutApps,
    PutGroup,
    RestartApp,
    RollBackGroup,
    ScaleDown,
    ScaleGroup,
)
from actors.marathon.model import (
    AlreadyExists,
    App,
    RootGroup,
    UnknownApp,
    UnknownGroup,
    ValidationFailed,
    parse_app,
    parse_group,
)


def v(second: int) -> str:
    return f"2026-01-01T00:00:{second:02d}.000Z"


def app(app_id: str, **fields: Any) -> App:
    return parse_app({"id": app_id, "cmd": "sleep 1", **fields})


def the(root: RootGroup, app_id: str) -> App:
    found = root.app(app_id)
    assert found is not None
    return found


def info(root: RootGroup, app_id: str) -> tuple[str | None, str, str]:
    found = the(root, app_id)
    assert found.version_info is not None
    return found.version, found.version_info.last_scaling_at, found.version_info.last_config_change_at


ONE = CreateApp(app("/x"))(RootGroup(), v(1))


def test_a_new_app_has_one_version_in_all_places() -> None:
    assert info(ONE, "/x") == (v(1), v(1), v(1))
    assert ONE.version == v(1)


def test_scaling_is_recorded_apart_from_changes_of_the_configuration() -> None:
    scaled = PutApp("/x", {"instances": 5})(ONE, v(2))
    assert info(scaled, "/x") == (v(2), v(2), v(1))
    changed = PutApp("/x", {"cmd": "sleep 2", "instances": 7})(scaled, v(3))
    assert info(changed, "/x") == (v(3), v(3), v(3))


def test_a_restart_renews_every_instance_but_is_no_change_of_the_configuration() -> None:
    restarted = RestartApp("/x")(ONE, v(2))
    assert info(restarted, "/x") == (v(2), v(2), v(1))
    assert the(restarted, "/x").last_config_change_at == v(2)


def test_scaling_in_the_midst_of_a_restart_does_not_end_it() -> None:
    scaled = PutApp("/x", {"instances": 5})(RestartApp("/x")(ONE, v(2)), v(3))
    assert the(scaled, "/x").last_config_change_at == v(2)
    assert "lastRestartAt" not in the(scaled, "/x").wire["versionInfo"]
    assert RootGroup.from_wire(scaled.to_wire()) == scaled


def test_an_update_that_changes_nothing_leaves_the_app_as_it_is() -> None:
    same = PutApp("/x", {"cmd": "sleep 1"})(ONE, v(2))
    assert the(same, "/x") is the(ONE, "/x")
    assert same.version == v(2)


def test_only_groups_with_changes_get_a_new_version() -> None:
    root = CreateApp(app("/a/y"))(ONE, v(2))
    root = CreateApp(app("/b/z"))(root, v(3))
    assert {group.id: group.version for group in root.groups.values()} == {"/": v(3), "/a": v(2), "/b": v(3)}


def test_an_app_is_created_once() -> None:
    with pytest.raises(AlreadyExists, match=r"An app with id \[/x\] already exists\."):
        CreateApp(app("/x"))(ONE, v(2))


def test_what_is_not_there_can_be_put_but_not_patched_restarted_or_removed() -> None:
    assert "/y" in PutApp("/y", {"cmd": "sleep 1"})(ONE, v(2)).apps
    for change in (PutApp("/y", {}, create=False), DeleteApp("/y"), RestartApp("/y"), ScaleDown({"/y": 1})):
        with pytest.raises(UnknownApp, match="App '/y' does not exist"):
            change(ONE, v(2))
    for group_change in (DeleteGroup("/g"), ScaleGroup("/g", 2)):
        with pytest.raises(UnknownGroup, match="Group '/g' does not exist"):
            group_change(ONE, v(2))


def test_several_updates_are_one_change_and_errors_name_their_place() -> None:
    both = PutApps((PutApp("/x", {"instances": 2}), PutApp("/y", {"cmd": "sleep 1"})))(ONE, v(2))
    assert {found.id: found.version for found in both.all_apps()} == {"/x": v(2), "/y": v(2)}
    with pytest.raises(ValidationFailed) as failed:
        PutApps((PutApp("/x", {"instances": 2}), PutApp("/y", {"cmd": 3})))(ONE, v(2))
    assert failed.value.details[0].path == "/(1)/cmd"


def test_a_rollback_is_a_change_like_another_and_gets_a_new_version() -> None:
    changed = PutApp("/x", {"cmd": "sleep 2"})(ONE, v(2))
    back = PutApp("/x", {"version": v(1)}, restored=the(ONE, "/x"))(changed, v(3))
    assert the(back, "/x").cmd == "sleep 1"
    assert info(back, "/x") == (v(3), v(3), v(3))


def test_killing_and_scaling_takes_as_many_instances_away() -> None:
    root = CreateApp(app("/y", instances=3))(ONE, v(2))
    assert the(ScaleDown({"/y": 2})(root, v(3)), "/y").instances == 1
    assert the(ScaleDown({"/y": 9})(root, v(3)), "/y").instances == 0


@pytest.mark.parametrize(
    "change",
    [
        CreateApp(app("/g")),
        CreateApp(app("/g/x/z")),
        CreateGroup(parse_group({"id": "/g2", "groups": [{"id": "a"}], "apps": [{"id": "a", "cmd": "x"}]})),
    ],
)
def test_an_app_and_a_group_never_share_an_id(change: Any) -> None:
    root = CreateApp(app("/g/x"))(RootGroup(), v(1))
    with pytest.raises(ValidationFailed, match="Groups and Applications may not have the same identifier"):
        change(root, v(2))


def test_an_unknown_dependency_is_refused_by_name() -> None:
    with pytest.raises(ValidationFailed, match="/y depends on /nowhere, but there is no app or group with this id"):
        CreateApp(app("/y", dependencies=["/nowhere"]))(ONE, v(2))
    with pytest.raises(ValidationFailed, match="/g depends on /nowhere"):
        PutGroup(parse_group({"id": "/g", "dependencies": ["/nowhere"]}))(ONE, v(2))


def test_an_app_that_others_wait_for_can_be_removed_and_they_can_still_be_scaled() -> None:
    root = CreateApp(app("/y", dependencies=["/x"]))(ONE, v(2))
    without = DeleteApp("/x")(root, v(3))
    assert the(PutApp("/y", {"instances": 3})(without, v(4)), "/y").instances == 3


def test_a_cycle_is_refused() -> None:
    root = CreateApp(app("/y", dependencies=["/x"]))(ONE, v(2))
    with pytest.raises(ValidationFailed, match=r"Dependency graph has cyclic dependencies\."):
        PutApp("/x", {"dependencies": ["/y"]})(root, v(3))


def test_a_group_is_created_once_and_not_over_an_app() -> None:
    root = CreateGroup(parse_group({"id": "/g"}))(ONE, v(2))
    with pytest.raises(AlreadyExists, match=r"Group /g is already created\. Use PUT to change this group\."):
        CreateGroup(parse_group({"id": "/g"}))(root, v(3))
    with pytest.raises(AlreadyExists, match=r"An app with the path /x already exists\."):
        CreateGroup(parse_group({"id": "/x"}))(root, v(3))


def test_a_group_is_scaled_rolled_back_and_removed_as_one() -> None:
    group = parse_group({"id": "/g", "apps": [{"id": "a", "cmd": "x", "instances": 3}, {"id": "b", "cmd": "x"}]})
    root = PutGroup(group)(ONE, v(2))
    scaled = ScaleGroup("/g", 1.5)(root, v(3))
    assert [the(scaled, key).instances for key in ("/g/a", "/g/b", "/x")] == [5, 2, 1]
    old = root.group_at("/g")
    assert old is not None
    assert the(RollBackGroup(old)(scaled, v(4)), "/g/a").instances == 3
    assert list(DeleteGroup("/g")(root, v(4)).apps) == ["/x"]
    assert ClearRoot()(root, v(4)).all_apps() == ()


def test_a_refused_change_leaves_the_root_as_it_was() -> None:
    wire = ONE.to_wire()
    with pytest.raises(ValidationFailed):
        PutApp("/x", {"cpus": -1})(ONE, v(2))
    assert ONE.to_wire() == wire
