"""Actors for asyncio, after Akka: ``from actors import Actor, ActorSystem``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core import (
        Actor,
        ActorContext,
        ActorError,
        ActorIdentity,
        ActorInitializationError,
        ActorKilledError,
        ActorNode,
        ActorNotFound,
        ActorRef,
        ActorSelection,
        ActorSystem,
        ActorView,
        AllForOneStrategy,
        AskTimeout,
        BoundedMailbox,
        Clock,
        ControlAwareMailbox,
        ControlMessage,
        CoordinatedShutdown,
        DeadLetter,
        DeadLetterSuppression,
        DeathPactError,
        Directive,
        EventStream,
        Failure,
        Identify,
        Instrument,
        InvalidActorName,
        Kill,
        Mailbox,
        MailboxFull,
        NotInfluenceReceiveTimeout,
        OneForOneStrategy,
        PoisonPill,
        PostRestartError,
        PriorityMailbox,
        Props,
        ReceiveTimeout,
        Settings,
        SettingsError,
        ShutdownAborted,
        StashError,
        StashOverflow,
        StoppingStrategy,
        SupervisorStrategy,
        SuppressedDeadLetter,
        Terminated,
        ThreadPoolDispatcher,
        Timers,
        UnhandledMessage,
        default_decider,
        look_at,
        look_at_all,
        stopping_decider,
    )

__all__ = [
    "Actor",
    "ActorContext",
    "ActorError",
    "ActorIdentity",
    "ActorInitializationError",
    "ActorKilledError",
    "ActorNode",
    "ActorNotFound",
    "ActorRef",
    "ActorSelection",
    "ActorSystem",
    "ActorView",
    "AllForOneStrategy",
    "AskTimeout",
    "BoundedMailbox",
    "Clock",
    "ControlAwareMailbox",
    "ControlMessage",
    "CoordinatedShutdown",
    "DeadLetter",
    "DeadLetterSuppression",
    "DeathPactError",
    "Directive",
    "EventStream",
    "Failure",
    "Identify",
    "Instrument",
    "InvalidActorName",
    "Kill",
    "Mailbox",
    "MailboxFull",
    "NotInfluenceReceiveTimeout",
    "OneForOneStrategy",
    "PoisonPill",
    "PostRestartError",
    "PriorityMailbox",
    "Props",
    "ReceiveTimeout",
    "Settings",
    "SettingsError",
    "ShutdownAborted",
    "StashError",
    "StashOverflow",
    "StoppingStrategy",
    "SupervisorStrategy",
    "SuppressedDeadLetter",
    "Terminated",
    "ThreadPoolDispatcher",
    "Timers",
    "UnhandledMessage",
    "default_decider",
    "look_at",
    "look_at_all",
    "stopping_decider",
]


if not TYPE_CHECKING:  # a type checker would take it for a module that has every name

    def __getattr__(name: str) -> Any:
        """The names live in `actors.core`, imported with the first of them: commands answer ``--help`` without."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        core = import_module(".core", __name__)
        globals().update({each: getattr(core, each) for each in __all__})
        return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
