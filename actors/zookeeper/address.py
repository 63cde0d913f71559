"""Where in ZooKeeper: ``zk://user:password@host:2181,host:2181/path``, as Mesos writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote

__all__ = ["Address", "InvalidAddress"]


class InvalidAddress(ValueError):
    """It is no ``zk://`` URL with hosts and a path; the text says what is missing, and never the password."""


@dataclass(frozen=True, slots=True)
class Address:
    """``hosts``: ``host:port,host:port``. ``path``: begins with ``/``. ``credentials``: ``user:password``, or empty."""

    hosts: str
    path: str
    credentials: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises `InvalidAddress`. A user or password with special characters is %-encoded."""
        rest = url.removeprefix("zk://")
        authority, slash, path = rest.partition("/")
        credentials, _, hosts = authority.rpartition("@")
        path = path.strip("/")
        if rest == url or not hosts or not all(hosts.split(",")):
            raise InvalidAddress(f"{_hidden(url)!r} names no ZooKeeper host; write zk://HOST:2181,HOST:2181/mesos")
        if not slash or not path:
            raise InvalidAddress(f"{_hidden(url)!r} has no path; write zk://{hosts}/mesos, as the masters' --zk")
        if credentials and ":" not in credentials:
            raise InvalidAddress(
                f"{_hidden(url)!r} has a user without a password; write zk://USER:PASSWORD@{hosts}/{path}"
            )
        return cls(hosts, f"/{path}", unquote(credentials))

    def __str__(self) -> str:
        return f"zk://{self.hosts}{self.path}"


def _hidden(url: str) -> str:
    """``url`` without its password, for messages."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else url
