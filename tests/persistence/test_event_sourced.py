import asyncio
from dataclasses import dataclass

import pytest

from actors import AskTimeout, PoisonPill, Props, Terminated
from actors.persistence import (
    Append,
    Event,
    EventSchema,
    EventSourcedActor,
    JournalBroken,
    JournalFull,
    MemoryJournal,
    MemoryStore,
    PersistFailure,
    RecoveryFailed,
    SchemaError,
)
from actors.testkit import TestProbe

schema = EventSchema()


@schema.event()
@dataclass(frozen=True, slots=True)
class Deposited:
    amount: int


@schema.event()
@dataclass(frozen=True, slots=True)
class Withdrawn:
    amount: int


@schema.event()
@dataclass(frozen=True, slots=True)
class Balance:
    cents: int = 0


@dataclass(frozen=True, slots=True)
class Deposit:
    amount: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    amount: int


@dataclass(frozen=True, slots=True)
class DepositBoth:
    first: int
    second: int


class Overdrawn(Exception):
    pass


class Account(EventSourcedActor):
    schema = schema

    def __init__(self, journal, stream="account/1", log=None):
        super().__init__(journal, stream)
        self.told = log if log is not None else []

    def initial_state(self):
        return Balance()

    def apply_event(self, state, event):
        match event:
            case Deposited(amount):
                return Balance(state.cents + amount)
            case Withdrawn(amount):
                if amount > state.cents:
                    raise Overdrawn(f"{amount} of {state.cents}")
                return Balance(state.cents - amount)
        raise AssertionError(event)

    def on_event(self, event):
        self.told.append((event, self.is_recovering))

    def recovery_completed(self):
        self.told.append(("recovered", self.state.cents))

    async def receive_command(self, command):
        match command:
            case Deposit(amount):
                await self.persist(Deposited(amount))
            case DepositBoth(first, second):
                await self.persist(Deposited(first), Deposited(second))
            case Withdraw(amount):
                try:
                    await self.persist(Withdrawn(amount))
                except Overdrawn as error:
                    self.reply(error)
                    return
            case "crash":
                raise ValueError("crash")
            case "unknown event":
                await self.persist(object())
            case "nothing":
                await self.persist()
            case "delete":
                await self.delete_stream()
            case "balance":
                pass
        self.reply((self.state.cents, self.seq))


class Compact(Account):
    snapshot_every = 3


@pytest.fixture
def journal():
    return MemoryJournal()


async def stored(journal, stream="account/1"):
    recovered = await journal.replay(stream)
    return [each.event.payload["amount"] for each in recovered.events]


async def test_commands_become_stored_events_and_events_the_state(system, journal):
    account = system.spawn(Props(Account, journal))
    assert await account.ask(Deposit(10)) == (10, 1)
    assert await account.ask(Withdraw(3)) == (7, 2)
    assert await stored(journal) == [10, 3]


async def test_a_later_actor_of_that_stream_recovers_its_state_and_tells_what_was_replayed(system, journal):
    first = system.spawn(Props(Account, journal))
    await first.ask(Deposit(10))
    await system.graceful_stop(first)
    log = []
    second = system.spawn(Props(Account, journal, log=log))
    assert await second.ask(Deposit(5)) == (15, 2)
    assert log == [(Deposited(10), True), ("recovered", 10), (Deposited(5), False)]


async def test_an_answer_comes_only_after_the_event_is_durable(system):
    gate = asyncio.Event()

    class Slow(MemoryJournal):
        async def append(self, writes):
            await gate.wait()
            await super().append(writes)

    account = system.spawn(Props(Account, Slow()))
    asking = asyncio.create_task(account.ask(Deposit(10), timeout=60))
    waiting = asyncio.create_task(account.ask("balance", timeout=60))
    await asyncio.sleep(30)
    assert not asking.done()
    assert not waiting.done()  # no command sees a state that is not stored
    gate.set()
    assert await asking == (10, 1)
    assert await waiting == (10, 1)


async def test_an_event_that_does_not_apply_is_refused_and_not_stored(system, journal):
    account = system.spawn(Props(Account, journal))
    await account.ask(Deposit(10))
    with pytest.raises(Overdrawn, match="11 of 10"):
        await account.ask(Withdraw(11))
    assert await account.ask("balance") == (10, 1)
    assert await stored(journal) == [10]


async def test_several_events_of_one_persist_are_stored_together(system, journal):
    account = system.spawn(Props(Account, journal))
    assert await account.ask(DepositBoth(1, 2)) == (3, 2)
    assert await account.ask("nothing") == (3, 2)
    journal.store.capacity = journal.store.used + 15  # room for one event, not for two
    with pytest.raises(AskTimeout):
        await account.ask(DepositBoth(4, 5))
    assert await account.ask("balance") == (3, 2)


