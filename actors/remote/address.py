"""Where a system is: ``actors://SYSTEM@HOST:PORT``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

__all__ = ["Address"]

_FORM = re.compile(r"actors://(?P<system>[^/@#]+)@(?P<host>\[[^\]/#]+\]|[^/@:#\[\]]+):(?P<port>\d{1,5})(?P<rest>/.*)?")


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """What a system is called by the others. ``host`` is as they reach it, not as it listens."""

    system: str
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """:raises ValueError: when it is not of that form."""
        return cls.split(text)[0]

    @classmethod
    def split(cls, path: str) -> tuple[Self, str]:
        """The address of a full path, and the rest: ``/user/…``, or nothing.

        :raises ValueError: when it has no address.
        """
        found = _FORM.fullmatch(path)
        if found is None or not 0 < int(found["port"]) < 65536:
            raise ValueError(f"{path!r} is no address of a system: write actors://SYSTEM@HOST:PORT/user/…")
        return cls(found["system"], found["host"].strip("[]"), int(found["port"])), found["rest"] or ""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"actors://{self.system}@{host}:{self.port}"
