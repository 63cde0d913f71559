"""Ports and networks of an app."""

from typing import ClassVar, Literal

from pydantic import Field

from ._wire import Distinct, Port, Text, TextMap, WireModel

NetworkProtocol = Literal["tcp", "udp", "udp,tcp"]


class Network(WireModel):
    """A network that an app joins: the agent's own (host), a bridge, or one with a name."""

    name: Text | None = None
    mode: Literal["container", "container/bridge", "host"] = "container"
    labels: TextMap = Field(default_factory=dict)

    omit_empty: ClassVar[frozenset[str]] = frozenset({"labels"})


class PortDefinition(WireModel):
    """A host port (only with host networking): a service port, or the port itself when ``requirePorts`` is set."""

    port: Port = 0
    labels: TextMap = Field(default_factory=dict)
    name: Text | None = None
    protocol: NetworkProtocol = "tcp"

    omit_empty: ClassVar[frozenset[str]] = frozenset({"labels"})


class PortMapping(WireModel):
    """A port of a container; 0 takes the host port's number, and no host port means none is mapped."""

    container_port: Port = 0
    host_port: Port | None = None
    labels: TextMap = Field(default_factory=dict)
    name: Text | None = None
    protocol: NetworkProtocol = "tcp"
    service_port: Port = 0
    network_names: Distinct[Text] = ()

    omit_empty: ClassVar[frozenset[str]] = frozenset({"network_names"})


HOST_NETWORK = (Network(mode="host"),)
DEFAULT_PORT_DEFINITIONS = (PortDefinition(name="default"),)
DEFAULT_PORT_MAPPINGS = (PortMapping(name="default"),)
