"""Actors in processes of their own. Real processes, so real time."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from actors import (
    Actor,
    ActorInitializationError,
    ActorSystem,
    AskTimeout,
    Directive,
    OneForOneStrategy,
    Props,
    Settings,
    Terminated,
)
from actors.patterns.processes import (
    MessageRefused,
    ProcessCrashed,
    ProcessProps,
    ProcessStartFailed,
    RemoteError,
    RemoteTraceback,
)
from actors.testkit import EventFilter, TestKit

from .workers import AsyncWorker, CannotStart, Watcher, Worker

pytestmark = pytest.mark.real

PATIENCE = 60.0  # seconds that a busy machine may take for what it would do at once

ROOT = Path(__file__).resolve().parents[3]


class Parent(Actor):
    """Spawns a worker in a process, decides as told, and passes on what it is told."""

    def __init__(self, report, decide=None, props=None):
        self.report, self.props = report, props or ProcessProps(Worker)
        self.supervisor_strategy = OneForOneStrategy(decider=self.judge)
        self.decide = decide

    def judge(self, error):
        self.report.tell(error)
        return self.decide

    def pre_start(self):
        child = self.context.spawn(self.props, "worker")
        self.context.watch(child)
        self.report.tell(child)

    def receive(self, message):
        self.report.tell((message, self.sender))


async def child_of(system, probe, directive, props=None):
    system.spawn(Props(Parent, probe.ref, directive, props), "parent")
    return await probe.receive_one(PATIENCE)


async def is_gone(*pids):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if not any(runs(pid) for pid in pids):
            return True
        await asyncio.sleep(0.02)
    return False


def runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE  # Thespian buries its dead every two seconds
    except psutil.NoSuchProcess:
        return False


def command_of(process):
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


async def test_it_is_spawned_told_and_asked_like_any_child_and_lives_in_another_process(system):
    worker = system.spawn(ProcessProps(Worker, start=5), "worker")
    assert await worker.ask("count", PATIENCE) == 6
    worker.tell("count")
    assert await worker.ask("count", PATIENCE) == 8
    assert await worker.ask("pid", PATIENCE) != os.getpid()
    assert worker.path == "actors://test/user/worker"


async def test_handlers_and_hooks_there_may_be_async(system):
    worker = system.spawn(ProcessProps(AsyncWorker))
    assert await worker.ask("hello", PATIENCE) == "hello"


@pytest.mark.parametrize(
    ("how", "exit_code", "says"),
    [(("exit", 3), 3, "ended with status 3"), ("kill", -9, "SIGKILL"), ("segfault", -11, "SIGSEGV")],
    ids=["exit", "kill", "segfault"],
)
async def test_a_crash_is_a_failure_and_a_restart_starts_a_new_process_with_the_same_mailbox(
    system, probe, how, exit_code, says
):
    worker = await child_of(system, probe, Directive.RESTART)
    first = await worker.ask("pid", PATIENCE)
    worker.tell("count")
    worker.tell(how)
    second, count = await asyncio.gather(worker.ask("pid", PATIENCE), worker.ask("count", PATIENCE))
    assert second != first
    assert count == 1  # a new instance
    error = await probe.receive_one(PATIENCE)
    assert isinstance(error, ProcessCrashed)
    assert (error.pid, error.exit_code) == (first, exit_code)
    assert says in str(error)
    assert worker.path in str(error)
    assert await is_gone(first)


async def test_an_idle_process_that_is_killed_is_noticed_without_a_message(system, probe):
    worker = await child_of(system, probe, Directive.RESTART)
    os.kill(await worker.ask("pid", PATIENCE), signal.SIGKILL)
    assert isinstance(await probe.receive_one(PATIENCE), ProcessCrashed)
    assert await worker.ask("count", PATIENCE) == 1


async def test_a_parent_that_stops_a_crashed_child_gets_the_crash_as_the_reason(system, probe):
    worker = await child_of(system, probe, Directive.STOP)
    worker.tell(("exit", 4))
    assert isinstance(await probe.receive_one(PATIENCE), ProcessCrashed)
    (terminated, _) = await probe.receive_one(PATIENCE)
    assert isinstance(terminated, Terminated)
    assert terminated.ref is worker
    assert terminated.reason.exit_code == 4


async def test_a_crashed_child_that_is_resumed_goes_on_in_a_new_process_since_nothing_is_left_of_the_old(system, probe):
    worker = await child_of(system, probe, Directive.RESUME)
    worker.tell("count")
    worker.tell("kill")
    assert await worker.ask("count", PATIENCE) == 1


async def test_an_error_crosses_with_its_class_and_its_traceback(system, probe):
    worker = await child_of(system, probe, Directive.STOP)
    worker.tell(("raise", ValueError("too much flour")))
    error = await probe.receive_one(PATIENCE)
    assert type(error) is ValueError
    assert error.args == ("too much flour",)
    assert isinstance(error.__cause__, RemoteTraceback)
    assert "workers.py" in str(error.__cause__)
    assert "in receive" in str(error.__cause__)


async def test_an_error_that_cannot_be_pickled_crosses_as_a_remote_error_that_says_the_same(system, probe):
    worker = await child_of(system, probe, Directive.STOP)
    worker.tell("raise unpicklable")
    error = await probe.receive_one(PATIENCE)
    assert isinstance(error, RemoteError)
    assert "Unpicklable: flour and water" in str(error)
    assert "in receive" in str(error.__cause__)


async def test_an_error_as_an_answer_is_raised_where_it_was_asked(system):
    worker = system.spawn(ProcessProps(Worker))
    with pytest.raises(LookupError, match="no such thing"):
        await worker.ask("answer an error", PATIENCE)


async def test_resumed_after_an_error_it_keeps_its_process_and_its_state(system, probe):
    worker = await child_of(system, probe, Directive.RESUME)
    pid = await worker.ask("pid", PATIENCE)
    worker.tell("count")
    worker.tell(("raise", ValueError("once")))
    assert await worker.ask("count", PATIENCE) == 2
    assert await worker.ask("pid", PATIENCE) == pid


async def test_restarted_after_an_error_it_has_a_new_process_and_the_old_one_ends(system, probe):
    worker = await child_of(system, probe, Directive.RESTART)
    pid = await worker.ask("pid", PATIENCE)
    worker.tell(("raise", ValueError("once")))
    assert await worker.ask("pid", PATIENCE) != pid
    assert await is_gone(pid)


async def test_an_error_in_a_message_of_its_own_timer_is_its_parents_business_too(system, probe):
    worker = await child_of(system, probe, Directive.RESUME)
    worker.tell("later")
    error = await probe.receive_one(PATIENCE)
    assert str(error) == "in a timer's message"
    assert await worker.ask("count", PATIENCE) == 1


async def test_an_error_after_an_await_is_supervised(system, probe):
    worker = await child_of(system, probe, Directive.RESUME, ProcessProps(AsyncWorker))
    worker.tell("raise")
    assert str(await probe.receive_one(PATIENCE)) == "after a while"
    assert await worker.ask("still there", PATIENCE) == "still there"


@pytest.mark.parametrize(("how", "says"), [("raise", "no start today"), ("exit", "ended with status 7")])
async def test_an_actor_that_cannot_start_there_stops_and_says_why(system, probe, how, says):
    with EventFilterOff():
        await child_of(system, probe, None, ProcessProps(CannotStart, how))
        error = await probe.receive_one(PATIENCE)
        assert isinstance(error, ActorInitializationError)
        (terminated, _) = await probe.receive_one(PATIENCE)
    assert isinstance(terminated, Terminated)
    assert says in str(error)


async def test_a_class_that_cannot_be_pickled_is_refused_with_a_reason(system, probe):
    class Local(Actor): ...

    with EventFilterOff():
        await child_of(system, probe, None, ProcessProps(Local))
        error = await probe.receive_one(PATIENCE)
    assert isinstance(error.__cause__, MessageRefused)
    assert "top of a module" in str(error.__cause__)


async def test_a_message_that_cannot_be_pickled_is_the_askers_error_and_nobody_elses(system):
    worker = system.spawn(ProcessProps(Worker))
    pid = await worker.ask("pid", PATIENCE)
    with EventFilterOff(), pytest.raises(MessageRefused, match="cannot be pickled"):
        await worker.ask(lambda: None)
    assert await worker.ask("pid", PATIENCE) == pid


async def test_refs_in_messages_reach_their_actors_from_there_and_answers_come_from_the_child(system, probe):
    worker = system.spawn(ProcessProps(Worker))
    worker.tell(("tell", probe.ref, {"deep": [probe.ref, worker]}))
    message = await probe.receive_one(PATIENCE)
    assert message == {"deep": [probe.ref, worker]}
    assert probe.sender is worker
    probe.send(worker, "who sent")
    assert await probe.receive_one(PATIENCE) is probe.ref


async def test_what_it_tells_its_parent_reaches_its_parent(system, probe):
    worker = await child_of(system, probe, Directive.STOP)
    worker.tell(("tell parent", "hello"))
    assert await probe.receive_one(PATIENCE) == ("hello", worker)


async def test_its_children_can_be_told_and_watched_from_outside(system, probe):
    worker = await child_of(system, probe, Directive.RESTART)
    grandchild = await worker.ask("a child", PATIENCE)
    assert await grandchild.ask("count", PATIENCE) == 1
    probe.watch(grandchild)
    grandchild.tell("stop")
    assert (await probe.expect_msg_class(Terminated, timeout=PATIENCE)).ref is grandchild
    another = await worker.ask("a child", PATIENCE)
    probe.watch(another)
    assert await another.ask("count", PATIENCE) == 1  # so it is watched by now
    worker.tell("kill")
    assert Terminated(another) in await probe.receive_n(2, PATIENCE)


async def test_an_actor_there_watches_one_here(system, probe):
    watched = TestKit(system).probe("watched")
    system.spawn(ProcessProps(Watcher, watched.ref, probe.ref))
    system.spawn(ProcessProps(Watcher, watched.ref, probe.ref))
    assert await probe.receive_n(2, PATIENCE) == ["watching"] * 2
    watched.stop()
    assert await probe.receive_n(2, PATIENCE) == [("learnt", watched.ref, True)] * 2


async def test_become_keeps_reporting_what_was_handled(system, probe):
    worker = system.spawn(ProcessProps(Worker))
    worker.tell(("became", probe.ref))
    worker.tell("one")
    worker.tell("two")
    assert await probe.receive_n(2, PATIENCE) == [("became", "one"), ("became", "two")]


async def test_an_actor_that_stops_itself_is_terminated_and_its_process_ends(system, probe):
    worker = await child_of(system, probe, Directive.RESTART)
    pid = await worker.ask("pid", PATIENCE)
    worker.tell("stop")
    (terminated, _) = await probe.receive_one(PATIENCE)
    assert terminated == Terminated(worker)
    assert await is_gone(pid)


async def test_what_it_logs_is_logged_here(system):
    worker = system.spawn(ProcessProps(Worker))
    async with EventFilter(pattern="a word from there", level=logging.WARNING, timeout=PATIENCE):
        worker.tell("log")


async def test_an_ask_of_one_that_computes_says_that_it_is_still_at_it():
    async with ActorSystem("test", Settings(stop_grace=0.1)) as system:
        worker = system.spawn(ProcessProps(Worker))
        await worker.ask("pid", PATIENCE)
        with pytest.raises(AskTimeout, match="still handling it"):
            await worker.ask("compute", 2)


async def test_one_that_computes_when_it_is_stopped_is_killed_after_the_grace():
    async with ActorSystem("test", Settings(stop_grace=0.3)) as system:
        worker = system.spawn(ProcessProps(Worker))
        pid = await worker.ask("pid", PATIENCE)
        worker.tell("compute")
        await asyncio.sleep(0.1)
        began = time.monotonic()
        system.stop(worker)
        with EventFilterOff():
            assert await is_gone(pid)
        assert time.monotonic() - began < 50, "it would have computed for a minute"


async def test_after_the_shutdown_no_process_and_no_folder_is_left():
    before = set(psutil.Process().children(recursive=True))
    async with ActorSystem("test") as system:
        workers = [system.spawn(ProcessProps(Worker)) for _ in range(3)]
        await asyncio.gather(*(worker.ask("pid", PATIENCE) for worker in workers))
        workers[0].tell("kill")
        started = set(psutil.Process().children(recursive=True)) - before
        assert len(started) >= 5  # the nursery, Thespian's two, and the actors
        folders = set(folders_of(started))
        assert folders
    assert not any(runs(each.pid) for each in started)
    assert not any(folder.exists() for folder in folders)


def folders_of(processes):
    for each in processes:
        command = command_of(each)
        if "_nursery_process" in command:
            yield Path(command.split("main('")[1].split("/socket'")[0])


async def test_when_the_system_is_killed_its_processes_die_too(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import asyncio, os, psutil\n"
        "from actors import ActorSystem\n"
        "from actors.patterns.processes import ProcessProps\n"
        "from tests.patterns.processes.workers import Worker\n"
        "async def main():\n"
        "    system = ActorSystem('doomed')\n"
        "    idle, busy = system.spawn(ProcessProps(Worker)), system.spawn(ProcessProps(Worker))\n"
        "    await idle.ask('pid', 60), await busy.ask('pid', 60)\n"
        "    busy.tell('compute')\n"
        "    await asyncio.sleep(0.1)\n"
        "    print(*(each.pid for each in psutil.Process().children(recursive=True)), flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, program, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        pids = [int(word) for word in (await process.stdout.readline()).split()]
        assert len(pids) >= 5
    finally:
        process.kill()
        await process.wait()
    assert await is_gone(*pids)


async def test_when_the_nursery_is_killed_all_its_actors_crash_and_start_anew(system, probe):
    worker = await child_of(system, probe, Directive.RESTART)
    pid = await worker.ask("pid", PATIENCE)
    (nursery,) = [each for each in psutil.Process().children() if "_nursery_process" in command_of(each)]
    with EventFilterOff():
        nursery.kill()
        assert isinstance(await probe.receive_one(PATIENCE), ProcessCrashed)
        assert await worker.ask("pid", PATIENCE) != pid
    assert await is_gone(pid)


async def test_a_main_module_without_a_guard_is_told_apart_and_the_actor_does_not_start(tmp_path):
    program = tmp_path / "unguarded.py"
    program.write_text(
        "import asyncio\n"
        "from actors import ActorSystem\n"
        "from actors.patterns.processes import ProcessProps\n"
        "from tests.patterns.processes.workers import Worker\n"
        "async def main():\n"
        "    async with ActorSystem('unguarded') as system:\n"
        "        print(await system.spawn(ProcessProps(Worker)).ask('count', 60))\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, program, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    _, said = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode != 0
    assert '`if __name__ == "__main__":`' in said.decode()


async def test_a_process_that_cannot_be_started_is_the_failure_of_its_actor(system, probe, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with EventFilterOff():
        system.spawn(Props(Parent, probe.ref, None), "parent")
        await probe.receive_one(PATIENCE)
        error = await probe.receive_one(PATIENCE)
    assert isinstance(error, ActorInitializationError)
    assert isinstance(error.__cause__, ProcessStartFailed | AskTimeout)


class EventFilterOff:
    """The log is quiet: what fails here is meant to."""

    def __enter__(self):
        logging.disable()

    def __exit__(self, *error):
        logging.disable(logging.NOTSET)
