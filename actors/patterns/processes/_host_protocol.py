"""What a host process is told first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Begin"]


@dataclass(frozen=True, slots=True)
class Begin:
    """What to run; `recipe` is the pickle of the actor's props and its parent."""

    system: str
    name: str
    recipe: bytes
    settings: dict[str, Any]
    log_level: int
