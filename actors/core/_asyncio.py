"""Every private name of asyncio that this package leans on, in one place.

`tests/core/test_asyncio_private_names.py` checks each of them on every supported version of Python.
"""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio import tasks
from collections.abc import Callable
from typing import Any

__all__ = ["current_tasks", "elapsed_clock", "end_task", "keeps_real_time", "running_task"]

#: ``current_tasks[loop] = task`` makes ``task`` the current task of ``loop``, whatever was before. asyncio offers the
#: like to other implementations of tasks, which is what a cell is. (`_enter_task` and `_leave_task` need two calls.)
current_tasks: Any

#: ``running_task(loop)`` is the current task of ``loop``; asyncio's own `current_task` is slow before Python 3.12.
running_task: Callable[[asyncio.AbstractEventLoop], Any]

#: ``end_task(loop, None)`` lets ``loop`` have no current task. (Before Python 3.12, an entry of None would count as a
#: task that is being executed.)
end_task: Callable[[asyncio.AbstractEventLoop, None], Any]

if sys.version_info >= (3, 12):
    running_task = asyncio.current_task
    end_task = tasks._swap_current_task
else:
    running_task = tasks._current_tasks.get  # type: ignore[attr-defined]
    end_task = tasks._current_tasks.pop  # type: ignore[attr-defined]


if sys.version_info >= (3, 14):  # where they are kept per thread, and no longer in a dict

    class _CurrentTasks:
        def __setitem__(self, loop: asyncio.AbstractEventLoop, task: Any) -> None:
            tasks._swap_current_task(loop, task)

    current_tasks = _CurrentTasks()
else:
    current_tasks = tasks._current_tasks  # type: ignore[attr-defined]


def keeps_real_time(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether `loop` runs on the machine's clock, rather than on the virtual time of a simulated world."""
    return type(loop).__module__.partition(".")[0] == "uvloop" or type(loop).time is asyncio.BaseEventLoop.time


def elapsed_clock(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """The clock that turns of the loop are bounded by.

    On a real loop it is the machine's monotonic clock (uvloop's `time()` stands still during an iteration); in
    virtual time it is the loop's own, so that a run depends on its seed and never on the speed of the machine.
    """
    return time.monotonic if keeps_real_time(loop) else loop.time
