"""What waits for one client is bounded."""

from __future__ import annotations

from actors.local_mesos.master.stream import Outlet


async def test_records_come_out_in_order_and_end_when_it_is_closed() -> None:
    outlet = Outlet(100)
    assert all(outlet.put(record) for record in (b"a", b"b"))
    outlet.close()
    assert not outlet.put(b"c")
    assert [record async for records in outlet.batches() for record in records] == [b"a", b"b"]


async def test_over_the_limit_the_connection_is_cut_and_nothing_is_kept() -> None:
    cuts = []
    outlet = Outlet(10)
    outlet.cut = lambda: cuts.append(1)
    assert outlet.put(b"x" * 10)
    assert not outlet.put(b"y")
    assert cuts == [1]
    assert [record async for records in outlet.batches() for record in records] == []


async def test_one_record_larger_than_the_limit_still_passes() -> None:
    outlet = Outlet(10)
    assert outlet.put(b"x" * 50)
