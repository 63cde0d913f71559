"""An agent's registration with whichever master there is.

::

    agent                        link                                    master
    turn_to(master)        ──►   RegisterAgent / ReregisterAgent   ──►   again after 1, 2, 4, … 60 s until
    confirmed(agent_id)    ──►   ◄── (the agent got AgentRegistered)
    send(message)          ──►   only while registered             ──►
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.core import ActorContext, ActorRef
from actors.local_mesos.agent._messages import AgentSettings, Register
from actors.local_mesos.messages import RegisterAgent, ReregisterAgent
from mesos_proto import mesos_pb2

__all__ = ["MasterLink"]

_TIMER = "register"


class MasterLink:
    """Belongs to the agent of ``context``. ``registration`` says anew, for each attempt, what the agent has."""

    def __init__(
        self, settings: AgentSettings, context: ActorContext, registration: Callable[[], ReregisterAgent]
    ) -> None:
        self.info = settings.info
        self.registered = False
        self._settings = settings
        self._context = context
        self._registration = registration
        self._master: ActorRef[Any] | None = None
        self._broken: Exception | None = None
        self._waiting: list[ActorRef[Any]] = []

    @property
    def agent_id(self) -> str:
        return self.info.id.value

    def is_to(self, ref: ActorRef[Any]) -> bool:
        return ref == self._master

    def adopt(self, agent_id: str) -> None:
        """The id that the agent was given, just now or before it was restarted."""
        self._context.timers.cancel(_TIMER)
        info = mesos_pb2.AgentInfo()
        info.CopyFrom(self.info)
        info.id.value = agent_id
        self.info = info

    def turn_to(self, master: ActorRef[Any] | None) -> None:
        if self._master is not None and self._master != master:
            self._context.unwatch(self._master)
        self._master = master
        self.registered = False
        self._context.timers.cancel(_TIMER)
        if master is not None and self._broken is None:
            self._context.watch(master)
            self.register(self._settings.registration_backoff)

    def register(self, backoff: float) -> None:
        """Now, and again after ``backoff`` seconds unless it was answered."""
        if self._master is None or self.registered:
            return
        agent = self._context.self_ref
        self._master.tell(self._registration() if self.info.HasField("id") else RegisterAgent(self.info, agent), agent)
        longer = min(2 * backoff, self._settings.registration_backoff_max)
        self._context.timers.start_single(_TIMER, Register(longer), backoff)

    def confirmed(self) -> None:
        self._context.timers.cancel(_TIMER)
        self.registered = True
        self._tell_waiting(self.agent_id)

    def give_up(self, error: Exception) -> None:
        """This agent cannot be: it turns to no master any more."""
        self._broken = error
        self.turn_to(None)
        self._tell_waiting(error)

    def tell_when_registered(self, asker: ActorRef[Any]) -> None:
        """The agent's id, as soon as it is registered; or why it will not be."""
        self._waiting.append(asker)
        if self._broken is not None:
            self._tell_waiting(self._broken)
        elif self.registered:
            self._tell_waiting(self.agent_id)

    def _tell_waiting(self, answer: str | Exception) -> None:
        for asker in self._waiting:
            asker.tell(answer, self._context.self_ref)
        self._waiting.clear()

    def send(self, message: object) -> None:
        """Nothing without a registration: what matters is repeated once there is one."""
        if self.registered and self._master is not None:
            self._master.tell(message, self._context.self_ref)
