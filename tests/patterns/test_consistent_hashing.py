"""Keys keep their routee: over processes, and but for a few when routees come and go."""

import enum
import logging
import subprocess
import sys
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Actor, DeadLetter
from actors.patterns import (
    AddRoutee,
    ConsistentHashableEnvelope,
    ConsistentHashing,
    GetRoutees,
    HashRing,
    RemoveRoutee,
    group,
    pool,
    stable_hash,
)

NODES = tuple((name, name) for name in ("/user/a", "/user/b", "/user/c", "/user/d"))


class Color(enum.Enum):
    RED = 1


@dataclass(frozen=True, slots=True)
class Put:
    consistent_hash_key: str


class Namer(Actor):
    def receive(self, message):
        self.reply((self.ref.name, message))


def test_the_hash_is_the_same_in_another_process_whatever_the_seed_of_its_hashes():
    program = "from actors.patterns import stable_hash; print(stable_hash(('alice', 7, None, 2.5, True, b'x')))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "77"}
    )
    assert int(done.stdout) == stable_hash(("alice", 7, None, 2.5, True, b"x"))


def test_the_hash_of_a_key_is_part_of_the_contract():
    assert stable_hash("alice") == 8013465369521592465


def test_keys_that_look_alike_differ():
    assert len({stable_hash(key) for key in ("1", 1, b"1", True, None, ("1",), ("", "1"), ("1", ""), Color.RED)}) == 9


def test_a_key_that_another_process_may_not_spell_alike_is_refused():
    with pytest.raises(TypeError, match=r"object at .* cannot be a consistent hash key"):
        stable_hash(object())


@given(st.text())
def test_only_keys_of_the_node_that_left_move(key):
    whole, less = HashRing(NODES), HashRing(NODES[1:])
    assert whole.owner(key) in (less.owner(key), "/user/a")


@given(st.lists(st.text(), min_size=1), st.permutations(NODES))
def test_the_order_of_the_nodes_does_not_matter(keys, nodes):
    assert [HashRing(NODES).owner(key) for key in keys] == [HashRing(tuple(nodes)).owner(key) for key in keys]


def test_more_virtual_nodes_spread_the_keys_more_evenly():
    def largest_share(virtual_nodes):
        ring = HashRing(NODES, virtual_nodes)
        owners = [ring.owner(n) for n in range(2000)]
        return max(owners.count(name) for name, _ in NODES)

    assert largest_share(200) < 700 < largest_share(1)


@pytest.mark.parametrize(
    ("logic", "message"),
    [
        (ConsistentHashing(mapping=lambda message: message[0]), ("alice", 1)),
        (ConsistentHashing(), Put("alice")),
        (ConsistentHashing(), ConsistentHashableEnvelope(1, "alice")),
    ],
    ids=["mapping", "message", "envelope"],
)
async def test_equal_keys_go_to_one_routee_wherever_the_key_comes_from(system, logic, message):
    router = system.spawn(pool(Namer, 5, logic))
    owner = (await router.ask(message))[0]
    for _ in range(5):
        assert (await router.ask(message))[0] == owner
    expected = HashRing(tuple((ref.name, ref.path) for ref in (await router.ask(GetRoutees())).routees))
    assert owner == expected.owner("alice")


async def test_the_envelope_stays_with_the_router(system):
    router = system.spawn(pool(Namer, 5, ConsistentHashing()))
    assert (await router.ask(ConsistentHashableEnvelope("inside", 1)))[1] == "inside"


async def test_the_mapping_goes_before_the_message_and_the_message_before_the_envelope(system):
    routees = [system.spawn(Namer, name) for name in "abcdefgh"]
    ring = HashRing(tuple((ref.name, ref.path) for ref in routees))
    router = system.spawn(group(routees, ConsistentHashing(mapping=lambda m: "k" if isinstance(m, Put) else None)))
    assert (await router.ask(Put("other")))[0] == ring.owner("k")
    assert (await router.ask(ConsistentHashableEnvelope("x", "other")))[0] == ring.owner("other")


async def test_a_message_without_a_key_is_warned_of_and_becomes_a_dead_letter(system, probe, testkit):
    system.event_stream.subscribe(probe.ref, DeadLetter)
    router = system.spawn(pool(Namer, 2, ConsistentHashing()))
    await router.ask(GetRoutees())
    async with testkit.event_filter(level=logging.WARNING, pattern="a str has no consistent hash key"):
        router.tell("no key")
    assert (await probe.expect_msg_class(DeadLetter)).message == "no key"


async def test_the_ring_follows_the_routees(system):
    a, b = system.spawn(Namer, "a"), system.spawn(Namer, "b")
    router = system.spawn(group([a], ConsistentHashing(mapping=str)))
    assert {(await router.ask(n))[0] for n in range(20)} == {"a"}
    router.tell(AddRoutee(b))
    assert {(await router.ask(n))[0] for n in range(20)} == {"a", "b"}
    router.tell(RemoveRoutee(a))
    assert {(await router.ask(n))[0] for n in range(20)} == {"b"}
