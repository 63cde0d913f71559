"""Long-running apps on Mesos, deployed by actors: apps notify the apps that depend on them.

`Marathon.start` runs the service without its HTTP API; `messages` says what to ask its actors, `events` what they
publish, `model` what an app is. `service` shows the tree of actors, `plan` how a deployment is worked out, `step` how
it is done.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.marathon.service import Marathon, MarathonStopped

__all__ = ["Marathon", "MarathonStopped"]


def __getattr__(name: str) -> Any:
    """The service is imported when it is asked for: the `marathon` command must answer without it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from actors.marathon import service

    return getattr(service, name)
