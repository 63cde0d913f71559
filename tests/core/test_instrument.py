from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors import ActorRef, ActorSystem, Instrument, Mailbox, Settings
from actors.core.instrument import Handler
from tests.core.actors_for_tests import Worker, calm


class Counts(Instrument):
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def handler(self, ref: ActorRef[Any], handler: Handler) -> Handler:
        def counted(message: Any) -> Any:
            if ref.path.startswith("actors://seen/user/"):
                self.seen.append(("handled", message))
            return handler(message)

        return counted

    def mailbox(self, ref: ActorRef[Any], mailbox: Mailbox) -> Mailbox:
        return mailbox

    def note(self, what: str, ref: ActorRef[Any]) -> None:
        if "/user/" in ref.path:
            self.seen.append(what)

    def spawned(self, ref: ActorRef[Any]) -> None:
        self.note("spawned", ref)

    def stopped(self, ref: ActorRef[Any]) -> None:
        self.note("stopped", ref)

    def failed(self, ref: ActorRef[Any], error: BaseException) -> None:
        self.note("failed", ref)

    def restarted(self, ref: ActorRef[Any]) -> None:
        self.note("restarted", ref)


async def test_an_instrument_sees_the_whole_life_of_an_actor(settings: Callable[..., Settings]) -> None:
    counts = Counts()
    async with ActorSystem("seen", settings(instrument=counts)) as system:
        ref = system.spawn(Worker)
        error = ValueError("boom")
        ref.tell("message")
        ref.tell(error)
        await calm(system)
        await system.graceful_stop(ref)
    assert counts.seen == [
        "spawned",
        ("handled", "message"),
        ("handled", error),
        "failed",
        "restarted",
        "stopped",
    ]
