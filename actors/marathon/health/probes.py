"""One look at one instance: does it answer? A probe returns None when it does, else why not.

Only the first line of an HTTP answer is read: what a check asks is the status, and ten thousand of them a minute must
not cost more than that.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from actors.marathon.instance import Instance
from actors.marathon.model import App, HealthCheck

__all__ = ["NetworkProbe", "NoAnswer", "Probe", "Target", "target_of", "target_of_port"]


class NoAnswer(Exception):
    """The instance said something that counts neither as success nor as failure (a 1xx that is to be ignored)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a check looks."""

    host: str
    port: int


class Probe(Protocol):
    async def __call__(self, check: HealthCheck, target: Target) -> str | None:
        """None when `target` is well, else the cause in words. Raises `NoAnswer`. Takes no longer than the timeout."""
        ...


def target_of(app: App, check: HealthCheck, instance: Instance) -> Target | None:
    """Where to look for `check` of `instance`; None when it has no such port or no address."""
    if check.port is not None:
        return Target(instance.host, check.port) if instance.host else None
    return target_of_port(app, check.port_index or 0, instance)


def target_of_port(app: App, index: int, instance: Instance) -> Target | None:
    """Where the app's port definition or mapping number `index` is reached; None when it is not."""
    mappings = app.port_mappings
    if mappings:
        if index >= len(mappings):
            return None
        if mappings[index].host_port is None:  # reached inside its network only, at its own address
            address = next(iter(instance.ip_addresses), None)
            return Target(address, mappings[index].container_port) if address else None
        index = sum(mapping.host_port is not None for mapping in mappings[:index])
    if index >= len(instance.ports) or not instance.host:
        return None
    return Target(instance.host, instance.ports[index])


class NetworkProbe:
    """Looks over the network: a TCP connection, or a GET whose status is 200 to 399. Certificates are not verified."""

    async def __call__(self, check: HealthCheck, target: Target) -> str | None:
        try:
            async with asyncio.timeout(check.timeout_seconds or None):
                return await (self._http(check, target) if check.is_http else self._tcp(target))
        except TimeoutError:
            return f"{target.host}:{target.port} did not answer within {check.timeout_seconds} s"
        except OSError as error:
            return f"{target.host}:{target.port} cannot be reached: {error}"

    async def _tcp(self, target: Target) -> str | None:
        _, writer = await asyncio.open_connection(target.host, target.port)
        writer.transport.abort()
        return None

    async def _http(self, check: HealthCheck, target: Target) -> str | None:
        tls = _unverified() if check.protocol == "HTTPS" else None
        reader, writer = await asyncio.open_connection(target.host, target.port, ssl=tls)
        try:
            path = check.path or "/"
            path = path if path.startswith("/") else f"/{path}"
            writer.write(
                f"GET {path} HTTP/1.1\r\nHost: {target.host}:{target.port}\r\n"
                "User-Agent: marathon-health-check\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
            )
            line = await reader.readline()
        except ValueError:
            return f"{target.host}:{target.port} did not answer with HTTP"
        finally:
            writer.transport.abort()
        words = line.decode("latin-1").split(maxsplit=2)
        if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdecimal():
            return f"{target.host}:{target.port} did not answer with HTTP"
        status = int(words[1])
        if status < 200 and check.ignore_http1xx:
            raise NoAnswer
        return None if 200 <= status < 400 else f"{target.host}:{target.port}{path} answered with status {status}"


@cache
def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
