from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesos_proto import recordio
from mesos_proto.recordio import Decoder, RecordIOError


@given(st.lists(st.binary(max_size=200)), st.lists(st.integers(min_value=1, max_value=70), min_size=1))
def test_records_come_back_whole_however_the_stream_is_cut(records: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(recordio.encode, records))
    decoder = Decoder()
    found: list[bytes] = []
    position = turn = 0
    while position < len(stream):
        step = cuts[turn % len(cuts)]
        found += decoder.feed(stream[position : position + step])
        position, turn = position + step, turn + 1
    assert found == records
    assert decoder.at_boundary


def test_an_unfinished_record_is_told_from_a_boundary() -> None:
    decoder = Decoder()
    assert decoder.at_boundary
    for piece in (b"5", b"\n", b"hell"):
        assert decoder.feed(piece) == []
        assert not decoder.at_boundary
    assert decoder.feed(b"o") == [b"hello"]
    assert decoder.at_boundary


def test_an_empty_record_is_a_record() -> None:
    assert Decoder().feed(b"0\n1\nx") == [b"", b"x"]


@pytest.mark.parametrize(
    "head", [b"\n", b"-1\n", b"+1\n", b"1 \n", b"0x1\n", b"1_0\n", b"\xd9\xa1\n", b"<html>", b"1\r\n"]
)
def test_a_length_that_is_no_number_is_refused_at_once(head: bytes) -> None:
    with pytest.raises(RecordIOError, match="length reads"):
        Decoder().feed(head)


def test_more_than_twenty_digits_are_refused_even_without_a_newline() -> None:
    decoder = Decoder()
    assert decoder.feed(b"0" * 20) == []
    with pytest.raises(RecordIOError, match="20 digits"):
        decoder.feed(b"0")
    assert Decoder().feed(b"0" * 19 + b"1\nx") == [b"x"]


def test_a_record_over_the_limit_is_refused_before_any_of_it_arrives() -> None:
    decoder = Decoder(max_record_bytes=10)
    assert decoder.feed(recordio.encode(b"x" * 10)) == [b"x" * 10]
    with pytest.raises(RecordIOError, match="11 bytes is over the limit of 10"):
        decoder.feed(b"11\n")


def test_the_default_limit_stands_against_a_lying_length() -> None:
    with pytest.raises(RecordIOError, match="over the limit"):
        Decoder().feed(b"18446744073709551615\n")


def test_what_stood_before_a_fault_is_not_lost_and_what_comes_after_is_not_read() -> None:
    decoder = Decoder()
    with pytest.raises(RecordIOError) as fault:
        decoder.feed(b"2\nokoops\n2\nno")
    assert fault.value.records == (b"ok",)
    with pytest.raises(RecordIOError):
        decoder.feed(b"2\nok")


@given(st.lists(st.binary(max_size=40)))
def test_arbitrary_bytes_give_records_or_a_record_error_and_bounded_memory(pieces: list[bytes]) -> None:
    decoder = Decoder(max_record_bytes=64)
    try:
        for piece in pieces:
            assert all(len(record) <= 64 for record in decoder.feed(piece))
    except RecordIOError:
        pass
    assert len(decoder._unfinished) <= 64 + recordio.MAX_LENGTH_DIGITS + 1 + 40


def test_a_large_record_in_small_pieces_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Decoder()
    kept: list[int] = []
    keep = decoder._keep
    monkeypatch.setattr(
        Decoder, "_keep", lambda self, data, start, needed: (kept.append(needed), keep(data, start, needed))
    )
    decoder.feed(b"100000\n")
    for _ in range(999):
        assert decoder.feed(b"x" * 100) == []
    assert decoder.feed(b"x" * 100) == [b"x" * 100_000]
    assert kept == [100_007]
