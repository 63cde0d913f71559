"""Tests of actors, and of any asyncio program: probes, virtual time, an in-memory network, leak checks.

Start at `TestKit` and `TestProbe` for actors in a system, `ActorHarness` for one actor alone, `VirtualLoop` for any
asyncio program; ``actors.testkit.pytest_plugin`` puts a project's async tests on it and has the fixtures.
"""

from actors.testkit.effects import (
    Became,
    InboxRef,
    Piped,
    ReceiveTimeoutSet,
    Spawned,
    Stashed,
    Stopped,
    TimerCancelled,
    TimerScheduled,
    Unbecame,
    UnhandledEffect,
    UnstashedAll,
    Unwatched,
    Watched,
)
from actors.testkit.event_filter import EventFilter
from actors.testkit.harness import ActorHarness
from actors.testkit.kit import TestKit, seeded_settings
from actors.testkit.leaks import LeakCheck
from actors.testkit.machines import Life, Machine
from actors.testkit.network import HERE, Network
from actors.testkit.probe import AutoPilot, Fishing, TestProbe
from actors.testkit.virtual_loop import NothingCanHappen, NotInVirtualTime, VirtualLoop

__all__ = [
    "HERE",
    "ActorHarness",
    "AutoPilot",
    "Became",
    "EventFilter",
    "Fishing",
    "InboxRef",
    "LeakCheck",
    "Life",
    "Machine",
    "Network",
    "NotInVirtualTime",
    "NothingCanHappen",
    "Piped",
    "ReceiveTimeoutSet",
    "Spawned",
    "Stashed",
    "Stopped",
    "TestKit",
    "TestProbe",
    "TimerCancelled",
    "TimerScheduled",
    "Unbecame",
    "UnhandledEffect",
    "UnstashedAll",
    "Unwatched",
    "VirtualLoop",
    "Watched",
    "seeded_settings",
]
