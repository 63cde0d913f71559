"""Who may use the API: names and passwords, HTTP Basic (RFC 7617).

    credentials = Credentials.parse("ops:correct horse\nci:battery staple\n")
    make_app(service, credentials=credentials)

Every path asks for them but ``/ping``, which load balancers and probes read. Over plain HTTP a password travels as
readable text: beyond loopback, serve over TLS.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

__all__ = ["Credentials", "InvalidCredentials", "authenticated"]

OPEN_PATHS = frozenset({"/ping"})


class InvalidCredentials(ValueError):
    """The text holds no credentials; the message names the line and never shows what stands there."""


class Credentials:
    """Pairs of user and password. Only digests are kept: nothing that shows this object can show a password."""

    def __init__(self, pairs: frozenset[tuple[str, str]]) -> None:
        self._digests = tuple(_digest(f"{user}:{password}".encode()) for user, password in sorted(pairs))

    @classmethod
    def parse(cls, text: str) -> Credentials:
        """One ``user:password`` per line; empty lines and those that begin with ``#`` do not count.

        Raises `InvalidCredentials`.
        """
        pairs = set()
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            user, colon, password = line.partition(":")
            if not user or not colon or not password:
                raise InvalidCredentials(f"line {number} is not of the form user:password")
            pairs.add((user, password))
        if not pairs:
            raise InvalidCredentials("there is no line of the form user:password")
        return cls(frozenset(pairs))

    def allow(self, authorization: str) -> bool:
        """Whether an ``Authorization`` header names one of the pairs. Takes as long for a wrong one as for a right."""
        scheme, _, encoded = authorization.strip().partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = _digest(base64.b64decode(encoded.strip(), validate=True))
        except (binascii.Error, ValueError):
            return False
        return sum(hmac.compare_digest(given, known) for known in self._digests) > 0


def _digest(pair: bytes) -> bytes:
    return hashlib.sha256(pair).digest()


def authenticated(credentials: Credentials) -> Middleware:
    """The middleware that answers 401 to who is not known."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in OPEN_PATHS and not credentials.allow(request.headers.get(hdrs.AUTHORIZATION, "")):
            raise web.HTTPUnauthorized(
                headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="Marathon", charset="UTF-8"'},
                text="user and password are needed, or wrong: send them as HTTP Basic authentication",
            )
        return await handler(request)

    return check
