"""The runner's loop: orders in, events out, children reaped, grace periods kept. The package has its contract."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import heapq
import os
import select
import signal
import socket
import sys
import time
from typing import Any

from . import PROTOCOL
from ._connection import Connection
from ._journal import Journal
from ._log import warn
from ._processes import processes, program, signal_group, signal_process
from ._sandbox import make_sandbox, rotate
from ._usage import usage

SWEEP_EVERY = 5.0  # seconds between looks at the sizes of outputs and at stray processes
LINGER_EVERY = 0.05  # seconds between looks at a process group that outlives its leader
TERM_GRACE = 3.0  # seconds for the tasks, when the runner itself gets SIGTERM
PR_SET_CHILD_SUBREAPER = 36
RESET_SIGNALS = sorted(signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP})
OUTPUTS = os.O_WRONLY | os.O_CREAT | os.O_APPEND


def descriptors(outputs: str) -> list[tuple[int, int, str, int, int]]:
    """For `os.posix_spawn`: nothing to read, and the two outputs in that folder."""
    return [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.path.join(outputs, "stdout"), OUTPUTS, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, os.path.join(outputs, "stderr"), OUTPUTS, 0o644),
    ]


class Task:
    """One process group, with its outputs in ``sandbox``.

    ``event`` is the last thing to say of it; it is over once that is not ``started``.
    """

    __slots__ = ("deadline", "event", "id", "pid", "sandbox", "status")

    def __init__(self, task_id: str, sandbox: str, event: dict[str, Any]) -> None:
        self.id = task_id
        self.sandbox = sandbox
        self.event = event
        self.pid: int = event.get("pid", 0)
        self.deadline: float | None = None  # when SIGKILL is due: set once it is being killed
        self.status: int | None = None  # the leader's, while others of its group are still there

    @property
    def over(self) -> bool:
        return bool(self.event["is"] != "started")


class Runner:
    """Everything that one agent runs, below ``folder``."""

    def __init__(self, folder: str, listener: socket.socket) -> None:
        self._folder = folder
        self._poll = select.poll()
        self._agent = Connection(listener, self._poll)
        self._journal = Journal(os.path.join(folder, "runner.journal"))
        self._environment = dict(os.environ)
        self._tasks: dict[str, Task] = {}
        self._by_pid: dict[int, Task] = {}
        self._lingering: list[Task] = []
        self._deadlines: list[tuple[float, str]] = []
        self._events: list[dict[str, Any]] = []  # of this turn: journalled and sent together
        self._terminated = False
        self._stopping = False
        self._strays_possible = False
        self._next_sweep = time.monotonic() + SWEEP_EVERY

    # -- the loop --------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        """Until stopped, or until nobody needs it any more."""
        self._recover()
        wakeup = self._catch_signals()
        while True:
            for fd, event in self._poll.poll(self._timeout()):
                if fd == wakeup.fileno():
                    with contextlib.suppress(BlockingIOError):
                        while wakeup.recv(4096):
                            pass
                for order in self._agent.orders(fd, event):
                    try:
                        self._obey(order)
                    except (KeyError, TypeError) as error:  # one wrong order must not cost every task its parent
                        warn(f"ignored an order that lacks something: {order!r} ({type(error).__name__}: {error})")
            if self._terminated and not self._stopping:
                self._stop(TERM_GRACE)
            self._reap()
            self._expire()
            self._publish()
            # Without tasks it waits for no agent: exits that were not taken are in the journal for the next runner.
            if not self._by_pid and not self._lingering and (self._stopping or self._agent.absent):
                break
            if time.monotonic() >= self._next_sweep:
                self._sweep()
        self._end()

    def _catch_signals(self) -> socket.socket:
        """Handlers only wake the loop up: what they would change may be half-way changed when they run."""

        def terminate(*_: object) -> None:
            self._terminated = True

        wakeup, end = socket.socketpair()
        wakeup.setblocking(False)
        end.setblocking(False)
        signal.set_wakeup_fd(end.detach(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, terminate)
        for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(ignored, signal.SIG_IGN)
        self._poll.register(wakeup, select.POLLIN)
        return wakeup

    def _timeout(self) -> int:
        due = self._next_sweep
        if self._lingering:
            due = min(due, time.monotonic() + LINGER_EVERY)
        if self._deadlines:
            due = min(due, self._deadlines[0][0])
        return max(0, int((due - time.monotonic()) * 1000) + 1)

    def _recover(self) -> None:
        """Take over the journal of a runner that was killed: its tasks are nobody's children, so they end."""
        now = time.time()
        for task_id, event in self._journal.load().items():
            if event["is"] == "started":
                event = {"is": "lost", "id": task_id, "at": now}
            self._tasks[task_id] = Task(task_id, "", event)
        for pid, _, sandbox in processes():
            if sandbox.startswith(self._folder + os.sep):
                signal_process(pid, signal.SIGKILL)
        self._journal.rewrite([task.event for task in self._tasks.values()])

    def _obey(self, order: dict[str, Any]) -> None:
        match order["do"]:
            case "attach":
                self._publish()  # what happened before the hello is in it, not after it
                self._environment = order["environment"]
                held = [task.event for task in self._tasks.values()]
                self._agent.send({"is": "hello", "protocol": PROTOCOL, "pid": os.getpid(), "held": held})
            case "launch":
                self._launch(order)
            case "kill":
                self._kill(order["id"], order["grace"])
            case "forget":
                self._forget(order["ids"])
            case "measure":
                running = {task.pid: task.id for task in self._by_pid.values()}
                self._agent.send({"is": "usage", "of": usage(running, order["exact"])})
            case "leave" if self._by_pid or self._lingering:
                self._agent.send({"is": "staying"})
            case "leave" | "stop":
                self._stop(order.get("grace", 0))
            case other:
                warn(f"ignored an order this runner does not know: {other!r} (it speaks protocol {PROTOCOL})")

    def _publish(self) -> None:
        """Journal what happened in this turn, then say it."""
        events, self._events = self._events, []
        try:
            if events:
                self._journal.append(events)
                if self._journal.worth_rewriting(len(self._tasks)):
                    self._journal.rewrite([task.event for task in self._tasks.values()])
        except OSError as error:
            # The agent hears of the exits all the same; only this process's own death could lose them now.
            events.append({"is": "warning", "text": f"cannot write the runner's journal in {self._folder}: {error}"})
        for event in events:
            if event["is"] != "forgotten":
                self._agent.send(event)

    # -- tasks -----------------------------------------------------------------------------------------------------

    def _launch(self, order: dict[str, Any]) -> None:
        task_id: str = order["id"]
        if task_id in self._tasks:
            return  # repeated by an agent that did not see the answer
        sandbox = os.path.join(self._folder, order["sandbox"])
        environment = {**self._environment, **order["env"], "MESOS_SANDBOX": sandbox, "MESOS_DIRECTORY": sandbox}
        try:
            if self._stopping:
                raise OSError(errno.ESHUTDOWN, "the task runner is stopping")
            make_sandbox(sandbox)
            outputs = os.path.join(sandbox, order["outputs"]) if order["outputs"] else sandbox
            os.makedirs(outputs, exist_ok=True)
            os.chdir(sandbox)  # posix_spawn cannot change it in the child; this process has one thread to disturb
            file, arguments = program(order, environment)
            pid = os.posix_spawn(
                file,
                arguments,
                environment,
                file_actions=descriptors(outputs),
                setsid=True,
                setsigmask=(),
                setsigdef=RESET_SIGNALS,
            )
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            self._tell(Task(task_id, sandbox, {}), {"is": "refused", "error": reason})
            return
        task = Task(task_id, outputs, {"pid": pid})
        self._by_pid[pid] = task
        self._tell(task, {"is": "started", "pid": pid})

    def _tell(self, task: Task, event: dict[str, Any]) -> None:
        task.event = {**event, "id": task.id, "at": time.time()}
        self._tasks[task.id] = task
        self._events.append(task.event)

    def _kill(self, task_id: str, grace: float) -> None:
        task = self._tasks.get(task_id)
        if task is None or task.over:
            return
        deadline = time.monotonic() + grace
        if task.deadline is not None:  # a later kill can only shorten the grace period
            if deadline >= task.deadline:
                return
        elif grace > 0:
            signal_group(task.pid, signal.SIGTERM)
        task.deadline = deadline
        heapq.heappush(self._deadlines, (deadline, task_id))

    def _expire(self) -> None:
        now = time.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            task = self._tasks.get(heapq.heappop(self._deadlines)[1])
            if task is not None and not task.over:
                signal_group(task.pid, signal.SIGKILL)
        for task in self._lingering.copy():
            if not signal_group(task.pid, 0):
                self._lingering.remove(task)
                self._exited(task)

    def _reap(self) -> None:
        while True:
            try:
                # Look first and reap after the group was signalled: while the leader is a zombie its number
                # cannot become another process's.
                found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if found is None:
                return
            task = self._by_pid.pop(found.si_pid, None)
            if task is not None and task.deadline is None:
                signal_group(task.pid, signal.SIGKILL)  # as a container ends with its command
            _, status = os.waitpid(found.si_pid, 0)
            if task is None:
                continue  # an orphan of some task, inherited as its subreaper
            task.status = status
            if signal_group(task.pid, 0):  # others are dying, or use up the grace period
                self._lingering.append(task)
            else:
                self._exited(task)

    def _exited(self, task: Task) -> None:
        self._strays_possible = True
        self._tell(task, {"is": "exited", "status": task.status})

    def _forget(self, task_ids: list[str]) -> None:
        gone = [task_id for task_id in task_ids if task_id in self._tasks and self._tasks[task_id].over]
        for task_id in gone:
            del self._tasks[task_id]
        if gone:
            self._events.append({"is": "forgotten", "ids": gone})

    def _stop(self, grace: float) -> None:
        self._stopping = True
        for task in list(self._by_pid.values()):
            self._kill(task.id, grace)

    # -- now and then ----------------------------------------------------------------------------------------------

    def _sweep(self) -> None:
        """Rotate outputs, end strays, and end altogether when the folder is gone."""
        self._next_sweep = time.monotonic() + SWEEP_EVERY
        if not os.path.isdir(self._folder):
            warn(f"{self._folder} was removed: no agent can find this runner any more, so it ends with its tasks")
            self._stop(TERM_GRACE)
            return
        for task in self._by_pid.values():
            for name in ("stdout", "stderr"):
                try:
                    rotate(os.path.join(task.sandbox, name))
                except OSError as error:
                    warn(f"cannot rotate {name} in {task.sandbox}: {error}")
        if self._strays_possible:
            self._strays_possible = False
            self._end_strays()

    def _end_strays(self) -> None:
        """Kill what tasks that are over left outside their process groups; such orphans are this process's children."""
        running = {task.sandbox for task in self._tasks.values() if not task.over}
        for pid, parent, sandbox in processes():
            if parent == os.getpid() and pid not in self._by_pid and sandbox and sandbox not in running:
                signal_process(pid, signal.SIGKILL)

    def _end(self) -> None:
        self._publish()
        for _ in range(3):  # a stray's own children become ours only when it is dead
            self._end_strays()
            self._reap()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self._folder, "runner.sock"))
        self._agent.close()


def main() -> None:
    folder, listening_fd = os.path.realpath(sys.argv[1]), int(sys.argv[2])
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.set_inheritable(listening_fd, False)
    Runner(folder, socket.socket(fileno=listening_fd)).serve()
