"""The health checker: one actor per app and configuration, which checks all running instances of it.

    health                   checker                                                instances
    ------                   -------                                                ---------
    CheckInstance      ──▶   a timer per check: first after min(interval, 5 s)
                             tick: a probe beside the handlers, at most 100 at once
                             success                                           ──▶  HealthReport
                             failure, in the grace period: nothing
                             failure: FailedHealthCheck                        ──▶  HealthReport
                             one failure more than maxConsecutiveFailures      ──▶  KillInstances
    StopChecking       ──▶   its timers end

As in Marathon, a failure before the first success does not count within ``gracePeriodSeconds`` of the instance's start,
and ``maxConsecutiveFailures`` 0 never kills. Counts begin anew with the actor; what was alive stays so until a check
says otherwise.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Any

from actors.core import Actor, ActorRef, Failure
from actors.marathon.events import FailedHealthCheck, HealthCheckAdded, UnhealthyInstanceKilled
from actors.marathon.health.probes import NoAnswer, Probe, Target, target_of
from actors.marathon.instance import HealthResult, Instance
from actors.marathon.messages import KillInstances
from actors.marathon.model import App
from actors.marathon.protocol import HealthReport

__all__ = ["CheckInstance", "CheckerRestarted", "HealthChecker", "StopChecking"]

FIRST_CHECK = 5.0
"""Seconds after which an instance is looked at for the first time, at the latest."""

MAX_PROBES = 100
"""Probes of one app under way at once; others wait their turn."""


@dataclass(frozen=True, slots=True)
class CheckInstance:
    """Check this running instance from now on. `spread`: it is one of many, so begin at a random moment."""

    instance: Instance
    spread: bool = False


@dataclass(frozen=True, slots=True)
class StopChecking:
    instance_id: str


@dataclass(frozen=True, slots=True)
class CheckerRestarted:
    """To the parent: the checker failed and has forgotten its instances."""


@dataclass(frozen=True, slots=True)
class _Tick:
    instance_id: str
    check: int


@dataclass(frozen=True, slots=True)
class _Probed:
    """What a probe saw: `cause` is None for a success. `ignored` when it counts neither way."""

    tick: _Tick
    cause: str | None
    ignored: bool = False


class HealthChecker(Actor[Any]):
    """See the head of this module."""

    def __init__(self, app: App, instances: ActorRef[Any], probe: Probe) -> None:
        system = self.context.system
        self._app = app
        self._checks = [(n, check) for n, check in enumerate(app.health_checks) if not check.run_by_agent]
        self._instances = instances
        self._probe = probe
        self._clock = system.clock
        self._random = system.random
        self._publish = system.event_stream.publish
        self._checked: dict[str, Instance] = {}
        self._results: dict[_Tick, HealthResult] = {}
        self._probing: set[_Tick] = set()
        self._waiting: deque[_Tick] = deque()

    def pre_start(self) -> None:
        for check in self._app.health_checks:  # those that Mesos runs are told of, too
            self._publish(HealthCheckAdded(self._app.id, self._app.version or "", check))

    def post_restart(self, cause: BaseException) -> None:
        self.context.parent.tell(CheckerRestarted(), self.ref)

    def receive(self, message: Any) -> None:
        match message:
            case _Tick():
                self._waiting.append(message)
                self._probe_next()
            case _Probed():
                self._probing.discard(message.tick)
                self._seen(message)
                self._probe_next()
            case CheckInstance(instance, spread):
                self._begin(instance, spread)
            case StopChecking(instance_id):
                self._end(instance_id)
            case Failure(error):
                raise error
            case tuple():
                pass  # the answer to KillInstances
            case _:
                self.unhandled(message)

    def _begin(self, instance: Instance, spread: bool) -> None:
        known = instance.id in self._checked
        self._checked[instance.id] = instance
        if known:
            return
        for number, check in self._checks:
            tick = _Tick(instance.id, number)
            first = min(float(check.interval_seconds), FIRST_CHECK)
            delay = self._random.uniform(0, first) if spread else first
            stored = instance.health[number] if number < len(instance.health) else HealthResult()
            self._results[tick] = replace(stored, consecutive_failures=0)
            self.context.timers.start_fixed_rate(tick, tick, check.interval_seconds, delay)

    def _end(self, instance_id: str) -> None:
        if self._checked.pop(instance_id, None) is None:
            return
        for number, _ in self._checks:
            tick = _Tick(instance_id, number)
            self.context.timers.cancel(tick)
            self._results.pop(tick, None)

    # -- probing

    def _probe_next(self) -> None:
        while self._waiting and len(self._probing) < MAX_PROBES:
            tick = self._waiting.popleft()
            instance = self._checked.get(tick.instance_id)
            if instance is None or tick in self._probing:
                continue  # gone meanwhile, or its last probe still waits for an answer
            self._probing.add(tick)
            target = target_of(self._app, self._app.health_checks[tick.check], instance)
            self.context.pipe_to(self._probed(tick, target))

    async def _probed(self, tick: _Tick, target: Target | None) -> _Probed:
        if target is None:
            return _Probed(tick, "the instance has no port or address that this check could look at")
        try:
            return _Probed(tick, await self._probe(self._app.health_checks[tick.check], target))
        except NoAnswer:
            return _Probed(tick, None, ignored=True)

    def _seen(self, probed: _Probed) -> None:
        instance = self._checked.get(probed.tick.instance_id)
        if instance is None or probed.ignored:
            return
        before = self._results[probed.tick]
        if probed.cause is None:
            now = self._clock.now()
            result = replace(
                before,
                alive=True,
                consecutive_failures=0,
                first_success=before.first_success or now,
                last_success=now,
            )
            self._report(probed.tick, result)
        else:
            self._failed(instance, probed.tick, before, probed.cause)

    def _failed(self, instance: Instance, tick: _Tick, before: HealthResult, cause: str) -> None:
        check = self._app.health_checks[tick.check]
        now = self._clock.now()
        if before.first_success is None and instance.started_at is not None:
            age = (now - instance.started_at).total_seconds()
            if age < check.grace_period_seconds:
                return
        self._publish(FailedHealthCheck(self._app.id, instance.id, check))
        self._report(
            tick,
            replace(
                before,
                alive=False,
                consecutive_failures=before.consecutive_failures + 1,
                last_failure=now,
                last_failure_cause=cause,
            ),
        )
        # The count before this failure is what Marathon compares: it kills at one failure more than configured.
        if 0 < check.max_consecutive_failures <= before.consecutive_failures:
            self.log.warning("killing %s, which is not healthy: %s", instance.id, cause)
            self._publish(UnhealthyInstanceKilled(instance, cause))
            self._instances.tell(KillInstances(frozenset({instance.id})), self.ref)
            self._end(instance.id)

    def _report(self, tick: _Tick, result: HealthResult) -> None:
        self._results[tick] = result
        self._instances.tell(HealthReport(tick.instance_id, tick.check, result), self.ref)
