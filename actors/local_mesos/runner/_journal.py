"""What the runner must not forget when it is killed."""

from __future__ import annotations

import errno
import json
import os
from typing import Any

from ._log import warn

REWRITE_AT = 4096  # lines; then it is rewritten once four fifths of it are of tasks that were forgotten


class Journal:
    """Events on disk, one JSON object a line. It survives the runner, not the machine: no task does either."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file = -1
        self._lines = 0
        self._torn = False

    def load(self) -> dict[str, dict[str, Any]]:
        """The last event of each task that was not forgotten. A line that was cut short is said and skipped."""
        held: dict[str, dict[str, Any]] = {}
        try:
            with open(self._path, encoding="utf-8") as file:
                for line in file:
                    try:
                        record = json.loads(line)
                    except ValueError:
                        warn(f"{self._path}: skipped a line that was cut short: {line[:80]!r}")
                        continue
                    if record["is"] == "forgotten":
                        for task_id in record["ids"]:
                            held.pop(task_id, None)
                    else:
                        held[record["id"]] = record
        except FileNotFoundError:
            return {}
        return held

    def rewrite(self, events: list[dict[str, Any]]) -> None:
        """Start anew with these events; either the old file or the new one is there at any time."""
        with open(self._path + ".new", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(event) + "\n" for event in events)
        os.replace(self._path + ".new", self._path)
        if self._file >= 0:
            os.close(self._file)
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND)
        self._lines = len(events)
        self._torn = False

    def append(self, records: list[dict[str, Any]]) -> None:
        """Raises ``OSError``; then some of the records may be missing."""
        data = ("\n" if self._torn else "") + "".join(json.dumps(record) + "\n" for record in records)
        self._torn = True  # unless the write succeeds, the next one must not continue its half line
        if os.write(self._file, data.encode()) < len(data):
            raise OSError(errno.ENOSPC, "only a part of a line could be written: the disk is probably full")
        self._torn = False
        self._lines += len(records)

    def worth_rewriting(self, held: int) -> bool:
        return self._lines > REWRITE_AT and self._lines > 5 * held
