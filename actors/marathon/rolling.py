"""The arithmetic of scaling and of a rolling restart: what to launch and what to kill next. Pure.

After Marathon's ``TaskReplaceActor.scala``, with two differences: an instance is healthy when its checks say so now,
whoever makes them, and what Marathon does event by event ("launch one more") is said as a level ("so many should
exist"). A move may therefore be worked out again at any time, from nothing but the app and its instances as they are,
after a lost message or a restart of the service, and nothing is launched or killed twice.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from itertools import islice

from actors.marathon.matching import Agent
from actors.marathon.messages import Condition, Goal, Instance
from actors.marathon.model import App

__all__ = [
    "Capacity",
    "Move",
    "capacity",
    "choose_to_kill",
    "current_version",
    "health_of",
    "is_current",
    "is_healthy",
    "restart_move",
    "scale_move",
]


@dataclass(frozen=True, slots=True)
class Move:
    """What to do next: let `launch_up_to` instances (of the new version, in a restart) exist, kill `kill`.

    `done` when there is nothing left to do and the app stands as it should.
    """

    launch_up_to: int
    kill: tuple[Instance, ...]
    done: bool


@dataclass(frozen=True, slots=True)
class Capacity:
    """The bounds of a restart: so many instances, old or new, stay healthy; never more than `maximum` exist."""

    minimum_healthy: int
    maximum: int


def capacity(app: App, healthy: int) -> Capacity:
    """The bounds for restarting `app` while `healthy` of its instances, old and new, are healthy.

    Shares are multiplied as IEEE doubles, as Marathon does: ``ceil(100 · 0.07)`` is 8. When the bounds leave no room
    to move (minimum and maximum are equal and so many are healthy), one instance more is allowed.
    """
    strategy = app.upgrade_strategy
    minimum = math.ceil(app.instances * strategy.minimum_health_capacity)
    maximum = int(app.instances * (1.0 + strategy.maximum_over_capacity))
    if minimum == maximum <= healthy:
        maximum += 1
    return Capacity(minimum, maximum)


def is_current(app: App, instance: Instance) -> bool:
    """Whether the instance runs the app's present configuration (it may be of an older version in scale only)."""
    return instance.app_version >= current_version(app)


def current_version(app: App) -> str:
    """The version from which on an instance is current; who looks at all of an app's asks once."""
    return app.last_config_change_at or ""


def is_healthy(app: App, instance: Instance) -> bool:
    """Whether the instance is healthy, as `health_of` says."""
    return health_of(app)(instance)


def health_of(app: App) -> Callable[[Instance], bool]:
    """Tells of instances whether they are running and, if they have health checks, seen healthy by all of them.

    An instance of an older configuration has the checks of that one: where there were none, nobody will ever see it
    healthy by those that the new one brings, and it serves all the same.
    """
    checks, current_since, running = bool(app.health_checks), current_version(app), Condition.RUNNING

    def healthy(instance: Instance) -> bool:
        if instance.condition is not running:
            return False
        if instance.healthy is not None:
            return instance.healthy
        return not (checks if instance.app_version >= current_since else instance.health)

    return healthy


def restart_move(app: App, instances: Iterable[Instance]) -> Move:
    """The next move of a rolling restart towards `app`, from its `instances` of any version as they are now."""
    old: list[Instance] = []
    new: list[Instance] = []
    unlaunched: list[Instance] = []
    dying_old = dying_new = 0
    is_healthy, current_since = health_of(app), current_version(app)
    for instance in instances:
        current = instance.app_version >= current_since
        if instance.goal is not Goal.RUNNING:
            dying_old += not current
            dying_new += current
        elif current:
            if instance.condition is not Condition.UNREACHABLE_INACTIVE:
                new.append(instance)
        else:
            (unlaunched if instance.condition is Condition.SCHEDULED else old).append(instance)
    new_healthy = sum(map(is_healthy, new))
    old_unhealthy = [instance for instance in old if not is_healthy(instance)]
    healthy = new_healthy + len(old) - len(old_unhealthy)
    bounds = capacity(app, healthy)
    launch_up_to = max(0, min(app.instances, bounds.maximum - len(old) - dying_old))

    surplus = max(0, len(old) - app.instances)
    kill = len(old) if new_healthy >= app.instances else min(len(old), max(surplus, healthy - bounds.minimum_healthy))
    if not kill and old_unhealthy and not dying_old and len(new) == new_healthy < app.instances and not dying_new:
        # Unhealthy old instances fill the whole capacity: neither could one be launched nor a healthy one be spared.
        kill = launch_up_to <= len(new)
    going = _ranked(app, old)[:kill] if kill else []
    victims = [*unlaunched, *going, *choose_to_kill(app, new, len(new) - app.instances)]
    done = not victims and not old and not dying_old and new_healthy == len(new) == app.instances
    return Move(launch_up_to, tuple(victims), done)


