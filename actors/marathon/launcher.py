"""The launcher: the launch queue, and the matching of offers with what waits in it.

    instances, scheduler            launcher                                       scheduler (calls)
    --------------------            --------                                       -----------------
    LaunchInstances            ──▶  queued; offers are wanted                  ──▶ ReviveOffers
    ResourceOffers             ──▶  as many instances per offer as fit, up to MAX_LAUNCHES
                                    of what GROUP_BY spreads by turns, as the others take theirs
                                    nothing fits                               ──▶ DeclineOffers, 120 s
             ◀── Provision          the launches, to be stored first
    Provisioned                ──▶  one Launch per offer, what is left refused ──▶ AcceptOffers
                                    (at MAX_LAUNCHES: to be offered again at once)
                                    (beyond a rate that was asked for: wanted again when it allows more)
    CallFailed (certainly unsent) ▶ Unlaunched ──▶ instances
    LaunchFailed               ──▶  the app's next launch is delayed
    KillTask                   ──▶  follows the launches that were ordered before it ──▶ KillTask
                                    nothing waits, or all is delayed           ──▶ SuppressOffers

An instance is stored before Mesos hears of it: after a crash between the two, reconciliation says that there is no such
task, and it is launched anew. Offers are never kept: what is not used at once goes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef
from actors.marathon.instance_ids import instance_of_task
from actors.marathon.launch_queue import LaunchQueue, QueuedApp
from actors.marathon.launch_rate import LaunchRate
from actors.marathon.matching import Agent, Placed
from actors.marathon.messages import Condition, GetQueue, Instance, InstanceChanged, ResetDelay
from actors.marathon.offer_filling import OfferFilling
from actors.marathon.offers_in_hand import OffersInHand
from actors.marathon.protocol import (
    CancelLaunches,
    InstancesRecovered,
    LaunchFailed,
    LaunchInstances,
    Provision,
    Provisioned,
    RootChanged,
    Unlaunched,
)
from actors.marathon.rolling import is_current
from actors.marathon.tokens import Tokens
from actors.mesos import (
    AcceptOffers,
    CallFailed,
    CallUnconfirmed,
    DeclineOffers,
    Disconnected,
    KillTask,
    Launch,
    LaunchGroup,
    OfferRescinded,
    ReconcileTasks,
    ResourceOffers,
    ReviveOffers,
    Subscribed,
    SuppressOffers,
    TaskToReconcile,
)
from mesos_proto import Filters, Offer, OfferID, TaskInfo, mesos_pb2

__all__ = ["Launcher"]

DECLINE_FILTER = 120.0
"""Seconds for which an offer that cannot be used is not to come again (``--decline_offer_duration``)."""

REVIVE_INTERVAL = 1.0
"""Seconds between revives on the average; a few may follow each other at once. Marathon takes 5 (its
``--min_revive_offers_interval``), which in a deployment of many small apps each dependent would wait for."""

REVIVE_BURST = 10

PLACED_PER_TURN = 100
"""Instances placed in one turn of the loop, some milliseconds."""

STORED_AHEAD = 2
"""Offers whose launches are being stored at a time: thousands of tasks are not all made before the first is sent."""

UNCONFIRMED_FOR = 10.0
"""Seconds after which the master has done, or never got, a launch of which it did not say whether it took it."""

ASKED_AGAIN_AFTER = 1.0
"""Seconds after which a call is made again that only said what is wanted, and that perhaps nobody heard."""

_SWEEP_INTERVAL = 10.0


class _Sweep:
    """Forget old failures."""


class _Look:
    """A delay is over, or a revive is allowed again."""


@dataclass(frozen=True, slots=True)
class _AskAfter:
    """What became of tasks whose launch was not confirmed."""

    tasks: tuple[TaskToReconcile, ...]


@dataclass(frozen=True, slots=True)
class _GiveBack:
    """Offers whose answer perhaps nobody heard, and which the master then holds for us as long as ``subscription``."""

    offer_ids: tuple[OfferID, ...]
    subscription: int


class _MatchOn:
    """There are offers left from the turn before, or launches stored that they waited for."""


class Launcher(Actor[Any]):
    """See the head of this module."""

    def __init__(self, scheduler: ActorRef[Any], env_prefix: str = "", rate: float | None = None) -> None:
        system = self.context.system
        self._clock = system.clock
        self._random = system.random
        self._scheduler = scheduler
        self._env_prefix = env_prefix
        self._enforcing: frozenset[str] = frozenset()
        self._queue = LaunchQueue()
        self._rate = LaunchRate(rate, self._clock.time())
        self._orderer: ActorRef[Any] | None = None
        self._instances: dict[str, dict[str, Instance]] = {}
        self._offers = OffersInHand(self._fill)
        self._matching = False
        self._batches: dict[int, OfferFilling] = {}
        self._batch = self._random.getrandbits(48)  # an answer to the actor before a restart is not taken for ours
        self._rescinded: set[str] = set()
        self._subscribed = False
        self._subscription = 0
        self._home_region: str | None = None
        self._wanting: bool | None = None
        self._filters = False  # whether some offer was refused for a time since the last revive
        self._revives = Tokens(1 / REVIVE_INTERVAL, REVIVE_BURST, self._clock.time())

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
                self._offers.add(offers)
                if not self._matching:
                    self._matching = True
                    self._match()
            case _MatchOn():
                self._match()
            case Provisioned(batch, accepted):
                self._launch(batch, accepted)
            case LaunchInstances(app, instance_ids):
                self._queue.add(app, instance_ids, self._clock.now())
                self._want(fresh=True)
            case RootChanged():
                self._enforcing = message.enforcing
            case KillTask():
                self._scheduler.tell(message, self.sender)
            case LaunchFailed(app_id, version):
                self._queue.backoff.failed(app_id, version, self._clock.time())
                self._want()
            case CancelLaunches(app_id, instance_ids):
                self._queue.remove(app_id, instance_ids)
                self._want()
            case OfferRescinded(offer_id):
                self._void(offer_id)
            case CallFailed(AcceptOffers() as call, error):
                self._unsent(call, error)
            case CallFailed(DeclineOffers(offer_ids)):
                self._give_back(offer_ids, ASKED_AGAIN_AFTER)
            case CallFailed(ReviveOffers() | SuppressOffers()):
                self._wanting = None
                self.context.timers.start_single("want", _Look(), ASKED_AGAIN_AFTER)
            case CallFailed(ReconcileTasks(tasks)):
                self.context.timers.start_single(("ask", *tasks), _AskAfter(tuple(tasks)), UNCONFIRMED_FOR)
            case Subscribed(_, master):
                self._home_region = _region_of(master)
                self._subscribed = True
                self._subscription += 1
                self._wanting = None
                self._want()
            case Disconnected():
                self._subscribed = False
                for offer_id in (*self._offers.new, *(filling.offer.id for filling in self._open())):
                    self._void(offer_id)
            case GetQueue():
                self.reply(self._queue.status(self._clock.time()))
            case ResetDelay(app_id):
                self._queue.backoff.reset(app_id)
                queued = self._queue.get(app_id) is not None
                self.reply(queued)
                self._want(fresh=queued)
            case _AskAfter(unconfirmed):
                self._scheduler.tell(ReconcileTasks(unconfirmed), self.ref)
            case _GiveBack(offer_ids, subscription):
                if self._subscribed and subscription == self._subscription:  # else they ended with that one
                    self._decline(list(offer_ids))
            case _Look():
                self._want(fresh=True)
            case _Sweep():
                self._queue.backoff.sweep(self._clock.time())
            case _:
                self.unhandled(message)

    def _open(self) -> Iterator[OfferFilling]:
        """The offers of which something is to be launched."""
        yield from self._batches.values()
        yield from self._offers.begun

    def _void(self, offer_id: OfferID) -> None:
        """The offer is gone. What was to be launched with it is stored by now, or about to be, and must be told."""
        self._offers.remove(offer_id)
        if any(filling.offer.id == offer_id for filling in self._open()):
            self._rescinded.add(offer_id)

    # -- what is known of instances

    def _changed(self, instance: Instance) -> None:
        siblings = self._instances.setdefault(instance.app_id, {})
        if instance.condition.is_terminal:
            siblings.pop(instance.id, None)
            if not siblings:
                del self._instances[instance.app_id]
        elif instance.condition is not Condition.SCHEDULED:
            siblings[instance.id] = instance
            self._queue.backoff.launched(instance.app_id, self._clock.time())

    # -- offers

    def _match(self) -> None:
        """Fill the next offers; what would hold the loop for too long goes on in the next turn."""
        budget = PLACED_PER_TURN
        standing: dict[str, Placed] = {}

        def placed_of(queued: QueuedApp) -> Placed:
            if queued.app.id not in standing:
                standing[queued.app.id] = self._placed(queued)
            return standing[queued.app.id]

        unused: list[OfferID] = []
        while budget > 0 and len(self._batches) < STORED_AHEAD and (filling := self._offers.next()) is not None:
            allowed = self._rate.allowed(self._clock.time())
            rescinded = filling.offer.id in self._rescinded
            placed, finished = 0, True
            if not rescinded:
                placed, finished = filling.fill(self._queue, placed_of, self._clock, int(min(budget, allowed)))
            self._rate.used(placed)
            budget -= placed + 1
            if placed == allowed or rescinded or (finished and not self._offers.put_aside(filling, placed)):
                self._offers.close()
                filling.conclude(self._queue, self._clock)
                if filling.launches:
                    self._provision(filling)
                elif rescinded:
                    self._rescinded.discard(filling.offer.id)
                else:
                    unused.append(filling.offer.id)
        self._decline(unused)
        if self._offers:
            if len(self._batches) < STORED_AHEAD:
                self._match_on()
        else:
            self._matching = False
            self._want()

    def _match_on(self) -> None:
        """In the next turn: a word to itself might come in this one."""
        self.context.timers.start_single("match", _MatchOn(), 0.0)

    def _fill(self, offer: Offer) -> OfferFilling:
        return OfferFilling(offer, self._random, self._home_region, self._env_prefix, self._enforcing)

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
        agents = map(Agent.of_instance, standing)
        return Placed(fields, [*agents, *queued.launching.values()])

    def _provision(self, filling: OfferFilling) -> None:
        assert self._orderer is not None
        self._batch += 1
        self._batches[self._batch] = filling
        self._orderer.tell(Provision(self._batch, tuple(filling.launches)), self.ref)

    def _launch(self, batch: int, accepted: frozenset[str]) -> None:
        was_held_up = self._matching and len(self._batches) == STORED_AHEAD
        filling = self._batches.pop(batch, None)
        if filling is None:
            return  # ordered before a restart
        if was_held_up:
            self._match_on()
        tasks: list[TaskInfo | LaunchGroup] = []
        for launch, task in zip(filling.launches, filling.tasks, strict=True):
            self._queue.remove(launch.app.id, (launch.instance_id,))
            if launch.instance_id in accepted:
                tasks.append(task)
        offer_id = filling.offer.id
        if offer_id in self._rescinded:
            self._unlaunched([launch.instance_id for launch in filling.launches if launch.instance_id in accepted])
        elif tasks:
            self._filters = True
            filters = Filters(refuse_seconds=0 if filling.full else DECLINE_FILTER)
            self._scheduler.tell(AcceptOffers((offer_id,), tuple(_operations(tasks)), filters), self.ref)
        else:
            self._decline([offer_id])
        self._rescinded.discard(offer_id)
        self._want(fresh=any(self._spreads(launch.app.id) for launch in filling.launches))

    def _spreads(self, app_id: str) -> bool:
        """Whether what was placed of the app makes room for it where there was none: the other groups of a GROUP_BY
        may take one more now, and those who offered have been refused for minutes."""
        queued = self._queue.get(app_id)
        return (
            queued is not None and bool(queued.waiting) and any(one[1] == "GROUP_BY" for one in queued.app.constraints)
        )

    def _unsent(self, call: AcceptOffers, error: BaseException) -> None:
        """Launches that Mesos did not take. Where that is not certain, it is asked."""
        tasks = [
            task
            for operation in call.operations
            if isinstance(operation, Launch | LaunchGroup)
            for task in operation.tasks
        ]
        self.log.warning("%d tasks were not launched: %s", len(tasks), error)
        if isinstance(error, CallUnconfirmed):
            ask = _AskAfter(tuple(TaskToReconcile(task.task_id, task.agent_id) for task in tasks))
            self.context.timers.start_single(("ask", *call.offer_ids), ask, UNCONFIRMED_FOR)
            self._give_back(call.offer_ids, UNCONFIRMED_FOR)  # Mesos ignores offers that are not ours any more
        else:
            self._unlaunched(sorted({instance_of_task(task.task_id) for task in tasks}))

    def _unlaunched(self, instance_ids: list[str]) -> None:
        if instance_ids and self._orderer is not None:
            self._orderer.tell(Unlaunched(frozenset(instance_ids)), self.ref)

    def _give_back(self, offer_ids: Iterable[OfferID], seconds: float) -> None:
        message = _GiveBack(tuple(offer_ids), self._subscription)
        self.context.timers.start_single(("give back", *message.offer_ids), message, seconds)

    def _decline(self, offer_ids: list[OfferID]) -> None:
        if offer_ids:
            self._filters = True
            self._scheduler.tell(DeclineOffers(tuple(offer_ids), Filters(refuse_seconds=DECLINE_FILTER)), self.ref)

    # -- whether offers are wanted

    def _want(self, *, fresh: bool = False) -> None:
        """Ask for offers when something can be launched, and for none when nothing can.

        `fresh`: what waits now may fit offers that were refused, so their filters must go. Where none was refused since
        the last revive, another one would change nothing, and many launches that are ordered together cost one.
        """
        if not self._subscribed:
            return
        now = self._clock.time()
        rate_delay = self._rate.delay(now)
        wanting = rate_delay is None and self._queue.can_launch(now)
        if wanting and (not self._wanting or (fresh and self._filters)):
            if not self._may_revive(now):
                return
            self._filters = False
            self._scheduler.tell(ReviveOffers(), self.ref)
        elif not wanting and self._wanting is not False:
            self._scheduler.tell(SuppressOffers(), self.ref)
        self._wanting = wanting
        delay = rate_delay if rate_delay is not None else self._queue.next_delay(now)
        if delay is not None:
            self.context.timers.start_single("delay", _Look(), delay)

    def _may_revive(self, now: float) -> bool:
        if not self._revives.left(now):
            self.context.timers.start_single("revive", _Look(), self._revives.delay(1))
            return False
        self._revives.take()
        return True


def _operations(tasks: list[TaskInfo | LaunchGroup]) -> Iterator[Launch | LaunchGroup]:
    """One launch for the tasks of all apps, and one per instance of a pod."""
    alone = [task for task in tasks if isinstance(task, TaskInfo)]
    if alone:
        yield Launch(alone)
    yield from (task for task in tasks if isinstance(task, LaunchGroup))


def _region_of(master: mesos_pb2.MasterInfo) -> str | None:
    domain = master.domain
    return domain.fault_domain.region.name if domain.HasField("fault_domain") else None
