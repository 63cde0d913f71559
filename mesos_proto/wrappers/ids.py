"""Mesos's ids: strings that the type checker tells apart, so that a task's id is not taken for an agent's."""

from __future__ import annotations

from mesos_proto.mesos.v1 import mesos_pb2


class FrameworkID(str):
    """Given by the master at the first subscription; keep it to subscribe again as the same framework."""

    __slots__ = ()


class OfferID(str):
    """Of an offer or an inverse offer."""

    __slots__ = ()


class AgentID(str):
    """Given by the master when an agent registers; an agent that lost its work directory gets another."""

    __slots__ = ()


class TaskID(str):
    """Chosen by the framework, once: Mesos refuses the id of a task that it still knows."""

    __slots__ = ()


class ExecutorID(str):
    """Chosen by the framework; for command tasks Mesos takes the task's."""

    __slots__ = ()


class OperationID(str):
    """Chosen by the framework for an operation of which it wants to hear."""

    __slots__ = ()


class ContainerID(str):
    """Chosen by the agent. ``parent`` is the container in which it is nested; it does not count when comparing."""

    parent: ContainerID | None = None

    @classmethod
    def from_proto(cls, proto: mesos_pb2.ContainerID) -> ContainerID:
        """Of a message, with all its parents."""
        made = cls(proto.value)
        if proto.HasField("parent"):
            made.parent = cls.from_proto(proto.parent)
        return made
