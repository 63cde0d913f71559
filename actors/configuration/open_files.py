"""How many connections and files a long-running command may have open."""

from __future__ import annotations

import logging
import resource

__all__ = ["allow_many_files"]

log = logging.getLogger(__name__)


def allow_many_files() -> None:
    """As many as the machine lets this user have: a shell gives 1,024, which a thousand idle clients use up, and then
    nobody is accepted any more. Whatever cannot be had is left as it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:
        log.warning("no more than %d files and connections can be open: %s (ulimit -n)", soft, error)
