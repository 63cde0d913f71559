"""What crosses between systems, what does not, and how versions meet."""

import contextlib
import enum
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

import actors.mesos  # noqa: F401 - registers its ids
from actors import ActorSystem, AskTimeout, Failure
from actors.remote import Codec, MessageRefused, RemoteFailure, default_codec
from actors.remote._format import TELL, Decoder, Encoder
from actors.testkit.effects import InboxRef
from mesos_proto import FrameworkID, TaskID, mesos_pb2


def crossed(value, there=None, here=None):
    """`value` as the other side gets it."""
    here = here or Codec()
    there = there or here
    refs = {}

    def name_of(ref):
        refs[ref.path] = ref
        return ref.path

    decoder = Decoder(there, refs.__getitem__)
    for definition in here.definitions:
        decoder.define(*msgpack.unpackb(msgpack.packb(definition)))
    data = Encoder(here, name_of).tell("/user/x#1", None, value)
    unpacker = msgpack.Unpacker(ext_hook=decoder.extension, strict_map_key=False)
    unpacker.feed(data)
    kind, target, sender, number, *values = next(unpacker)
    assert (kind, target, sender) == (TELL, "/user/x#1", None)
    return decoder.message(number, values)


def same(one, other):
    return type(one) is type(other) and one == other


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.datetimes(timezones=st.none() | st.just(UTC) | st.just(timezone(timedelta(hours=5, minutes=30))))
    | st.dates() | st.timedeltas() | st.decimals(allow_nan=False) | st.uuids()
)  # fmt: skip
HASHABLE = st.integers() | st.text() | st.tuples(st.integers(), st.text()) | st.dates() | st.uuids()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(HASHABLE, inner)
        | st.sets(HASHABLE)
        | st.frozensets(HASHABLE)
    ),
    max_leaves=20,
)


@given(VALUES.filter(lambda value: value is not None))
def test_plain_values_come_as_they_were(value):
    assert same(crossed(value), value)


def test_fold_and_offset_of_a_time_survive():
    moment = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=timezone(timedelta(seconds=-3601)))
    assert crossed(moment).isoformat() == moment.isoformat()
    assert crossed(moment).fold == 1


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


@dataclass(frozen=True)
class Inner:
    value: object


@dataclass(frozen=True, slots=True)
class Outer:
    colour: Colour
    inner: tuple[Inner, ...]
    when: date
    price: Decimal
    derived: int = field(init=False, default=7)


@dataclass(frozen=True, kw_only=True)
class Named:
    one: int
    two: int = 2


@dataclass(frozen=True)
class Empty:
    pass


def shop(**extra):
    codec = Codec()
    for cls in (Colour, Level, Inner, Outer, Named, Empty):
        codec.message(f"shop.{cls.__name__}")(cls)
    return codec


@pytest.mark.parametrize(
    "value",
    [
        Outer(Colour.RED, (Inner(1), Inner(frozenset({UUID(int=5)}))), date(2026, 1, 2), Decimal("1.50")),
        Named(one=1),
        Empty(),
        [Empty(), {"k": Named(one=3, two=4)}],
        Colour.RED,
        Level.HIGH,
        {(1, Colour.RED): Inner(None)},
        Inner(2**200),
    ],
)
def test_registered_classes_come_as_they_were(value):
    assert same(crossed(value, here=shop()), value)


def test_an_inner_class_is_refused_by_name_where_it_is_told():
    class Own:
        pass

    codec = shop()
    with pytest.raises(MessageRefused, match=r"a Inner cannot be sent .*Own is not registered; put @message"):
        crossed(Inner(Own()), here=codec)
    assert crossed(Empty(), here=codec) == Empty()


@pytest.mark.parametrize("value", [Inner(object()), "\ud800", Inner(lambda: 1)])
def test_what_cannot_cross_is_refused_and_the_next_message_is_not(value):
    codec = shop()
    encoder = Encoder(codec, str)
    with pytest.raises(MessageRefused, match="cannot be sent to another system"):
        encoder.tell("/user/x#1", None, value)
    assert msgpack.unpackb(encoder.tell("/user/x#1", None, "well")) == [TELL, "/user/x#1", None, None, "well"]


def test_a_nesting_without_end_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(MessageRefused):
        crossed(endless)


def test_refs_cross_by_name():
    ref = InboxRef("actors://a@h:1/user/x")
    assert crossed([ref, {"of": ref}]) == [ref, {"of": ref}]


def test_protobuf_messages_cross_and_classes_with_functions_of_their_own():
    codec = Codec()
    codec.register(mesos_pb2.Resource)
    codec.register(complex, "complex", lambda value: [value.real, value.imag], lambda value: complex(*value))
    resource = mesos_pb2.Resource(name="cpus", type=mesos_pb2.Value.SCALAR)
    resource.scalar.value = 1.5
    assert crossed([resource, 1 + 2j], here=codec) == [resource, 1 + 2j]


def test_errors_cross_as_themselves_or_by_name():
    class Own(Exception):
        pass

    answer = crossed(Failure(ValueError("no")))
    assert isinstance(answer.error, ValueError)
    assert str(answer.error) == "no"
    assert isinstance(crossed(AskTimeout("late")), AskTimeout)
    assert str(crossed(KeyError("k"))) == "'k'"
    other = crossed(Own("why"))
    assert isinstance(other, RemoteFailure)
    assert str(other) == "Own: why"


