"""Events of many actors on their way to the disk, each acknowledged to its actor when it is synced.

2,000 event-sourced actors, all started, are told ten commands each, and each command persists one event. The clock
stops when the last is durable; it is the wall's, since a disk that syncs costs no CPU. The baseline writes the payloads
with bare sqlite3 (WAL, synchronous=FULL), with as many events a commit as many actors give at once.
"""

import asyncio
import json
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost import Cost

COST = Cost("durable-events", "durable events of 2,000 actors", size=20_000, baseline="sqlite3", limit=20)
ACTORS = 2_000


@COST.contender("sqlite3")
def bare(size: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "journal")
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=full")
        connection.execute("create table events (stream text, seq integer, payload text, primary key (stream, seq))")
        began = time.perf_counter()
        for seq in range(size // ACTORS):
            rows = [(f"counter-{actor}", seq, json.dumps({"by": 1})) for actor in range(ACTORS)]
            with connection:
                connection.executemany("insert into events values (?, ?, ?)", rows)
        took = time.perf_counter() - began
        connection.close()
        return took


@COST.contender("actors", ours=True)
async def actors(size: int) -> float:
    from actors import ActorSystem, Props
    from actors.persistence import EventSchema, EventSourcedActor, SqliteJournal

    schema_of_counters = EventSchema()

    @schema_of_counters.event()
    @dataclass(frozen=True)
    class Added:
        by: int

    class Counter(EventSourcedActor[int, int]):
        schema = schema_of_counters

        def initial_state(self) -> int:
            return 0

        def apply_event(self, state: int, event: Added) -> int:
            return state + event.by

        async def receive_command(self, command: int) -> None:
            if command:
                await self.persist(Added(command))
            if self.seq in (0, size // ACTORS):
                self.reply(self.state)

    with tempfile.TemporaryDirectory() as folder:
        async with SqliteJournal(Path(folder) / "journal") as journal, ActorSystem() as system:
            counters = [system.spawn(Props(Counter, journal, f"counter-{number}")) for number in range(ACTORS)]
            assert set(await asyncio.gather(*(counter.ask(0, timeout=60) for counter in counters))) == {0}
            began = time.perf_counter()
            for _ in range(size // ACTORS - 1):
                for counter in counters:
                    counter.tell(1)
            ends = await asyncio.gather(*(counter.ask(1, timeout=60) for counter in counters))
            took = time.perf_counter() - began
            assert set(ends) == {size // ACTORS}
            return took
