"""Checks of an app: is a task alive (health), is it ready for traffic (readiness)."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ._wire import Count, Distinct, Flag, Port, Text, Whole, WireModel

Protocol = Literal["HTTP", "HTTPS", "TCP", "COMMAND", "MESOS_TCP", "MESOS_HTTP", "MESOS_HTTPS"]
HTTP_PROTOCOLS = frozenset({"HTTP", "HTTPS", "MESOS_HTTP", "MESOS_HTTPS"})
AGENT_PROTOCOLS = frozenset({"COMMAND", "MESOS_TCP", "MESOS_HTTP", "MESOS_HTTPS"})


class CommandCheck(WireModel):
    value: Text


class HealthCheck(WireModel):
    """One health check; ``{}`` is HTTP on path ``/`` of the first port. All times in seconds."""

    command: CommandCheck | None = None
    grace_period_seconds: Count = 300
    ignore_http1xx: Annotated[Flag | None, Field(alias="ignoreHttp1xx")] = None
    interval_seconds: Annotated[Count, Field(ge=1)] = 60
    max_consecutive_failures: Count = 3
    path: Text | None = None
    port: Port | None = None
    port_index: Port | None = None
    protocol: Protocol = "HTTP"
    ip_protocol: Literal["IPv4", "IPv6"] = "IPv4"
    timeout_seconds: Count = 20
    delay_seconds: Count = 15

    @property
    def is_http(self) -> bool:
        return self.protocol in HTTP_PROTOCOLS

    @property
    def run_by_agent(self) -> bool:
        """Whether the Mesos agent runs this check; the others are run by the service."""
        return self.protocol in AGENT_PROTOCOLS

    @model_validator(mode="before")
    @classmethod
    def _defaults_of_the_protocol(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        given = {key: value for key, value in data.items() if value is not None}
        protocol = given.get("protocol", "HTTP")
        if not isinstance(protocol, str):
            return given
        if protocol in HTTP_PROTOCOLS:
            given.setdefault("path", "/")
            if protocol in ("HTTP", "HTTPS"):
                given.setdefault("ignoreHttp1xx", False)
        if protocol != "COMMAND" and "port" not in given:
            given.setdefault("portIndex", 0)
        return given

    @model_validator(mode="after")
    def _a_command_only_where_it_is_run(self) -> "HealthCheck":
        if self.protocol == "COMMAND" and self.command is None:
            raise ValueError("a health check of protocol COMMAND must define a command")
        if self.protocol != "COMMAND" and self.command is not None:
            raise ValueError(f"a health check of protocol {self.protocol} must not define a command")
        if self.port is not None and self.port_index is not None:
            raise ValueError("a health check must not define both port and portIndex")
        return self


class ReadinessCheck(WireModel):
    """Asked over HTTP during deployments only, until a task answers with one of the codes. Times in seconds."""

    name: Text = "readinessCheck"
    protocol: Literal["HTTP", "HTTPS"] = "HTTP"
    path: Text = "/"
    port_name: Text = "http-api"
    interval_seconds: Annotated[Whole, Field(ge=1)] = 30
    timeout_seconds: Annotated[Whole, Field(ge=1)] = 10
    http_status_codes_for_ready: Annotated[Distinct[Whole], Field(min_length=1)] = (200,)
    preserve_last_response: Flag = False
