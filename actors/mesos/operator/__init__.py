"""The operator side: what a master knows, what an operator may change, and an event for all that happens."""

from .client import OperatorClient
from .events import (
    AgentAdded,
    AgentRemoved,
    Disconnected,
    Event,
    FrameworkAdded,
    FrameworkRemoved,
    FrameworkUpdated,
    Snapshot,
    TaskAdded,
    TaskUpdated,
)

__all__ = [
    "AgentAdded",
    "AgentRemoved",
    "Disconnected",
    "Event",
    "FrameworkAdded",
    "FrameworkRemoved",
    "FrameworkUpdated",
    "OperatorClient",
    "Snapshot",
    "TaskAdded",
    "TaskUpdated",
]
