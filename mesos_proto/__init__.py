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

__all__ = [
    "Ranges",
    "Resource",
    "ResourceError",
    "Resources",
    "agent_pb2",
    "allocator_pb2",
    "executor_pb2",
    "json_codec",
    "maintenance_pb2",
    "master_pb2",
    "mesos_pb2",
    "quota_pb2",
    "recordio",
    "resource_provider_pb2",
    "scheduler_pb2",
]
