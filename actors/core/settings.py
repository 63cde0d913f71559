"""The settings of a system: typed, checked, frozen."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from .dispatchers import dispatcher_spec

if TYPE_CHECKING:
    from .dispatchers import DispatcherSpec
    from .instrument import Instrument
    from .supervision import SupervisorStrategy

__all__ = ["Settings", "SettingsError"]


class SettingsError(ValueError):
    """A setting is unknown or has a value that its rule forbids; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a system behaves. All times are seconds.

    :ivar throughput: messages one actor may handle before the next ready actor's turn.
    :ivar turn: how long ready actors may hold the loop before other callbacks run.
    :ivar slow_handler: a handler that holds the loop longer is named in the log.
    :ivar stop_grace: how long a waiting handler may go on after its actor was told to stop, before it is cancelled.
    :ivar ask_timeout: the time-out of an ask that names none.
    :ivar stash_capacity: messages one actor may stash; -1 for no limit.
    :ivar mailbox_capacity: messages in a bounded mailbox that names no capacity.
    :ivar freeze_above: living actors above which those that stay are kept out of the garbage collector's way, which
        would hold the loop for long (see `docs/actors.md`, "Very many actors"); -1 for never.
    :ivar log_dead_letters: dead letters logged before the log falls silent for `log_dead_letters_suspend`; 0 logs none.
    :ivar log_dead_letters_during_shutdown: whether dead letters are logged while the system terminates.
    :ivar phase_timeouts: time-outs of phases of coordinated shutdown, by name, where they differ from Akka's.
    :ivar phase_recover: whether the shutdown goes on when a task of a phase failed or took too long, by name of the
        phase; it does unless this says false, which aborts it (`ShutdownAborted`).
    :ivar dispatcher: runs the actors whose `Props` name no other: ``"run_queue"``, ``"task"``, ``"threads"``, or a
        `ThreadPoolDispatcher`.
    :ivar guardian_strategy: the supervision of the actors that `system.spawn` makes; the default strategy when None.
    :ivar seed: seeds `system.random`; drawn when None.
    :ivar chooser: tests only: given the number of ready actors (at least 1), the index of the one that runs next;
        first come, first served when None.
    :ivar instrument: sees every message handled, spawn, stop and failure; costs nothing when None.
    """

    throughput: int = 64
    turn: float = 0.005
    slow_handler: float = 0.1
    stop_grace: float = 3.0
    ask_timeout: float = 5.0
    stash_capacity: int = -1
    mailbox_capacity: int = 1000
    freeze_above: int = 10_000
    log_dead_letters: int = 10
    log_dead_letters_suspend: float = 300.0
    log_dead_letters_during_shutdown: bool = False
    phase_timeouts: Mapping[str, float] = field(default_factory=dict)
    phase_recover: Mapping[str, bool] = field(default_factory=dict)
    dispatcher: str | DispatcherSpec = "run_queue"
    guardian_strategy: SupervisorStrategy | None = None
    seed: int | None = None
    chooser: Callable[[int], int] | None = None
    instrument: Instrument | None = None

    def __post_init__(self) -> None:
        for name in ("turn", "slow_handler", "stop_grace", "ask_timeout"):
            value = getattr(self, name)
            if not _is_number(value) or not value > 0:
                raise SettingsError(f"{name} must be a number of seconds above 0, not {value!r}")
        least_values = {
            "throughput": 1, "mailbox_capacity": 1, "stash_capacity": -1, "freeze_above": -1, "log_dead_letters": 0,
        }  # fmt: skip
        for name, least in least_values.items():
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise SettingsError(f"{name} must be an integer of at least {least}, not {value!r}")
        if not _is_number(self.log_dead_letters_suspend) or not self.log_dead_letters_suspend >= 0:
            raise SettingsError(
                f"log_dead_letters_suspend must not be negative, but is {self.log_dead_letters_suspend!r}"
            )
        if not isinstance(self.log_dead_letters_during_shutdown, bool):
            raise SettingsError(
                f"log_dead_letters_during_shutdown must be true or false, not {self.log_dead_letters_during_shutdown!r}"
            )
        if self.seed is not None and (not isinstance(self.seed, int) or isinstance(self.seed, bool)):
            raise SettingsError(f"seed must be an integer, not {self.seed!r}")
        try:
            dispatcher_spec(self.dispatcher)
        except (TypeError, ValueError) as error:
            raise SettingsError(f"dispatcher: {error}") from None
        if not isinstance(self.phase_timeouts, Mapping):
            raise SettingsError(f"phase_timeouts must map names of phases to seconds, not {self.phase_timeouts!r}")
        for phase, seconds in self.phase_timeouts.items():
            if not _is_number(seconds) or not seconds > 0:
                raise SettingsError(f"phase_timeouts[{phase!r}] must be a number of seconds above 0, not {seconds!r}")
        if not isinstance(self.phase_recover, Mapping):
            raise SettingsError(f"phase_recover must map names of phases to true or false, not {self.phase_recover!r}")
        for phase, recover in self.phase_recover.items():
            if not isinstance(recover, bool):
                raise SettingsError(f"phase_recover[{phase!r}] must be true or false, not {recover!r}")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Settings:
        """Settings from names and values, such as a table of a TOML file.

        :raises SettingsError: for an unknown name (with the nearest known one) or a bad value.
        """
        known = [each.name for each in fields(cls)]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, 1)
                raise SettingsError(f"unknown setting {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
        return cls(**values)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
