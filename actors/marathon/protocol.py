"""What Marathon's actors say among themselves; what others may say to them is in `messages`.

supervisor ── KeepApp, ReleaseApps ─────────▶ instances        the standing order of an app that nobody deploys
supervisor ── CancelStep ───────────────────▶ deployment ── AbandonStep ──▶ step, which answers StepAbandoned
step       ── FollowApp, EnsureInstances,     instances        the present orders of one that is being deployed
              KillInstances ────────────────▶
supervisor ── RootChanged ──────────────────▶ scheduler        and launcher: the roles in use
instances  ── AppInstances ─────────────────▶ step             all instances of the app, whenever they changed
instances  ── LaunchInstances,
              CancelLaunches ───────────────▶ launcher
launcher   ── Provision ────────────────────▶ instances        stored, then answered:
instances  ── Provisioned ──────────────────▶ launcher         which of them may be launched
launcher   ── Unlaunched ───────────────────▶ instances        it was not sent to Mesos after all
health     ── HealthReport ─────────────────▶ instances
deployment ── Begin, AbandonStep ───────────▶ step, gate
step       ── Ready ────────────────────────▶ its dependents' steps and gates
step       ── StepBegun, StepDone,
              StepFailed, StepRestarted,
              ReadinessKnown ───────────────▶ deployment
deployment ── DeploymentProgress,
              DeploymentEnded ──────────────▶ supervisor
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actors.core import ActorRef
from actors.marathon.instance import ContainerState
from actors.marathon.messages import DeploymentStatus, HealthResult, Instance, ReadinessResult
from actors.marathon.model import App

__all__ = [
    "AbandonStep",
    "AppInstances",
    "Begin",
    "CancelLaunches",
    "CancelStep",
    "DeploymentEnded",
    "DeploymentProgress",
    "EnsureInstances",
    "FollowApp",
    "ForgetApps",
    "HealthReport",
    "InstancesRecovered",
    "KeepApp",
    "LaunchFailed",
    "LaunchInstances",
    "Launched",
    "OnlyApps",
    "Provision",
    "Provisioned",
    "ReadinessKnown",
    "Ready",
    "ReleaseApps",
    "RootChanged",
    "StepAbandoned",
    "StepBegun",
    "StepDone",
    "StepFailed",
    "StepRestarted",
    "UnfollowApp",
    "Unlaunched",
    "WatchApps",
]


# -- orders to the instances ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeepApp:
    """From now on keep ``app.instances`` instances of it alive: replace what ends, kill what is too many."""

    app: App


@dataclass(frozen=True, slots=True)
class ReleaseApps:
    """Nothing is done for these apps any more but what steps order."""

    app_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class OnlyApps:
    """Kill the instances of all other apps: what is left of a group that is gone."""

    app_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class ForgetApps:
    """These apps are removed and their last instances gone: forget their failures."""

    app_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class EnsureInstances:
    """Let at least `total` instances of the app exist, counting those that are ending but not over.

    With `current` only those of its present configuration count. Saying it twice does what saying it once does.
    """

    app: App
    total: int
    current: bool


@dataclass(frozen=True, slots=True)
class FollowApp:
    """Send the sender `AppInstances` now and whenever an instance of the app changed."""

    app_id: str


@dataclass(frozen=True, slots=True)
class UnfollowApp:
    app_id: str


@dataclass(frozen=True, slots=True)
class AppInstances:
    """All instances of an app as they are; each such message replaces the one before. `stored`: all of it is."""

    app_id: str
    instances: tuple[Instance, ...]
    stored: bool


@dataclass(frozen=True, slots=True)
class HealthReport:
    """A check (its place among the app's) of an instance has a new result."""

    instance_id: str
    check: int
    result: HealthResult


@dataclass(frozen=True, slots=True)
class RootChanged:
    """What the root means to those who speak with Mesos: the roles that are in use, and the names of the top-level
    groups that enforce theirs. Sent to scheduler and launcher at the start and whenever it changes."""

    roles: tuple[str, ...]
    enforcing: frozenset[str]


# -- launching --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InstancesRecovered:
    """The sender has read its book: these instances exist. Whoever gets this begins anew with it."""

    instances: tuple[Instance, ...]
    launcher: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class LaunchInstances:
    """Find offers for these scheduled instances; the sender will be asked to `Provision` them."""

    app: App
    instance_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CancelLaunches:
    """These instances are not wanted any more."""

    app_id: str
    instance_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class LaunchFailed:
    """A task of the app, launched as `version`, has ended by itself. Told before its replacement is ordered, which
    must wait for the back-off; `InstanceChanged` comes later, when the end is stored."""

    app_id: str
    version: str


@dataclass(frozen=True, slots=True)
class Launched:
    """Where an instance is about to be launched, and as what."""

    instance_id: str
    app: App
    task_id: str
    agent_id: str
    host: str
    ports: tuple[int, ...]
    attributes: Mapping[str, str]
    region: str | None
    zone: str | None
    containers: tuple[ContainerState, ...] = ()


@dataclass(frozen=True, slots=True)
class Provision:
    """Store that these instances are being launched. `batch` comes back with the answer."""

    batch: int
    launches: tuple[Launched, ...]


@dataclass(frozen=True, slots=True)
class Provisioned:
    """Stored; `accepted` are the instances to launch, the others of the batch are not wanted any more."""

    batch: int
    accepted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Unlaunched:
    """These instances were provisioned, but it is certain that Mesos never heard of them."""

    instance_ids: frozenset[str]


# -- health -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WatchApps:
    """Check the health of instances of these apps, in these versions, too."""

    apps: tuple[App, ...]


# -- inside a deployment ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begin:
    """To a step or gate: the nodes that it still waits for, and whom to tell when it is ready."""

    waits_for: frozenset[str]
    dependents: tuple[ActorRef[Any], ...]


@dataclass(frozen=True, slots=True)
class CancelStep:
    """To a deployment: the app's step is to order nothing more, and nobody to wait for it; answered `StepAbandoned`.

    `keep` is the app as it shall be kept from now on; None when it is to go.
    """

    app_id: str
    keep: App | None


@dataclass(frozen=True, slots=True)
class AbandonStep:
    """To the step: leave the app as it stands, to the standing order for `keep`."""

    keep: App | None


@dataclass(frozen=True, slots=True)
class StepAbandoned:
    """The step's last order is given."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The app (or gate) `node` is at full strength: who waits for it may go on."""

    node: str


@dataclass(frozen=True, slots=True)
class StepBegun:
    node: str


@dataclass(frozen=True, slots=True)
class StepDone:
    node: str


@dataclass(frozen=True, slots=True)
class StepFailed:
    """The step gave up, for `reason`; the deployment fails with it."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReadinessKnown:
    """What the readiness checks of the step's new instances saw last; replaces what was told before."""

    node: str
    results: tuple[ReadinessResult, ...]


@dataclass(frozen=True, slots=True)
class StepRestarted:
    """The step's actor failed and was made anew: it wants to `Begin` again."""

    node: str


@dataclass(frozen=True, slots=True)
class DeploymentProgress:
    status: DeploymentStatus


@dataclass(frozen=True, slots=True)
class DeploymentEnded:
    """A deployment is done (`reason` is None) or failed."""

    id: str
    status: DeploymentStatus
    reason: str | None = None
