from dataclasses import dataclass

import pytest

from actors import Props
from actors.persistence import Append, DurableStateActor, Event, EventSchema, MemoryJournal, PersistFailure


@dataclass(frozen=True, slots=True)
class Cursor:
    position: int = 0


class Reader(DurableStateActor):
    schema = EventSchema(Cursor)

    def initial_state(self):
        return Cursor()

    async def receive_command(self, command):
        match command:
            case int():
                await self.update(Cursor(command))
            case "clear":
                await self.clear()
        self.reply((self.state.position, self.revision))


async def test_the_newest_state_is_found_again(system):
    journal = MemoryJournal()
    first = system.spawn(Props(Reader, journal, "cursor"))
    for n in (5, 3, 9):
        await first.ask(n)
    await system.graceful_stop(first)
    second = system.spawn(Props(Reader, journal, "cursor"))
    assert await second.ask("get") == (9, 3)


async def test_clearing_counts_as_a_revision(system):
    journal = MemoryJournal()
    reader = system.spawn(Props(Reader, journal, "cursor"))
    await reader.ask(5)
    assert await reader.ask("clear") == (0, 2)
    await system.graceful_stop(reader)
    assert await system.spawn(Props(Reader, journal, "cursor")).ask("get") == (0, 2)


async def test_older_states_do_not_pile_up(system):
    journal = MemoryJournal()
    reader = system.spawn(Props(Reader, journal, "cursor"))
    for n in range(1, 101):
        await reader.ask(n)
    recovered = await journal.replay("cursor")
    assert len(recovered.events) < 10
    assert recovered.seq == 100


async def test_another_writers_revision_is_never_overwritten(system, probe):
    journal = MemoryJournal()
    reader = system.spawn(Props(Reader, journal, "cursor"))
    await reader.ask(5)
    await journal.append([Append("cursor", (Event("Cursor", 1, {"position": 77}),))])
    reader.tell(6)
    assert isinstance((await probe.expect_terminated(reader)).reason, PersistFailure)
    assert (await journal.replay("cursor")).events[-1].event.payload == {"position": 77}


@pytest.mark.seeds(5)
async def test_updates_of_many_readers_do_not_mix(system, seed):
    journal = MemoryJournal()
    readers = [system.spawn(Props(Reader, journal, f"cursor/{n}")) for n in range(5)]
    for n, reader in enumerate(readers):
        assert await reader.ask(n) == (n, 1)
