"""A cluster of several hosts: network namespaces of this machine, joined by a bridge, whose links are cut and slow.

The hosts share the kernel, so they share the folder of the file coordinator as well: it reaches all of them, whatever
happens to their network. (That a host is cut off from the coordinator is what the tests of ZooKeeper do.)
"""

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.cluster.test_processes import Process

pytestmark = pytest.mark.real
numbers = itertools.count(1)


class Hosts:
    """``10.NN.0.N`` is host N, in a namespace of its own. Made by root alone."""

    def __init__(self):
        self.tag = f"{os.getpid() % 10_000}x{next(numbers)}"
        self.net = f"10.{os.getpid() % 250}.{next(numbers) % 250}"
        self.bridge = f"b{self.tag}"
        self.names = []
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "link", "set", self.bridge, "up")

    def add(self):
        number = len(self.names) + 1
        name, address = f"h{self.tag}n{number}", f"{self.net}.{number}"
        self.names.append(name)
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"v{self.tag}{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"v{self.tag}{number}", "master", self.bridge, "up")
        self.on(number, "ip", "link", "set", "lo", "up")
        self.on(number, "ip", "address", "add", f"{address}/24", "dev", "eth0")
        self.on(number, "ip", "link", "set", "eth0", "up")
        return address

    def on(self, number, *command):
        run("ip", "netns", "exec", self.names[number - 1], *command)

    def cut(self, number, towards=None):
        """It sends nothing towards that host, silently; or nothing at all, and hears nothing."""
        if towards is None:
            self.on(number, "iptables", "-A", "OUTPUT", "-o", "eth0", "-j", "DROP")
            self.on(number, "iptables", "-A", "INPUT", "-i", "eth0", "-j", "DROP")
        else:
            self.on(number, "iptables", "-A", "OUTPUT", "-d", f"{self.net}.{towards}", "-j", "DROP")

    def heal(self, number):
        self.on(number, "iptables", "-F")

    def slow(self, number, rate):
        self.on(
            number, "tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", rate, "burst", "4kb", "latency", "2s"
        )

    def close(self):
        for name in self.names:
            run("ip", "netns", "delete", name)  # and its links
        run("ip", "link", "delete", self.bridge)


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")


@pytest.fixture
def hosts():
    if os.geteuid() != 0:
        pytest.skip("several hosts are made as network namespaces, which takes root")
    if missing := [each for each in ("ip", "tc", "iptables") if shutil.which(each) is None]:
        pytest.skip(f"several hosts are made with {', '.join(missing)}, which is not installed")
    try:
        hosts = Hosts()
    except OSError as error:
        pytest.skip(f"this kernel makes no hosts: {error}")
    yield hosts
    hosts.close()


@pytest.fixture
def start(hosts, tmp_path):
    """Starts a node on a host of its own."""
    started = []

    def start():
        address = hosts.add()
        command = ["ip", "netns", "exec", hosts.names[-1], sys.executable, "-m", "tests.cluster.peer"]
        started.append(Process(tmp_path, [*command, str(tmp_path), address]))
        started[-1].address = address
        started[-1].says("ready")
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture
def pair(start):
    """Two nodes that know each other; the first one has the singleton."""
    one = start()
    one.says("starts")
    two = start()
    two.says("up")
    one.says("up")
    assert two.ask_who() == one.pid
    return one, two


def never_says(process, word, seconds):
    try:
        said = process.says(word, seconds)
    except Exception:
        return
    raise AssertionError(f"it said {said}")


@pytest.mark.parametrize("way", ["one way", pytest.param("both ways", marks=pytest.mark.slow)])
def test_two_hosts_that_are_cut_apart_are_unreachable_members_and_there_is_one_singleton(pair, hosts, way):
    one, two = pair
    hosts.cut(1, towards=2 if way == "one way" else None)
    assert one.says("unreachable")[1] == two.address
    assert two.says("unreachable")[1] == one.address
    never_says(two, "starts", 2.5)  # longer than its lease would last without renewal
    assert not [line for each in pair for line in each.kept if line[0] in ("removed", "ends")]
    hosts.heal(1)
    one.says("reachable")
    two.says("reachable")
    assert two.ask_who() == one.pid


@pytest.mark.slow
def test_of_three_hosts_one_link_may_be_cut_and_the_third_reaches_both(start, hosts):
    one = start()
    one.says("starts")
    two, three = start(), start()
    for each in (one, two, three):
        for _ in range(3 if each is three else 2):
            each.says("up")
    hosts.cut(1, towards=2)
    hosts.cut(2, towards=1)
    assert one.says("unreachable")[1] == two.address
    assert two.says("unreachable")[1] == one.address
    assert three.ask_who() == one.pid
    never_says(three, "unreachable", 4)
    hosts.heal(1)
    hosts.heal(2)
    one.says("reachable")
    two.says("reachable")


@pytest.mark.slow
def test_a_slow_link_costs_time_and_nothing_else(pair, hosts):
    one, two = pair
    hosts.slow(1, "64kbit")
    hosts.slow(2, "64kbit")
    for _ in range(20):
        assert two.ask_who() == one.pid
    never_says(two, "unreachable", 8)
    assert not [line for each in pair for line in each.kept if line[0] in ("unreachable", "removed", "ends")]


@pytest.mark.slow
def test_a_host_that_stands_still_for_a_moment_is_not_missed_and_one_that_does_for_long_is_followed(pair):
    one, two = pair
    os.kill(one.pid, signal.SIGSTOP)
    time.sleep(0.8)
    os.kill(one.pid, signal.SIGCONT)
    never_says(two, "unreachable", 3)
    assert two.ask_who() == one.pid
    os.kill(one.pid, signal.SIGSTOP)
    two.says("starts")
    two.says("removed")
    os.kill(one.pid, signal.SIGCONT)
    one.says("ends")
    assert one.popen.wait(20) == 0


@pytest.mark.slow
def test_a_host_that_dies_is_followed_while_the_link_between_is_cut(pair, hosts):
    one, two = pair
    hosts.cut(1)
    one.says("unreachable")
    one.popen.kill()
    assert two.says("starts")[2] == "2"
    assert two.says("removed")[2] == "lost"
