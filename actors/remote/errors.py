"""What goes wrong between two systems."""

from __future__ import annotations

from actors.core import ActorError

__all__ = ["HandshakeRefused", "MessageRefused", "RemoteError", "RemoteFailure"]


class RemoteError(ActorError):
    """Base of what `actors.remote` raises."""


class MessageRefused(RemoteError, ValueError):
    """This cannot be sent to, or understood from, another system; the text says which part of it, and what to do.

    `tell` to a remote ref raises it, since only the caller can mend it; what arrives and cannot be understood is
    logged and dropped.
    """


class HandshakeRefused(RemoteError):
    """The two systems do not speak with each other; the text says which of them does not want to, and why.

    :ivar is_usual: whether it is nothing to worry about, as when two call each other at once.
    """

    def __init__(self, text: str, *, is_usual: bool = False) -> None:
        super().__init__(text)
        self.is_usual = is_usual


class RemoteFailure(RemoteError):
    """An error of another system whose class is not registered here: its name and its text."""
