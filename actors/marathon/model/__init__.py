"""What Marathon is told to run: apps and groups, frozen values that are the same in memory, journal and JSON.

`parse_app` and `parse_group` read what clients write; `App.to_wire` and `App.from_wire` are each other's inverse.
Changes of the whole tree are the pure functions of `actors.marathon.changes`.
"""

from . import path_id
from ._rules import constraint_problem
from .app import SINGLE_INSTANCE_LABEL, App, Artifact, ExecutorResources, ResourceLimits, SecretRef, SecretSource
from .container import Container, DockerContainer, LinuxInfo, PersistentVolume, Volume
from .errors import (
    AlreadyExists,
    ModelError,
    UnknownApp,
    UnknownGroup,
    UnknownPod,
    ValidationFailed,
    VersionChanged,
    Violation,
    WrongType,
)
from .group import EPOCH, Group, RootGroup, without_pods
from .group_update import GroupUpdate, parse_group
from .health import CommandCheck, HealthCheck, ReadinessCheck
from .network import Network, PortDefinition, PortMapping
from .parse import parse_app
from .pod import Pod, parse_pod, run_spec_of
from .pod_spec import ContainerHealthCheck, Endpoint, MesosCommand, PodContainer, PodSpec, Resources
from .service_ports import assign_service_ports
from .strategy import UnreachableStrategy, UpgradeStrategy, VersionInfo
from .update import rollback_version, updated_app
from .versions import moment_of, next_version, parse_version, version_of

__all__ = [
    "EPOCH",
    "SINGLE_INSTANCE_LABEL",
    "AlreadyExists",
    "App",
    "Artifact",
    "CommandCheck",
    "Container",
    "ContainerHealthCheck",
    "DockerContainer",
    "Endpoint",
    "ExecutorResources",
    "Group",
    "GroupUpdate",
    "HealthCheck",
    "LinuxInfo",
    "MesosCommand",
    "ModelError",
    "Network",
    "PersistentVolume",
    "Pod",
    "PodContainer",
    "PodSpec",
    "PortDefinition",
    "PortMapping",
    "ReadinessCheck",
    "ResourceLimits",
    "Resources",
    "RootGroup",
    "SecretRef",
    "SecretSource",
    "UnknownApp",
    "UnknownGroup",
    "UnknownPod",
    "UnreachableStrategy",
    "UpgradeStrategy",
    "ValidationFailed",
    "VersionChanged",
    "VersionInfo",
    "Violation",
    "Volume",
    "WrongType",
    "assign_service_ports",
    "constraint_problem",
    "moment_of",
    "next_version",
    "parse_app",
    "parse_group",
    "parse_pod",
    "parse_version",
    "path_id",
    "rollback_version",
    "run_spec_of",
    "updated_app",
    "version_of",
    "without_pods",
]
