"""`VirtualLoop`: unmodified asyncio programs, aiohttp included, in virtual time, in memory, decided by one seed.

    program                          VirtualLoop
    -------                          -----------
    await sleep(3600), call_later →  when nothing is ready, time jumps to the next timer: an hour costs nothing
    create_server, connect, ...   →  `network`: in memory
    run_in_executor, to_thread    →  called inline, a turn later: no thread
    time.time(), random, uuid4()  →  follow the loop's clock and seed while it runs
    time.sleep(s)                 →  holds the loop for s seconds of virtual time
    subprocess, signals, TLS, ... →  `NotInVirtualTime`, saying what to use instead
    (nothing can ever happen)     →  `NothingCanHappen`, naming every task that waits, and for what

It is `asyncio.BaseEventLoop` with its selector, its network and, for a seeded order, its ready queue exchanged. This is
the only module of the test kit that uses asyncio's private names; ``tests/testkit/test_virtual_loop.py`` guards them on
each version of Python.

Order: callbacks run first come, first served, as asyncio promises. ``order="actors"`` lets the seed pick which ready
actor runs next, and leaves the loop alone. ``order="seeded"`` also picks between *owners* (the task, transport or
object whose method is next), and keeps the order within each: programs that lean on the order in which tasks were made
fail by it. Timers of equal time fire in the order they were set.
"""

from __future__ import annotations

import asyncio
import collections
import contextvars
import gc
import heapq
import itertools
import math
import random
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Literal, NoReturn, TypeVar
from weakref import WeakKeyDictionary

from actors.testkit import _outside
from actors.testkit._transport import HERE, LIFE, Address
from actors.testkit.machines import Life
from actors.testkit.network import Network, unix_path

__all__ = ["NotInVirtualTime", "NothingCanHappen", "VirtualLoop"]

T = TypeVar("T")
Order = Literal["fifo", "actors", "seeded"]
MAX_TURNS = 20_000_000


class NothingCanHappen(RuntimeError):
    """No callback is ready and no timer is set, yet the program has not ended; or it turns in circles."""


class NotInVirtualTime(NotImplementedError):
    """The program asked for something that has no place in virtual time; the text says what to use instead."""


class _Numbered:
    """Hashed by number, not by address: a set of tasks or futures has one order in every run."""

    def __init__(self, *args: Any, loop: VirtualLoop, **options: Any) -> None:
        self.number = next(loop.numbers)  # before super(): Task.__init__ puts itself into a set
        super().__init__(*args, loop=loop, **options)  # type: ignore[call-arg]

    def __hash__(self) -> int:
        return self.number


class VirtualTask(_Numbered, asyncio.Task[Any]):
    def __init__(self, *args: Any, loop: VirtualLoop, **options: Any) -> None:
        context = options.get("context")
        self.life = LIFE.get() if context is None else context.get(LIFE)
        super().__init__(*args, loop=loop, **options)


class VirtualFuture(_Numbered, asyncio.Future[Any]):
    pass


class _Timer(asyncio.TimerHandle):
    """Equal times keep the order in which they were set; asyncio's heap may swap them."""

    def __init__(self, number: int, when: float, callback: Any, args: Any, loop: Any, context: Any) -> None:
        super().__init__(when, callback, args, loop, context)
        self.number = number

    def __lt__(self, other: Any) -> bool:
        return (self._when, self.number) < (other._when, other.number)  # type: ignore[attr-defined]


