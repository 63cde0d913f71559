"""What an agent tells an executor that it starts, through environment variables (Mesos's "Executor HTTP API")."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mesos_proto import ExecutorID, FrameworkID

__all__ = ["ExecutorEnvironment", "NotAnExecutor", "parse_duration"]

_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "secs": 1.0,
    "mins": 60.0,
    "hrs": 3600.0,
    "days": 86400.0,
    "weeks": 604800.0,
}


class NotAnExecutor(RuntimeError):
    """The environment is not one that a Mesos agent makes."""


def parse_duration(text: str) -> float:
    """Seconds of a duration as Mesos writes it: ``15mins``, ``2secs``, ``1.5hrs``. Raises ValueError."""
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)([a-z]+)", text)
    if found is None or found[2] not in _UNITS:
        raise ValueError(f"{text!r} is not a duration of Mesos, such as 15mins; units are {', '.join(_UNITS)}")
    return float(found[1]) * _UNITS[found[2]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorEnvironment:
    """``url`` is the agent's; all times in seconds.

    ``checkpoint``          whether this executor lives on while its agent is away, for ``recovery_timeout``
    ``subscription_backoff_max``  within this time an executor is to have tried to subscribe again
    ``shutdown_grace``      between SHUTDOWN and the SIGKILL of the agent
    ``token``               with which to authenticate, if the agent asks for it
    """

    url: str
    framework_id: FrameworkID
    executor_id: ExecutorID
    sandbox: Path
    checkpoint: bool = False
    recovery_timeout: float = 900.0
    subscription_backoff_max: float = 2.0
    shutdown_grace: float = 5.0
    token: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> ExecutorEnvironment:
        """From this process's environment. Raises `NotAnExecutor`, naming the variable and the remedy."""
        environ = os.environ if environ is None else environ

        def required(name: str) -> str:
            if not (value := environ.get(name)):
                raise NotAnExecutor(
                    f"{name} is not set: an executor is started by a Mesos agent, as the ExecutorInfo of a task says; "
                    "it cannot be started by hand"
                )
            return value

        def seconds(name: str, default: float) -> float:
            try:
                return parse_duration(environ[name]) if name in environ else default
            except ValueError as error:
                raise NotAnExecutor(f"{name}: {error}") from None

        secure = environ.get("LIBPROCESS_SSL_ENABLED", environ.get("SSL_ENABLED", "")).lower() in ("1", "true")
        return cls(
            url=f"{'https' if secure else 'http'}://{required('MESOS_AGENT_ENDPOINT')}",
            framework_id=FrameworkID(required("MESOS_FRAMEWORK_ID")),
            executor_id=ExecutorID(required("MESOS_EXECUTOR_ID")),
            sandbox=Path(environ.get("MESOS_SANDBOX") or environ.get("MESOS_DIRECTORY") or "."),
            checkpoint=environ.get("MESOS_CHECKPOINT") == "1",
            recovery_timeout=seconds("MESOS_RECOVERY_TIMEOUT", 900.0),
            subscription_backoff_max=seconds("MESOS_SUBSCRIPTION_BACKOFF_MAX", 2.0),
            shutdown_grace=seconds("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", 5.0),
            token=environ.get("MESOS_EXECUTOR_AUTHENTICATION_TOKEN"),
        )
