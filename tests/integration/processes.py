"""The live processes of a folder or a parent, as a test sees them from outside.

Any of them may end between two looks at it, so all is read in one guarded walk, and what comes back is a record that
nobody has to ask again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil


@dataclass(frozen=True)
class LiveProcess:
    """One that lived a moment ago. Two are equal when they are the same process, whatever it has executed since."""

    pid: int
    born: float
    """Tells it from a later one with the same pid."""
    command: tuple[str, ...] = field(compare=False)
    environment: Mapping[str, str] = field(compare=False)

    @property
    def lives(self) -> bool:
        try:
            return _is(psutil.Process(self.pid), self.born)
        except psutil.NoSuchProcess:
            return False

    def kill(self) -> None:
        """``kill -9``; nothing happens when it has ended by itself."""
        try:
            process = psutil.Process(self.pid)
            if _is(process, self.born):
                process.kill()
        except psutil.NoSuchProcess:
            pass


def _is(process: psutil.Process, born: float) -> bool:
    return process.create_time() == born and process.status() != psutil.STATUS_ZOMBIE


def processes_in(folder: Path) -> list[LiveProcess]:
    """Those whose working directory is the folder or below it."""
    folder = folder.resolve()
    return _seen(psutil.process_iter(), lambda process: Path(process.cwd()).is_relative_to(folder))


def descendants_of(pid: int) -> list[LiveProcess]:
    """Its children, theirs, and so on."""
    try:
        return _seen(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _seen(
    processes: Iterable[psutil.Process], holds: Callable[[psutil.Process], bool] = lambda _: True
) -> list[LiveProcess]:
    found = []
    for process in processes:
        try:
            if holds(process) and process.status() != psutil.STATUS_ZOMBIE:
                command, environment = tuple(process.cmdline()), process.environ()
                found.append(LiveProcess(process.pid, process.create_time(), command, environment))
        except (psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            continue  # it has ended meanwhile, or is somebody else's
    return found


def processes_of(app_id: str, within: Path) -> list[LiveProcess]:
    """Those of the app's tasks whose sandboxes lie in the folder."""
    return [each for each in processes_in(within) if each.environment.get("MARATHON_APP_ID") == app_id]
