"""Mesos's v1 protocol: messages, JSON, framing, typed views of what a framework handles, resource arithmetic."""

from mesos_proto import json_codec, recordio
from mesos_proto.mesos.v1 import mesos_pb2
from mesos_proto.mesos.v1.agent import agent_pb2
from mesos_proto.mesos.v1.allocator import allocator_pb2
from mesos_proto.mesos.v1.executor import executor_pb2
from mesos_proto.mesos.v1.maintenance import maintenance_pb2
from mesos_proto.mesos.v1.master import master_pb2
from mesos_proto.mesos.v1.quota import quota_pb2
from mesos_proto.mesos.v1.resource_provider import resource_provider_pb2
from mesos_proto.mesos.v1.scheduler import scheduler_pb2
from mesos_proto.ranges import Ranges
from mesos_proto.resource import Resource, ResourceError
from mesos_proto.resources import Resources
from mesos_proto.wrappers import (
    AgentID,
    AttributeValue,
    CheckTimes,
    CommandInfo,
    CommandURI,
    ContainerID,
    ContainerInfo,
    ExecutorID,
    ExecutorInfo,
    FaultDomain,
    Filters,
    FrameworkID,
    FrameworkInfo,
    HealthCheck,
    InverseOffer,
    Offer,
    OfferID,
    OperationID,
    PortMapping,
    TaskID,
    TaskInfo,
    TaskState,
    TaskStatus,
    Unavailability,
    Volume,
    attributes_of,
    labels_of,
    labels_proto,
    parse_attributes,
)

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
    "Ranges",
    "Resource",
    "ResourceError",
    "Resources",
    "TaskID",
    "TaskInfo",
    "TaskState",
    "TaskStatus",
    "Unavailability",
    "Volume",
    "agent_pb2",
    "allocator_pb2",
    "attributes_of",
    "executor_pb2",
    "json_codec",
    "labels_of",
    "labels_proto",
    "maintenance_pb2",
    "master_pb2",
    "mesos_pb2",
    "parse_attributes",
    "quota_pb2",
    "recordio",
    "resource_provider_pb2",
    "scheduler_pb2",
]
