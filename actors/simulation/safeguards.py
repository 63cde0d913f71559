# ruff: noqa: E501 - pieces of source are shown as they are
"""The safeguards of the service and what it stands on, each with the piece of source that is it.

To see whether the search is any good, one is left out: its module is imported with that piece replaced (``remove``),
in a process of its own. So a safeguard costs the product nothing, not even a name. A piece that is not found in its
module any more is an error, and a test (`tests/simulation/test_safeguards.py`) says so: carry the list along.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

__all__ = ["SAFEGUARDS", "Safeguard", "remove", "weakened"]


@dataclass(frozen=True, slots=True)
class Safeguard:
    """``pieces``: (what stands in the source of ``module``, what to put in its place); ``scenario``: finds it soonest."""

    name: str
    module: str
    pieces: tuple[tuple[str, str], ...]
    scenario: str = "crashes"


def _one(name: str, module: str, present: str, without: str, scenario: str = "crashes") -> Safeguard:
    return Safeguard(name, module, ((present, without),), scenario)


INSTANCES = "actors.marathon.instances"
LAUNCHER = "actors.marathon.launcher"
SUPERVISOR = "actors.marathon.supervisor"
STEP = "actors.marathon.step"
BOOK = "actors.marathon.instance_book"
RECONCILER = "actors.mesos.reconciler"

_LIST = (
    _one("a change is stored before it is answered", SUPERVISOR,
         "        await self._journal.append([*judged.writes, *ended])\n",
         "        asyncio.get_running_loop().create_task(self._journal.append([*judged.writes, *ended]))\n"),
    _one("a deployment is stored with its change", "actors.marathon.judged_change",
         "(*history.difference(root), started)", "tuple(history.difference(root))"),
    _one("stored deployments go on after a restart", SUPERVISOR, "        for record in stored:\n", "        for record in ():\n"),
    _one("a cancelled deployment stops before the next begins", SUPERVISOR,
         'await self._stop(other, f"cancelled in favour of deployment {record.id}")',
         "del self._running[other.record.id]"),
    Safeguard("a cancelled deployment is ended in the journal", SUPERVISOR, (
        ("append([*judged.writes, *ended])", "append(judged.writes)"),
        ("        self._tidy(*(other.record.stream for other in in_the_way))\n", ""))),
    _one("the end of a task is acknowledged after it is stored", INSTANCES,
         "        self._book.end(instance, condition, told, then=then)\n",
         "        if then is not None:\n            then()\n        self._book.end(instance, condition, told)\n"),
    _one("an update is acknowledged after it is stored", INSTANCES,
         "self._book.change(changed, InstanceChanged(changed), replace(told, instance=changed), then=acknowledge)",
         "(acknowledge(), self._book.change(changed, InstanceChanged(changed), replace(told, instance=changed)))"),
    _one("an instance is stored before it is launched", INSTANCES,
         "        self._book.change_all(provisioned, then=stored)\n",
         "        self._book.change_all(provisioned)\n        stored()\n"),
    _one("a task that is not in the book is killed", INSTANCES, "        elif not condition.is_lost:\n", "        elif False:\n"),
    _one("a kill is sent again until it is done", "actors.marathon.instance_kills",
         "            if instance.goal is not Goal.RUNNING:\n                if time", "            if False:\n                if time"),
    _one("what has ended is replaced", INSTANCES,
         "        self._book.end(instance, condition, told, then=then)\n        self._orders.replenish(instance.app_id)\n",
         "        self._book.end(instance, condition, told, then=then)\n"),
    _one("who comes back after he was replaced makes one too many", INSTANCES,
         "self._orders.keep_on(instance.app_id)  # its replacement is one too many now", "pass"),
    _one("an ended instance leaves the journal", BOOK, "            delete=None if known is None else _stream(instance),\n",
         "            delete=None,\n"),
    _one("the book is read before anything is done", BOOK,
         "        for instance, seq in await recover_instances(self._journal):\n",
         "        for instance, seq in ():\n"),
    _one("what becomes of an unsent launch is told", LAUNCHER,
         "            self._unlaunched(sorted({instance_of_task(task.task_id) for task in tasks}))\n",
         "            pass\n", "network"),
    _one("an unconfirmed launch is asked for", LAUNCHER,
         '            self.context.timers.start_single(("ask", *call.offer_ids), ask, UNCONFIRMED_FOR)\n',
         "            assert ask\n", "network"),
    _one("offers are asked for again where nobody may have heard it", LAUNCHER,
         '                self._wanting = None\n                self.context.timers.start_single("want"',
         '                self.context.timers.start_single("want"', "network"),
    _one("rescinded offers are not used", LAUNCHER, "        if offer_id in self._rescinded:\n", "        if False:\n", "network"),
    _one("offers end with their subscription", LAUNCHER,
         "                for offer_id in (*self._offers.new, *(filling.offer.id for filling in self._open())):\n",
         "                for offer_id in ():\n", "network"),
    _one("a dependent waits for its dependencies", STEP,
         "                self._waits_for = set(waits_for) - self._heard\n", "                self._waits_for = set()\n"),
    _one("old ones stay until enough new ones are well", "actors.marathon.rolling",
         "min(len(old), max(surplus, healthy - bounds.minimum_healthy))", "len(old)"),
    _one("the framework's id is kept", "actors.marathon.scheduler",
         "            await self._journal.append([Append(FRAMEWORK_STREAM, (event,))])\n", "            assert event\n"),
    _one("what the book has is reconciled after a restart", "actors.marathon.scheduler",
         '{"known_tasks": tasks,', '{"known_tasks": {},'),
    _one("tasks are reconciled after each subscription", RECONCILER,
         "        elif isinstance(event, Subscribed):\n", "        elif False:\n"),
    _one("what is not answered is asked again", RECONCILER, "        while self._unanswered:\n", "        while False:\n"),
    Safeguard("a silent stream is a lost one", "actors.mesos.connection", (
        ("            stream.silence = self._settings.missed_heartbeats * _DEFAULT_HEARTBEAT\n", "            stream.silence = 1e9\n"),
        ("        stream.silence = self._settings.missed_heartbeats * interval\n", "        stream.silence = 1e9\n"))),
    _one("an agent repeats an update until it is acknowledged", "actors.local_mesos.agent._updates",
         "        delay, self._retry = self._retry, min(2 * self._retry, RETRY_MAX)\n", "        delay = 1e9\n", "network"),
    _one("an agent sends one update of a task at a time", "actors.local_mesos.agent._updates",
         "        return self.pending[0] if self.pending else None\n",
         "        return self.pending[-1] if self.pending else None\n"),
    _one("an agent says which tasks it does not know", "actors.local_mesos.agent._tasks",
         "            if self._containers.of_task(framework.id.value, task_id) is not None:\n                continue\n",
         "            if framework is not None:\n                continue\n", "network"),
    _one("the journal refuses older epochs", "actors.persistence.memory",
         "    def _refuse_the_overtaken(self) -> None:\n        if self._epoch < self.store.epoch:\n",
         "    def _refuse_the_overtaken(self) -> None:\n        if False:\n", "leaders"),
    _one("each lease has an epoch of its own", "actors.cluster.zookeeper_coordinator",
         "            epoch = int(last.data) + 1\n", "            epoch = 1\n", "leaders"),
    _one("a lease that is held is given to nobody else", "actors.cluster.zookeeper_coordinator",
         'if fields["owner"] != self._owner or name in self._held:', "if False:", "leaders"),
    _one("who could not renew his lease holds it no longer", "actors.cluster._coordination",
         "DOUBT = 2 / 3 ", "DOUBT = 20.0 ", "leaders"),
    _one("a master that leads again gives no id twice", "actors.local_mesos.master.candidate",
         "        if self._led:", "        if False:", "leaders"),
    _one("the journal answers when it has synced", "actors.simulation.disk",
         "        await super().append(writes)\n",
         "        asyncio.get_running_loop().create_task(super().append(writes))\n"),
    _one("the journal stores a call's writes together", "actors.persistence.memory",
         "        for write, rows in encoded:\n            if rows:\n",
         "        for write, rows in encoded:\n            await asyncio.sleep(0.003)\n            if rows:\n"),
    _one("one commit is under way at a time", "actors.marathon.group_commit",
         "        if self._committing or not self._waiting:\n", "        if not self._waiting:\n", "network"),
    _one("a run that was removed is lost for who watches it", "actors.cluster._daemon",
         '        self._remote.quarantine(node.address, node.uid, f"removed from the cluster ({reason})")\n', "", "cluster"),
    _one("a node that was removed shuts down", "actors.cluster._daemon",
         "        self.ref.tell(_Gone(await self._cluster.coordinator.removed()))\n",
         "        await self._cluster.coordinator.removed()\n", "cluster"),
    _one("a singleton whose lease is lost stops", "actors.cluster._singleton_manager",
         "        self.context.stop(self._singleton)  # its end is followed by a claim\n", "", "cluster"),
    _one("a proxy looks for where the singleton is next", "actors.cluster._singleton_proxy",
         "                self._singleton = None\n                self._look()\n", "                pass\n", "cluster"),
    _one("watches are told again over the next connection", "actors.remote._association",
         "        self._queue.extendleft(_Waiting(self.remote.pack([WATCH, ref.target])) for ref in self.watches.here)\n",
         "", "cluster"),
    _one("a connection that says nothing is a lost one", "actors.remote._association",
         "            if now - connection.last_heard < detection:\n", "            if True:\n", "cluster"),
    _one("shards get homes when every node has told what it has", "actors.cluster._shard_coordinator",
         "        if self._awaited is None or self._awaited:\n            self._early", "        if False:\n            self._early",
         "cluster"),
    _one("a shard has stopped before it lives elsewhere", "actors.cluster._shard_region",
         "        if here is None:\n            self.reply(ShardStopped", "        if True:\n            self.reply(ShardStopped",
         "cluster"),
    _one("a stream refuses a second writer", "actors.persistence.memory",
         "            if write.expected is not None and write.expected != end:\n", "            if False:\n", "cluster"),
    _one("on a node that was removed nothing starts", "actors.cluster._shard_region",
         "            case SelfRemoved():\n", "            case SelfRemoved() if False:\n", "cluster"),
    _one("nobody calls himself", "actors.remote.remote",
         "        if address != self.address:\n            self.association(address).want(wanted)\n",
         "        self.association(address).want(wanted)\n", "cluster"),
)  # fmt: skip

SAFEGUARDS = {safeguard.name: safeguard for safeguard in _LIST}


def weakened(safeguard: Safeguard) -> str:
    """The source of its module without it. Raises `LookupError` when a piece is not there exactly once."""
    path = Path(__file__).parents[2].joinpath(*safeguard.module.split(".")).with_suffix(".py")
    source = path.read_text("utf-8")
    for present, without in safeguard.pieces:
        if source.count(present) != 1:
            raise LookupError(
                f"the safeguard {safeguard.name!r} is {source.count(present)} times in {safeguard.module}, not once, as:"
                f"\n{present}\nThe code has changed: find what guards it now, and say so in {__name__}"
            )
        source = source.replace(present, without)
    return source


class _Loader(SourceFileLoader):
    def __init__(self, safeguard: Safeguard, path: str) -> None:
        super().__init__(safeguard.module, path)
        self._safeguard = safeguard

    def get_code(self, fullname: str) -> CodeType:
        return compile(weakened(self._safeguard), self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, safeguard: Safeguard) -> None:
        self._safeguard = safeguard

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._safeguard.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(self._safeguard, spec.origin)
        return spec


def remove(name: str) -> None:
    """Leave a safeguard out, in this process. Raises `ValueError` for an unknown one, `RuntimeError` if it is too late."""
    safeguard = SAFEGUARDS.get(name)
    if safeguard is None:
        raise ValueError(f"there is no safeguard {name!r}; there are: {', '.join(map(repr, SAFEGUARDS))}")
    if safeguard.module in sys.modules:
        raise RuntimeError(f"{safeguard.module} is imported already; remove safeguards in a fresh process")
    weakened(safeguard)
    sys.meta_path.insert(0, _Finder(safeguard))
