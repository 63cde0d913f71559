"""The actor system: where actors live, on one event loop."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import weakref
from collections.abc import Callable
from datetime import timedelta
from threading import get_ident
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import _lifecycle as lifecycle
from ._cell import Cell
from ._death_watch import add_watcher, watch
from ._population import Population
from ._run_queue import Graveyard, RunQueue
from ._state import RUNNING
from ._types import M
from .ask import PendingAsks
from .clock import Clock
from .dead_letters import DeadLetterOffice, DeadLettersRef
from .dispatchers import RUN_QUEUE, DispatcherSpec, dispatcher_spec
from .errors import AskTimeout
from .event_stream import EventStream
from .guardians import Guardian, RootGuardian
from .inspection import ActorView, look_at_all
from .instrument import Instrument, Instruments
from .messages import DeadLetter, PoisonPill, Terminated, UnhandledMessage
from .paths import checked_name
from .props import Props
from .ref import ActorRef, LocalRef
from .selection import ActorSelection
from .settings import Settings
from .shutdown import CoordinatedShutdown
from .supervision import OneForOneStrategy
from .tree import ActorNode, node_of

if TYPE_CHECKING:
    from .actor import Actor

__all__ = ["ActorSystem"]

#: The systems of this process, for those who look for one that nobody terminated: the leak checks of the test kit.
all_systems: weakref.WeakSet[ActorSystem] = weakref.WeakSet()

#: How many actors a shutdown that takes too long names; more say no more.
NAMED_AT_THE_END = 10


class ActorSystem:
    """Makes and runs actors on the running event loop.

    ``async with ActorSystem() as system:`` terminates it at the end. Apart from `tell`, its methods are for the
    loop's own thread.

    :param name: the first part of all paths.
    :raises RuntimeError: when no event loop is running.
    """

    def __init__(self, name: str = "default", settings: Settings | None = None) -> None:
        try:
            self.loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                f"the actor system {name!r} needs a running event loop: make it inside a coroutine,"
                " for example in the main() that you give to asyncio.run"
            ) from None
        self.name = checked_name(name)
        self.settings = settings if settings is not None else Settings()
        self.instrument = self.settings.instrument
        self.log = logging.getLogger("actors")
        self.clock = Clock(self.loop)
        self.random = random.Random(self.settings.seed)
        self.event_stream = EventStream()
        self.asks = PendingAsks(self, self.loop, self.settings.ask_timeout)
        self._dead_letters = DeadLetterOffice(self)
        self.dispatcher = RunQueue(self.loop, self.settings, self._held_the_loop)
        self.graveyard = Graveyard(self.loop, self.settings, self._held_the_loop)
        self.population = Population(self.settings.freeze_above)
        self.is_terminating = False
        self._attached: list[Instrument] = []
        self._spawns_no_more = False
        self._resources: dict[object, Any] = {}
        self._at_end: list[Callable[[], object]] = []
        self._thread = get_ident()
        self._terminated = self.loop.create_future()
        self._actors_stopped = self.loop.create_future()
        self.coordinated_shutdown = CoordinatedShutdown(self)
        self.default_dispatcher: DispatcherSpec | None = None  # the run queue, which is the guardians' always
        self.root = Cell(self, None, Props(RootGuardian), "", 0)
        self.dispatcher.schedule(self.root)
        all_systems.add(self)
        strategy = self.settings.guardian_strategy or OneForOneStrategy()
        self._system_guardian = self._guardian("system", OneForOneStrategy())
        self._user_guardian = self._guardian("user", strategy)
        default = dispatcher_spec(self.settings.dispatcher)
        self.default_dispatcher = None if default is RUN_QUEUE else default

    def _guardian(self, name: str, strategy: Any) -> Cell:
        ref = self.root.spawn(Props(Guardian, strategy), name)
        assert isinstance(ref, LocalRef)
        watch(self.root, ref, None)
        return ref._cell

    # Actors

    def spawn(self, props: Props[M] | type[Actor[M]], name: str | None = None) -> ActorRef[M]:
        """Make an actor at the top, below ``/user``. It starts in a turn of its own.

        :param name: unique among living actors at the top; ``$a``, ``$b``, … when None.
        :raises InvalidActorName: for a name that is taken or not allowed.
        :raises RuntimeError: when the system terminates, or when called from another thread than the loop's.
        """
        if self._spawns_no_more or get_ident() != self._thread:
            self._refuse_to_spawn(props)
        return self._user_guardian.spawn(Props.of(props), name)

    def spawn_system(self, props: Props[M] | type[Actor[M]], name: str | None = None) -> ActorRef[M]:
        """Make an actor below ``/system``: these stop after all of ``/user``; by default the run queue runs them."""
        if self._spawns_no_more or get_ident() != self._thread:
            self._refuse_to_spawn(props)
        props = Props.of(props)
        if props.dispatcher is None and self.default_dispatcher is not None:
            props = props.with_dispatcher(RUN_QUEUE)  # these are nobody's own work that might block
        return self._system_guardian.spawn(props, name)

    def _refuse_to_spawn(self, props: Props[Any] | type[Actor[Any]]) -> None:
        name = Props.of(props).cls.__name__
        if get_ident() != self._thread:
            raise RuntimeError(
                f"spawn of {name} was called from another thread than that of the event loop;"
                " use loop.call_soon_threadsafe, or tell an actor to spawn it"
            )
        raise RuntimeError(f"the system {self.name!r} terminates: it cannot spawn {name}")

    def stop(self, ref: ActorRef[Any]) -> None:
        """Stop the actor after its current message; its queue becomes dead letters."""
        if isinstance(ref, LocalRef):
            lifecycle.request_stop(ref._cell)
        else:
            ref.tell(PoisonPill())

    async def graceful_stop(
        self, ref: ActorRef[Any], timeout: float | timedelta = 5.0, message: Any = None
    ) -> Terminated:
        """Tell the actor `message` (a `PoisonPill` when None) and wait until it has stopped.

        Its name is free again when this returns, unless it is the parent's handler that waits for it.

        :param timeout: seconds.
        :raises AskTimeout: when it has not stopped in time; it may still do so.
        """
        end = _End(self, ref)
        ref._watched_by(end)
        ref.tell(PoisonPill() if message is None else message)
        seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
        try:
            async with asyncio.timeout(seconds):
                return await end.future
        except TimeoutError:
            raise AskTimeout(f"{ref.path} has not stopped within {seconds:g} s: {ref._state_for(message)}") from None
        finally:
            ref._unwatched_by(end)

    def actor_selection(self, path: str) -> ActorSelection:
        """Those at `path`, such as ``/user/workers/*``; a relative one begins at ``/user``."""
        return ActorSelection(self, path, self._user_guardian)

    def tree(self) -> ActorNode:
        """The actors as they are now; `print` it, or walk over it."""
        return node_of(ActorView(self.root))

    async def attach_instrument(self, instrument: Instrument) -> None:
        """Let `instrument` see, from now on, the actors that are there and those to come, beside `Settings.instrument`.

        Mailboxes of actors that are there stay as they are. Until it is detached it costs what it does; then nothing.
        """
        self._attached.append(instrument)
        await self._reinstall()

    async def detach_instrument(self, instrument: Instrument) -> None:
        """Undo `attach_instrument`; raises `ValueError` when it is not attached."""
        self._attached.remove(instrument)
        await self._reinstall()

    async def _reinstall(self) -> None:
        own = self.settings.instrument
        instruments = [*([] if own is None else [own]), *self._attached]
        self.instrument = (
            None if not instruments else instruments[0] if len(instruments) == 1 else Instruments(*instruments)
        )
        async for actor in look_at_all(self):
            self.rewrap(actor.ref)

    def rewrap(self, ref: ActorRef[Any]) -> None:
        """Ask the instruments again for what is to handle the messages of `ref`: for one that has changed its mind."""
        if isinstance(ref, LocalRef):
            ref._cell.install()

    @property
    def dead_letters(self) -> DeadLettersRef:
        """Where messages without a receiver go; `dead_letters.count` is how many did."""
        return self._dead_letters.ref

    def publish_dead_letter(self, letter: DeadLetter) -> None:
        """Count, log and publish what found no receiver. From any thread."""
        if get_ident() != self._thread:
            self.loop.call_soon_threadsafe(self._dead_letters.publish, letter)
        else:
            self._dead_letters.publish(letter)

    def publish_unhandled(self, unhandled: UnhandledMessage) -> None:
        """Log, at the rate of dead letters, and publish what an actor had no case for. From any thread."""
        if get_ident() != self._thread:
            self.loop.call_soon_threadsafe(self._dead_letters.publish_unhandled, unhandled)
        else:
            self._dead_letters.publish_unhandled(unhandled)

    # The end

    async def terminate(self, reason: str = "terminate() was called") -> None:
        """Run the coordinated shutdown, whose last phase stops all actors, children first; return when all is done."""
        await self.coordinated_shutdown.run(reason)

    def terminate_on_signals(self, *signals: int) -> None:
        """Terminate when the process gets one of `signals`, by default SIGINT (Ctrl-C) and SIGTERM.

        A second one does what it did before this call: whoever is impatient need not wait. Typical use::

            async with ActorSystem("service") as system:
                system.terminate_on_signals()
                await system.when_terminated()

        :raises RuntimeError: where asyncio cannot handle signals: outside of the main thread, and on Windows.
        """
        wanted = signals or (signal.SIGINT, signal.SIGTERM)

        def received(number: int) -> None:
            forget()
            self.coordinated_shutdown.begin(f"the process got {signal.Signals(number).name}")

        def forget() -> None:
            for number, before in installed.items():
                self.loop.remove_signal_handler(number)
                if before is not None:  # one that Python did not set cannot be set again
                    signal.signal(number, before)
            installed.clear()

        installed = {number: signal.getsignal(number) for number in wanted}
        try:
            for number in wanted:
                self.loop.add_signal_handler(number, received, number)
        except (NotImplementedError, RuntimeError, ValueError) as error:
            raise RuntimeError(
                f"the system {self.name!r} cannot handle signals here: {error}; call terminate() from your own handler"
            ) from error
        self.on_end(forget)

    async def when_terminated(self) -> None:
        """Return when the system has terminated, whoever caused it."""
        await asyncio.shield(self._terminated)

    @property
    def is_terminated(self) -> bool:
        return self._terminated.done()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.terminate("the system's block was left" if error is None else f"its block was left with {error!r}")

    # What the runtime reports

    async def stop_actors(self) -> None:
        """Stop ``/user``, then ``/system``, then the root; return when it has stopped."""
        self._spawns_no_more = True
        for guardian in (self._user_guardian, self._system_guardian, self.root):
            end = _End(self, guardian.ref)
            add_watcher(guardian, end)
            lifecycle.request_stop(guardian)
            await end.future

    def root_failed(self, error: BaseException) -> None:
        self.log.critical("a failure was escalated to the top; the system %s terminates", self.name, exc_info=error)
        self.coordinated_shutdown.begin(f"a failure was escalated to the top: {error!r}")

    def root_stopped(self) -> None:
        if not self._actors_stopped.done():
            self._actors_stopped.set_result(None)

    def resource(self, key: object, make: Callable[[ActorSystem], Any]) -> Any:
        """What `make(self)` made when it was first asked for by `key`; its end is for `on_end`."""
        if key not in self._resources:
            self._resources[key] = make(self)
        return self._resources[key]

    def on_end(self, callback: Callable[[], object]) -> None:
        """Call `callback` when all actors have stopped."""
        self._at_end.append(callback)

    def finish_termination(self) -> None:
        self.asks.close()
        self.dispatcher.close()
        self.population.unfreeze()
        for callback in self._at_end:
            callback()
        if not self._terminated.done():
            self._terminated.set_result(None)

    def pending_actors(self) -> list[str]:
        """Who has not stopped and has nobody below to wait for: a few by name, the others counted."""
        guardians = {guardian.path for guardian in self.tree().children}
        leaves = [
            node
            for node in self.tree().walk()
            if not node.children and node.state != "stopped" and node.path not in guardians
        ]
        named = [
            f"{node.path} ({node.state}{f', handling a {node.handling}' if node.handling else ''})"
            for node in leaves[:NAMED_AT_THE_END]
        ]
        return named if len(leaves) <= NAMED_AT_THE_END else [*named, f"and {len(leaves) - NAMED_AT_THE_END:,} more"]

    def _held_the_loop(self, cells: list[Cell], seconds: float) -> None:
        users = [cell for cell in cells if cell.parent not in (None, self.root)] or cells  # the guardians do little
        names = [f"{cell.ref.path} ({cell.props.cls.__name__})" for cell in users]
        self.log.warning(
            "%s held the event loop for %.0f ms%s: nothing else ran meanwhile; await something in its handler, or move"
            " the work to a thread (asyncio.to_thread)",
            names[0] if len(names) == 1 else f"one of {', '.join(names)}",
            seconds * 1000,
            "" if len(names) == 1 else " (from now on each is timed for itself)",
        )

    def __repr__(self) -> str:
        return f"<ActorSystem {self.name}>"


class _End(ActorRef[Any]):
    """Watches one actor for code that is no actor."""

    __slots__ = ("_system", "future")

    def __init__(self, system: ActorSystem, watched: ActorRef[Any]) -> None:
        self._system = system
        self.future: asyncio.Future[Terminated] = system.loop.create_future()

    @property
    def path(self) -> str:
        return f"actors://{self._system.name}/temp/end"

    @property
    def system(self) -> ActorSystem:
        return self._system

    def tell(self, message: Any, sender: ActorRef[Any] | None = None) -> None:
        self._system.publish_dead_letter(DeadLetter(message, sender, self))

    def _notice_death(self, notice: Terminated) -> None:
        parent = notice.ref._cell.parent if isinstance(notice.ref, LocalRef) else None
        if parent is None or parent.is_waiting or parent.state != RUNNING:
            self._know(None, notice)
        else:  # behind the parent's own news of this end, which frees the name
            parent.signal(self._know, notice)

    def _know(self, _: Cell | None, notice: Terminated) -> None:
        if not self.future.done():
            self.future.set_result(notice)
