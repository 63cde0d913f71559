"""A terminal as text: a command runs on a pseudo-terminal, and what it draws is read off a screen."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

PATIENCE = 90.0  # seconds that a busy machine may take for what it would do at once


class Terminal:
    """`command` on a terminal of so many columns and lines. `text` is what a person sees on it now."""

    def __init__(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        columns: int = 100,
        lines: int = 24,
        cwd: Path | None = None,
    ) -> None:
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        around = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}  # another's
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, cwd=cwd,
            env={**around, "TERM": "xterm-256color", **(env or {})},
        )  # fmt: skip
        os.close(slave)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def until(self, what: str, shown: Callable[[str], bool], seconds: float = PATIENCE) -> str:
        """The text once it is as wanted."""
        deadline = time.monotonic() + seconds
        while not shown(self.text):
            if time.monotonic() > deadline or not self._read(0.2):
                raise AssertionError(f"not seen: {what}; the terminal shows:\n{self.text}")
        return self.text

    def wait(self, seconds: float = PATIENCE) -> int:
        """Read to the end; the exit status."""
        deadline = time.monotonic() + seconds
        while self._read(0.2):
            assert time.monotonic() < deadline, f"it goes on:\n{self.text}"
        return self.process.wait(PATIENCE)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    @property
    def cells(self) -> list[list[tuple[str, str, bool]]]:
        """What is shown, line by line: (character, colour, bold)."""
        lines = (self._screen.buffer[line] for line in range(self._screen.lines))
        return [
            [(cell.data, cell.fg, cell.bold) for cell in (line[column] for column in range(self._screen.columns))]
            for line in lines
        ]

    def look(self, seconds: float) -> bool:
        """Take in what comes within so long. False at the end."""
        return self._read(seconds)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def _read(self, timeout: float) -> bool:
        """False at the end."""
        if not select.select([self._master], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self.raw += data
        self._stream.feed(data)
        return bool(data)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        os.close(self._master)
