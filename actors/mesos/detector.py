"""Which master to talk to: the seam between a framework and whatever knows the leader.

::

    connection                                   detector
    detect(None)                            ──►  the best guess there is
        ◄── "http://10.0.0.1:5050"               (any master will do: the others redirect to the leader)
    … the stream is lost, or no one answers …
    detect("http://10.0.0.1:5050")          ──►  where to try next, given that this one was used last
        ◄── "http://10.0.0.2:5050"
        ◄── NoMaster                             nobody known at present; the connection pauses and asks again

A detector never waits for long (the connection does the pausing) and may be asked as often as one likes. Where the
leader is found out by blocking calls (ZooKeeper), they run outside of the event loop.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

from .errors import InvalidMaster, NoMaster

__all__ = [
    "CallableDetector",
    "ListDetector",
    "Master",
    "MasterDetector",
    "ScriptedDetector",
    "StaticDetector",
    "detector_for",
    "master_url",
]


@runtime_checkable
class MasterDetector(Protocol):
    """Finds the leading master, or one that knows it."""

    async def detect(self, previous: str | None) -> str:
        """The URL of a master, such as ``http://10.0.0.1:5050``. ``previous`` is the one used last, if any.

        Raises `NoMaster` when there is none at present.
        """
        ...

    async def close(self) -> None:
        """Let go of what the detector holds open. It is not asked again."""
        ...


Master = str | Sequence[str] | Callable[[], str | Awaitable[str]] | MasterDetector


def master_url(master: str) -> str:
    """``master`` as a URL without path; ``host:port`` becomes ``http://host:port``. Raises `InvalidMaster`."""
    url = master.strip()
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidMaster(f"master: {master!r} is not a URL ({error}); write it as http://HOST:5050") from None
    if parts.scheme not in ("http", "https"):
        raise InvalidMaster(
            f"master: {master!r} has the scheme {parts.scheme!r}; write http://HOST:5050, https://HOST:5050 "
            "or zk://HOST:2181,…/mesos"
        )
    if not host:
        raise InvalidMaster(f"master: {master!r} names no host; write it as http://HOST:5050")
    if parts.username is not None:
        raise InvalidMaster(
            "master: the URL contains a user; give principal and secret as credential=Credential(principal, secret)"
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise InvalidMaster(f"master: {master!r} has a path; give scheme, host and port alone, as http://HOST:5050")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or 5050}"


class StaticDetector:
    """One master, always the same; when it does not lead, it redirects to the one that does."""

    def __init__(self, url: str) -> None:
        self._url = master_url(url)

    async def detect(self, previous: str | None) -> str:
        return self._url

    async def close(self) -> None:
        """Nothing is held open."""

    def __repr__(self) -> str:
        return f"StaticDetector({self._url})"


class ListDetector:
    """Several masters, asked one after the other."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._urls = [master_url(url) for url in urls]
        if not self._urls:
            raise InvalidMaster("master: the list is empty; name at least one, as http://HOST:5050")
        self._next = 0

    async def detect(self, previous: str | None) -> str:
        url = self._urls[self._next]
        self._next = (self._next + 1) % len(self._urls)
        return url

    async def close(self) -> None:
        """Nothing is held open."""

    def __repr__(self) -> str:
        return f"ListDetector({', '.join(self._urls)})"


class CallableDetector:
    """A function, plain or ``async``, asked at each attempt. It runs on the loop: it must not block."""

    def __init__(self, ask: Callable[[], str | Awaitable[str]]) -> None:
        self._ask = ask

    async def detect(self, previous: str | None) -> str:
        answer = self._ask()
        if inspect.isawaitable(answer):
            answer = await answer
        if not isinstance(answer, str):
            raise NoMaster(f"{self!r} answered {answer!r}, not a URL; it has to return the master as http://HOST:5050")
        return master_url(answer)

    async def close(self) -> None:
        """Nothing is held open."""

    def __repr__(self) -> str:
        return f"CallableDetector({getattr(self._ask, '__qualname__', self._ask)!s})"


class ScriptedDetector:
    """The twin for tests: answers what it is told to, in order, and its last answer from then on.

    An answer of ``None`` stands for a time without a leader. ``asked`` keeps each ``previous`` that came in.
    """

    def __init__(self, *answers: str | None) -> None:
        self.asked: list[str | None] = []
        self._answers = list(answers)

    async def detect(self, previous: str | None) -> str:
        self.asked.append(previous)
        answer = (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]) if self._answers else None
        if answer is None:
            raise NoMaster("no master leads at present (as the script says)")
        return answer

    def then(self, *answers: str | None) -> None:
        """Answer these from now on."""
        self._answers = list(answers)

    async def close(self) -> None:
        """Nothing is held open."""


def detector_for(master: Master, *, scheme: str = "http") -> MasterDetector:
    """The detector for what a user wrote: a URL, ``zk://…``, a list of URLs, a callable, or a detector itself.

    ``scheme`` is for where only host and port are known.
    """
    if isinstance(master, str):
        if master.startswith("zk://"):
            from .zookeeper_detector import ZooKeeperDetector  # kazoo is needed by those who use it

            return ZooKeeperDetector(master, scheme=scheme)
        return ListDetector(master.split(",")) if "," in master else StaticDetector(master)
    if isinstance(master, MasterDetector):
        return master
    if callable(master):
        return CallableDetector(master)
    if isinstance(master, Sequence):
        return ListDetector(master)
    raise InvalidMaster(
        f"master: {type(master).__name__} is none of a URL, a list of URLs, a callable or a MasterDetector"
    )
