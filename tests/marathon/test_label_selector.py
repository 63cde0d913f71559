"""Label selectors, held against a naive reading of what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.marathon.label_selector import SelectorError, parse_selector

LABELS = {"tier": "front", "owner": "ann", "odd": "a,b", "empty": ""}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("tier", True),
        ("nope", False),
        ("tier==front", True),
        ("tier == back", False),
        ("tier!=back", True),
        ("nope!=x", True),
        ("tier in (back, front)", True),
        ("nope in (x)", False),
        ("tier notin (back, front)", False),
        ("nope notin (x)", True),
        ("tier==front, owner==ann", True),
        ("tier==front,owner==bob", False),
        (r"odd==a\,b", True),
    ],
)
def test_a_selector_matches_labels(text: str, matches: bool) -> None:
    assert parse_selector(text)(LABELS) is matches


@pytest.mark.parametrize(
    "text", ["", " ", "a=b", "a==", "==b", "a in b", "a in (", "a in ()", "a in (b", "a,,b", "a b", "a,", "(a)"]
)
def test_what_is_no_selector_is_refused(text: str) -> None:
    with pytest.raises(SelectorError):
        parse_selector(text)


@given(st.text(alphabet="ab=!(), in\\", max_size=20))
def test_any_text_is_a_selector_or_a_clear_error(text: str) -> None:
    try:
        parse_selector(text)(LABELS)
    except SelectorError as error:
        message = str(error)
    else:
        return
    assert message.startswith("label selector")
