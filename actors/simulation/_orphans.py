"""Processes of a search end with the one that started them, however that ends: also by ``kill -9``.

A pipe tells: its writing end is the starter's alone, and is closed with it.
"""

from __future__ import annotations

import os
import threading
from multiprocessing import parent_process

__all__ = ["end_when_closed", "end_with_parent"]


def end_with_parent() -> None:
    """For a worker of `multiprocessing`, which has such a pipe. (A worker also holds those of its elders, as it was
    forked after them; so they end one after the other, the youngest first.)"""
    parent = parent_process()
    assert parent is not None
    end_when_closed(parent.sentinel)


def end_when_closed(pipe: int) -> None:
    """End this process at once when the other end of ``pipe`` is closed."""

    def watch() -> None:
        os.read(pipe, 1)
        os._exit(1)

    threading.Thread(target=watch, name="ends with its parent", daemon=True).start()