async def test_a_crash_recovers_from_the_journal_and_keeps_the_mail(system, journal):
    account = system.spawn(Props(Account, journal))
    await account.ask(Deposit(10))
    account.tell("crash")
    assert await account.ask(Deposit(1)) == (11, 2)


async def test_a_full_journal_refuses_the_change_and_the_actor_goes_on(system, journal, probe):
    account = system.spawn(Props(Account, journal))
    await account.ask(Deposit(10))
    journal.store.capacity = journal.store.used
    probe.watch(account)
    with pytest.raises(AskTimeout):
        await account.ask(Deposit(5))
    journal.store.capacity = None
    assert await account.ask(Deposit(7)) == (17, 2)
    await probe.expect_no_message()


async def test_a_failed_write_of_unknown_outcome_stops_the_actor(system, probe):
    class Breaking(MemoryJournal):
        async def append(self, writes):
            raise JournalBroken("the disk is gone")

    account = system.spawn(Props(Account, Breaking()))
    account.tell(Deposit(1))
    terminated = await probe.expect_terminated(account)
    assert isinstance(terminated.reason, PersistFailure)
    assert "the disk is gone" in str(terminated.reason)
    assert "account/1" in str(terminated.reason)


async def test_a_second_writer_of_the_stream_stops_the_actor_instead_of_forking_its_history(system, journal, probe):
    account = system.spawn(Props(Account, journal))
    await account.ask(Deposit(1))
    await journal.append([Append("account/1", (schema.encode(Deposited(99)),))])
    account.tell(Deposit(2))
    terminated = await probe.expect_terminated(account)
    assert isinstance(terminated.reason, PersistFailure)
    assert await stored(journal) == [1, 99]


async def test_a_wait_cut_short_leaves_doubt_and_nothing_more_is_persisted(system, probe):
    gate = asyncio.Event()

    class Slow(MemoryJournal):
        async def append(self, writes):
            await gate.wait()

    class Impatient(Account):
        async def receive_command(self, command):
            try:
                async with asyncio.timeout(1):
                    await self.persist(Deposited(1))
            except TimeoutError:
                self.reply("gave up")

    account = system.spawn(Props(Impatient, Slow()))
    assert await account.ask("deposit") == "gave up"
    account.tell("deposit")
    assert "unknown" in str((await probe.expect_terminated(account)).reason)


async def test_a_stop_waits_for_the_write_and_what_came_after_it_is_a_dead_letter(system, probe):
    class Slow(MemoryJournal):
        async def append(self, writes):
            await asyncio.sleep(2)
            await super().append(writes)

    journal = Slow()
    account = system.spawn(Props(Account, journal))
    probe.send(account, Deposit(5))
    await asyncio.sleep(1)
    system.stop(account)
    probe.send(account, Deposit(7))
    await probe.expect_msg((5, 1))  # stored and answered, to the sender that it had before the wait
    await probe.expect_terminated(account)
    assert await stored(journal) == [5]
    assert system.dead_letters.count == 1


async def test_commands_that_come_while_an_event_is_stored_are_handled_after_it_in_order(system, probe):
    class Slow(MemoryJournal):
        async def append(self, writes):
            await asyncio.sleep(1)
            await super().append(writes)

    account = system.spawn(Props(Account, Slow()))
    others = [TestProbe(system) for _ in range(3)]
    for number, other in enumerate(others):
        other.send(account, Deposit(10**number))
    assert [await other.receive_one(10) for other in others] == [(1, 1), (11, 2), (111, 3)]


async def test_an_event_outside_of_the_schema_is_refused_with_the_remedy(system, journal, probe):
    account = system.spawn(Props(Account, journal))
    account.tell("unknown event")
    assert await account.ask(Deposit(1)) == (1, 1)


async def test_what_cannot_be_recovered_stops_the_actor_and_names_the_event(system, journal, probe):
    await journal.append([Append("account/1", (schema.encode(Deposited(1)), Event("Strange", 1, {})))])
    account = system.spawn(Props(Account, journal))
    reason = (await probe.expect_terminated(account)).reason
    assert isinstance(reason.__cause__, RecoveryFailed)
    assert "event 2 ('Strange') of stream 'account/1'" in str(reason.__cause__)


async def test_a_journal_that_does_not_answer_fails_the_recovery(system, probe):
    class Silent(MemoryJournal):
        async def replay(self, stream, after=0):
            await asyncio.Event().wait()

    account = system.spawn(Props(Account, Silent()))
    assert "within 30 s" in str((await probe.expect_terminated(account, timeout=40)).reason.__cause__)


