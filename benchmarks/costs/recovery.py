"""Recovery: the time from opening a journal of 1,000,000 events until the one actor that they belong to is as it was.

The baseline reads the same payloads back with bare sqlite3 and adds them up. How far the recovery is, an actor hears in
`on_recovery_progress`; that it was told is part of what is measured.
"""

import json
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cost import Cost

COST = Cost("recovery", "events applied in recovery, of 1,000,000", size=1_000_000, baseline="sqlite3", at_most=1)
EVENTS_A_WRITE = 10_000


@COST.contender("sqlite3")
def bare(size: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "journal")
        connection.execute("create table events (seq integer primary key, payload text)")
        with connection:
            rows = ((seq, json.dumps({"by": 1})) for seq in range(size))
            connection.executemany("insert into events values (?, ?)", rows)
        began = time.perf_counter()
        state = 0
        for (payload,) in connection.execute("select payload from events order by seq"):
            state += json.loads(payload)["by"]
        took = time.perf_counter() - began
        assert state == size
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

    class Counter(EventSourcedActor[Any, int]):
        schema = schema_of_counters
        recovery_timeout = 600.0
        heard = 0

        def initial_state(self) -> int:
            return 0

        def apply_event(self, state: int, event: Added) -> int:
            return state + event.by

        def on_recovery_progress(self, done: int, total: int) -> None:
            self.heard += done < total

        async def receive_command(self, command: str) -> None:
            if command == "fill":
                await self.persist(*[Added(1)] * EVENTS_A_WRITE)
            self.reply((self.state, self.heard))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        async with SqliteJournal(path) as journal, ActorSystem() as system:
            counter = system.spawn(Props(Counter, journal, "counter"))
            for _ in range(size // EVENTS_A_WRITE):
                await counter.ask("fill", timeout=60)
        began = time.perf_counter()
        async with SqliteJournal(path) as journal, ActorSystem() as system:
            state, heard = await system.spawn(Props(Counter, journal, "counter")).ask("state", timeout=600)
            took = time.perf_counter() - began
            assert state == size, state
            assert heard, "no progress was told"
            return took
