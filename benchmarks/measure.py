"""Measures one contender in this process: ``python -m benchmarks.measure COST CONTENDER`` prints a line of JSON."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import os
import sys
from typing import Any

from benchmarks.costs import COSTS


def main(cost_name: str, contender_name: str) -> None:
    """Prints ``{"figure": …}`` in the cost's unit, or ``{"missing": …}`` when the contender's library is not there."""
    logging.disable(logging.CRITICAL)
    cost = COSTS[cost_name]
    contender = cost.contenders[contender_name]
    try:
        work: Any = contender.measure(contender.size)
        measured = _runner(contender.loop)(work) if inspect.iscoroutine(work) else work
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), flush=True)
    else:
        print(json.dumps({"figure": cost.figure(measured, contender.size)}), flush=True)
    # Some peers leave threads behind that never end.
    os._exit(0)


def _runner(loop: str) -> Any:
    if loop == "uvloop":
        import uvloop

        return uvloop.run
    return asyncio.run


if __name__ == "__main__":
    main(*sys.argv[1:])