class _SeededReady(collections.deque[asyncio.Handle]):
    """The loop's ready queue when the order between owners is drawn."""

    chance: random.Random

    def popleft(self) -> asyncio.Handle:
        if len(self) > 1:
            owners = [getattr(handle._callback, "__self__", None) for handle in self]  # type: ignore[attr-defined]
            chosen = self.chance.choice(owners)
            index = next(i for i, owner in enumerate(owners) if owner is chosen)
            handle = self[index]
            del self[index]
            return handle
        return super().popleft()


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop in virtual time. The clock starts at 0 s; wall-clock time at 2026-01-01 00:00:00 UTC.

    ``seed``: decides what is drawn: the network's latency, ``random``, uuids, the order when ``order="seeded"``.
    ``max_turns``: after so many turns of the loop `NothingCanHappen` is raised: the program turns in circles.
    ``max_still``: as well after so many turns in which no time passed.
    ``max_growth``: as well when the process has grown by so many bytes since the loop was made (looked at each 300
    turns, on Linux): the program hoards.
    """

    _ready: collections.deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(
        self,
        seed: int = 0,
        *,
        order: Order = "fifo",
        max_turns: int = MAX_TURNS,
        max_still: int = MAX_TURNS,
        max_growth: float = math.inf,
    ) -> None:
        super().__init__()
        self.seed = seed
        self.chance = random.Random(seed)
        self.numbers = itertools.count(1)
        self.network = Network(self, self.chance)
        self.turns = 0
        self.max_turns = max_turns
        self._max_still = max_still
        self._moved = (0.0, 0)  # when time moved last, and in which turn
        self._max_size = max_growth if max_growth == math.inf else max_growth + _outside.process_size()
        self.stuck = False
        self._now = 0.0
        self._clock_resolution = 1e-9  # must be above 0: the loop compares with `<`
        self._selector = self
        self._dialled: WeakKeyDictionary[socket.socket, Address] = WeakKeyDictionary()
        self._outside = _outside.Outside(self, seed, VirtualTask)
        self._drifts: dict[str, tuple[float, float, float]] = {}  # address: rate, since, what its clock showed then
        self._dead: list[Life] = []
        self._thinned_in = -1  # the turn in which something that was ready has been withheld
        self.choose_ready_cell: Callable[[int], int] | None = None
        """Asked by actor systems which ready actor runs next; None: first come, first served."""
        self._set_order(order)
        self.set_task_factory(_make_task)  # type: ignore[arg-type]

    def reseed(self, seed: int, order: Order | None = None) -> None:
        """Go on as if the loop had been made with this seed (and order, when one is given)."""
        self.seed = seed
        self.chance.seed(seed)
        self._outside.reseed(seed)
        if order is not None:
            self._set_order(order)

    def _set_order(self, order: Order) -> None:
        self.choose_ready_cell = None if order == "fifo" else self.chance.randrange
        if order == "seeded":
            self._ready = ready = _SeededReady(self._ready)
            ready.chance = self.chance
        else:
            self._ready = collections.deque(self._ready)

    # time

    def time(self) -> float:
        """Virtual seconds since the loop was made, by the clock of the machine whose code is running."""
        if self._drifts and (drift := self._drifts.get(HERE.get())) is not None:
            rate, since, shown = drift
            return shown + (self._now - since) * rate
        return self._now

    def drift(self, address: str, rate: float) -> None:
        """Let a machine's clock go ``rate`` times as fast as the others' from now on. Timers set before keep theirs."""
        if rate <= 0:
            raise ValueError(f"a clock's rate must be above 0, not {rate!r}")
        before, since, shown = self._drifts.get(address, (1.0, 0.0, 0.0))
        self._drifts[address] = (rate, self._now, shown + (self._now - since) * before)

    def hold(self, seconds: float) -> None:
        """Let time pass while the running callback holds the loop: what ``time.sleep`` means here."""
        self._now += max(0.0, seconds)

    def select(self, timeout: float | None) -> None:
        """The selector's part: with nothing ready, jump to the next timer."""
        self.turns += 1
        if timeout is None:
            raise NothingCanHappen(
                "nothing can ever happen again: no callback is ready and no timer is set, yet these wait:\n"
                + describe_waiting(self)
                + "\nLikely: a message nobody answers, an event nobody sets, a lock held by its own waiter."
            )
        if self._now != self._moved[0]:
            self._moved = (self._now, self.turns)
        if self.turns > self.max_turns or self.turns - self._moved[1] > self._max_still:
            raise NothingCanHappen(
                f"after {self.turns} turns of the loop, at {self._now:.3f} virtual seconds, the program has not ended: "
                f"something runs or ticks in circles. Waiting:\n{describe_waiting(self)}"
            )
        if self.turns % 300 == 0 and self._max_size < math.inf and _outside.process_size() > self._max_size:
            self._max_size = math.inf  # told once: now the program must be unwound
            raise NothingCanHappen(
                f"after {self.turns} turns of the loop, at {self._now:.3f} virtual seconds, the process has grown to "
                f"{_outside.process_size() >> 20} MB: something is made again and again. "
                f"Waiting:\n{describe_waiting(self)}"
            )
        if timeout:
            self._now = max(self._now, self._scheduled[0]._when)  # type: ignore[attr-defined]

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        if when is None:
            raise TypeError("when cannot be None")
        self._check_closed()  # type: ignore[attr-defined]
        if self._drifts and (drift := self._drifts.get(HERE.get())) is not None:
            rate, since, shown = drift
            when = since + (when - shown) / rate + 1e-9  # never a rounding too early: what looks would wait again
        return self.call_at_true(when, callback, *args, context=context)

    def call_at_true(
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        """`call_at` by the world's own time, as the network keeps it, and not by the clock of any machine."""
        timer = _Timer(next(self.numbers), when, callback, args, self, context)
        life = LIFE.get() if context is None else context.get(LIFE)
        if life is not None and not life.running:
            life.kept.append(timer)
            return timer
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

    # machines: lives that end, or stand still

    def withhold(self, life: Life) -> None:
        """Let nothing of this life run, until `release`."""
        life.running = False
        if life.dead:
            for task in asyncio.all_tasks(self):
                if getattr(task, "life", None) is life:
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    life.graves.append(task)
        ready = [handle for handle in self._ready if _life_of(handle) is life]
        timers = [timer for timer in self._scheduled if _life_of(timer) is life]
        if ready:
            others = [handle for handle in self._ready if _life_of(handle) is not life]
            self._ready.clear()
            self._ready.extend(others)
            self._thinned_in = self.turns
        if timers:
            for timer in timers:
                timer._scheduled = False  # type: ignore[attr-defined]  # its cancellation is not the heap's concern
            # In place: the running turn of the loop holds on to the list.
            self._scheduled[:] = [timer for timer in self._scheduled if timer._scheduled]  # type: ignore[attr-defined]
            heapq.heapify(self._scheduled)
        life.kept += [*ready, *sorted(timers)]
        if life.dead:
            self._dead.append(life)
        self.call_soon = self._call_soon_of_the_running  # type: ignore[method-assign, assignment]

    def release(self, life: Life) -> None:
        """Let a withheld life go on."""
        kept, life.kept = life.kept, []
        life.running = True
        for handle in kept:
            if handle.cancelled():
                continue
            if isinstance(handle, asyncio.TimerHandle):
                handle._scheduled = True  # type: ignore[attr-defined]
                heapq.heappush(self._scheduled, handle)
            else:
                self._ready.append(handle)

    def _call_soon_of_the_running(
        self, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """In place of `call_soon` from the first machine on that was killed or paused: others pay nothing for it."""
        life = LIFE.get() if context is None else context.get(LIFE)
        if life is None or life.running:
            return asyncio.BaseEventLoop.call_soon(self, callback, *args, context=context)
        handle = asyncio.Handle(callback, args, self, context)
        life.kept.append(handle)
        return handle

    # running

    def run_forever(self) -> None:
        collecting = gc.isenabled()
        gc.disable()  # a collection would run finalizers at any point
        try:
            with self._outside:
                super().run_forever()
        finally:
            if collecting:
                gc.enable()

    def _run_once(self) -> None:
        try:
            super()._run_once()  # type: ignore[misc]
        except IndexError:
            # asyncio counts what is ready as a turn begins. What was withheld within the turn is missing at its end.
            if self._ready or self._thinned_in != self.turns:
                raise

    def run_until_complete(self, future: Any) -> Any:
        future = asyncio.ensure_future(future, loop=self)
        try:
            return super().run_until_complete(future)
        except NothingCanHappen as stuck:
            self.stuck = True
            # Unwind the program before telling, so that its ``finally`` blocks still see a living loop.
            future.cancel("nothing can ever happen again")
            self.max_turns = self._max_still = self.turns + MAX_TURNS
            try:
                super().run_until_complete(future)
            except (asyncio.CancelledError, NothingCanHappen):
                pass
            except Exception as error:  # noqa: BLE001 - told with the error that came first
                stuck.add_note(f"and while it was cancelled: {type(error).__name__}: {error}")
            raise

    def call_soon_threadsafe(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        if self._thread_id not in (None, threading.get_ident()):  # type: ignore[attr-defined]
            raise NotInVirtualTime(
                f"thread {threading.current_thread().name!r} calls into a virtual loop, whose order no thread may "
                "disturb: use loop.run_in_executor (runs inline here), or @pytest.mark.real"
            )
        return self.call_soon(callback, *args, context=context)

    def close(self) -> None:
        """Close the loop, and bury the dead: only now may the ``finally`` blocks of what was killed run, in silence."""
        _outside.forget()
        if self._dead:
            hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    for life in self._dead:
                        life.graves.clear()
                        life.kept.clear()
                    self._dead.clear()
                    self.network.transports.clear()
                    self.network.listeners.clear()
                    super().close()
                    gc.collect()
                    gc.collect()  # what the ``finally`` blocks that the first one ran have left
            finally:
                sys.unraisablehook = hook
        super().close()

    def create_future(self) -> asyncio.Future[Any]:
        return VirtualFuture(loop=self)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Call ``func`` inline, a turn later, as if in a thread: no running loop, no context."""
        self._check_closed()  # type: ignore[attr-defined]
        future: asyncio.Future[T] = self.create_future()

        def work() -> None:
            if future.cancelled():
                return
            asyncio._set_running_loop(None)
            try:
                result = func(*args)
            except Exception as error:  # noqa: BLE001 - the caller of run_in_executor gets it
                failure: Exception | None = error
            else:
                failure = None
            finally:
                asyncio._set_running_loop(self)
            if future.cancelled():
                return
            if failure is not None:
                future.set_exception(failure)
            else:
                future.set_result(result)

        context = contextvars.Context()  # as in a thread; on the same machine, though
        context.run(HERE.set, HERE.get())
        context.run(LIFE.set, LIFE.get())
        self.call_soon(work, context=context)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is none."""

    def _process_events(self, event_list: None) -> None:
        """The network needs no polling."""

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector."""

    # network

    async def getaddrinfo(self, host: Any, port: Any, **_options: Any) -> Any:
        address = (self.network.resolve(host), int(port or 0))
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address)]

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> Any:
        return str(sockaddr[0]), str(sockaddr[1])

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Dial for a socket (as aiohttp does) that stays unconnected itself; `create_connection` takes it over."""
        address = address if isinstance(address, str) else (self.network.resolve(address[0]), address[1])
        await self.network.reach(address)
        self._dialled[sock] = address

    async def create_connection(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        *,
        ssl: Any = None,
        sock: socket.socket | None = None,
        **_options: Any,
    ) -> Any:
        _refuse_tls(ssl)
        if sock is not None:
            address = self._dialled.pop(sock, None)
            sock.close()
            if address is None:
                raise NotInVirtualTime("a socket connected outside of the loop cannot be used in virtual time")
        else:
            if host is None or port is None:
                raise ValueError("host and port was not specified and no sock specified")
            address = (self.network.resolve(host), int(port))
            await self.network.reach(address)
        transport = self.network.connect(protocol_factory, address)
        return transport, transport.get_protocol()

    async def create_unix_connection(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        path: Any = None,
        *,
        ssl: Any = None,
        **_options: Any,
    ) -> Any:
        _refuse_tls(ssl)
        await self.network.reach(unix_path(path))
        transport = self.network.connect(protocol_factory, unix_path(path))
        return transport, transport.get_protocol()

    async def create_server(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: Any = None,
        port: int | None = None,
        *,
        sock: socket.socket | None = None,
        ssl: Any = None,
        **_options: Any,
    ) -> Any:
        _refuse_tls(ssl)
        if sock is not None:
            raise NotInVirtualTime(
                "a real socket cannot listen in virtual time: pass host and port, or use @pytest.mark.real"
            )
        hosts = [host] if host is None or isinstance(host, str) else list(host)
        return self.network.listen(protocol_factory, hosts, port or 0)

    async def create_unix_server(
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        path: Any = None,
        *,
        ssl: Any = None,
        **_options: Any,
    ) -> Any:
        _refuse_tls(ssl)
        return self.network.listen_at(protocol_factory, unix_path(path))

    async def sendfile(
        self, transport: Any, file: Any, offset: int = 0, count: int | None = None, *, fallback: bool = True
    ) -> int:
        """Read the file and write it to the connection; there is no kernel to do it."""
        file.seek(offset)
        data = file.read() if count is None else file.read(count)
        transport.write(data)
        return len(data)

    def remove_signal_handler(self, sig: int) -> bool:
        return False

    def remove_reader(self, fd: Any) -> bool:
        return False

    def remove_writer(self, fd: Any) -> bool:
        return False


_REAL = "or @pytest.mark.real"
_STREAMS = f"asyncio's streams over the in-memory network, {_REAL}"
_REFUSED = {
    "add_signal_handler": ("a signal handler", f"a call of what it would call, {_REAL}"),
    "subprocess_exec": ("a child process", f"a simulated task (actors.local_mesos: runner='simulated'), {_REAL}"),
    "subprocess_shell": ("a child process", f"a simulated task (actors.local_mesos: runner='simulated'), {_REAL}"),
    "start_tls": ("TLS", f"plain connections: nobody listens in here, {_REAL}"),
    "add_reader": ("add_reader", _STREAMS),
    "add_writer": ("add_writer", _STREAMS),
    "create_datagram_endpoint": ("a datagram endpoint", _STREAMS),
    "connect_read_pipe": ("a pipe", _STREAMS),
    "connect_write_pipe": ("a pipe", _STREAMS),
    "connect_accepted_socket": ("a real socket", _STREAMS),
    "sock_accept": ("a real socket", _STREAMS),
    "sock_recv": ("a real socket", _STREAMS),
    "sock_recv_into": ("a real socket", _STREAMS),
    "sock_recvfrom": ("a real socket", _STREAMS),
    "sock_sendall": ("a real socket", _STREAMS),
    "sock_sendto": ("a real socket", _STREAMS),
}


def _refuse(method: str) -> NoReturn:
    what, instead = _REFUSED[method]
    raise NotInVirtualTime(f"{what} has no place in virtual time; use {instead}")


def _refuse_tls(ssl: Any) -> None:
    if ssl:
        _refuse("start_tls")


def _refusing(method: str) -> Callable[..., NoReturn]:
    def refused(_loop: VirtualLoop, *_args: Any, **_options: Any) -> NoReturn:
        _refuse(method)

    return refused


for _method in _REFUSED:
    setattr(VirtualLoop, _method, _refusing(_method))


def _make_task(loop: VirtualLoop, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
    return VirtualTask(coro, loop=loop, **options)


def _life_of(handle: Any) -> Life | None:
    return handle._context.get(LIFE)  # type: ignore[no-any-return]


def describe_waiting(loop: asyncio.AbstractEventLoop) -> str:
    """One line per task that has not ended: its name, what it runs, and the innermost line where it waits."""
    lines = [f"  - {describe_task(task)}" for task in sorted_tasks(loop)]
    return "\n".join(lines[:50]) or "  - (no task)"


def sorted_tasks(loop: asyncio.AbstractEventLoop) -> list[asyncio.Task[Any]]:
    """The tasks that have not ended, oldest first."""
    return sorted(asyncio.all_tasks(loop), key=lambda task: getattr(task, "number", 0))


def describe_task(task: asyncio.Task[Any]) -> str:
    """A task's name, what it runs, and the innermost line where it waits."""
    coro: Any = task.get_coro()
    outer = getattr(coro, "__qualname__", repr(coro))
    place = ""
    for inner in _awaited(coro):
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None) or getattr(inner, "ag_frame", None)
        if frame is not None:
            place = f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_qualname}"
    return f"{task.get_name()}: {outer} waits at {place}" if place else f"{task.get_name()}: {outer}"


def _awaited(coro: Any) -> Iterator[Any]:
    while coro is not None:
        yield coro
        coro = getattr(coro, "cr_await", None) or getattr(coro, "gi_yieldfrom", None) or getattr(coro, "ag_await", None)
