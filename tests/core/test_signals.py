"""Ctrl-C and SIGTERM end a system in order."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys

import pytest

from actors import ActorSystem

PROGRAM = """
import asyncio, signal
from actors import Actor, ActorSystem

class Service(Actor):
    async def post_stop(self):
        await asyncio.sleep(0.01)
        print("stopped in order", flush=True)

async def main():
    async with ActorSystem("service") as system:
        system.spawn(Service)
        {line}
        print("ready", flush=True)
        await {wait}
    print(system.coordinated_shutdown.reason)

asyncio.run(main())
"""


def run_and_send(number: int, line: str, wait: str) -> tuple[str, str, int]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(line=line, wait=wait)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=90)
        return out, err, process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_runs_the_whole_shutdown_and_gives_the_reason(number: signal.Signals) -> None:
    out, err, code = run_and_send(number, "system.terminate_on_signals()", "system.when_terminated()")
    assert (out, err, code) == (f"stopped in order\nthe process got {number.name}\n", "", 0)


def test_ctrl_c_ends_in_order_also_where_nobody_asked_for_signals() -> None:
    out, err, code = run_and_send(signal.SIGINT, "", "asyncio.sleep(60)")
    assert out == "stopped in order\n"
    assert "KeyboardInterrupt" in err
    assert code != 0


@pytest.mark.real
async def test_the_handlers_of_before_are_back_at_the_end() -> None:
    heard: list[int] = []

    def before(number: int, frame: object) -> None:
        heard.append(number)

    found = signal.signal(signal.SIGUSR1, before)
    try:
        async with ActorSystem("signalled") as system:
            system.terminate_on_signals(signal.SIGUSR1)
            signal.raise_signal(signal.SIGUSR1)
            await system.when_terminated()
        assert system.coordinated_shutdown.reason == "the process got SIGUSR1"
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.sleep(0)
        assert heard == [signal.SIGUSR1]
    finally:
        signal.signal(signal.SIGUSR1, found)


async def test_a_loop_without_signals_says_what_to_do(system: ActorSystem) -> None:
    with pytest.raises(RuntimeError, match=r"cannot handle signals here: .*; call terminate\(\)"):
        system.terminate_on_signals()