# Versions


def codec_of(version, *fields):
    made = dataclass(frozen=True)(type("Order", (), {"__annotations__": dict.fromkeys(fields, "object")}))
    codec = Codec()
    codec.message("shop.order", version)(made)
    return codec, made


def test_what_an_older_version_says_is_brought_up_step_by_step():
    old, old_order = codec_of(1, "item")
    new, new_order = codec_of(3, "item", "count", "currency")
    new.upcast("shop.order", 1)(lambda fields: fields | {"count": 1})
    new.upcast("shop.order", 2)(lambda fields: fields | {"currency": "EUR"})
    assert crossed(old_order("tea"), here=old, there=new) == new_order("tea", 1, "EUR")
    assert crossed([old_order("tea")], here=old, there=new) == [new_order("tea", 1, "EUR")]


@pytest.mark.parametrize(
    ("theirs", "ours", "said"),
    [
        ((1, "item"), (2, "item", "count"), r"shop\.order@1 came from an older program.*no upcaster of shop\.order@1"),
        ((3, "item"), (2, "item"), r"shop\.order@3 came from a newer program; this one knows version 2"),
        ((1, "item"), (1, "item", "count"), r"came with the fields item; here that version has item, count"),
    ],
)
def test_versions_that_do_not_meet_are_refused_with_what_to_do(theirs, ours, said):
    (here, order), (there, _) = codec_of(*theirs), codec_of(*ours)
    with pytest.raises(MessageRefused, match=said):
        crossed(order(*["tea"] * (len(theirs) - 1)), here=here, there=there)
    with pytest.raises(MessageRefused, match=said):
        crossed({"nested": order(*["tea"] * (len(theirs) - 1))}, here=here, there=there)


def test_an_unknown_class_is_refused():
    here, order = codec_of(1, "item")
    with pytest.raises(MessageRefused, match=r"shop\.order@1 came, whose class is not registered here"):
        crossed(order("tea"), here=here, there=Codec())


def test_a_class_that_is_registered_after_the_connection_was_made_is_known_from_then_on():
    here, there = Codec(), Codec()
    number = len(here.definitions)

    @here.message("shop.order")
    @dataclass(frozen=True)
    class Order:
        item: str

    decoder = Decoder(there, {}.__getitem__)
    for definition in here.definitions:
        decoder.define(*definition)
    with pytest.raises(MessageRefused, match="not registered here"):
        decoder.message(number, ["tea"])
    there.message("shop.order")(Order)
    assert decoder.message(number, ["tea"]) == Order("tea")


def test_a_kind_of_text_stays_what_it_is():
    codec = Codec()

    @codec.message("shop.Sku")
    class Sku(str):
        __slots__ = ()

    for value in (Sku("tea"), [Sku("tea"), "tea"], {Sku("tea"): 1}):
        got = crossed(value, here=codec)
        assert got == value
    assert [type(each) for each in crossed([Sku("tea"), "tea"], here=codec)] == [Sku, str]
    assert type(crossed(Sku("tea"), here=codec)) is Sku


def test_the_ids_of_mesos_cross_as_ids():
    got = crossed({"task": TaskID("t"), "of": FrameworkID("f")}, here=default_codec)
    assert [type(each) for each in got.values()] == [TaskID, FrameworkID]


def test_a_constructor_that_refuses_makes_no_message():
    codec = Codec()

    @codec.message("checked")
    @dataclass(frozen=True)
    class Checked:
        value: int

        def __post_init__(self):
            if self.value == 13:
                raise ValueError("13 is not allowed")

    checked = Checked(1)
    object.__setattr__(checked, "value", 13)
    with pytest.raises(MessageRefused, match="13 is not allowed"):
        crossed(checked, here=codec)


def test_names_and_classes_are_registered_once():
    codec = shop()
    with pytest.raises(ValueError, match=r"'shop\.Empty' is taken, by Empty"):
        codec.message("shop.Empty")(dataclass(type("Other", (), {})))
    with pytest.raises(ValueError, match=r"Empty is registered already, as 'shop\.Empty'"):
        codec.message("other")(Empty)
    with pytest.raises(TypeError, match="neither a dataclass, nor an enum, nor a kind of text"):
        codec.message("x")(int)
    with pytest.raises(TypeError, match="no protobuf message"):
        codec.register(int, "int")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_or_an_error_and_never_more(data):
    decoder = Decoder(shop(), lambda name: InboxRef(name))
    unpacker = msgpack.Unpacker(ext_hook=decoder.extension, strict_map_key=False, max_buffer_size=1000)
    unpacker.feed(data)
    # ValueError is what msgpack raises; a list as a key of a map has no hash. Either ends a connection.
    with contextlib.suppress(ValueError, TypeError):
        for _ in unpacker:
            with contextlib.suppress(MessageRefused):
                decoder.check()


async def test_the_system_of_a_ref_matters_not():
    async with ActorSystem() as system:
        assert crossed(system.dead_letters) is system.dead_letters