async def test_no_more_than_so_many_recover_at_once_and_those_that_wait_do_not_run_out_of_time(system):
    replaying, most, recovered = 0, 0, []

    class Slow(MemoryJournal):
        async def replay(self, stream, after=0):
            nonlocal replaying, most
            replaying += 1
            most = max(most, replaying)
            await system.clock.sleep(20)
            replaying -= 1
            if stream == "account/1":
                raise JournalBroken("this one cannot be read")  # its permit is another's then
            return await super().replay(stream, after)

    class Careful(Account):
        def recovery_completed(self):
            recovered.append(self.stream)

    slow = Slow(MemoryStore())
    for number in range(120):
        system.spawn(Props(Careful, slow, f"account/{number}"))
    await system.clock.sleep(1)
    assert replaying == most == Careful.recoveries_at_once == 50
    await system.clock.sleep(60)
    assert (most, replaying) == (50, 0)
    assert sorted(recovered) == sorted(f"account/{number}" for number in range(120) if number != 1)


async def test_snapshots_replace_events_and_a_recovery_begins_at_them(system, journal):
    account = system.spawn(Props(Compact, journal))
    for n in range(1, 8):
        await account.ask(Deposit(n))
    recovered = await journal.replay("account/1")
    assert recovered.snapshot.seq == 6
    assert [each.seq for each in recovered.events] == [7]
    await system.graceful_stop(account)
    log = []
    again = system.spawn(Props(Compact, journal, log=log))
    assert await again.ask("balance") == (28, 7)
    assert log == [(Deposited(7), True), ("recovered", 28)]


async def test_a_batch_that_passes_the_mark_makes_a_snapshot_too(system, journal):
    account = system.spawn(Props(Compact, journal))
    await account.ask(DepositBoth(1, 2))
    await account.ask(DepositBoth(3, 4))
    assert (await journal.replay("account/1")).snapshot.seq == 4


async def test_a_recovery_over_many_events_makes_a_snapshot_at_once(system, journal):
    await journal.append([Append("account/1", tuple(schema.encode(Deposited(1)) for _ in range(10)))])
    account = system.spawn(Props(Compact, journal))
    assert await account.ask("balance") == (10, 10)
    assert (await journal.replay("account/1")).snapshot.seq == 10


async def test_a_failed_snapshot_costs_nothing_but_a_line_in_the_log(system, caplog):
    class NoSnapshots(MemoryJournal):
        async def save_snapshot(self, stream, seq, payload, version=1):
            raise JournalFull("no room")

    account = system.spawn(Props(Compact, NoSnapshots()))
    for n in range(5):
        await account.ask(Deposit(n))
    assert "no snapshot of stream 'account/1' at 3: no room" in caplog.text


async def test_a_state_that_cannot_be_stored_as_a_snapshot_is_refused_at_the_start(system, journal, probe):
    class Wrong(Compact):
        def initial_state(self):
            return 0

    account = system.spawn(Props(Wrong, journal))
    assert isinstance((await probe.expect_terminated(account)).reason.__cause__, SchemaError)


async def test_progress_is_told_and_the_loop_gets_its_turns_in_a_long_recovery(system, journal):
    await journal.append([Append("account/1", tuple(schema.encode(Deposited(1)) for _ in range(5000)))])
    told = []

    class Telling(Account):
        def on_recovery_progress(self, done, total):
            told.append((done, total))

    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    account = system.spawn(Props(Telling, journal))
    assert await account.ask("balance") == (5000, 5000)
    counting.cancel()
    assert told[0] == (500, 5000)
    assert told[-1] == (5000, 5000)
    assert turns > 10


async def test_two_persists_at_once_are_refused_with_the_remedy(system, journal):
    class Hasty(Account):
        async def receive_command(self, command):
            results = await asyncio.gather(
                self.persist(Deposited(1)), self.persist(Deposited(2)), return_exceptions=True
            )
            self.reply([type(result).__name__ for result in results])

    assert await system.spawn(Props(Hasty, journal)).ask("both") == ["NoneType", "RuntimeError"]
    assert await stored(journal) == [1]


async def test_a_deleted_stream_begins_anew(system, journal):
    account = system.spawn(Props(Account, journal))
    await account.ask(Deposit(5))
    assert await account.ask("delete") == (0, 0)
    assert await account.ask(Deposit(2)) == (2, 1)
    assert await stored(journal) == [2]


@pytest.mark.seeds(25)
async def test_whatever_the_order_no_acknowledged_deposit_is_ever_lost(system, seed):
    """Crashes and restarts over one store: what was answered is in the recovered state."""
    store = MemoryStore()
    account = system.spawn(Props(Account, MemoryJournal(store)))
    answered = 0

    async def customer():
        nonlocal answered
        for _ in range(5):
            try:
                await account.ask(Deposit(1))
            except AskTimeout:
                continue
            answered += 1

    async def chaos():
        for _ in range(3):
            await asyncio.sleep(0)
            account.tell("crash")

    await asyncio.gather(*(customer() for _ in range(4)), chaos())
    probe = TestProbe(system)
    probe.watch(account)
    account.tell(PoisonPill())
    await probe.expect_msg_class(Terminated)
    again = system.spawn(Props(Account, MemoryJournal(store)))
    cents, _ = await again.ask("balance")
    assert cents >= answered == 20
