"""The figures by which a framework keeps in touch with its master."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

__all__ = ["DEFAULT_FAILOVER_TIMEOUT", "ConnectionSettings", "Credential", "Security"]

DEFAULT_FAILOVER_TIMEOUT = timedelta(weeks=1)
"""What a ``FrameworkInfo`` without a failover timeout is given. Mesos's own default, 0, kills every task at the first
interruption of the stream (spec: scheduler HTTP API, "Failover")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionSettings:
    """All times in seconds, all sizes in bytes.

    ``encoding``              of calls and events: "protobuf" or "json"
    ``missed_heartbeats``     so many heartbeat intervals without a whole event (or 64 KiB of one) are a lost stream
    ``backoff``, ``max_backoff``
                              the first and the longest bound of the pause before the next attempt; each pause is drawn
                              evenly between a tenth of its bound and the bound, which doubles from one to the next
    ``connect_timeout``       until TCP (and TLS) stand
    ``answer_timeout``        without any answer while calls wait for theirs, or until the event stream has its head
    ``max_redirects``         hops to the leading master in one attempt
    ``max_record_bytes``      the longest event
    ``buffered_events``, ``buffered_bytes``
                              so much may wait for a slow consumer before the socket is left unread
    """

    encoding: str = "protobuf"
    missed_heartbeats: float = 5.0
    backoff: float = 1.0
    max_backoff: float = 15.0
    connect_timeout: float = 10.0
    answer_timeout: float = 30.0
    max_redirects: int = 5
    max_record_bytes: int = 32 * 1024 * 1024
    buffered_events: int = 1_000
    buffered_bytes: int = 16 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.encoding not in ("protobuf", "json"):
            raise ValueError(f"encoding: {self.encoding!r} is not one that Mesos speaks; use 'protobuf' or 'json'")
        for name in (
            "missed_heartbeats",
            "backoff",
            "max_backoff",
            "connect_timeout",
            "answer_timeout",
            "max_record_bytes",
            "buffered_events",
            "buffered_bytes",
        ):
            if (value := getattr(self, name)) <= 0:
                raise ValueError(f"{name}: must be greater than 0, not {value!r}")
        if self.max_redirects < 0:
            raise ValueError(f"max_redirects: must not be negative, not {self.max_redirects!r}")


@dataclass(frozen=True, slots=True)
class Credential:
    """A principal with its secret, sent with each request (HTTP Basic, as ``--authenticate_http_frameworks`` wants)."""

    principal: str
    secret: str

    def __repr__(self) -> str:
        return f"Credential({self.principal!r}, secret=…)"


@dataclass(frozen=True, slots=True)
class Security:
    """Who we are to the master (``credential``), and how we know that it is the master (``tls``)."""

    credential: Credential | None = None
    tls: ssl.SSLContext | None = None
    bearer: str | None = None

    @classmethod
    def of(cls, credential: Credential | None, tls: ssl.SSLContext | str | Path | None) -> Security:
        """``tls`` is a context, or the file of the CA (PEM) that signed the masters' certificates."""
        if tls is not None and not isinstance(tls, ssl.SSLContext):
            try:
                tls = ssl.create_default_context(cafile=str(tls))
            except OSError as error:
                raise ValueError(f"tls: {tls} is not a file of CA certificates in PEM form: {error}") from error
        return cls(credential, tls)

    @property
    def headers(self) -> dict[str, str]:
        """The ``Authorization`` header, if there is anything to authorize with."""
        if self.bearer is not None:
            return {"Authorization": f"Bearer {self.bearer}"}
        if self.credential is None:
            return {}
        pair = f"{self.credential.principal}:{self.credential.secret}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}
