"""Streams of records, and two ways to cut them."""

from __future__ import annotations

from benchmarks.probes import cpu_seconds

PIECE = 65_536  # bytes that arrive at once


def cut_at_once(record: bytes, size: int) -> float:
    """Seconds to cut a stream that is there as a whole, trusting it: what Python can do at best."""
    count = size // len(record)
    stream = (b"%d\n" % len(record) + record) * count
    start = cpu_seconds()
    position, found = 0, 0
    while position < len(stream):
        newline = stream.find(b"\n", position)
        end = newline + 1 + int(stream[position:newline])
        stream[newline + 1 : end]
        position, found = end, found + 1
    seconds = cpu_seconds() - start
    assert found == count
    return seconds


def decode(record: bytes, size: int) -> float:
    """Seconds for our decoder, which gets the stream in pieces and trusts nothing."""
    from mesos_proto import recordio

    count = size // len(record)
    stream = recordio.encode(record) * count
    pieces = [stream[start : start + PIECE] for start in range(0, len(stream), PIECE)]
    decoder = recordio.Decoder()
    start = cpu_seconds()
    found = sum(len(decoder.feed(piece)) for piece in pieces)
    seconds = cpu_seconds() - start
    assert found == count
    return seconds