def scale_move(
    app: App, instances: Iterable[Instance], wanted: Collection[str] = (), *, shrinking: bool = False
) -> Move:
    """The next move towards ``app.instances`` instances, whatever their version; `wanted` ones are killed first.

    It is done when so many are healthy; when `shrinking`, as soon as no more are left, healthy or not.
    """
    alive: list[Instance] = []
    dying = 0
    running, given_up = Goal.RUNNING, Condition.UNREACHABLE_INACTIVE
    for instance in instances:
        if instance.goal is not running:
            dying += 1
        elif instance.condition is not given_up:
            alive.append(instance)
    if dying or len(alive) != app.instances:
        victims = choose_to_kill(app, alive, len(alive) - app.instances, wanted)
        return Move(app.instances, tuple(victims), done=False)
    return Move(app.instances, (), done=shrinking or all(map(health_of(app), alive)))


_FURTHEST_FROM_RUNNING = {
    Condition.SCHEDULED: 0,
    Condition.UNREACHABLE_INACTIVE: 1,
    Condition.UNREACHABLE: 1,
    Condition.PROVISIONED: 2,
    Condition.STAGING: 2,
    Condition.STARTING: 3,
}


def choose_to_kill(app: App, instances: Sequence[Instance], count: int, wanted: Collection[str] = ()) -> list[Instance]:
    """The `count` instances that go first when an app shrinks.

    In this order: those `wanted` by the caller; those that were never launched; with a GROUP_BY, one from where the
    most are, again and again, so that the rest stays spread; those furthest from running, those not healthy, and among
    equals the youngest or the oldest, as the app's ``killSelection`` says.
    """
    if count <= 0:
        return []
    ranked = _ranked(app, instances, wanted)
    spread_over = [constraint[0] for constraint in app.constraints if constraint[1] == "GROUP_BY"]
    if not spread_over:
        return ranked[:count]
    first = [one for one in ranked if one.id in wanted or one.condition is Condition.SCHEDULED]
    if len(first) >= count:
        return first[:count]
    placed = ranked[len(first) :]
    return first + list(islice(_crowded_first(spread_over, placed), count - len(first)))


def _ranked(app: App, instances: Iterable[Instance], wanted: Collection[str] = ()) -> list[Instance]:
    """In the order in which they go, wherever they stand. A restart goes by it: its old instances all go, and while
    they do, a sick one must go before one that serves."""
    is_healthy = health_of(app)
    sign = -1.0 if app.kill_selection == "YOUNGEST_FIRST" else 1.0

    def rank(instance: Instance) -> tuple[bool, int, bool, float]:
        since = instance.started_at or instance.staged_at or instance.since
        return (
            instance.id not in wanted,
            _FURTHEST_FROM_RUNNING.get(instance.condition, 4),
            is_healthy(instance),
            sign * since.timestamp() if since is not None else 0.0,
        )

    return sorted(instances, key=rank)


def _crowded_first(fields: Sequence[str], ranked: Iterable[Instance]) -> Iterator[Instance]:
    """One instance after the other from the place that has the most left; where places are equal, by rank.

    Of several `fields` the first decides, and the next among what is equal to it.
    """
    waiting: dict[tuple[str | None, ...], list[tuple[int, Instance]]] = {}
    for position, instance in enumerate(ranked):
        agent = Agent.of_instance(instance)
        waiting.setdefault(tuple(map(agent.value, fields)), []).append((position, instance))
    left = [Counter[str | None]() for _ in fields]
    for place, instances in waiting.items():
        for counts, value in zip(left, place, strict=True):
            counts[value] += len(instances)
        instances.reverse()

    def crowd(place: tuple[str | None, ...]) -> tuple[int, ...]:
        return tuple(-counts[value] for counts, value in zip(left, place, strict=True))

    heap = [(crowd(place), instances[-1][0], place) for place, instances in waiting.items()]
    heapify(heap)
    while heap:
        noted, position, place = heap[0]
        now = crowd(place)
        if now == noted:
            yield waiting[place].pop()[1]
            for counts, value in zip(left, place, strict=True):
                counts[value] -= 1
            if not waiting[place]:
                heappop(heap)
                continue
            now, position = crowd(place), waiting[place][-1][0]
        # Counts only fall: no place comes further to the front than it was noted, and looking at the first is enough.
        heapreplace(heap, (now, position, place))
