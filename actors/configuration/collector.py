"""How a long-running command collects garbage."""

from __future__ import annotations

import gc
import logging
from typing import Final

__all__ = ["COLLECT_AFTER", "settle_collector"]

COLLECT_AFTER: Final = (1_000, 10, 20_000)
"""For the garbage collector, as of `gc.set_threshold`: the two younger generations are some milliseconds' work, and the
oldest is looked at when some 200 million objects more were made than freed by counting references."""

log = logging.getLogger(__name__)


def settle_collector() -> None:
    """What was built by now stays: the garbage collector need not look at it again. Of what comes, it looks at the
    young often and at all of it seldom: with 100,000 instances that takes a second or more, in which nothing else
    runs."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    log.info(
        "garbage collector: %d objects of the start are frozen; young ones are looked at after %d new ones, older ones "
        "each %dth time, all of them each %dth time of that",
        gc.get_freeze_count(),
        *COLLECT_AFTER,
    )
