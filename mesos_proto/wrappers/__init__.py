"""Typed views of the messages that a framework handles every day."""

from mesos_proto.wrappers.command_info import CommandInfo, CommandURI
from mesos_proto.wrappers.container_info import ContainerInfo, PortMapping, Volume
from mesos_proto.wrappers.executor_info import ExecutorInfo
from mesos_proto.wrappers.framework_info import FrameworkInfo
from mesos_proto.wrappers.health_check import CheckTimes, HealthCheck
from mesos_proto.wrappers.ids import AgentID, ContainerID, ExecutorID, FrameworkID, OfferID, OperationID, TaskID
from mesos_proto.wrappers.labels import AttributeValue, attributes_of, labels_of, labels_proto, parse_attributes
from mesos_proto.wrappers.offer import FaultDomain, Filters, InverseOffer, Offer, Unavailability
from mesos_proto.wrappers.task_info import TaskInfo
from mesos_proto.wrappers.task_status import TaskState, TaskStatus

__all__ = [
    "AgentID",
    "AttributeValue",
    "CheckTimes",
    "CommandInfo",
    "CommandURI",
    "ContainerID",
    "ContainerInfo",
    "ExecutorID",
    "ExecutorInfo",
    "FaultDomain",
    "Filters",
    "FrameworkID",
    "FrameworkInfo",
    "HealthCheck",
    "InverseOffer",
    "Offer",
    "OfferID",
    "OperationID",
    "PortMapping",
    "TaskID",
    "TaskInfo",
    "TaskState",
    "TaskStatus",
    "Unavailability",
    "Volume",
    "attributes_of",
    "labels_of",
    "labels_proto",
    "parse_attributes",
]
