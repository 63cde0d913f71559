"""The folder that one run of a task works in, and its two outputs."""

from __future__ import annotations

import os

OUTPUT_LIMIT = 10 * 1024 * 1024  # bytes before stdout becomes stdout.1 (as in Mesos's own rotating logger)


def make_sandbox(sandbox: str) -> None:
    """The folder of one run, and ``latest`` beside it pointing there (as Mesos lays it out)."""
    os.makedirs(sandbox, exist_ok=True)
    latest = os.path.join(os.path.dirname(sandbox), "latest")
    try:
        os.symlink(os.path.basename(sandbox), latest)
    except FileExistsError:
        os.unlink(latest)
        os.symlink(os.path.basename(sandbox), latest)


def rotate(path: str) -> None:
    """Copy a long output to ``.1`` and start it again at zero; the task keeps its descriptor (opened to append).

    What the task writes between the last read and the truncation, a few microseconds, is lost.
    """
    try:
        if os.stat(path).st_size < OUTPUT_LIMIT:
            return
    except FileNotFoundError:
        return  # the task removed it
    with open(path, "r+b", buffering=0) as source, open(path + ".1", "wb", buffering=0) as copy:
        while chunk := source.read(1 << 20):
            copy.write(chunk)
        source.truncate(0)
