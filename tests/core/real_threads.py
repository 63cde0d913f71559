"""Real threads in virtual time: `run_in_executor` of a virtual loop with the executor's own threads.

The loop's `run_in_executor` calls inline, which a seed can order but which no race can show. Here the threads are real;
time stands still while one of them works.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from actors.testkit import VirtualLoop


@contextmanager
def real_threads(loop: VirtualLoop) -> Iterator[None]:
    """Within the block, `loop` has real threads."""
    anything = threading.Condition()
    working = 0
    used: set[Executor] = set()
    select, run_in_executor, call_soon_threadsafe = loop.select, loop.run_in_executor, loop.call_soon_threadsafe

    def ended(_: Any) -> None:
        nonlocal working
        with anything:
            working -= 1
            anything.notify()

    def start(executor: Executor, function: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        nonlocal working
        with anything:
            working += 1
        used.add(executor)
        job = executor.submit(function, *args)
        future = asyncio.wrap_future(job, loop=loop)  # tells the loop before `ended` lets time go on
        job.add_done_callback(ended)
        return future

    def tell_loop(callback: Callable[..., object], *args: Any, context: Any = None) -> asyncio.Handle:
        with anything:
            handle = asyncio.Handle(callback, args, loop, context)
            loop._ready.append(handle)
            anything.notify()
        return handle

    def wait(timeout: float | None) -> None:
        with anything:
            anything.wait_for(lambda: loop._ready or not working)
            idle = not loop._ready
        select(timeout if idle else 0)

    loop.select, loop.run_in_executor, loop.call_soon_threadsafe = wait, start, tell_loop  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        loop.select, loop.run_in_executor = select, run_in_executor  # type: ignore[method-assign]
        loop.call_soon_threadsafe = call_soon_threadsafe  # type: ignore[method-assign]
        for executor in used:
            executor.shutdown()  # joins threads that virtual time has no time to wait for
