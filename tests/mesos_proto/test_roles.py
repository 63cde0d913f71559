from __future__ import annotations

import pytest

from mesos_proto.roles import RoleError, is_within, validate_role


@pytest.mark.parametrize("role", ["*", "web", "eng/web", "a-b", "ü", "a.b", "..."])
def test_names_of_roles_are_taken(role: str) -> None:
    validate_role(role)


# The words of a master of 1.11.0.
@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("", "Role names cannot be the empty string"),
        ("*/a", "Role '*/a' cannot include '*' as a component"),
        ("-a", "Role component '-a' is invalid because it starts with a dash"),
        (".", "Role '.' cannot include '.' as a component"),
        ("..", "Role '..' cannot include '..' as a component"),
        ("/a", "Role '/a' cannot start with a slash"),
        ("a b", "Role component 'a b' is invalid because it contains backspace or whitespace"),
        ("a/", "Role 'a/' cannot end with a slash"),
        ("a/*", "Role 'a/*' cannot include '*' as a component"),
        ("a/../b", "Role 'a/../b' cannot include '..' as a component"),
        ("a//b", "Role 'a//b' cannot contain two adjacent slashes"),
    ],
)
def test_other_names_are_refused_in_the_words_of_a_real_master(role: str, message: str) -> None:
    with pytest.raises(RoleError) as error:
        validate_role(role)
    assert str(error.value) == message


def test_a_role_is_within_itself_and_what_is_above_it() -> None:
    assert is_within("eng/web", "eng")
    assert is_within("eng", "eng")
    assert not is_within("engine", "eng")
    assert not is_within("eng", "eng/web")
