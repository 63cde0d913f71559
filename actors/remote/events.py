"""What a system publishes on its event stream about the others."""

from __future__ import annotations

from dataclasses import dataclass

from .address import Address

__all__ = ["NodeLost", "NodeReachable", "NodeUnreachable", "QuarantinedBy"]


@dataclass(frozen=True, slots=True)
class NodeUnreachable:
    """Nothing was heard for `RemoteSettings.detection`. It may come back."""

    address: Address
    uid: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class NodeReachable:
    """It has come back, as it was."""

    address: Address
    uid: int | None


@dataclass(frozen=True, slots=True)
class NodeLost:
    """That run of it is over for us, for good: who watched its actors got `Terminated`."""

    address: Address
    uid: int
    reason: str


@dataclass(frozen=True, slots=True)
class QuarantinedBy:
    """Another system has given up this run of ours. Only a restart of this system mends that."""

    address: Address
    reason: str
