"""The actors at the top: ``/``, and below it ``/user`` (what `system.spawn` makes) and ``/system``."""

from __future__ import annotations

from typing import Any

from .actor import Actor
from .messages import Terminated
from .supervision import Directive, OneForOneStrategy, SupervisorStrategy

__all__ = ["Guardian", "RootGuardian"]


class Guardian(Actor[Any]):
    """Supervises the actors at the top. A failure that it escalates ends the system."""

    def __init__(self, strategy: SupervisorStrategy) -> None:
        self.supervisor_strategy = strategy


class RootGuardian(Actor[Any]):
    """Above the guardians: a failure that reaches it ends the system, and so does the end of a guardian."""

    supervisor_strategy = OneForOneStrategy(decider=lambda error: Directive.ESCALATE)

    def receive(self, message: Any) -> None:
        match message:
            case Terminated(ref):
                self.context.system.coordinated_shutdown.begin(f"{ref.path} has stopped")
            case _:
                self.unhandled(message)
