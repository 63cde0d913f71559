"""Names and paths of actors.

A path is ``actors://SYSTEM/user/PARENT/CHILD``. The name of an actor is unique among its living siblings; the uid of
its ref tells it from others that had the same path before or will have it later.
"""

from __future__ import annotations

import re

from .errors import InvalidActorName

__all__ = ["checked_name", "path_of", "unnamed"]

_NAME = re.compile(r"(?:[A-Za-z0-9\-_.*+:@&=,!~';]|%[0-9a-fA-F]{2})(?:[A-Za-z0-9\-_.*$+:@&=,!~';]|%[0-9a-fA-F]{2})*")
_DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+~"


def checked_name(name: str) -> str:
    """`name`, when Akka's rule allows it: ASCII letters, digits, ``-_.*$+:@&=,!~';`` or ``%hh``, no leading ``$``.

    :raises InvalidActorName: saying which rule it breaks.
    """
    if not isinstance(name, str) or not name:
        raise InvalidActorName(
            f"an actor's name must be a string that is not empty, not {name!r}"
            + ("" if isinstance(name, str) else " (what its constructor needs goes into Props(cls, …))")
        )
    if name.startswith("$"):
        raise InvalidActorName(f"the name {name!r} starts with '$', which is kept for unnamed actors")
    if _NAME.fullmatch(name) is None:
        raise InvalidActorName(
            f"the name {name!r} has a character that may not be in a path; allowed are ASCII letters, digits,"
            " -_.*$+:@&=,!~'; and %hh (quote others with urllib.parse.quote)"
        )
    return name


def unnamed(number: int) -> str:
    """The name of a parent's `number`-th unnamed child: ``$a``, ``$b``, …"""
    name = "$"
    while True:
        name += _DIGITS[number & 63]
        number >>= 6
        if not number:
            return name


def path_of(parent: str, name: str) -> str:
    return f"{parent}/{name}" if parent[-1] != "/" else parent + name
