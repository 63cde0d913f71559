"""The actors at the top: ``/``, and below it ``/user`` (what `system.spawn` makes) and ``/system``."""

from __future__ import annotations

from typing import Any

from .actor import Actor
from .supervision import Directive, OneForOneStrategy, SupervisorStrategy

__all__ = ["Guardian", "RootGuardian"]


class Guardian(Actor[Any]):
    """Supervises the actors at the top. A failure that it escalates ends the system."""

    def __init__(self, strategy: SupervisorStrategy) -> None:
        self.supervisor_strategy = strategy


class RootGuardian(Actor[Any]):
    """Above the guardians: whatever reaches it ends the system, after which there is nothing to supervise."""

    supervisor_strategy = OneForOneStrategy(decider=lambda error: Directive.ESCALATE)
