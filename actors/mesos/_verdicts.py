"""What a master's words mean: for the call that was answered, and for the subscription.

=========================================  =================================  ==========================================
the master says                            the call                           the subscription
=========================================  =================================  ==========================================
200, 202                                   taken                              goes on
3xx, 503                                   `NotSubscribed`                    is sought anew: another master leads
403 "not subscribed"                       `NotSubscribed`                    is sought anew
400 "Framework cannot be found"            `NotSubscribed`                    is sought anew, which tells if it is gone
400 "The stream ID … didn't match …"       `FrameworkFailedOver`              is over: another instance has it
another status                             `CallRefused`                      goes on
no answer, sent or not                     `CallUnconfirmed`/`NotSubscribed`  goes on; its stream tells
ERROR "Framework failed over"                                                 is over: `FrameworkFailedOver`
ERROR "Framework has been removed"                                            is over: `FrameworkRemoved`
ERROR in place of SUBSCRIBED, or 4xx                                          never begins: `SubscriptionRefused`
404, and a master was there or may start                                      is sought anew
4xx, and what is refused was taken before                                     is sought anew, a few times
another ERROR                                                                 as the master decides
=========================================  =================================  ==========================================

The texts are those of Mesos 1.11; nothing else tells these cases apart.
"""

from __future__ import annotations

from dataclasses import dataclass

from ._answers import Answer
from ._call_channel import ChannelLost
from .errors import (
    CallRefused,
    CallUnconfirmed,
    FrameworkEnded,
    FrameworkFailedOver,
    FrameworkRemoved,
    MesosError,
    NotSubscribed,
    StreamLost,
    SubscriptionRefused,
)

__all__ = ["NO_OBJECTION", "TAKEN", "Verdict", "is_permanent", "judge_answer", "judge_error", "judge_loss", "refusal"]

_OF_TIME_AND_LOAD = {408, 425, 429}  # of the 4xx, the ones that do not speak of what was asked
_ATTEMPTS = 5
"""In a row, until a refusal that could be a passing one is believed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """``error``: what the call raises. ``ends``: what ends the present subscription, if anything."""

    error: MesosError | None = None
    ends: MesosError | None = None


TAKEN = (200, 202)
NO_OBJECTION = Verdict()


def judge_answer(call: str, answer: Answer, master: str, framework: str, *, stream_id: str, current: bool) -> Verdict:
    """An answer to a call. ``current``: the subscription over which it was sent, ``stream_id``, still stands."""
    status, reason = answer.status, answer.body
    if status in TAKEN:
        return NO_OBJECTION
    if 300 <= status < 400 or status == 503:
        why = f"the master at {master} does not lead any more"
        error = NotSubscribed(f"{call} was not carried out: {why}, and calls are not sent on to another")
        return Verdict(error, StreamLost(why))
    if (status == 403 and "not subscribed" in reason) or (status == 400 and "cannot be found" in reason):
        lost = StreamLost(f"the master at {master} does not know this subscription: {reason}")
        return Verdict(NotSubscribed(f"{call} was not carried out: {reason}"), lost)
    if status == 400 and "stream ID" in reason and stream_id in reason:  # another one is ours, damaged on the way
        if not current:  # the stream id of our own last subscription, not that of another instance
            return Verdict(NotSubscribed(f"{call} was not carried out: its subscription is over"))
        taken = FrameworkFailedOver(
            f"framework {framework} was taken over by another instance: the master at {master} says that {reason}. "
            "This one stops, it does not take the framework back"
        )
        return Verdict(taken, taken)
    return Verdict(CallRefused(call, status, reason))


def judge_loss(call: str, lost: ChannelLost, master: str) -> Verdict:
    """A call that gets no answer."""
    if not lost.sent:
        return Verdict(NotSubscribed(f"{call} was not sent: {lost}"))
    return Verdict(
        CallUnconfirmed(
            f"{call} was sent to the master at {master}, which may have taken it: {lost}. Reconcile before doing it "
            "again"
        )
    )


def judge_error(message: str, master: str, framework: str, *, subscribed: bool) -> FrameworkEnded | None:
    """An ERROR event: what it ends the framework with, or None when the master decides whether to go on."""
    if message.startswith("Framework failed over"):
        return FrameworkFailedOver(
            f"framework {framework} was taken over by another instance, as the master at {master} says. This one "
            "stops; run one instance at a time, or give each a framework id of its own"
        )
    if message.startswith("Framework has been removed"):
        return FrameworkRemoved(
            f"the master at {master} has removed framework {framework}: it was torn down, or its failover timeout ran "
            "out. Its tasks are gone; register without an id to start anew"
        )
    return None if subscribed else refusal(master, 200, message)


def is_permanent(status: int, *, known: bool, attempt: int) -> bool:
    """Whether asking again with the same SUBSCRIBE would be answered the same.

    ``known``: one has been taken before, so it was right: what is said against it now may be said of what a bad line
    has made of it. A master or an agent that starts listens before it knows its own paths, and answers 404 meanwhile.
    So neither is believed at the first ``attempt`` (the number of those before, in a row), and a 404 where a master was
    met before never.
    """
    if status == 404:
        return not known and attempt >= _ATTEMPTS
    return 400 <= status < 500 and status not in _OF_TIME_AND_LOAD and (not known or attempt >= _ATTEMPTS)


def refusal(master: str, status: int, reason: str) -> SubscriptionRefused:
    """A SUBSCRIBE that will never be taken, with what to do about it."""
    if status == 401:
        remedy = "Give credential=Credential(principal, secret) with a pair that the master knows"
    elif status in (404, 405):
        remedy = "Is this a Mesos master? Its port is 5050 unless configured otherwise"
    else:
        remedy = "Trying again would not change that; look at the FrameworkInfo"
    return SubscriptionRefused(master, status, reason, remedy)
