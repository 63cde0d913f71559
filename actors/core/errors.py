"""What goes wrong with actors, each with the words that tell whom, what, and what to do."""

from __future__ import annotations

__all__ = [
    "ActorError",
    "ActorInitializationError",
    "ActorKilledError",
    "ActorNotFound",
    "AskTimeout",
    "DeathPactError",
    "InvalidActorName",
    "MailboxFull",
    "PostRestartError",
    "ShutdownAborted",
    "StashError",
    "StashOverflow",
]


class ActorError(Exception):
    """The base of this package's errors."""


class InvalidActorName(ActorError, ValueError):
    """A name that breaks the rule for names, or that a living sibling has."""


class ActorInitializationError(ActorError):
    """A constructor or `pre_start` failed; its ``__cause__`` is the failure. Stops the actor by default."""


class PostRestartError(ActorInitializationError):
    """The constructor of the new instance, or `post_restart`, failed. Stops the actor by default."""


class ActorKilledError(ActorError):
    """The actor was sent `Kill`. Stops it by default."""


class DeathPactError(ActorError):
    """An actor left the `Terminated` of one it watched unhandled. Stops it by default."""


class ActorNotFound(ActorError, LookupError):
    """No living actor is where a selection points to."""


class AskTimeout(ActorError, TimeoutError):
    """No answer came in time: names the target's path, the message's type, the asker and what the target was doing."""


class MailboxFull(ActorError):
    """A bounded mailbox with the policy `fail` has no room."""


class ShutdownAborted(ActorError):
    """A phase failed that `Settings.phase_recover` makes the shutdown depend on; the later phases were not begun."""


class StashError(ActorError):
    """There is no current message to stash, or it has been stashed already."""


class StashOverflow(StashError):
    """The stash holds as many messages as `Settings.stash_capacity` allows."""
