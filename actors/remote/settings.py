"""How systems speak with each other."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RemoteSettings", "Tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSettings:
    """Times are seconds.

    :ivar heartbeat: between signs of life on a connection.
    :ivar detection: a system that gave none for so long is unreachable. So long, plus one heartbeat, it takes at most
        until those who watch its actors are told that they are lost.
    :ivar handshake_timeout: for both ends to have proven who they are.
    :ivar queue: messages that wait for one system; more become dead letters (`send` waits for room instead).
    :ivar message_limit: bytes that one message may take; a larger one is refused where it is told.
    :ivar retry: between attempts to connect, at most; the first comes sooner.
    """

    heartbeat: float = 1.0
    detection: float = 5.0
    handshake_timeout: float = 5.0
    queue: int = 10_000
    message_limit: int = 1024 * 1024
    retry: float = 1.0

    def __post_init__(self) -> None:
        for name in ("heartbeat", "detection", "handshake_timeout", "retry"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be a number of seconds above 0, not {getattr(self, name)!r}")
        for name in ("queue", "message_limit"):
            if not getattr(self, name) >= 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)!r}")
        if self.detection < 2 * self.heartbeat:
            raise ValueError(
                f"detection ({self.detection:g} s) must be at least two heartbeats ({self.heartbeat:g} s each): one"
                " sign of life may be late without the system being lost"
            )


@dataclass(frozen=True, slots=True)
class Tls:
    """Mutual certificates: each end shows one, made out to the host of its address, that ``authority`` has signed.

    All are paths of PEM files.
    """

    certificate: str | Path
    key: str | Path
    authority: str | Path

    def for_server(self) -> ssl.SSLContext:
        """Takes only clients with a certificate of the authority."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(self.certificate, self.key)
        return context

    def for_client(self) -> ssl.SSLContext:
        """Takes only servers whose certificate is made out to the host that was asked for."""
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.authority)
        context.load_cert_chain(self.certificate, self.key)
        return context
