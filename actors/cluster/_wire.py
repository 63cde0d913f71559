"""What nodes of a cluster say to each other."""

from __future__ import annotations

from dataclasses import dataclass

from actors.remote import Codec

__all__ = ["Leaving", "register"]


@dataclass(frozen=True, slots=True)
class Leaving:
    """From a node to the others' daemons: it hands over, and is going to be removed."""

    id: str


_MESSAGES: dict[str, type] = {"actors.cluster.Leaving": Leaving}


def register(codec: Codec) -> None:
    """Let them cross."""
    for name, cls in _MESSAGES.items():
        if cls not in codec.by_class:
            codec.message(name)(cls)
