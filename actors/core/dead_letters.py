"""Dead letters, and messages left unhandled: published, and logged at a rate that leaves the log readable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .messages import DeadLetter, DeadLetterSuppression, SuppressedDeadLetter, UnhandledMessage
from .ref import ActorRef

if TYPE_CHECKING:
    from .system import ActorSystem

__all__ = ["DeadLetterOffice", "DeadLettersRef"]


class DeadLettersRef(ActorRef[Any]):
    """Where messages go that have no receiver. What is told to it is published as a `DeadLetter` and logged."""

    __slots__ = ("_office",)

    def __init__(self, office: DeadLetterOffice) -> None:
        self._office = office

    @property
    def path(self) -> str:
        return f"actors://{self.system.name}/deadLetters"

    @property
    def system(self) -> ActorSystem:
        return self._office.system

    @property
    def count(self) -> int:
        """How many there were, suppressed ones not counted."""
        return self._office.count

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        if message is None:
            raise TypeError("None was told to the dead letters: a message must be something")
        self._office.publish(message if isinstance(message, DeadLetter) else DeadLetter(message, sender, self))


class DeadLetterOffice:
    """Logs some, then is silent for a while, then says how many it left out (see `Settings.log_dead_letters`)."""

    __slots__ = ("_logged", "_omitted", "_silent_until", "count", "ref", "system")

    def __init__(self, system: ActorSystem) -> None:
        self.system = system
        self.ref = DeadLettersRef(self)
        self.count = 0
        self._logged = 0
        self._omitted = 0
        self._silent_until = 0.0

    def publish(self, letter: DeadLetter) -> None:
        if isinstance(letter.message, DeadLetterSuppression):
            self.system.event_stream.publish(SuppressedDeadLetter(letter.message, letter.sender, letter.recipient))
            return
        self.count += 1
        self._log(
            "dead letter: %s from %s to %s, which %s (number %d)", letter,
            "has stopped" if letter.recipient.is_terminated else "could not take it", self.count,
        )  # fmt: skip
        self.system.event_stream.publish(letter)

    def publish_unhandled(self, unhandled: UnhandledMessage) -> None:
        self._log("unhandled: %s from %s to %s, which has no case for it", unhandled)
        self.system.event_stream.publish(unhandled)

    def _log(self, text: str, letter: DeadLetter | UnhandledMessage, *more: object) -> None:
        settings = self.system.settings
        if not settings.log_dead_letters or (
            self.system.is_terminating and not settings.log_dead_letters_during_shutdown
        ):
            return
        if self._logged >= settings.log_dead_letters:
            if self.system.clock.time() < self._silent_until:
                self._omitted += 1
                return
            self._logged = 0
        self._logged += 1
        note = f"; {self._omitted} more were not logged since the last" if self._omitted else ""
        self._omitted = 0
        if self._logged == settings.log_dead_letters:
            self._silent_until = self.system.clock.time() + settings.log_dead_letters_suspend
            note += f"; no more will be logged for {settings.log_dead_letters_suspend:g} s"
        sender = "nobody" if letter.sender is None else letter.sender.path
        self.system.log.info(text + "%s", type(letter.message).__name__, sender, letter.recipient.path, *more, note)
