"""Fields of older Marathons, translated into today's before an app is read (``AppNormalization.scala``).

    uris                       → fetch
    ports                      → portDefinitions
    ipAddress                  → networks, container.portMappings
    container.docker.network   → networks
    container.docker.portMappings → container.portMappings

Works on the decoded JSON, for whole definitions and for updates alike; fields of the wrong type are left for the
reader to complain about.
"""

from collections.abc import Mapping
from typing import Any

from .errors import ValidationFailed

_ARCHIVES = (".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip")
_DOCKER_NETWORKS = {"HOST": "host", "NONE": "host", "BRIDGE": "container/bridge", "USER": "container"}


def without_deprecated_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` in today's fields only; it is not changed. Raises `ValidationFailed` where old and new contradict."""
    app = {key: value for key, value in data.items() if value is not None}
    _refuse_contradictions(app)
    _uris(app)
    _ports(app)
    _docker(app)
    _ip_address(app)
    return app


def _refuse_contradictions(app: Mapping[str, Any]) -> None:
    def refuse(text: str, path: str = "/") -> None:
        raise ValidationFailed.at(path, text)

    uris, ports, definitions = app.get("uris"), app.get("ports"), app.get("portDefinitions")
    if uris and app.get("fetch"):
        refuse("may not be set in conjunction with fetch", "/uris")
    if isinstance(ports, list):
        fixed = [port for port in ports if port != 0]
        if len(fixed) != len(set(map(repr, fixed))):
            refuse("ports must be unique")
        named = [d.get("port", 0) for d in definitions if isinstance(d, dict)] if isinstance(definitions, list) else []
        if ports and named and named != ports:
            refuse("cannot specify both ports and port definitions")
    if app.get("ipAddress") is not None:
        if app.get("networks"):
            refuse("must not specify both networks and ipAddress")
        if ports or definitions:
            refuse("cannot specify both an IP address and port")
    if app.get("networks") and _docker_part(app).get("network") is not None:
        refuse("must not specify both container.docker.network and networks")


def _docker_part(app: Mapping[str, Any]) -> dict[str, Any]:
    container = app.get("container")
    docker = container.get("docker") if isinstance(container, dict) else None
    return docker if isinstance(docker, dict) else {}


def _uris(app: dict[str, Any]) -> None:
    uris = app.pop("uris", None)
    if isinstance(uris, list) and uris:
        app["fetch"] = [
            {"uri": uri, "extract": isinstance(uri, str) and uri.lower().endswith(_ARCHIVES)} for uri in uris
        ]


def _ports(app: dict[str, Any]) -> None:
    ports = app.pop("ports", None)
    if ports is None or app.get("portDefinitions") is not None:
        return
    if not isinstance(ports, list):
        app["portDefinitions"] = ports
        return
    networks = app.get("networks")
    if isinstance(networks, list) and any(
        isinstance(n, dict) and n.get("mode", "container") != "host" for n in networks
    ):
        return  # there, the mappings of the container count
    app["portDefinitions"] = [{"port": port} for port in ports]


def _docker(app: dict[str, Any]) -> None:
    container, docker = app.get("container"), dict(_docker_part(app))
    if not isinstance(container, dict) or not docker:
        return
    network, mappings = docker.pop("network", None), docker.pop("portMappings", None)
    container = {**container, "docker": docker}
    if mappings:
        if container.get("portMappings"):
            raise ValidationFailed.at("/container", "cannot specify both portMappings and docker.portMappings")
        container["portMappings"] = mappings
    app["container"] = container
    if network is None:
        return
    if not isinstance(network, str) or network not in _DOCKER_NETWORKS:
        known = ", ".join(_DOCKER_NETWORKS)
        raise ValidationFailed.at("/container/docker/network", f"must be one of {known}, is {network!r}")
    joined: dict[str, Any] = {"mode": _DOCKER_NETWORKS[network]}
    if network == "USER":
        joined["name"] = _network_name(app)
        address = app.pop("ipAddress", None) or {}
        if address.get("labels"):
            joined["labels"] = address["labels"]
    app["networks"] = [joined]
    if joined["mode"] == "host":
        # Docker ignored mappings under HOST; today they are refused there.
        container.pop("portMappings", None)
    else:
        app.pop("portDefinitions", None)


def _network_name(app: Mapping[str, Any]) -> str:
    address = app.get("ipAddress")
    name = address.get("networkName") if isinstance(address, dict) else None
    if not isinstance(name, str) or not name:
        raise ValidationFailed.at("/ipAddress/networkName", "must name the network that the container joins")
    return name


def _ip_address(app: dict[str, Any]) -> None:
    address = app.pop("ipAddress", None)
    if not isinstance(address, dict):
        return
    network = {"mode": "container", "name": _network_name({"ipAddress": address})}
    if address.get("labels"):
        network["labels"] = address["labels"]
    app["networks"] = [network]
    discovery = address.get("discovery")
    ports = discovery.get("ports") if isinstance(discovery, dict) else None
    container = app.get("container") or {"type": "MESOS"}
    if not isinstance(container, dict):
        return
    if isinstance(ports, list) and ports:
        if container.get("type", "DOCKER") == "DOCKER":
            raise ValidationFailed.at("/ipAddress", "ipAddress/discovery is not allowed for Docker containers")
        if container.get("portMappings"):
            raise ValidationFailed.at(
                "/container", "container.portMappings and ipAddress.discovery.ports must not both be set"
            )
        mappings = [{"containerPort": p.get("number", 0), **_named(p)} for p in ports if isinstance(p, dict)]
        container = {**container, "portMappings": mappings}
    app["container"] = container


def _named(port: Mapping[str, Any]) -> dict[str, Any]:
    return {key: port[key] for key in ("name", "protocol", "labels") if key in port}
