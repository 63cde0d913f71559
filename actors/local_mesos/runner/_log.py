"""Where the runner says what no agent may be there to hear."""

from __future__ import annotations

import sys
import time


def warn(text: str) -> None:
    """Into ``runner.log``, which the agent names when the runner is lost."""
    print(time.strftime("%Y-%m-%d %H:%M:%S"), text, file=sys.stderr, flush=True)  # noqa: T201
