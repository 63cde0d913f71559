"""What goes wrong with actors in processes of their own."""

from __future__ import annotations

from actors.core import ActorError

__all__ = ["MessageRefused", "ProcessCrashed", "ProcessStartFailed", "RemoteError", "RemoteTraceback"]


class ProcessCrashed(ActorError):
    """The actor's process ended without being asked to: killed, crashed, or left by `os._exit`; says how, if known.

    :ivar pid: of the process.
    :ivar exit_code: as `subprocess` counts: the status, or minus the number of the signal; None when nobody could tell.
    """

    def __init__(self, message: str, pid: int = 0, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid
        self.exit_code = exit_code


class ProcessStartFailed(ActorError):
    """No process could be started for the actor; says why."""


class MessageRefused(ActorError):
    """A message could not cross to the process: it cannot be pickled here, or not be understood there."""


class RemoteError(ActorError):
    """Stands for an error of another process whose class cannot be pickled, or is not importable here."""


class RemoteTraceback(Exception):
    """The cause of an error that came from another process: its traceback there, as text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}" if self.args else ""
