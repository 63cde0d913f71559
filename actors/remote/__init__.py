"""Actors in other processes, on this machine and others: refs that reach them as if they were here.

Start at `Remote`; `message` registers the classes of the messages that cross.
"""

from .address import Address
from .codec import Codec, default_codec, message, upcast
from .errors import HandshakeRefused, MessageRefused, RemoteError, RemoteFailure
from .events import NodeLost, NodeReachable, NodeUnreachable, QuarantinedBy
from .refs import RemoteRef
from .remote import Remote
from .settings import RemoteSettings, Tls

__all__ = [
    "Address",
    "Codec",
    "HandshakeRefused",
    "MessageRefused",
    "NodeLost",
    "NodeReachable",
    "NodeUnreachable",
    "QuarantinedBy",
    "Remote",
    "RemoteError",
    "RemoteFailure",
    "RemoteRef",
    "RemoteSettings",
    "Tls",
    "default_codec",
    "message",
    "upcast",
]
