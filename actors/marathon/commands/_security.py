"""Files of secrets that the command line names: read when the service starts, and never shown."""

from __future__ import annotations

import ssl
from pathlib import Path

from actors.marathon.api import Credentials, InvalidCredentials
from actors.mesos import Credential

from ._client import CommandFailed

__all__ = ["mesos_credential", "read_credentials", "tls_context"]


def read_credentials(file: Path | None) -> Credentials | None:
    """Who may use the API; None: everybody. Raises `CommandFailed`."""
    if file is None:
        return None
    try:
        return Credentials.parse(_text_of(file, "--credentials"))
    except InvalidCredentials as error:
        raise CommandFailed(f"--credentials: {file}: {error}", "write one user:password per line") from None


def tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """How to serve over TLS; None: not at all. Raises `CommandFailed`."""
    if certificate is None and key is None:
        return None
    if certificate is None:
        raise CommandFailed("--tls-key is of no use alone", "give the certificate, too: --tls-cert FILE")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ssl.SSLError, _NeedsPassword) as error:
        files = f"{certificate}" if key is None else f"{certificate} and {key}"
        raise CommandFailed(
            f"{files} cannot be used for TLS: {error}",
            "both are PEM files; the key belongs to the first certificate, and has no password",
        ) from None
    return context


def mesos_credential(principal: str | None, secret_file: Path | None) -> Credential | None:
    """As whom to register with Mesos; None: as nobody. Raises `CommandFailed`."""
    if secret_file is None:
        return None
    if principal is None:
        raise CommandFailed("--mesos-secret-file is of no use alone", "say whose it is: --mesos-principal NAME")
    secret = _text_of(secret_file, "--mesos-secret-file").rstrip("\r\n")
    if not secret:
        raise CommandFailed(f"--mesos-secret-file: {secret_file} is empty", "it must hold the secret and nothing else")
    return Credential(principal, secret)


def _text_of(file: Path, option: str) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise CommandFailed(f"{option}: {file} cannot be read: {reason}") from None


class _NeedsPassword(Exception):
    """Asked at the terminal, OpenSSL would wait for an answer that a service never gets."""


def _no_password() -> str:
    raise _NeedsPassword("the key is encrypted")
