"""The step of one app in a deployment, and the gate: actors that wait for what they depend on, and tell who waits.

    dependencies' steps          step of one app                     instances
    -------------------          ---------------                     ---------
    Ready, Ready, …        ──▶   (all said it) StepBegun ─▶ deployment
                                 FollowApp                     ──▶
                                 ◀── AppInstances                    whenever something changed
                                 readiness checks, if it has some    (`readiness`): until then, new ones are starting
                                 the next move (`rolling`)     ──▶   EnsureInstances, KillInstances
                                 … until the app is at full strength
                                 KeepApp                       ──▶   from here on the standing order holds
    Ready ◀── to dependents      StepDone ─▶ deployment

    AbandonStep            ──▶   KeepApp, and no order after it; then as above, when its turn has come

A step keeps nothing that it could not work out again: a move is made from the instances as they are, every order says
how many shall exist, and so a step that is started again, or repeated after the service was killed, does no harm. A
step of which all is done already is done at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actors.core import Actor, ActorRef, Props
from actors.marathon.messages import (
    ActionKind,
    AppTerminated,
    Condition,
    Goal,
    Instance,
    KillInstances,
    ReadinessResult,
    ResetDelay,
)
from actors.marathon.model import App
from actors.marathon.plan import AppChange
from actors.marathon.protocol import (
    AbandonStep,
    AppInstances,
    Begin,
    EnsureInstances,
    FollowApp,
    ForgetApps,
    KeepApp,
    ReadinessKnown,
    Ready,
    StepAbandoned,
    StepBegun,
    StepDone,
    StepFailed,
    StepRestarted,
    UnfollowApp,
)
from actors.marathon.readiness import AwaitReadiness, ReadinessChecker, ReadinessSeen, must_be_ready
from actors.marathon.rolling import Move, current_version, health_of, restart_move, scale_move

__all__ = ["AppStep", "Gate"]

KILLED_PER_TURN = 200
"""Instances in one order to kill, so that carrying it out does not hold the loop."""


class Gate(Actor[Any]):
    """A group, or an app with nothing to do, between two steps: ready when all that it waits for is.

    After a failure it asks its deployment to begin again, for what it had heard is forgotten with it.
    """

    def __init__(self, node: str) -> None:
        self._node = node
        self._waits_for: set[str] | None = None
        self._heard: set[str] = set()
        self._dependents: tuple[ActorRef[Any], ...] = ()

    def post_restart(self, cause: BaseException) -> None:
        self.context.parent.tell(StepRestarted(self._node), self.ref)

    def receive(self, message: Any) -> None:
        match message:
            case Begin(waits_for, dependents):
                self._waits_for = set(waits_for) - self._heard
                self._dependents = dependents
            case Ready(node):
                self._heard.add(node)
                if self._waits_for is not None:
                    self._waits_for.discard(node)
            case _:
                self.unhandled(message)
                return
        if self._waits_for is not None and not self._waits_for:
            self._waits_for = None
            self.go()

    def go(self) -> None:
        self.done()

    def done(self) -> None:
        for dependent in self._dependents:
            dependent.tell(Ready(self._node), self.ref)
        self.context.parent.tell(StepDone(self._node), self.ref)


class _TimeIsUp:
    """The app's deploymentTimeoutSeconds have passed."""


