"""A bank in a cluster, as users would write it: a vault that is a singleton, accounts that are sharded entities.

deposit, on any node ─▶ the node's proxy  ─▶ the vault, wherever it is     ─▶ journal, in its lease's epoch ─▶ confirmed
                     ─▶ the node's region ─▶ an account, wherever it lives ─▶ journal, behind all it knows ─▶ confirmed

`BankNode` is the program of one host. It tells what happens to whoever made it, and takes part in the cluster until it
is removed, leaves, or dies; then its host starts it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from actors.cluster import (
    Cluster,
    ClusterSharding,
    ClusterSingleton,
    Lease,
    MemberReachable,
    MemberRemoved,
    MemberUnreachable,
    MemberUp,
    SelfRemoved,
    ShardingSettings,
    ToEntity,
)
from actors.cluster.zookeeper_coordinator import ZooKeeperCoordinator
from actors.core import Actor, ActorRef, ActorSystem, AskTimeout, Props, Terminated
from actors.persistence import EventSchema, EventSourcedActor, Journal
from actors.remote import Address, Remote
from actors.simulation.disk import Disk, DiskJournal
from actors.simulation.leases import Leases
from actors.simulation.world import Host, World
from actors.simulation.zookeeper import SESSION, SimulatedZooKeeper
from actors.zookeeper import ZooKeeper

__all__ = ["ACCOUNTS", "VAULT", "BankNode", "Book"]

PORT = 2552
SECRET = "known to all the nodes"
PATIENCE = 8.0
"""Seconds that who deposits waits for an answer."""
TOLD_WITHIN = 10.0
"""Seconds from the removal of a member until whoever watches its actors must have been told that they are gone."""
VAULT = "vault"
ACCOUNTS = ("account-1", "account-2")
SHARDING = ShardingSettings(shards=6, rebalance_every=5.0, passivate_after=10.0, stop_timeout=2.0)

schema = EventSchema()


@schema.event()
@dataclass(frozen=True)
class Deposited:
    """``number`` grows with each deposit that is made anywhere; ``giver``: the run of a node on which it was made."""

    number: int
    giver: str


class Account(EventSourcedActor[Any, frozenset[int]]):
    schema = schema

    def __init__(self, journal: Journal, name: str, node: BankNode) -> None:
        super().__init__(journal, name)
        self._node = node

    async def pre_start(self) -> None:
        self._node.opens(self.stream)
        await super().pre_start()

    def post_stop(self) -> None:
        self._node.open.discard(self.stream)

    def initial_state(self) -> frozenset[int]:
        return frozenset()

    def apply_event(self, state: frozenset[int], event: Deposited) -> frozenset[int]:
        return state | {event.number}

    async def receive_command(self, command: Any) -> None:
        match command:
            case ("deposit", number, giver):
                await self.persist(Deposited(number, giver))
                self.reply(number)
            case "all":
                self.reply(tuple(sorted(self.state)))
            case _:
                self.unhandled(command)


class Book(Protocol):
    """Who is told what happens: it judges."""

    world: World
    leases: Leases

    def next_number(self) -> int: ...
    def confirmed(self, account: str, number: int) -> None: ...
    def opened(self, account: str, run: str) -> None: ...
    def heard_of(self, uid: int) -> None: ...
    def knows_that_it_was_removed(self, run: str) -> None: ...
    def begins(self, run: str, uid: int) -> None: ...
    def told_of_an_end(self, watcher: str, watched: str) -> None: ...
    def not_told(self, watcher: str, uid: int, watched: Iterable[str]) -> list[str]: ...


class BankNode:
    """``run``: of the program, as "node1/3" for the third; ``told``: what was in each account when it was asked.
    ``open``: the accounts that live there.

    ``echo``: the actor that the others watch, as "node1/3.2" for the second of that run; ``watched``: those of others.
    """

    def __init__(self, book: Book, host: Host, zookeeper: SimulatedZooKeeper, disk: Disk, ledger: Disk) -> None:
        self.book, self.host, self.zookeeper = book, host, zookeeper
        self.disk, self.ledger = disk, ledger  # of the vault, and of the accounts: epochs are a whole journal's
        self.system: ActorSystem | None = None
        self.cluster: Cluster | None = None
        self._vault: ActorRef[Any] | None = None
        self._accounts: ActorRef[Any] | None = None
        self.open: set[str] = set()
        self.echo = ""
        self.watched: dict[str, tuple[ActorRef[Any], Address]] = {}
        self._echo: ActorRef[Any] | None = None
        self._echoes = 0
        self.waiting = 0
        self.told: dict[str, tuple[int, ...]] = {}
        host.run(self._main)

    @property
    def run(self) -> str:
        return f"{self.host.name}/{self.host.starts}"

    @property
    def runs(self) -> bool:
        """Whether its program runs, and does not stand still."""
        return self.host.machine.life is not None and self.host.machine.life.running

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """As part of the program that runs there, if one does."""
        life = self.host.machine.life
        if life is None or life.dead or self.cluster is None:
            work.close()
        else:
            life.call_soon(asyncio.get_running_loop().create_task, work)

    async def _main(self) -> None:
        self.system = self.cluster = None
        self.open = set()
        self.watched, self.waiting, self._echoes = {}, 0, 0
        zookeeper = ZooKeeper(f"{self.zookeeper.url}/app", session_timeout=SESSION, client=self.zookeeper.client)
        try:
            async with ActorSystem("app", self.host.settings()) as system:
                remote = await Remote.start(system, self.host.address, PORT, secret=SECRET)
                self.book.begins(self.run, remote.uid)
                self._begin_echo(system)
                cluster = await Cluster.join(system, ZooKeeperCoordinator(zookeeper))
                system.spawn(Props(Observer, self), "observer")
                self._vault = ClusterSingleton(system).start(self._make_vault, VAULT)
                self._accounts = ClusterSharding(system).start("account", self._make_account, settings=SHARDING)
                self.system, self.cluster = system, cluster
                await system.when_terminated()
        finally:
            await zookeeper.close()

    def _make_vault(self, lease: Lease) -> Props[Any]:
        self.book.leases.given(self.host, lease)
        return Props(Account, DiskJournal(self.disk, epoch=lease.epoch), VAULT, self)

    def _make_account(self, name: str) -> Props[Any]:
        return Props(Account, DiskJournal(self.ledger), name, self)

    async def _ask(self, account: str, message: Any) -> Any:
        assert self._vault is not None
        assert self._accounts is not None
        if account == VAULT:
            return await self._vault.ask(message, PATIENCE)
        return await self._accounts.ask(ToEntity(account, message), PATIENCE)

    def _begin_echo(self, system: ActorSystem) -> None:
        self._echoes += 1
        self.echo = f"{self.run}.{self._echoes}"
        self._echo = system.spawn(Props(Echo, self.echo), "echo")

    def opens(self, account: str) -> None:
        self.open.add(account)
        self.book.opened(account, self.run)

    # what somebody does there

    async def deposit(self, account: str) -> None:
        number = self.book.next_number()
        world, name = self.book.world, self.host.name
        world.happened("deposit", name, f"deposits {number} in {account}")
        self.waiting += 1
        try:
            await self._ask(account, ("deposit", number, self.run))
        except AskTimeout:
            world.happened("in doubt", name, f"does not know of {number}")
        else:
            world.happened("promised", name, f"{number} is confirmed")
            self.book.confirmed(account, number)
        finally:
            self.waiting -= 1

    async def look(self, account: str) -> None:
        if self.waiting:
            return
        self.waiting += 1
        try:
            self.told[account] = await self._ask(account, "all")
        except AskTimeout:
            pass
        finally:
            self.waiting -= 1

    async def replace(self) -> None:
        """The actor that the others watch, by another at the same path."""
        assert self.system is not None
        assert self._echo is not None
        self.book.world.happened("replace", self.host.name, f"replaces {self.echo}")
        await self.system.graceful_stop(self._echo, PATIENCE)
        if not self.system.is_terminated:
            self._begin_echo(self.system)

    async def leave(self) -> None:
        assert self.system is not None
        self.book.world.happened("leave", self.host.name, "leaves in order")
        await self.system.terminate()

    async def down(self, other: BankNode) -> None:
        assert self.cluster is not None
        if other.cluster is None or other is self:
            return
        self.book.world.happened("down", self.host.name, f"downs {other.run}")
        try:
            await self.cluster.down(other.cluster.own)
        except (LookupError, OSError) as error:
            self.book.world.happened("not downed", self.host.name, repr(error))


class Echo(Actor[Any]):
    """Is watched by the others."""

    def __init__(self, name: str) -> None:
        self._name = name

    def receive(self, message: Any) -> None:
        self.reply(self._name)


@dataclass(frozen=True, slots=True)
class _Seek:
    address: Address


@dataclass(frozen=True, slots=True)
class _Found:
    address: Address
    ref: ActorRef[Any] | None = None
    echo: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """It is time that who watched this run was told of its end."""

    uid: int


class Observer(Actor[Any]):
    """Watches the `Echo` of every member that it sees."""

    def __init__(self, node: BankNode) -> None:
        self._node = node
        self._world = node.book.world
        self._removed: set[str] = set()

    def pre_start(self) -> None:
        events = (MemberUp, MemberRemoved, MemberUnreachable, MemberReachable, SelfRemoved)
        Cluster(self.context.system).subscribe(self.ref, *events)

    def receive(self, message: Any) -> None:
        world, name, watched = self._world, self._node.host.name, self._node.watched
        match message:
            case MemberUp(node):
                world.happened("member up", name, f"sees {node.address.host} join")
                if node.id in self._removed:
                    world.violated("who was removed is never a member again", f"{node.id} is, on {self._node.run}")
                self._seek(node.address)
            case MemberRemoved(node, reason):
                world.happened("member removed", name, f"sees {node.address.host} removed: {reason}")
                self._removed.add(node.id)
                self.context.timers.start_single(node.id, _Told(node.uid), TOLD_WITHIN)
            case _Told(uid):
                if missed := self._node.book.not_told(self._node.run, uid, watched):
                    world.violated(
                        "who watches a run that is removed is told", f"{self._node.run} was not, of {missed}"
                    )
            case MemberUnreachable(node, reason):
                world.happened("unreachable", name, f"does not hear of {node.address.host}: {reason}")
            case MemberReachable(node):
                world.happened("reachable", name, f"hears of {node.address.host} again")
                self._node.book.heard_of(node.uid)
            case SelfRemoved(_, reason):
                world.happened("self removed", name, f"was removed: {reason}")
                self._node.book.knows_that_it_was_removed(self._node.run)
            case _Seek(address):
                self._seek(address)
            case _Found(address, None):
                self.context.timers.start_single(str(address), _Seek(address), 1.0)
            case _Found(address, ref, echo) if ref is not None and echo not in watched:
                watched[echo] = self.context.watch(ref), address
            case Terminated(ref):
                echo, address = next((echo, address) for echo, (of, address) in watched.items() if of is ref)
                world.happened("terminated", name, f"is told of the end of {echo}")
                self._node.book.told_of_an_end(self._node.run, echo)
                self._seek(address)

    def _seek(self, address: Address) -> None:
        cluster = Cluster(self.context.system)
        if address != cluster.own.address and cluster.node_at(address) is not None:
            self.context.pipe_to(self._find(address))

    async def _find(self, address: Address) -> _Found:
        try:
            ref = await Remote.of(self.context.system).resolve(f"{address}/user/echo", 2)
            return _Found(address, ref, await ref.ask("who", 2))
        except (LookupError, TimeoutError):
            return _Found(address)
