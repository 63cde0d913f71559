"""The agent at the other end of the socket: at most one, and none while the service is away."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Iterator
from typing import Any

from ._log import warn

FIRST_LIMIT = 60.0  # seconds for the first agent to come


class Connection:
    """Lines of JSON both ways, never waiting for the agent. ``poll`` watches its sockets for the runner's loop."""

    def __init__(self, listener: socket.socket, poll: select.poll) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._poll = poll
        self._agent: socket.socket | None = None
        self._received = b""
        self._outgoing = bytearray()
        self._begun = time.monotonic()
        self._had_one = False
        poll.register(listener, select.POLLIN)

    @property
    def absent(self) -> bool:
        """The agent is gone, or none came in time after the start."""
        return self._agent is None and (self._had_one or time.monotonic() - self._begun > FIRST_LIMIT)

    def orders(self, fd: int, event: int) -> Iterator[dict[str, Any]]:
        """What the agent wants, if ``fd`` is one of ours."""
        if fd == self._listener.fileno():
            yield from self._read_out()
            self._accept()
        elif self._agent is not None and fd == self._agent.fileno():
            try:
                if event & select.POLLOUT:
                    self._flush()
                if event & ~select.POLLOUT:
                    yield from self._read()
            except BlockingIOError:
                return  # the event was of an older socket with the same number
            except (OSError, ValueError) as error:
                warn(f"closed the agent's connection: {type(error).__name__}: {error}")
                self._hang_up()

    def send(self, event: dict[str, Any]) -> None:
        """Without an agent nothing is sent: the next one asks for all that is held."""
        if self._agent is not None:
            if not self._outgoing:
                self._poll.modify(self._agent, select.POLLIN | select.POLLOUT)
            self._outgoing += json.dumps(event).encode() + b"\n"

    def close(self) -> None:
        """Send what is left, wait for it to go out, and hang up."""
        if self._agent is not None:
            self._agent.settimeout(5)
            try:
                self._agent.sendall(self._outgoing)
            except OSError as error:
                warn(f"the agent did not hear the last events; the journal has them: {error}")
            self._hang_up()

    def _accept(self) -> None:
        agent, _ = self._listener.accept()
        self._hang_up()  # a new agent means that the old one is dead, even if its socket does not say so yet
        agent.setblocking(False)
        self._agent = agent
        self._had_one = True
        self._poll.register(agent, select.POLLIN)

    def _hang_up(self) -> None:
        if self._agent is not None:
            self._poll.unregister(self._agent)
            self._agent.close()
            self._agent = None
            self._received = b""
            self._outgoing.clear()

    def _read(self) -> Iterator[dict[str, Any]]:
        assert self._agent is not None
        data = self._agent.recv(1 << 20)
        if not data:
            self._hang_up()
            return
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            yield json.loads(line)

    def _read_out(self) -> Iterator[dict[str, Any]]:
        """What an agent said before it left counts, even if the next one is there before its words were read."""
        try:
            while self._agent is not None:
                yield from self._read()
        except BlockingIOError:
            return
        except (OSError, ValueError) as error:
            warn(f"lost the end of what the last agent said: {type(error).__name__}: {error}")

    def _flush(self) -> None:
        assert self._agent is not None
        del self._outgoing[: self._agent.send(self._outgoing)]
        if not self._outgoing:
            self._poll.modify(self._agent, select.POLLIN)
