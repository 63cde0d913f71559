"""Several instruments as one."""

from actors.core import Instruments

__all__ = ["Instruments"]
