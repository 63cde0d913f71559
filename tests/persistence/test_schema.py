from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

import pytest

from actors.persistence import Event, EventSchema, SchemaError


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Painted:
    colour: Colour
    at: datetime
    parts: tuple[Part, ...]
    tags: frozenset[str]
    note: str | None = None


def test_fields_come_back_as_they_were():
    schema = EventSchema(Painted)
    painted = Painted(Colour.RED, datetime(2026, 1, 2, tzinfo=UTC), (Part("door", (1, 2)),), frozenset({"x"}))
    stored = schema.encode(painted)
    assert (stored.kind, stored.version) == ("Painted", 1)
    assert stored.payload["colour"] == "red"
    assert schema.decode(stored) == [painted]


def test_what_is_not_registered_cannot_be_stored():
    with pytest.raises(SchemaError, match=r"Part is not in the schema, which knows Painted.*@schema\.event"):
        EventSchema(Painted).encode(Part("x", ()))


@dataclass(frozen=True, slots=True)
class Deposited:
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class Noted:
    text: str


def bank():
    schema = EventSchema(Noted)
    schema.event(version=3)(Deposited)

    @schema.upcast("Deposited", 1)
    def cents(payload):
        return {"amount": payload["amount"] * 100}

    @schema.upcast("Deposited", 2)
    def currency(payload):
        return payload | {"currency": "EUR"}

    @schema.upcast("DepositedWithNote", 1)
    def split(payload):
        return [Event("Noted", 1, {"text": payload["note"]}), Event("Deposited", 1, {"amount": payload["amount"]})]

    @schema.upcast("Touched", 1)
    def drop(payload):
        return None

    return schema


def test_upcasters_run_one_after_the_other_up_to_todays_class():
    assert bank().decode(Event("Deposited", 1, {"amount": 5})) == [Deposited(500, "EUR")]
    assert bank().decode(Event("Deposited", 2, {"amount": 5})) == [Deposited(5, "EUR")]


def test_one_stored_event_may_become_several_or_none():
    assert bank().decode(Event("DepositedWithNote", 1, {"amount": 5, "note": "x"})) == [
        Noted("x"),
        Deposited(500, "EUR"),
    ]
    assert bank().decode(Event("Touched", 1, {})) == []


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        (Event("Deposited", 4, {}), "newer version of this program"),
        (Event("Unknown", 1, {}), "no such kind"),
        (Event("Noted", 1, {"text": [1]}), "does not fit"),
        (Event("Noted", 1, {}), "does not fit"),
    ],
)
def test_what_is_not_understood_says_why(stored, words):
    with pytest.raises(SchemaError, match=words):
        bank().decode(stored)


def test_a_missing_upcaster_is_named():
    schema = EventSchema()
    schema.event(version=2)(Noted)
    with pytest.raises(SchemaError, match="no upcaster from it towards version 2"):
        schema.decode(Event("Noted", 1, {"text": "x"}))


def test_registering_twice_is_an_error():
    schema = EventSchema(Noted)
    with pytest.raises(ValueError, match="kind 'Noted' already"):
        schema.event("Noted")(Part)
    with pytest.raises(ValueError, match="already, as 'Noted'"):
        schema.event("Other")(Noted)
    with pytest.raises(ValueError, match="at least 1"):
        schema.event(version=0)(Part)
