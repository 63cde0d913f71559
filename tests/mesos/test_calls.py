"""Calls are messages, and their bytes are their messages' bytes, whichever way they are written."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mesos import Acknowledge, InvalidCall
from actors.mesos.calls import NAMES, AcceptOffers, Call, KillTask
from actors.mesos.operations import Launch, Operation, Reserve
from mesos_proto import CommandInfo, Filters, OfferID, Resources, TaskID, TaskInfo, TaskState, TaskStatus
from mesos_proto import scheduler_pb2 as scheduler

ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


def _task(task_id: str, command: str) -> TaskInfo:
    return TaskInfo(
        name="n", task_id=task_id, agent_id="S", resources="cpus:0.1;mem:32", command=CommandInfo(value=command)
    )


operations: st.SearchStrategy[Operation] = st.one_of(
    st.lists(st.builds(_task, ids, st.text(max_size=20_000).filter(str.isprintable)), max_size=4).map(Launch),
    st.just(Reserve(Resources.parse("cpus:1"))),
)


@given(
    st.lists(ids, min_size=1, max_size=4, unique=True),
    st.lists(operations, max_size=3),
    st.none() | st.floats(0, 1e6).map(Filters),
)
def test_an_acceptance_on_the_wire_is_its_message(
    offers: list[str], operations: list[Operation], filters: Filters | None
) -> None:
    call = AcceptOffers([OfferID(offer) for offer in offers], operations, filters)
    assert scheduler.Call.FromString(call.to_wire()) == call.to_proto()


@given(ids, ids, st.binary(min_size=1, max_size=200))
def test_an_acknowledgement_on_the_wire_is_its_message(task_id: str, agent_id: str, uuid: bytes) -> None:
    call = Acknowledge(
        TaskStatus.of(task_id=task_id, state=TaskState.TASK_RUNNING, agent_id=agent_id, executor_id="e", uuid=uuid)
    )
    assert scheduler.Call.FromString(call.to_wire()) == call.to_proto()


def test_every_call_has_the_name_that_mesos_gives_it() -> None:
    assert set(NAMES) == set(get_args(Call))
    assert set(NAMES.values()) | {"UNKNOWN", "SUBSCRIBE"} == set(scheduler.Call.Type.keys())


def test_another_call_on_the_wire_is_its_message() -> None:
    call = KillTask(TaskID("t"))
    assert scheduler.Call.FromString(call.to_wire()) == call.to_proto()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (AcceptOffers([], []), "offer_ids is empty"),
        (AcceptOffers([OfferID("a"), OfferID("a")], []), "names an offer twice"),
        (AcceptOffers("abc", []), "is the string 'abc'"),  # type: ignore[arg-type]
        (Acknowledge(TaskStatus.of(task_id="t", state=TaskState.TASK_RUNNING, agent_id="S")), "has no uuid"),
        (Acknowledge(TaskStatus.of(task_id="t", state=TaskState.TASK_RUNNING, uuid=b"u")), "agent_id is missing"),
    ],
)
def test_what_the_master_would_pass_over_is_refused_on_both_ways_to_the_wire(
    call: AcceptOffers | Acknowledge, said: str
) -> None:
    for write in (call.to_wire, call.to_proto):
        with pytest.raises(InvalidCall, match=said):
            write()
