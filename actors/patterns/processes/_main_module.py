"""The user's main module in another interpreter, so that classes defined in it can be unpickled there.

As `multiprocessing` does when it spawns: the main module is run again under another name than ``__main__``, so that
what stands below ``if __name__ == "__main__":`` is not. Unlike there, a program given with ``python -c`` works too;
one that defines nothing is left alone: nothing of it can be asked for, and it may be more than a program of the
user's (some launchers read what to run from their standard input, which comes but once).
"""

from __future__ import annotations

import multiprocessing
import sys
import types
from multiprocessing import spawn
from typing import Any

__all__ = ["describe", "run_again", "running_again"]

#: True while this interpreter runs the main module again.
running_again = False


def describe() -> dict[str, Any]:
    """What another interpreter needs to know about this one's main module."""
    facts = spawn.get_preparation_data("actors")
    del facts["authkey"], facts["start_method"]
    main = sys.modules["__main__"]
    given = getattr(main, "__spec__", None) is None and not hasattr(main, "__file__") and "-c" in sys.orig_argv
    if given and any(getattr(defined, "__module__", None) == "__main__" for defined in vars(main).values()):
        facts["source"] = sys.orig_argv[sys.orig_argv.index("-c") + 1]
    return facts


def run_again(facts: dict[str, Any]) -> None:
    """Make this interpreter know what `describe` told of another one. Raises whatever the main module raises."""
    global running_again
    source = facts.pop("source", None)
    running_again = True
    multiprocessing.current_process()._inheriting = True  # type: ignore[attr-defined]  # refuses to spawn meanwhile
    try:
        spawn.prepare(facts)
        if source is not None:
            main = types.ModuleType("__mp_main__")
            sys.modules["__main__"] = sys.modules["__mp_main__"] = main
            exec(compile(source, "<string>", "exec"), main.__dict__)
    finally:
        running_again = False
        del multiprocessing.current_process()._inheriting  # type: ignore[attr-defined]
