"""Our actors and those of an existing Thespian system, both ways.

    our actor                        bridge (threads)                      Thespian system
    ---------                        ----------------                      ---------------
    ref = bridge.ref(address)
    ref.tell(m)                  →   one thread, in order              →   actor at that address
    await ref.ask(m)             →   a thread and endpoint per ask     →   its answer, from `self.send(sender, …)`
    address = await bridge.expose(our ref)     a gateway actor there   ←   send(address, m), from any actor
      receives m; self.sender is the Thespian actor's ref

Thespian's calls block, so none is made on the loop. Messages are pickled by Thespian. The bases with processes are
bridged (``multiprocTCPBase``, ``multiprocQueueBase``, …); note that the TCP base listens on all interfaces, and
unpickles what comes. A gateway is a Thespian actor, which is a process: expose few refs.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from thespian.actors import ActorAddress, ActorExitRequest
from thespian.actors import ActorSystem as ThespianSystem

from actors.core import ActorRef, ActorSystem, DeadLetter
from actors.core.ask import Reply

from ._gateway import Exposed, Forwarded, Gateway, SendAs

__all__ = ["ThespianBridge", "ThespianRef"]

POLL_SECONDS = 0.2


class ThespianBridge:
    """Joins `system` with a running Thespian system. Use it as ``async with``; the Thespian system stays as it is.

    :param asks: how many asks may wait for Thespian actors at once; more wait for a thread.
    :raises ValueError: for Thespian's ``simpleSystemBase``, which runs in its caller's thread.
    """

    def __init__(self, system: ActorSystem, thespian: ThespianSystem, *, asks: int = 16) -> None:
        if thespian.capabilities.get("Thespian ActorSystem Name") == "simpleSystem":
            raise ValueError(
                "Thespian's simpleSystemBase runs its actors in the thread that calls it, which would be the event"
                " loop's; use one of its multiproc bases"
            )
        self.system = system
        self._thespian = thespian
        self._loop = system.loop
        self._teller = ThreadPoolExecutor(1, "thespian-tell")
        self._askers = ThreadPoolExecutor(asks, "thespian-ask")
        self._exposed: dict[int, ActorRef[Any]] = {}
        self._gateways: dict[ActorRef[Any], Any] = {}
        self._confirmed: dict[int, asyncio.Future[None]] = {}
        self._closed = threading.Event()
        self._listener: threading.Thread | None = None
        self._commands: list[tuple[Any, Any]] = []

    def ref(self, address: Any) -> ThespianRef:
        """The ref of a Thespian actor. It can be told and asked, but not watched."""
        if not isinstance(address, ActorAddress):
            raise TypeError(f"a Thespian actor's address is needed (from createActor), not {address!r}")
        return ThespianRef(self, address)

    async def expose(self, ref: ActorRef[Any]) -> Any:
        """The address under which Thespian actors can send to `ref`; the same one each time."""
        if ref in self._gateways:
            return self._gateways[ref]
        if self._listener is None:
            self._listener = threading.Thread(target=self._listen, name="thespian-listen")
            self._listener.start()
        address = await self._loop.run_in_executor(self._teller, self._thespian.createActor, Gateway)
        number = len(self._exposed) + 1
        self._exposed[number] = ref
        confirmed = self._confirmed[number] = self._loop.create_future()
        self._commands.append((address, Exposed(number)))
        await confirmed
        self._gateways[ref] = address
        return address

    async def close(self) -> None:
        """End the gateways and the bridge's threads. Asks that wait end with their time-outs."""
        self._closed.set()
        for address in self._gateways.values():
            await self._loop.run_in_executor(self._teller, self._thespian.tell, address, ActorExitRequest())
        self._gateways.clear()
        for each in (self._teller.shutdown, self._askers.shutdown):
            await asyncio.to_thread(each)
        if self._listener is not None:
            await asyncio.to_thread(self._listener.join)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # From here to there

    def tell(self, target: ThespianRef, message: Any, sender: ActorRef[Any] | None) -> None:
        """Have `message` sent, in the order of the calls; from any thread."""
        if self._closed.is_set():
            self.system.publish_dead_letter(DeadLetter(message, sender, target))
        elif isinstance(sender, Reply):
            seconds = max(0.001, sender.deadline - self._loop.time())
            self._askers.submit(self._ask, target, message, sender, seconds).add_done_callback(_reported)
        else:
            gateway = None if sender is None else self._gateways.get(sender)
            to, what = (target.address, message) if gateway is None else (gateway, SendAs(target.address, message))
            self._teller.submit(self._thespian.tell, to, what).add_done_callback(_reported)

    def _ask(self, target: ThespianRef, message: Any, reply: Reply, seconds: float) -> None:
        with self._thespian.private() as endpoint:
            answer = endpoint.ask(target.address, message, timedelta(seconds=seconds))
        if answer is not None and not reply.is_terminated:  # else the ask has timed out, and says so itself
            reply.tell(answer, target)

    # From there to here

    def _listen(self) -> None:
        with self._thespian.private() as endpoint:
            while not self._closed.is_set():
                while self._commands:
                    endpoint.tell(*self._commands.pop())
                message = endpoint.listen(timedelta(seconds=POLL_SECONDS))
                if message is not None:
                    self._loop.call_soon_threadsafe(self._received, message)

    def _received(self, message: Any) -> None:
        match message:
            case Exposed(number):
                self._confirmed.pop(number).set_result(None)
            case Forwarded(number, inner, sender):
                self._exposed[number].tell(inner, ThespianRef(self, sender))
            case _:
                self.system.publish_dead_letter(DeadLetter(message, None, self.system.dead_letters))


class ThespianRef(ActorRef[Any]):
    """Our ref of a Thespian actor; equal for equal addresses."""

    __slots__ = ("_bridge", "address")

    def __init__(self, bridge: ThespianBridge, address: Any) -> None:
        self._bridge = bridge
        self.address = address

    @property
    def path(self) -> str:
        return f"thespian://{self.address}"

    @property
    def system(self) -> ActorSystem:
        return self._bridge.system

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        if message is None:
            raise TypeError(f"None was told to {self.path}: a message must be something; define a class for it")
        self._bridge.tell(self, message, sender)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ThespianRef) and other.address == self.address

    def __hash__(self) -> int:
        return hash(str(self.address))

    def _watched_by(self, watcher: ActorRef[Any]) -> None:
        raise ValueError(f"{self.path} cannot be watched: Thespian tells only an actor's own parent of its end")

    def _unwatched_by(self, watcher: ActorRef[Any]) -> None:
        """It never was."""

    def _state_for(self, message: Any) -> str:
        return "it is a Thespian actor, of which nothing more is known here"


def _reported(done: Any) -> None:
    error = done.exception()
    if error is not None:
        logging.getLogger("actors").error("Thespian could not be told: %r", error, exc_info=error)