class AppStep(Gate):
    """See the head of this module. `kill` are instances that go first if the app shrinks."""

    def __init__(
        self, change: AppChange, instances: ActorRef[Any], queue: ActorRef[Any], kill: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(change.app_id)
        self._change = change
        self._instances = instances
        self._queue = queue
        self._kill = kill
        self._last = AppInstances(change.app_id, (), stored=False)
        self._killed: set[str] = set()
        self._checker: ActorRef[Any] | None = None
        self._readiness: dict[str, ReadinessResult] = {}
        self._begun = False
        self._abandoned = False

    def receive(self, message: Any) -> None:
        match message:
            case AbandonStep(keep):
                self._abandon(keep)
            case AppInstances():
                self._last = message
                self._await_readiness()
                self._advance()
            case ReadinessSeen(instance_id, result):
                self._readiness[instance_id] = result
                self._tell_readiness()
                if result.ready:
                    self._advance()
            case _TimeIsUp():
                self.context.parent.tell(StepFailed(self._node, self._why_not_ready()), self.ref)
            case tuple() | bool():
                pass  # what KillInstances and ResetDelay answer; the instances tell what became of it
            case _:
                super().receive(message)

    def go(self) -> None:
        if self._abandoned:
            self.done()
            return
        self._begun = True
        change = self._change
        self.context.parent.tell(StepBegun(self._node), self.ref)
        if change.kind in (ActionKind.RESTART, ActionKind.STOP):
            self._queue.tell(ResetDelay(change.app_id), self.ref)
        if change.target is not None and change.target.deployment_timeout_seconds is not None:
            self.context.timers.start_single("timeout", _TimeIsUp(), change.target.deployment_timeout_seconds)
        if change.target is not None and change.target.readiness_checks:
            self._checker = self.context.spawn(Props(ReadinessChecker, change.target), "readiness")
        self._instances.tell(FollowApp(change.app_id), self.ref)

    def post_stop(self) -> None:
        self._unfollow()

    def _unfollow(self) -> None:
        self._instances.tell(UnfollowApp(self._change.app_id), self.ref)

    def _await_readiness(self) -> None:
        if self._checker is None:
            return
        awaited = tuple(one for one in self._last.instances if must_be_ready(self._change, one))
        self._checker.tell(AwaitReadiness(awaited), self.ref)
        gone = self._readiness.keys() - {one.id for one in awaited}
        for instance_id in gone:
            del self._readiness[instance_id]
        if gone:
            self._tell_readiness()

    def _tell_readiness(self) -> None:
        self.context.parent.tell(ReadinessKnown(self._node, tuple(self._readiness.values())), self.ref)

    def _seen(self) -> tuple[Instance, ...]:
        """The instances as the next move must see them."""
        if not self._killed and self._checker is None:
            return self._last.instances
        return tuple(self._with_readiness(self._with_orders(one)) for one in self._last.instances)

    def _with_orders(self, instance: Instance) -> Instance:
        """The instance as it will be when our orders have arrived: a snapshot may have been made before that, and who
        counts an instance as healthy which is about to be killed kills one too many."""
        if instance.id in self._killed and instance.goal is Goal.RUNNING:
            return replace(instance, goal=Goal.DECOMMISSIONED)
        return instance

    def _with_readiness(self, instance: Instance) -> Instance:
        """A new instance that has not said yet that it is ready is still starting."""
        result = self._readiness.get(instance.id)
        if must_be_ready(self._change, instance) and (result is None or not result.ready):
            return replace(instance, condition=Condition.STARTING)
        return instance

    def _advance(self) -> None:
        app, seen = self._change.target, self._seen()
        replaces = self._replaces(seen)
        move = self._move(seen, replaces=replaces)
        if move.kill:
            self._killed.update(one.id for one in move.kill)
            for begin in range(0, len(move.kill), KILLED_PER_TURN):
                ids = frozenset(one.id for one in move.kill[begin : begin + KILLED_PER_TURN])
                self._instances.tell(KillInstances(ids), self.ref)
        if move.done and self._last.stored:
            self._rest()
            if app is not None:
                self._instances.tell(KeepApp(app), self.ref)
            else:
                self._instances.tell(ForgetApps(frozenset({self._change.app_id})), self.ref)
                self.context.system.event_stream.publish(AppTerminated(self._change.app_id))
            self.done()
        elif app is not None and not move.done:
            self._instances.tell(EnsureInstances(app, move.launch_up_to, replaces), self.ref)

    def _rest(self) -> None:
        """Nothing more is ordered."""
        self._unfollow()
        self.context.timers.cancel("timeout")
        if self._checker is not None:
            self.context.stop(self._checker)
        self.context.become(self._after)

    def _abandon(self, keep: App | None) -> None:
        """Leave the app to the standing order. Who waits for it need not; a step that has not begun still comes in its
        turn, so that who waits for both it and another waits for that other."""
        if keep is not None:
            self._instances.tell(KeepApp(keep), self.ref)
        self._abandoned = True
        self.reply(StepAbandoned())
        if self._begun:
            self._rest()
            self.done()

    def _replaces(self, instances: tuple[Instance, ...]) -> bool:
        """Whether those of older configurations are to go.

        A restart that was overtaken or cancelled leaves some behind. Counted towards a later scale, they would make
        dependents start beside what nobody wants any more.
        """
        change = self._change
        if change.target is None or self._kill:
            return False
        current_since = current_version(change.target)
        return change.kind is ActionKind.RESTART or any(one.app_version < current_since for one in instances)

    def _move(self, instances: tuple[Instance, ...], *, replaces: bool) -> Move:
        change = self._change
        if change.target is None:
            return Move(0, tuple(one for one in instances if one.goal is Goal.RUNNING), done=not instances)
        if replaces:
            return restart_move(change.target, instances)
        # An app that shrinks is done with its surplus gone, as in Marathon; who waits for it waits until it is healthy.
        shrinks = change.original is not None and change.target.instances <= change.original.instances
        shrinking = shrinks and not self._dependents
        return scale_move(change.target, instances, self._kill, shrinking=shrinking)

    def _after(self, message: Any) -> None:
        """A snapshot or an answer that was under way when the step was done. It has given its last order already."""
        if isinstance(message, AbandonStep):
            self.reply(StepAbandoned())

    def _why_not_ready(self) -> str:
        app = self._change.target
        assert app is not None
        healthy = sum(map(health_of(app), self._seen()))
        return (
            f"{app.id} was not ready within its deploymentTimeoutSeconds ({app.deployment_timeout_seconds} s): "
            f"{healthy} of {app.instances} instances healthy{' and ready' if app.readiness_checks else ''}"
        )
