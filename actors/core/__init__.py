"""The actor runtime. Floor 1: standard library only; no network, no files, nothing of Mesos."""

from .actor import Actor
from .branches import sometimes
from .clock import Clock
from .context import ActorContext
from .dispatchers import ThreadPoolDispatcher
from .errors import (
    ActorError,
    ActorInitializationError,
    ActorKilledError,
    ActorNotFound,
    AskTimeout,
    DeathPactError,
    InvalidActorName,
    MailboxFull,
    PostRestartError,
    ShutdownAborted,
    StashError,
    StashOverflow,
)
from .event_stream import EventStream
from .inspection import ActorView, look_at, look_at_all
from .instrument import Instrument, Instruments
from .mailboxes import BoundedMailbox, ControlAwareMailbox, ControlMessage, Mailbox, PriorityMailbox
from .messages import (
    ActorIdentity,
    DeadLetter,
    DeadLetterSuppression,
    Failure,
    Identify,
    Kill,
    NotInfluenceReceiveTimeout,
    PoisonPill,
    ReceiveTimeout,
    SuppressedDeadLetter,
    Terminated,
    UnhandledMessage,
)
from .props import Props
from .ref import ActorRef
from .selection import ActorSelection
from .settings import Settings, SettingsError
from .shutdown import CoordinatedShutdown
from .supervision import (
    AllForOneStrategy,
    Directive,
    OneForOneStrategy,
    StoppingStrategy,
    SupervisorStrategy,
    default_decider,
    stopping_decider,
)
from .system import ActorSystem
from .timers import Timers
from .tree import ActorNode

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
    "Instruments",
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
    "sometimes",
    "stopping_decider",
]
