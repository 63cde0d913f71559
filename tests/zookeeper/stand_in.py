"""A ZooKeeper in memory: what kazoo's client offers and `actors.zookeeper` uses, in virtual time.

    server = StandInZooKeeper()
    zookeeper = ZooKeeper("zk://stand-in:2181/test", client=server.client)
    server.stop(), server.start()          the ensemble goes away and comes back; sessions live on
    server.blink()                         connections break and are made again; answers are lost
    server.expire(zookeeper)               as if the session had been silent too long
    server.freeze(zookeeper), .thaw(…)     the client's process stands still: its session runs out

The same tests run against the real one (`tests/integration/test_zookeeper_coordinator.py`), which is what keeps this
one honest.
"""

import asyncio
import itertools
from dataclasses import replace
from typing import Any

from kazoo.client import KazooState
from kazoo.exceptions import ConnectionLoss, SessionExpiredError, UnimplementedError

from actors.simulation.zookeeper_client import Result, Transaction
from actors.simulation.zookeeper_tree import Tree


class StandInZooKeeper(Tree):
    def __init__(self) -> None:
        super().__init__(lambda: asyncio.get_running_loop().time(), self.wake)
        self.running = True
        self.longest_session = 40.0  # seconds
        self.reads_many = True  # as it does from version 3.6 on
        self.clients: list[Client] = []
        self.sessions = itertools.count(1)
        self.calls = 0
        self.largest_transaction = 0  # bytes of paths and data
        self.after: dict[str, Any] = {}  # the name of a call: what happens once, after the next of these

    def client(self, **options: Any) -> "Client":
        self.clients.append(Client(self, options))
        return self.clients[-1]

    def of(self, zookeeper: Any) -> "Client":
        return zookeeper._client

    # what tests do to it

    def stop(self) -> None:
        self.running = False
        for client in self.clients:
            client.disconnect()

    def start(self) -> None:
        self.running = True
        for client in self.clients:
            client.connect()

    def blink(self) -> None:
        """All connections break and are made again a moment later; what is under way gets no answer."""
        for client in self.clients:
            client.disconnect()
        asyncio.get_running_loop().call_later(0.05, self.start)

    def expire(self, zookeeper: Any) -> None:
        self.of(zookeeper).expire()

    def freeze(self, zookeeper: Any) -> None:
        client = self.of(zookeeper)
        client.frozen = True
        client.dying = asyncio.get_running_loop().call_later(client.timeout, client.end_session)

    def thaw(self, zookeeper: Any) -> None:
        client = self.of(zookeeper)
        client.frozen = False
        client.dying.cancel()
        if client.over:
            client.expire()
        client.carry_out()

    def wake(self, path: str, kind: str) -> None:
        for client in self.clients:
            client.wake(path, kind)


