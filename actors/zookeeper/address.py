"""Where in ZooKeeper: ``zk://user:password@host:2181,host:2181/path``, as Mesos writes it; and how it is reached.

    zk://host:2281/path?tls                                 over TLS; the server's certificate is of one of the system's
    zk://host:2281/path?ca=/etc/zk/ca.pem                   authorities, or of this one
    zk://host:2281/path?ca=…&certificate=…&key=…            and shows a certificate of its own, which servers ask for

With ``?`` the ports are those of the servers' ``secureClientPort``. A certificate has to name the host as it is written
here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import parse_qsl, unquote

__all__ = ["Address", "InvalidAddress", "Tls"]


class InvalidAddress(ValueError):
    """It is no ``zk://`` URL with hosts and a path; the text says what is missing, and never the password."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM. ``ca``: who signed the servers' certificates; the system's authorities when empty."""

    ca: str = ""
    certificate: str = ""
    key: str = ""

    @classmethod
    def parse(cls, query: str) -> Self:
        """Raises `InvalidAddress`."""
        given = dict(parse_qsl(query, keep_blank_values=True))
        files = {name: file for name, file in given.items() if name != "tls"}
        for name, file in files.items():
            if name not in ("ca", "certificate", "key"):
                raise InvalidAddress(f"?{name} is unknown; ?tls, ca=FILE, certificate=FILE and key=FILE are known")
            if not Path(file).is_file():
                raise InvalidAddress(f"?{name}: there is no file {file!r}")
        if ("certificate" in files) != ("key" in files):
            raise InvalidAddress("?certificate=FILE and key=FILE go together")
        return cls(**files)


@dataclass(frozen=True, slots=True)
class Address:
    """``hosts``: ``host:port,host:port``. ``path``: begins with ``/``. ``credentials``: ``user:password``, or empty.

    ``tls``: None, in the clear.
    """

    hosts: str
    path: str
    credentials: str = field(default="", repr=False)
    tls: Tls | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises `InvalidAddress`. A user or password with special characters is %-encoded."""
        url, asked, query = url.partition("?")
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
        return cls(hosts, f"/{path}", unquote(credentials), Tls.parse(query) if asked else None)

    def __str__(self) -> str:
        return f"zk://{self.hosts}{self.path}"


def _hidden(url: str) -> str:
    """``url`` without its password, for messages."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('://')[0]}://…@{tail}" if at else url
