"""Keeps what a framework believes of its tasks in step with what the master knows.

::

    events, launches                 reconciler                                         master
    Registered | Reregistered   ──►  a run begins (an older one ends)
                                     RECONCILE of every task believed to run       ──►
                                     RECONCILE of nothing: what else do you know?  ──►
    StatusUpdate(task)          ──►  answered                                      ◄──  UPDATE … UPDATE
                                     after 5, 10, 20, … 300 s: RECONCILE of what is not answered yet
                                       (the master is silent while an agent recovers)
                                     all answered: the next run after 15 minutes
                                     a call failed: the next run after 5, 10, 20, … 300 s
    Disconnected                ──►  the run ends

The answers are `StatusUpdate` events like others and reach the framework, which decides: a task that it does not know
is usually killed, one that is lost usually replaced. Which tasks are believed to run is learnt from launches and
updates, on top of what ``known`` says at the start. Spec: Mesos's "Reconciliation".
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from actors.core import Clock
from mesos_proto import AgentID, TaskID, TaskInfo, TaskState, TaskStatus

from .calls import TaskToReconcile
from .errors import CallError, FrameworkEnded, MesosError, NotSubscribed
from .events import Disconnected, Event, StatusUpdate, Subscribed

__all__ = ["Reconciler", "Reconciliation"]

log = logging.getLogger(__name__)

_OVER = frozenset(
    {
        TaskState.TASK_FINISHED,
        TaskState.TASK_FAILED,
        TaskState.TASK_KILLED,
        TaskState.TASK_ERROR,
        TaskState.TASK_LOST,
        TaskState.TASK_DROPPED,
        TaskState.TASK_GONE,
        TaskState.TASK_GONE_BY_OPERATOR,
        TaskState.TASK_UNKNOWN,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """When to ask, in seconds; ``interval`` is between the end of a run and the next. ``batch``: tasks in one call."""

    first_retry: float = 5.0
    max_retry: float = 300.0
    interval: float = 900.0
    batch: int = 1_000

    def __post_init__(self) -> None:
        for name in ("first_retry", "max_retry", "interval", "batch"):
            if (value := getattr(self, name)) <= 0:
                raise ValueError(f"{name}: must be greater than 0, not {value!r}")


class Reconciler:
    """One run at a time. ``ask`` sends one RECONCILE and returns when the master has taken it.

    Without ``settings`` it never asks, and only keeps book of the tasks.
    """

    def __init__(
        self,
        ask: Callable[[Sequence[TaskToReconcile]], Awaitable[None]],
        known: Mapping[TaskID, AgentID | None],
        *,
        clock: Clock,
        chance: random.Random,
        settings: Reconciliation | None,
    ) -> None:
        self._ask = ask
        self._known = dict(known)
        self._agents: dict[AgentID, AgentID] = {}  # each once, however many tasks it has
        self._unanswered: dict[TaskID, None] = {}  # in the order in which they are asked for
        self._clock = clock
        self._random = chance
        self._settings = settings
        self._run: asyncio.Task[None] | None = None

    @property
    def known(self) -> Mapping[TaskID, AgentID | None]:
        """The tasks believed to run, with their agents."""
        return dict(self._known)

    @property
    def unanswered(self) -> frozenset[TaskID]:
        """The tasks that the present run still waits for."""
        return frozenset(self._unanswered)

    def observe(self, event: Event) -> None:
        """Learn from an event, on its way to the framework."""
        if isinstance(event, StatusUpdate):
            self._learn(event.status)
        elif isinstance(event, Subscribed):
            self.stop()
            if self._settings is not None:
                run = self._reconcile(self._settings)
                self._run = asyncio.get_running_loop().create_task(run, name="reconcile tasks")
                self._run.add_done_callback(_report)
        elif isinstance(event, Disconnected):
            self.stop()

    def launching(self, tasks: Sequence[TaskInfo]) -> list[TaskID]:
        """These tasks go out. They count from now on, since their updates may come before the call's answer.

        Gives back their ids: tell `launched` what became of the call.
        """
        for task in tasks:
            self._place(task.task_id, task.agent_id)
        return [task.task_id for task in tasks]

    def launched(self, error: MesosError | None, *ids: TaskID) -> None:
        """What became of a call that launches them; ``error`` is None when the master has taken it."""
        if isinstance(error, NotSubscribed | FrameworkEnded):
            for task_id in ids:
                self._known.pop(task_id, None)

    def stop(self) -> None:
        """End the present run, if any."""
        if self._run is not None:
            self._run.cancel()
            self._run = None
        self._unanswered.clear()

    def _learn(self, status: TaskStatus) -> None:
        task_id = status.task_id
        self._unanswered.pop(task_id, None)
        if status.state not in _OVER:
            self._place(task_id, status.agent_id)
        elif not _is_of_a_second_attempt(status):
            self._known.pop(task_id, None)

    def _place(self, task_id: TaskID, agent_id: AgentID | None) -> None:
        self._known[task_id] = None if agent_id is None else self._agents.setdefault(agent_id, agent_id)

    async def _reconcile(self, settings: Reconciliation) -> None:
        retry = settings.first_retry
        while True:
            pause = settings.interval * self._random.uniform(0.9, 1.1)
            try:
                await self._once(settings)
                retry = settings.first_retry
            except (NotSubscribed, FrameworkEnded):
                return  # the next subscription begins a run of its own
            except CallError as error:
                pause, retry = retry, min(retry * 2, settings.max_retry)
                log.warning("reconciliation was cut short: %s; it begins anew in %g s", error, pause)
            await self._clock.sleep(pause)

    async def _once(self, settings: Reconciliation) -> None:
        self._unanswered = dict.fromkeys(self._known)
        await self._explicit(settings.batch)
        await self._ask(())
        retry = settings.first_retry
        while self._unanswered:
            await self._clock.sleep(retry)
            retry = min(retry * 2, settings.max_retry)
            await self._explicit(settings.batch)

    async def _explicit(self, batch: int) -> None:
        asked = tuple(self._unanswered)  # of hundreds of thousands only a batch is made ready at a time
        for start in range(0, len(asked), batch):
            some = asked[start : start + batch]
            await self._ask([TaskToReconcile(task_id, self._known.get(task_id)) for task_id in some])


def _report(run: asyncio.Task[None]) -> None:
    if not run.cancelled() and (error := run.exception()) is not None:
        log.error("reconciliation failed; it begins anew with the next subscription", exc_info=error)


def _is_of_a_second_attempt(status: TaskStatus) -> bool:
    """Whether a master refused a launch because the task's id is another's, which runs on, or may come back.

    Nothing but the text says so: the reason is that of all launches that are refused, and of a group every task is
    told which of them was at fault.
    """
    message = status.message or ""
    return status.state is TaskState.TASK_ERROR and message.endswith(
        (f"Task has duplicate ID: {status.task_id}", f"Task reuses the ID of an unreachable task: {status.task_id}")
    )
