"""``marathon up`` and ``marathon serve`` as processes: how they start, what they refuse, how they end."""

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.ports import free_port

pytestmark = pytest.mark.real

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "actors.marathon", *arguments]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=90)


def url_of(process: subprocess.Popen[str]) -> str:
    """Wait for the line that says where it answers."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        found = re.match(r"Marathon answers at (\S+)", line)
        if found:
            return found[1]
    raise AssertionError(f"it ended with {process.wait()}:\n{''.join(lines)}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_everything_on_one_machine_answers_and_ends_cleanly(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    up = start("up", "--port", "0", "--mesos-port", "0", "--agents", "1", "--work-dir", str(tmp_path))
    with urllib.request.urlopen(url_of(up) + "/ping") as pong:
        assert pong.read() == b"pong"
    up.send_signal(number)
    out, err = up.communicate(timeout=90)
    assert (up.returncode, out) == (0, "")
    assert "Traceback" not in err


def test_a_master_that_is_not_there_is_said_and_sought_while_the_api_answers(start: Start, tmp_path: Path) -> None:
    master = f"http://127.0.0.1:{free_port()}"
    serve = start("serve", "--master", master, "--port", "0", "--work-dir", str(tmp_path))
    with urllib.request.urlopen(url_of(serve) + "/v2/apps") as apps:
        assert apps.read() == b'{"apps":[]}'
    assert serve.stderr is not None
    assert any("cannot be reached" in line and master in line for line in serve.stderr)
    serve.terminate()
    assert serve.wait(90) == 0


def test_a_work_dir_that_another_process_holds_names_it_and_the_remedy(start: Start, tmp_path: Path) -> None:
    first = start("serve", "--master", f"http://127.0.0.1:{free_port()}", "--port", "0", "--work-dir", str(tmp_path))
    url_of(first)
    second = start("up", "--port", "0", "--mesos-port", "0", "--work-dir", str(tmp_path))
    _, err = second.communicate(timeout=90)
    assert second.returncode == 1
    assert str(first.pid) in err
    assert "--work-dir" in err


@pytest.mark.parametrize("option", ["--port", "--mesos-port"])
def test_a_taken_port_is_named_with_the_option_that_chooses_another(start: Start, tmp_path: Path, option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        others = {"--port": "0", "--mesos-port": "0", option: port}
        up = start("up", *(part for pair in others.items() for part in pair), "--work-dir", str(tmp_path))
        _, err = up.communicate(timeout=90)
    assert up.returncode == 1
    assert f"port {port}" in err
    assert f"with {option}" in err


def test_a_signal_in_the_midst_of_starting_ends_it_cleanly(start: Start, tmp_path: Path) -> None:
    up = start("up", "--port", "0", "--mesos-port", "0", "--work-dir", str(tmp_path))
    assert up.stderr is not None
    for line in up.stderr:
        if "starting an embedded Mesos" in line:
            break
    up.terminate()
    _, err = up.communicate(timeout=90)
    assert up.returncode == 0, err


def test_a_master_that_is_no_url_is_wrong_usage(start: Start) -> None:
    serve = start("serve", "--master", "localhost:5050")
    _, err = serve.communicate(timeout=90)
    assert serve.returncode == 2
    assert "http://HOST:PORT" in err


def test_the_leader_that_is_told_to_abdicate_ends_as_marathons_does(start: Start, tmp_path: Path) -> None:
    master = f"http://127.0.0.1:{free_port()}"
    serve = start("serve", "--master", master, "--port", "0", "--work-dir", str(tmp_path))
    request = urllib.request.Request(url_of(serve) + "/v2/leader", method="DELETE")
    with urllib.request.urlopen(request) as answer:
        assert answer.read() == b'{"message":"Leadership abdicated"}'
    _, err = serve.communicate(timeout=90)
    assert serve.returncode == 103
    assert "tasks run on" in err
