"""The launcher: the launch queue, and the matching of offers with what waits in it.

    instances, scheduler            launcher                                       scheduler (calls)
    --------------------            --------                                       -----------------
    LaunchInstances            ──▶  queued; offers are wanted                  ──▶ ReviveOffers
    ResourceOffers             ──▶  as many instances per offer as fit
                                    nothing fits                               ──▶ DeclineOffers, 120 s
             ◀── Provision          the launches, to be stored first
    Provisioned                ──▶  one Launch per offer, what is left refused ──▶ AcceptOffers
    CallFailed (certainly unsent) ▶ Unlaunched ──▶ instances
    InstanceChanged (failed)   ──▶  the app's next launch is delayed
                                    nothing waits, or all is delayed           ──▶ SuppressOffers

An instance is stored before Mesos hears of it: after a crash between the two, reconciliation says that there is no such
task, and it is launched anew. Offers are never kept: what is not used at once goes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef
from actors.marathon.instance_ids import instance_of_task, task_of_instance
from actors.marathon.launch_queue import LaunchQueue, QueuedApp
from actors.marathon.matching import Agent, NoMatch, OfferPool, Placed, build_task
from actors.marathon.messages import Condition, GetQueue, Goal, Instance, InstanceChanged, ResetDelay
from actors.marathon.protocol import (
    CancelLaunches,
    InstancesRecovered,
    Launched,
    LaunchInstances,
    Provision,
    Provisioned,
    Unlaunched,
)
from actors.marathon.rolling import is_current
from actors.mesos import (
    AcceptOffers,
    CallFailed,
    CallUnconfirmed,
    DeclineOffers,
    Disconnected,
    Launch,
    OfferRescinded,
    ResourceOffers,
    ReviveOffers,
    Subscribed,
    SuppressOffers,
)
from mesos_proto import Filters, Offer, OfferID, TaskInfo

__all__ = ["Launcher"]

DECLINE_FILTER = 120.0
"""Seconds for which an offer that cannot be used is not to come again (``--decline_offer_duration``)."""

REVIVE_INTERVAL = 5.0
"""Seconds between revives on the average (``--min_revive_offers_interval``); a few may follow each other at once."""

REVIVE_BURST = 10

_SWEEP_INTERVAL = 10.0


class _Sweep:
    """Forget old failures."""


class _Look:
    """A delay is over, or a revive is allowed again."""


@dataclass(frozen=True, slots=True)
class _Match:
    """What is about to be launched with one offer."""

    offer: Offer
    launches: tuple[Launched, ...]
    tasks: tuple[TaskInfo, ...]


class Launcher(Actor[Any]):
    """See the head of this module."""

    def __init__(self, scheduler: ActorRef[Any]) -> None:
        system = self.context.system
        self._clock = system.clock
        self._random = system.random
        self._scheduler = scheduler
        self._queue = LaunchQueue()
        self._orderer: ActorRef[Any] | None = None
        self._instances: dict[str, dict[str, Instance]] = {}
        self._batches: dict[int, tuple[_Match, ...]] = {}
        self._batch = self._random.getrandbits(48)  # an answer to the actor before a restart is not taken for ours
        self._rescinded: set[str] = set()
        self._subscribed = False
        self._wanting: bool | None = None
        self._revives = float(REVIVE_BURST)
        self._revived_at = self._clock.time()

    def pre_start(self) -> None:
        self.context.system.event_stream.subscribe(self.ref, InstanceChanged)
        self.context.timers.start_fixed_delay("sweep", _Sweep(), _SWEEP_INTERVAL)

    def receive(self, message: Any) -> None:
        match message:
            case InstanceChanged(instance):
                self._changed(instance)
            case InstancesRecovered(instances):
                self._orderer = self.sender
                for instance in instances:
                    self._instances.setdefault(instance.app_id, {})[instance.id] = instance
            case ResourceOffers(offers):
                self._match(offers)
            case Provisioned(batch, accepted):
                self._launch(batch, accepted)
            case LaunchInstances(app, instance_ids):
                self._queue.add(app, instance_ids, self._clock.now())
                self._want(fresh=True)
            case CancelLaunches(app_id, instance_ids):
                self._queue.remove(app_id, instance_ids)
                self._want()
            case OfferRescinded(offer_id):
                if self._batches:
                    self._rescinded.add(offer_id)
            case CallFailed(AcceptOffers() as call, error):
                self._unsent(call, error)
            case CallFailed():
                pass  # offers not declined or revived: the next subscription begins with fresh ones
            case Subscribed():
                self._subscribed = True
                self._wanting = None
                self._want()
            case Disconnected():
                self._subscribed = False
                self._rescinded.update(match.offer.id for batch in self._batches.values() for match in batch)
            case GetQueue():
                self.reply(self._queue.status(self._clock.time()))
            case ResetDelay(app_id):
                self._queue.backoff.reset(app_id)
                self.reply(self._queue.get(app_id) is not None)
                self._want()
            case _Look():
                self._want(fresh=True)
            case _Sweep():
                self._queue.backoff.sweep(self._clock.time())
            case _:
                self.unhandled(message)

    # -- what is known of instances

    def _changed(self, instance: Instance) -> None:
        siblings = self._instances.setdefault(instance.app_id, {})
        if instance.condition.is_terminal:
            siblings.pop(instance.id, None)
            if not siblings:
                del self._instances[instance.app_id]
            if instance.condition.is_failure and instance.goal is Goal.RUNNING:
                self._queue.backoff.failed(instance.app_id, instance.app_version, self._clock.time())
        elif instance.condition is not Condition.SCHEDULED:
            siblings[instance.id] = instance
            self._queue.backoff.launched(instance.app_id, self._clock.time())

    # -- offers

    def _match(self, offers: Iterable[Offer]) -> None:
        now = self._clock.time()
        candidates = self._queue.launchable(now)
        placed: dict[str, Placed] = {queued.app.id: self._placed(queued) for queued in candidates}
        unused: list[OfferID] = []
        matches: list[_Match] = []
        for offer in offers:
            self._random.shuffle(candidates)
            match = self._match_one(offer, candidates, placed)
            if match is None:
                unused.append(offer.id)
            else:
                matches.append(match)
        self._decline(unused)
        if matches:
            self._provision(tuple(matches))
        self._want()

    def _match_one(self, offer: Offer, candidates: list[QueuedApp], placed: dict[str, Placed]) -> _Match | None:
        pool = OfferPool(offer.proto, self._random)
        launches: list[Launched] = []
        tasks: list[TaskInfo] = []
        moment = self._clock.now()
        for queued in candidates:
            before = len(launches)
            reason: NoMatch | None = None
            while queued.waiting and not self._queue.backoff.left(queued.app, self._clock.time()):
                placement = pool.match(queued.app, placed[queued.app.id])
                if isinstance(placement, NoMatch):
                    reason = placement
                    break
                instance_id, _ = queued.waiting.popitem(last=False)
                queued.launching[instance_id] = None
                placed[queued.app.id].add(pool.agent)
                self._queue.backoff.launched(queued.app.id, self._clock.time())
                task_id = task_of_instance(instance_id)
                task = build_task(queued.app, pool.offer, placement, task_id)
                tasks.append(TaskInfo.from_proto(task))
                ports = tuple(port for port in placement.host_ports if port is not None)
                launches.append(_launched(instance_id, queued.app, task_id, offer, pool.agent, ports))
            if len(launches) > before:
                queued.offer_used(moment)
            elif reason is not None:
                queued.offer_unused(reason, moment)
        return _Match(offer, tuple(launches), tuple(tasks)) if launches else None

    def _placed(self, queued: QueuedApp) -> Placed:
        """Where the app's instances of the present configuration stand, for its constraints."""
        fields = {constraint[0] for constraint in queued.app.constraints}
        if not fields:
            return Placed(())
        standing = (
            instance
            for instance in self._instances.get(queued.app.id, {}).values()
            if is_current(queued.app, instance) and not instance.condition.is_lost
        )
        return Placed(fields, (Agent(one.host or "", one.region, one.zone, one.attributes) for one in standing))

    def _provision(self, matches: tuple[_Match, ...]) -> None:
        assert self._orderer is not None
        self._batch += 1
        self._batches[self._batch] = matches
        launches = tuple(launch for match in matches for launch in match.launches)
        self._orderer.tell(Provision(self._batch, launches), self.ref)

    def _launch(self, batch: int, accepted: frozenset[str]) -> None:
        void: list[str] = []
        for match in self._batches.pop(batch, ()):
            for launch in match.launches:
                self._queue.remove(launch.app.id, (launch.instance_id,))
            wanted = [launch.instance_id in accepted for launch in match.launches]
            if match.offer.id in self._rescinded:
                void.extend(one.instance_id for one, want in zip(match.launches, wanted, strict=True) if want)
                continue
            tasks = [task for task, want in zip(match.tasks, wanted, strict=True) if want]
            if tasks:
                filters = Filters(refuse_seconds=DECLINE_FILTER)
                self._scheduler.tell(AcceptOffers((match.offer.id,), (Launch(tasks),), filters), self.ref)
            else:
                self._decline([match.offer.id])
        self._unlaunched(void)
        if not self._batches:
            self._rescinded.clear()
        self._want()

    def _unsent(self, call: AcceptOffers, error: BaseException) -> None:
        """Launches that Mesos did not take. Where that is not certain, reconciliation will tell."""
        ids = [
            instance_of_task(task.task_id)
            for operation in call.operations
            if isinstance(operation, Launch)
            for task in operation.tasks
        ]
        self.log.warning("%d tasks were not launched: %s", len(ids), error)
        if not isinstance(error, CallUnconfirmed):
            self._unlaunched(ids)

    def _unlaunched(self, instance_ids: list[str]) -> None:
        if instance_ids and self._orderer is not None:
            self._orderer.tell(Unlaunched(frozenset(instance_ids)), self.ref)

    def _decline(self, offer_ids: list[OfferID]) -> None:
        if offer_ids:
            self._scheduler.tell(DeclineOffers(tuple(offer_ids), Filters(refuse_seconds=DECLINE_FILTER)), self.ref)

    # -- whether offers are wanted

    def _want(self, *, fresh: bool = False) -> None:
        """Ask for offers when something can be launched, and for none when nothing can.

        `fresh`: what waits now may fit offers that were declined, so their filters must go.
        """
        if not self._subscribed:
            return
        now = self._clock.time()
        wanting = bool(self._queue.launchable(now))
        if wanting and (fresh or not self._wanting):
            if not self._may_revive(now):
                return
            self._scheduler.tell(ReviveOffers(), self.ref)
        elif not wanting and self._wanting is not False:
            self._scheduler.tell(SuppressOffers(), self.ref)
        self._wanting = wanting
        delay = self._queue.next_delay(now)
        if delay is not None:
            self.context.timers.start_single("delay", _Look(), delay)

    def _may_revive(self, now: float) -> bool:
        self._revives = min(REVIVE_BURST, self._revives + (now - self._revived_at) / REVIVE_INTERVAL)
        self._revived_at = now
        if self._revives < 1:
            self.context.timers.start_single("revive", _Look(), (1 - self._revives) * REVIVE_INTERVAL)
            return False
        self._revives -= 1
        return True


def _launched(instance_id: str, app: Any, task_id: str, offer: Offer, agent: Agent, ports: tuple[int, ...]) -> Launched:
    return Launched(
        instance_id,
        app,
        task_id,
        offer.agent_id,
        agent.hostname,
        ports,
        dict(agent.attributes),
        agent.region,
        agent.zone,
    )
