"""What goes wrong between a framework and its master, sorted by what the framework should do about it.

``MasterUnreachable``
    no subscription came about in the time given to `Mesos.register_framework`; try again or look at the master
`FrameworkEnded`
    this instance of the framework is over, and subscribing again would be wrong:
    `SubscriptionRefused`, `FrameworkFailedOver`, `FrameworkRemoved`, `FrameworkStopped`
`CallError`
    one call did not do its work: `InvalidCall` and `NotSubscribed` never left this process, `CallRefused` was answered,
    `CallUnconfirmed` may or may not have been carried out
"""

from __future__ import annotations

__all__ = [
    "CallError",
    "CallRefused",
    "CallUnconfirmed",
    "FrameworkEnded",
    "FrameworkFailedOver",
    "FrameworkRemoved",
    "FrameworkStopped",
    "InvalidCall",
    "InvalidMaster",
    "MasterUnreachable",
    "MesosError",
    "NoMaster",
    "NotSubscribed",
    "StreamLost",
    "SubscriptionRefused",
]


class MesosError(Exception):
    """Base of what `actors.mesos` raises."""


class InvalidMaster(MesosError, ValueError):
    """The ``master`` argument names no master: the message says what is wrong with it and what is accepted."""


class NoMaster(MesosError):
    """A detector knows of no leading master at present. The connection asks again after its back-off."""


class MasterUnreachable(MesosError):
    """No master accepted the subscription within ``registration_timeout`` seconds; the last failure is the cause."""


class StreamLost(MesosError):
    """The event stream ended: its body, connection, framing, or heartbeats. The connection subscribes again."""


class FrameworkEnded(MesosError):
    """This instance of the framework is over; its driver refuses every call from now on."""


class SubscriptionRefused(FrameworkEnded):
    """The master will never accept this SUBSCRIBE.

    ``status`` is the HTTP status (200 when the refusal came as an ERROR event: Mesos answers an invalid
    ``FrameworkInfo`` that way), ``reason`` the master's own words.
    """

    def __init__(self, master: str, status: int, reason: str, remedy: str) -> None:
        super().__init__(f"the master at {master} refused the subscription (HTTP {status}): {reason}. {remedy}")
        self.master = master
        self.status = status
        self.reason = reason


class FrameworkFailedOver(FrameworkEnded):
    """Another instance subscribed with this framework's id. Subscribing again would take it away from that one."""


class FrameworkRemoved(FrameworkEnded):
    """The master has torn the framework down, or its failover timeout ran out. Its tasks are gone, and so is its id."""


class FrameworkStopped(FrameworkEnded):
    """This framework was ended by `Framework.shutdown` or `Framework.deactivate`, or with its actor system."""


class CallError(MesosError):
    """Base of what a driver's call raises."""


class InvalidCall(CallError, ValueError):
    """The call breaks a rule of the scheduler API that the master would answer with silence. Nothing was sent."""


class NotSubscribed(CallError):
    """There is no subscription, so the call was not sent, or the master did not take it. It has changed nothing."""


class CallUnconfirmed(CallError):
    """The connection went before the answer came: the master may or may not have taken the call.

    Reconcile before doing it again; a launch that is repeated blindly can run twice.
    """


class CallRefused(CallError):
    """The master answered with an error. ``status`` is the HTTP status, ``reason`` the master's own words."""

    def __init__(self, call: str, status: int, reason: str) -> None:
        super().__init__(f"the master refused {call} (HTTP {status}): {reason}")
        self.call = call
        self.status = status
        self.reason = reason