class Client:
    """One session, with the methods of kazoo's client."""

    def __init__(self, server: StandInZooKeeper, options: dict[str, Any]) -> None:
        self.server, self.options = server, options
        self.timeout = self.granted = min(options["timeout"], server.longest_session)
        self.session = 0
        self.connected = self.frozen = self.over = self.stopped = False
        self.listeners: list[Any] = []
        self.pending: list[tuple[Result, Any]] = []
        self.watches: dict[tuple[str, str], set[Any]] = {}
        self.dying: Any = None

    def add_listener(self, listener: Any) -> None:
        self.listeners.append(listener)

    @property
    def auth(self) -> Any:
        return self.options["auth_data"]

    @property
    def client_id(self) -> Any:
        return (self.session, b"") if self.connected else None

    def tell(self, state: Any) -> None:
        for listener in self.listeners:
            listener(state)

    def start_async(self) -> None:
        asyncio.get_running_loop().call_soon(self.connect)

    def connect(self) -> None:
        if self.server.running and not self.connected and not self.stopped:
            self.session = self.session or next(self.server.sessions)
            self.connected = True
            self.tell(KazooState.CONNECTED)
            self.carry_out()

    def disconnect(self) -> None:
        if self.connected:
            self.connected = False
            for result, _ in self.pending:
                result.settle(error=ConnectionLoss())
            self.pending.clear()
            self.tell(KazooState.SUSPENDED)
            self.wake_all()

    def end_session(self) -> None:
        """As the server sees it."""
        self.over = True
        self.server.end_session(self.session)

    def expire(self) -> None:
        self.end_session()
        self.over, self.connected, self.session = False, False, 0
        for result, _ in self.pending:
            result.settle(error=SessionExpiredError())
        self.pending.clear()
        self.tell(KazooState.LOST)
        self.wake_all()
        self.connect()

    def stop(self) -> None:
        self.stopped = True
        self.end_session()
        self.connected = False

    def close(self) -> None:
        if self in self.server.clients:
            self.server.clients.remove(self)

    # watches

    def watch(self, kind: str, path: str, watch: Any) -> None:
        if watch is not None:
            self.watches.setdefault((kind, path), set()).add(watch)

    def wake(self, path: str, kind: str) -> None:
        for watch in self.watches.pop((kind, path), ()):
            watch(None)

    def wake_all(self) -> None:
        watches, self.watches = self.watches, {}
        for group in watches.values():
            for watch in group:
                watch(None)

    # calls

    def call(self, work: Any) -> Result:
        result = Result()
        self.pending.append((result, work))
        asyncio.get_running_loop().call_soon(self.carry_out)
        return result

    def carry_out(self) -> None:
        while self.connected and not self.frozen and self.pending:
            result, work = self.pending.pop(0)
            self.server.calls += 1
            try:
                value = work()
            except Exception as error:
                result.settle(error=error)
                continue
            if self.connected:
                result.settle(value)
            else:
                result.settle(error=ConnectionLoss())  # it was carried out, and the answer is lost

    def get_children_async(self, path: str, watch: Any = None) -> Result:
        def work() -> Any:
            self.server.node(self, path)
            self.watch("children", path, watch)
            found = self.server.children(path)
            self.server.after.pop("get_children", lambda: None)()
            return found

        return self.call(work)

    def get_async(self, path: str, watch: Any = None) -> Result:
        def work() -> Any:
            node = self.server.node(self, path)
            self.watch("data", path, watch)
            return node.data, replace(node)

        return self.call(work)

    def get_many_async(self, paths: Any) -> Result:
        def work() -> Any:
            if not self.server.reads_many:
                raise UnimplementedError
            nodes = [self.server.node(self, path) if path in self.server.nodes else None for path in paths]
            return [None if node is None else (node.data, replace(node)) for node in nodes]

        return self.call(work)

    def exists_async(self, path: str, watch: Any = None) -> Result:
        def work() -> Any:
            self.watch("data", path, watch)
            node = self.server.nodes.get(path)
            return None if node is None else replace(node)

        return self.call(work)

    def create_async(
        self, path: str, data: bytes, ephemeral: bool = False, sequence: bool = False, makepath: bool = False
    ) -> Result:
        def work() -> str:
            if makepath:
                self.server.ensure(self, path.rpartition("/")[0])
            return self.server.create(self, path, data, ephemeral, sequence)

        return self.call(work)

    def ensure_path_async(self, path: str) -> Result:
        return self.call(lambda: self.server.ensure(self, path))

    def set_async(self, path: str, data: bytes, version: int = -1) -> Result:
        return self.call(lambda: self.server.set_data(self, path, data, version))

    def delete_async(self, path: str, version: int = -1) -> Result:
        return self.call(lambda: self.server.delete(self, path, version))

    def transaction(self) -> Transaction:
        def commit(operations: Any) -> Result:
            def work() -> list[Any]:
                size = sum(len(each) for _, given in operations for each in given if isinstance(each, str | bytes))
                self.server.largest_transaction = max(self.server.largest_transaction, size)
                results = self.server.transaction(self, operations)
                if not any(isinstance(each, Exception) for each in results):
                    self.server.after.pop("transaction", lambda: None)()
                return results

            return self.call(work)

        return Transaction(commit)
