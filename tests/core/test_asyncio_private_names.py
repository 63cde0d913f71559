"""The private names of asyncio that the runtime leans on mean what it thinks, on this version of Python."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

import actors.core
from actors.core._asyncio import current_tasks, elapsed_clock, end_task, keeps_real_time
from actors.core._suspend import Suspend


@pytest.mark.real
async def test_another_object_can_be_the_current_task_and_leaves_nothing_behind() -> None:
    loop = asyncio.get_running_loop()

    class Stand:
        pass

    seen: list[object] = []

    def callback() -> None:
        one: Any = Stand()
        other: Any = Stand()
        current_tasks[loop] = one
        seen.append(asyncio.current_task(loop) is one)
        current_tasks[loop] = other
        seen.append(asyncio.current_task(loop) is other)
        end_task(loop, None)
        seen.append(asyncio.current_task(loop) is None)

    loop.call_soon(callback)
    await asyncio.sleep(0)
    assert seen == [True, True, True]
    assert asyncio.current_task() is not None


def test_suspend_hands_over_its_object_once_and_takes_exceptions() -> None:
    async def wait() -> str:
        await Suspend(("token",))
        return "done"

    coroutine = wait()
    assert coroutine.send(None) == "token"
    with pytest.raises(StopIteration) as caught:
        coroutine.send(None)
    assert caught.value.value == "done"
    coroutine = wait()
    coroutine.send(None)
    with pytest.raises(KeyError):
        coroutine.throw(KeyError("thrown"))


def test_a_stock_loop_keeps_real_time_and_another_clock_does_not() -> None:
    class Virtual(asyncio.SelectorEventLoop):
        def time(self) -> float:
            return 7.0

    stock, virtual = asyncio.SelectorEventLoop(), Virtual()
    try:
        assert (keeps_real_time(stock), keeps_real_time(virtual)) == (True, False)
        assert elapsed_clock(virtual)() == 7.0
    finally:
        stock.close()
        virtual.close()


def test_private_names_are_used_in_one_module_only() -> None:
    private = re.compile(r"asyncio\.(\w+\.)?_[a-z]|from asyncio\S* import _|tasks\._")
    folder = Path(actors.core.__file__).parent
    users = [path.name for path in sorted(folder.glob("*.py")) if private.search(path.read_text())]
    assert users == ["_asyncio.py"]
