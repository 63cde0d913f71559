"""Health: gives every running instance to the checker of its app's configuration, and takes it away when it ends.

    supervisor: WatchApps   ──▶  which configurations there are
    InstanceChanged         ──▶  Running: CheckInstance  ─▶ its checker (spawned when it is the first)
                                 else:    StopChecking   ─▶ its checker (stopped when it was the last)
    AppTerminated           ──▶  the app's configurations are forgotten

An instance belongs to the newest configuration that is not newer than its version: during a rolling restart the old
instances are checked as the old definition says, the new ones as the new one does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from actors.core import Actor, ActorRef, OneForOneStrategy, PoisonPill, Props
from actors.marathon.events import AppTerminated, HealthCheckRemoved, InstanceChanged
from actors.marathon.health.checker import CheckerRestarted, CheckInstance, HealthChecker, StopChecking
from actors.marathon.health.probes import NetworkProbe, Probe
from actors.marathon.instance import Condition, Goal, Instance
from actors.marathon.messages import GetInstances
from actors.marathon.model import App
from actors.marathon.protocol import WatchApps
from actors.marathon.state.root_history import MAX_VERSIONS

__all__ = ["Health"]


@dataclass(slots=True)
class _Checker:
    ref: ActorRef[Any]
    app_id: str
    config: str
    instances: dict[str, Instance]


@dataclass(frozen=True, slots=True)
class _CheckApp:
    """To the actor itself."""

    app_id: str


class Health(Actor[Any]):
    """See the head of this module."""

    supervisor_strategy = OneForOneStrategy(max_restarts=-1, within=None)

    def __init__(self, instances: ActorRef[Any], probe: Probe | None = None) -> None:
        self._instances = instances
        self._probe = probe if probe is not None else NetworkProbe()
        self._apps: dict[str, dict[str, App]] = {}
        self._running: dict[str, dict[str, Instance]] = {}
        self._checkers: dict[tuple[str, str], _Checker] = {}
        self._checker_of: dict[str, _Checker] = {}

    def pre_start(self) -> None:
        self.context.system.event_stream.subscribe(self.ref, InstanceChanged)
        self.context.system.event_stream.subscribe(self.ref, AppTerminated)
        self._instances.tell(GetInstances(), self.ref)

    def receive(self, message: Any) -> None:
        match message:
            case InstanceChanged(instance):
                if _is_checked(instance):
                    self._running.setdefault(instance.app_id, {})[instance.id] = instance
                    self._check(instance, spread=False)
                else:
                    self._end(instance)
            case WatchApps(apps):
                for app in apps:
                    self._watch(app)
                self._check_apps({app.id for app in apps})
            case _CheckApp(app_id):
                for instance in self._running.get(app_id, {}).values():
                    self._check(instance, spread=True)
            case tuple() as instances:  # what GetInstances answers
                for instance in instances:
                    if _is_checked(instance):
                        self._running.setdefault(instance.app_id, {})[instance.id] = instance
                self._check_apps(self._running)
            case AppTerminated(app_id):
                self._apps.pop(app_id, None)
            case CheckerRestarted():
                self._check_again(self.sender)
            case _:
                self.unhandled(message)

    def _watch(self, app: App) -> None:
        configs = self._apps.setdefault(app.id, {})
        configs[app.last_config_change_at or ""] = app
        # Not sooner, such as with the last running instance: others of that configuration may be starting still.
        for config in sorted(configs)[:-MAX_VERSIONS]:
            del configs[config]

    def _check_apps(self, app_ids: Iterable[str]) -> None:
        """Check the running instances of these apps: of each app in a turn of its own, for there may be thousands."""
        for app_id in sorted(app_ids):
            checked = any(config.health_checks for config in self._apps.get(app_id, {}).values())
            if checked and app_id in self._running:
                self.ref.tell(_CheckApp(app_id))

    def _check(self, instance: Instance, *, spread: bool) -> None:
        checker = self._checker_of.get(instance.id) or self._checker_for(instance)
        if checker is None:
            return
        self._checker_of[instance.id] = checker
        checker.instances[instance.id] = instance
        checker.ref.tell(CheckInstance(instance, spread), self.ref)

    def _checker_for(self, instance: Instance) -> _Checker | None:
        configs = self._apps.get(instance.app_id, {})
        config = max((config for config in configs if config <= instance.app_version), default=None)
        if config is None or not configs[config].health_checks:
            return None
        key = (instance.app_id, config)
        checker = self._checkers.get(key)
        if checker is None:
            props = Props(HealthChecker, configs[config], self._instances, self._probe)
            checker = self._checkers[key] = _Checker(self.context.spawn(props), *key, {})
        return checker

    def _end(self, instance: Instance) -> None:
        running = self._running.get(instance.app_id, {})
        running.pop(instance.id, None)
        if not running:
            self._running.pop(instance.app_id, None)
        checker = self._checker_of.pop(instance.id, None)
        if checker is None:
            return
        del checker.instances[instance.id]
        if checker.instances:
            checker.ref.tell(StopChecking(instance.id), self.ref)
            return
        del self._checkers[checker.app_id, checker.config]
        checker.ref.tell(PoisonPill())  # after what it was told before
        self.context.system.event_stream.publish(HealthCheckRemoved(checker.app_id))

    def _check_again(self, restarted: ActorRef[Any] | None) -> None:
        for checker in self._checkers.values():
            if checker.ref == restarted:
                for instance in checker.instances.values():
                    checker.ref.tell(CheckInstance(instance, spread=True), self.ref)


def _is_checked(instance: Instance) -> bool:
    return instance.condition is Condition.RUNNING and instance.goal is Goal.RUNNING
