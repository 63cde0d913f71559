"""Actors in processes of their own, for what needs a processor of its own or may crash; and a bridge to Thespian.

`ProcessProps` is the recipe; spawn it, and all else is as with any child: asked, watched, supervised, stopped.
"""

from .bridge import ThespianBridge, ThespianRef
from .errors import MessageRefused, ProcessCrashed, ProcessStartFailed, RemoteError, RemoteTraceback
from .props import ProcessProps

__all__ = [
    "MessageRefused",
    "ProcessCrashed",
    "ProcessProps",
    "ProcessStartFailed",
    "RemoteError",
    "RemoteTraceback",
    "ThespianBridge",
    "ThespianRef",
]
