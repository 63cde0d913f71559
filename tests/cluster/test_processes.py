"""A cluster of real processes with file locks: killed, stopped, continued, ended in order."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time

import pytest

from actors.persistence import SqliteJournal

pytestmark = pytest.mark.real

PATIENCE = 90  # seconds that a busy machine may take for what it would do at once


class Process:
    def __init__(self, folder, command=None):
        command = command or [sys.executable, "-m", "tests.cluster.peer", str(folder)]
        self.popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines, self.kept = queue.Queue(), []
        self.reader = threading.Thread(target=lambda: [self.lines.put(line.split()) for line in self.popen.stdout])
        self.reader.start()
        self.pid = self.popen.pid

    def says(self, word, seconds=PATIENCE):
        """The next line that begins so; others wait to be asked for."""
        until = time.monotonic() + seconds
        while True:
            for line in self.kept:
                if line[0] == word:
                    self.kept.remove(line)
                    return line
            self.kept.append(self.lines.get(timeout=max(0.01, until - time.monotonic())))

    def tell(self, line):
        self.popen.stdin.write(f"{line}\n")
        self.popen.stdin.flush()

    def ask_who(self):
        self.tell("who")
        return int(self.says("who")[1])

    def end(self):
        self.popen.kill()
        self.popen.stdin.close()
        self.popen.wait()
        self.reader.join()
        self.popen.stdout.close()


@pytest.fixture
def start(tmp_path):
    started = []

    def start():
        started.append(Process(tmp_path))
        started[-1].says("ready")
        return started[-1]

    yield start
    for each in started:
        each.end()


async def epochs(folder):
    """Of the events in the journal, in their order."""
    journal = SqliteJournal(folder / "journal.db")
    found = [stored.event.payload["epoch"] for stored in (await journal.replay("s")).events]
    await journal.close()
    return found


def test_a_killed_holder_is_followed(start):
    one = start()
    one.says("starts")
    two = start()
    assert two.ask_who() == one.pid
    one.popen.kill()
    assert two.says("starts")[2] == "2"
    assert two.says("removed")[2] == "lost"
    assert two.ask_who() == two.pid


async def test_a_stopped_holder_is_overtaken_and_nothing_it_writes_late_is_stored(start, tmp_path):
    one = start()
    one.says("starts")
    two = start()
    os.kill(one.pid, signal.SIGSTOP)
    two.says("starts")
    time.sleep(0.5)  # noqa: ASYNC251 - it writes
    os.kill(one.pid, signal.SIGCONT)
    one.says("ends")
    assert one.popen.wait(PATIENCE) == 0  # it learns that it is taken for dead, and ends in order
    assert two.ask_who() == two.pid
    two.popen.stdin.write("\n")
    two.popen.stdin.flush()
    assert two.popen.wait(PATIENCE) == 0
    found = await epochs(tmp_path)
    assert found == sorted(found)
    assert set(found) == {1, 2}


def test_an_end_in_order_hands_over(start):
    one = start()
    one.says("starts")
    two = start()
    two.says("up")
    one.popen.stdin.write("\n")
    one.popen.stdin.flush()
    one.says("ends")
    two.says("starts")
    assert two.says("removed")[2] == "left"
    assert one.popen.wait(PATIENCE) == 0


def test_wall_clocks_that_jump_a_day_change_nothing(start):
    one = start()
    one.says("starts")
    two = start()
    one.says("up")
    for each in (one, two):
        each.says("up")
    for day in (86_400, -2 * 86_400):  # the holder's clock forwards and the other one's backwards; then vice versa
        for each, jump in ((one, day), (two, -day)):
            each.tell(f"jump {jump}")
            each.says("jumped")
        until = time.monotonic() + 2.5  # longer than the time to live
        while time.monotonic() < until:
            assert two.ask_who() == one.pid
            time.sleep(0.2)
    assert not [line for each in (one, two) for line in each.kept if line[0] in ("removed", "unreachable", "ends")]


def test_a_second_cluster_in_the_folder_by_mistake_is_refused_and_the_first_goes_on(start, tmp_path):
    one = start()
    one.says("starts")
    command = [sys.executable, "-m", "tests.cluster.peer", str(tmp_path), "127.0.0.1", "another"]
    other = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert other.returncode != 0
    assert "ClusterNameConflict: the system another cannot join: the coordinator's place belongs" in other.stderr
    assert one.ask_who() == one.pid
