"""The loggers of actors."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

__all__ = ["PathAdapter"]


class PathAdapter(logging.LoggerAdapter[logging.Logger]):
    """Puts the actor's path in front of each record; it is also the record's attribute `actor`."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        extra = dict(self.extra or {})
        kwargs["extra"] = {**extra, **(kwargs.get("extra") or {})}
        return f"[{extra['actor']}] {msg}", kwargs
