"""PUT and PATCH of one app."""

import pytest

from actors.marathon.model import App, ValidationFailed, parse_app, rollback_version, updated_app

PRESENT = parse_app({"id": "/x", "cmd": "sleep 1", "cpus": 2, "env": {"A": "1", "B": "2"}, "ports": [8080]})


def test_a_partial_update_keeps_what_it_does_not_name() -> None:
    assert updated_app(PRESENT, {"instances": 20}, "/x") == PRESENT.replace(instances=20)


def test_a_named_field_is_replaced_as_a_whole() -> None:
    assert updated_app(PRESENT, {"env": {"C": "3"}}, "/x").env == {"C": "3"}


def test_without_partial_the_rest_takes_its_defaults() -> None:
    updated = updated_app(PRESENT, {"cmd": "sleep 2"}, "/x", partial=False)
    assert updated == parse_app({"id": "/x", "cmd": "sleep 2"})


def test_an_update_of_nothing_present_is_a_new_app_and_must_be_complete() -> None:
    assert updated_app(None, {"cmd": "sleep 1"}, "/a/b").id == "/a/b"
    with pytest.raises(ValidationFailed):
        updated_app(None, {"instances": 2}, "/a/b")


def test_the_result_is_judged_as_a_whole() -> None:
    with pytest.raises(ValidationFailed):
        updated_app(PRESENT, {"args": ["a"]}, "/x")


def test_deprecated_fields_are_translated_in_updates_too() -> None:
    assert updated_app(PRESENT, {"ports": [0, 0]}, "/x").service_ports == (0, 0)
    assert len(updated_app(PRESENT, {"uris": ["http://a/b.zip"]}, "/x").fetch) == 1


def test_an_app_can_move_to_another_network() -> None:
    moved = updated_app(PRESENT, {"networks": [{"mode": "container/bridge"}]}, "/x")
    assert moved.port_definitions is None
    assert [mapping.name for mapping in moved.port_mappings] == ["default"]
    back = updated_app(moved, {"networks": [{"mode": "host"}], "container": {"type": "MESOS"}}, "/x")
    assert len(back.service_ports) == 1


def test_a_version_asks_for_a_rollback_only_when_it_stands_alone() -> None:
    assert rollback_version({"version": "2026-01-01T00:00:00Z", "id": "/x"}) == "2026-01-01T00:00:00.000Z"
    assert rollback_version({"instances": 2}) is None
    with pytest.raises(ValidationFailed, match="may only be combined with the 'id' field"):
        rollback_version({"version": "2026-01-01T00:00:00Z", "instances": 2})
    with pytest.raises(ValidationFailed):
        rollback_version({"version": "yesterday"})


def test_only_a_change_of_more_than_the_count_is_a_change_of_the_configuration() -> None:
    assert PRESENT.same_config(PRESENT.replace(instances=9, version="v"))
    assert not PRESENT.same_definition(PRESENT.replace(instances=9))
    assert not PRESENT.same_config(PRESENT.replace(cmd="sleep 3"))
    assert isinstance(PRESENT, App)
