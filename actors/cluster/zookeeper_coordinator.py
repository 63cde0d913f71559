"""`ZooKeeperCoordinator`: the processes of many machines coordinate over a ZooKeeper.

    PATH/leases/NAME/epoch           the number of leases given away so far
    PATH/leases/NAME/holder          ephemeral: who holds it, with its epoch
    PATH/members/member-SEQUENCE     ephemeral: a member; ZooKeeper's order of creation is their age

A claim raises the epoch and makes the holder in one transaction, so one process gets each epoch. A renewal *writes* the
holder: that it was carried out proves that the ensemble, not only the server this session talks to, took the session
for alive after the renewal was sent. The session outlives that moment by its timeout, as the server *granted* it and
not as it was asked for. That is the lease's time to live, and the holder gives up after two thirds of it: what is left
covers clocks that run apart and the tick by which a server may hear late of its sessions. (So a session should last at
least five of the servers' ticks.)

A process that dies is followed when its session has run out; one that closes its session, at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

from actors.cluster._coordination import StoreCoordinator
from actors.cluster._store import Change
from actors.cluster.coordinator import Holder, Member
from actors.core.clock import Clock
from actors.zookeeper import SessionState, ZooKeeper

__all__ = ["ZooKeeperCoordinator"]

_MEMBER = "member-"


class ZooKeeperCoordinator(StoreCoordinator):
    """A `Coordinator` over ``zookeeper``, which others may use as well and whoever made it closes.

    Args:
        path: below which its nodes are; that of the session's address when None.
        heartbeat: seconds between renewals; a fifth of the session's timeout when None.
    """

    def __init__(self, zookeeper: ZooKeeper, path: str | None = None, *, heartbeat: float | None = None) -> None:
        self._store = _Tree(zookeeper, (path or zookeeper.address.path).rstrip("/"))
        self._zookeeper = zookeeper
        ttl = zookeeper.session_timeout
        super().__init__(self._store, ttl=ttl, heartbeat=ttl / 5 if heartbeat is None else heartbeat)

    @property
    def ttl(self) -> float:
        """What the server granted, which may be less than was asked for, and less after a reconnection."""
        return self._zookeeper.session_timeout

    @property
    def heartbeat(self) -> float:
        return min(self._heartbeat, self.ttl / 5)

    async def close(self) -> None:
        await super().close()
        self._store.close()


class _Tree:
    """One process's view of the nodes, woken by watches."""

    def __init__(self, zookeeper: ZooKeeper, path: str) -> None:
        self._zookeeper = zookeeper
        self._path = path
        self._owner = uuid.uuid4().hex  # of this coordinator: several may share the session
        self._held: dict[str, int] = {}  # name → the version of the holder's node, while the lease is ours
        self._known: dict[str, tuple[int, Member]] = {}  # members never change: each is read once
        self._sessions: dict[str, int | None] = {}  # of own members, in which session they were made
        self._changes: dict[asyncio.Event, None] = {}  # in their order: sets have none that comes again
        self._unlisten = zookeeper.listen(self._session_turned)

    def close(self) -> None:
        self._unlisten()

    def describe(self) -> str:
        return f"zk://{self._zookeeper.address.hosts}{self._path}"

    # changes

    def next_change(self, clock: Clock, seconds: float) -> Change:
        return _Woken(self._changes)

    def _changed(self) -> None:
        for event in self._changes:
            event.set()
        self._changes.clear()

    def _session_turned(self, state: SessionState) -> None:
        if state is SessionState.CONNECTED:
            self._changed()  # watches may have been lost with the connection

    # leases

    async def claim(self, name: str, data: Mapping[str, str], now: float, ttl: float) -> int | Holder:
        zookeeper, lease = self._zookeeper, self._lease(name)
        while True:
            holder = await self._read(f"{lease}/holder")
            if holder is not None:
                fields, stat = holder
                if fields["owner"] != self._owner or name in self._held:
                    if await zookeeper.exists(f"{lease}/holder", self._changed) is None:
                        continue
                    return Holder(fields["epoch"], fields["pid"], fields["data"])
                # An earlier claim of ours was carried out, but its answer was lost.
                await self._delete(f"{lease}/holder", stat.version)
                continue
            try:
                last = await zookeeper.get(f"{lease}/epoch")
            except NoNodeError:
                await self._create(f"{lease}/epoch", b"0")
                continue
            epoch = int(last.data) + 1
            content = json.dumps(
                {"epoch": epoch, "owner": self._owner, "pid": os.getpid(), "data": dict(data)}
            ).encode()
            try:
                await zookeeper.all_or_none(
                    ("set_data", f"{lease}/epoch", str(epoch).encode(), last.stat.version),
                    ("create", f"{lease}/holder", content, None, True),
                )
            except (NodeExistsError, BadVersionError):
                continue  # another was faster
            self._held[name] = 0
            return epoch

    async def renew(self, name: str, epoch: int, now: float) -> bool:
        path = f"{self._lease(name)}/holder"
        while True:
            found = await self._read(path)
            if found is None or (found[0]["owner"], found[0]["epoch"]) != (self._owner, epoch):
                self._held.pop(name, None)
                return False
            try:
                await self._zookeeper.set(path, json.dumps(found[0]).encode(), found[1].version)
            except (BadVersionError, NoNodeError):
                continue
            return True

    async def release(self, name: str, epoch: int) -> None:
        path = f"{self._lease(name)}/holder"
        found = await self._read(path)
        if found is not None and (found[0]["owner"], found[0]["epoch"]) == (self._owner, epoch):
            await self._delete(path)
        self._held.pop(name, None)

    async def holder(self, name: str, now: float, ttl: float) -> Holder | None:
        found = await self._read(f"{self._lease(name)}/holder")
        return None if found is None else Holder(found[0]["epoch"], found[0]["pid"], found[0]["data"])

    # members

    async def announce(self, name: str, data: Mapping[str, str], now: float) -> Member:
        content = json.dumps({"name": name, "pid": os.getpid(), "data": dict(data)}).encode()
        path = f"{self._path}/members/{_MEMBER}"
        made = await self._zookeeper.create(path, content, ephemeral=True, sequence=True, parents=True)
        return await self._announced(made.rpartition("/")[2])

    async def _announced(self, key: str) -> Member:
        self._sessions[key] = self._zookeeper.session_id
        member = await self._member(key)
        if member is None:
            raise OSError(f"the session with {self.describe()} ended right after it had begun")
        return member

    async def refresh(self, member: Member, now: float, ttl: float) -> str | None:
        path = f"{self._path}/members/{member.id}"
        if await self._zookeeper.exists(path) is not None:
            return None
        if member.id not in self._sessions:
            return None  # it left meanwhile
        if self._sessions[member.id] == self._zookeeper.session_id:
            return "it was expelled"
        content = json.dumps({"name": member.name, "pid": member.pid, "data": dict(member.data)}).encode()
        self._sessions[member.id] = self._zookeeper.session_id
        await self._zookeeper.create(path, content, ephemeral=True, parents=True)
        return "its session with ZooKeeper ran out"

    async def withdraw(self, member: Member) -> None:
        self._sessions.pop(member.id, None)
        await self._delete(f"{self._path}/members/{member.id}")

    async def members(self, now: float, ttl: float) -> tuple[Member, ...]:
        try:
            names = await self._zookeeper.children(f"{self._path}/members", self._changed)
        except NoNodeError:
            await self._zookeeper.ensure(f"{self._path}/members")  # so that it can be watched
            return await self.members(now, ttl)
        for name in [name for name in self._known if name not in names]:
            del self._known[name]
        for name in names:
            if name not in self._known:
                await self._member(name)
        return tuple(member for _, member in sorted(self._known.values(), key=lambda known: known[0]))

    async def _member(self, key: str) -> Member | None:
        found = await self._read(f"{self._path}/members/{key}")
        if found is None:
            return None
        fields, stat = found
        member = Member(key, fields["name"], fields["pid"], stat.ctime / 1000, fields["data"])
        self._known[key] = (stat.czxid, member)
        return member

    # nodes

    def _lease(self, name: str) -> str:
        quoted = quote(name, safe="")
        return f"{self._path}/leases/{quoted.replace('.', '%2E') if not quoted.strip('.') else quoted}"

    async def _read(self, path: str) -> tuple[dict[str, Any], Any] | None:
        try:
            node = await self._zookeeper.get(path)
        except NoNodeError:
            return None
        return json.loads(node.data), node.stat

    async def _create(self, path: str, data: bytes) -> None:
        with contextlib.suppress(NodeExistsError):
            await self._zookeeper.create(path, data, parents=True)

    async def _delete(self, path: str, version: int = -1) -> None:
        with contextlib.suppress(NoNodeError, BadVersionError):
            await self._zookeeper.delete(path, version)


class _Woken:
    def __init__(self, changes: dict[asyncio.Event, None]) -> None:
        self._event = asyncio.Event()
        changes[self._event] = None

    async def wait(self) -> None:
        await self._event.wait()
