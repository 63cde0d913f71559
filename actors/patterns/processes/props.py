"""`ProcessProps`: the recipe for an actor in a process of its own."""

from __future__ import annotations

from typing import Any, TypeVar

from actors.core import Actor, Props

from . import _main_module
from ._proxy import ProcessProxy

__all__ = ["ProcessProps"]

M = TypeVar("M")


class ProcessProps(Props[M]):
    """An actor that runs in a process of its own: ``context.spawn(ProcessProps(Resizer, 800, 600), "resizer")``.

    For work that needs a processor of its own, or that may crash its process. Its ref, its supervision and its death
    watch are those of any child. The class, its arguments and its messages must be picklable.

    :raises RuntimeError: in a main module that is being run again by another process, for want of the guard
        ``if __name__ == "__main__":``.
    """

    __slots__ = ()

    def __init__(self, cls: type[Actor[M]], /, *args: Any, **kwargs: Any) -> None:
        if _main_module.running_again:
            raise RuntimeError(
                "the main module starts actors in processes while it is run again in such a process: put what is to"
                ' happen only once below `if __name__ == "__main__":`'
            )
        super().__init__(ProcessProxy, Props(cls, *args, **kwargs))
