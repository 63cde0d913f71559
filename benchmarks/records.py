"""Streams of records, and two ways to cut them."""

from __future__ import annotations

from time import perf_counter

PIECE = 65_536  # bytes that arrive at once


def cut_at_once(record: bytes, size: int) -> float:
    """Seconds to cut a stream that is there as a whole, trusting it: what Python can do at best."""
    count = size // len(record)
    stream = (b"%d\n" % len(record) + record) * count
    start = perf_counter()
    position, found = 0, 0
    while position < len(stream):
        newline = stream.find(b"\n", position)
        end = newline + 1 + int(stream[position:newline])
        stream[newline + 1 : end]
        position, found = end, found + 1
    seconds = perf_counter() - start
    assert found == count
    return seconds


def decode(record: bytes, size: int) -> float:
    """Seconds for our decoder, which gets the stream in pieces and trusts nothing."""
    from mesos_proto import recordio

    count = size // len(record)
    stream = recordio.encode(record) * count
    pieces = [stream[start : start + PIECE] for start in range(0, len(stream), PIECE)]
    decoder = recordio.Decoder()
    start = perf_counter()
    found = sum(len(decoder.feed(piece)) for piece in pieces)
    seconds = perf_counter() - start
    assert found == count
    return seconds
