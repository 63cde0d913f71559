"""Is what a task, or its executor, is to run well described: command, container, checks? In Mesos's words; pure."""

from __future__ import annotations

from mesos_proto import mesos_pb2

__all__ = ["check_error", "command_error", "container_error", "health_check_error"]

CheckInfo = mesos_pb2.CheckInfo
ContainerInfo = mesos_pb2.ContainerInfo
HealthCheck = mesos_pb2.HealthCheck
Variable = mesos_pb2.Environment.Variable


def command_error(command: mesos_pb2.CommandInfo) -> str | None:
    return environment_error(command.environment)


def environment_error(environment: mesos_pb2.Environment) -> str | None:
    for variable in environment.variables:
        name = variable.name
        if variable.type == Variable.SECRET:
            if not variable.HasField("secret"):
                return f"Environment variable '{name}' of type 'SECRET' must have a secret set"
            if variable.HasField("value"):
                return f"Environment variable '{name}' of type 'SECRET' must not have a value set"
            if b"\0" in variable.secret.value.data:
                return (
                    f"Environment variable '{name}' specifies a secret containing null bytes, which is not allowed "
                    "in the environment"
                )
        elif variable.type == Variable.VALUE:
            if not variable.HasField("value"):
                return f"Environment variable '{name}' of type 'VALUE' must have a value set"
            if variable.HasField("secret"):
                return f"Environment variable '{name}' of type 'VALUE' must not have a secret set"
        else:
            return "Environment variable of type 'UNKNOWN' is not allowed"
    return None


def container_error(container: mesos_pb2.ContainerInfo) -> str | None:
    for volume in container.volumes:
        named = [name for name in ("host_path", "image", "source") if volume.HasField(name)]
        if len(named) != 1:
            return "Invalid volume: Only one of them should be set: 'host_path', 'image' and 'source'"
        if volume.HasField("source"):
            kind = mesos_pb2.Volume.Source.Type.Name(volume.source.type)
            if kind == "UNKNOWN":
                return "Invalid volume: 'source.type' is unknown"
            if not volume.source.HasField(kind.lower()):  # type: ignore[arg-type]
                return f"Invalid volume: 'source.{kind.lower()}' is not set for {kind} volume"
    if container.type == ContainerInfo.DOCKER:
        if not container.HasField("docker"):
            return "DockerInfo 'docker' is not set for DOCKER typed ContainerInfo"
        names = [info.name for info in container.network_infos if info.HasField("name")]
        if container.docker.network != ContainerInfo.DockerInfo.USER and names and container.docker.HasField("network"):
            return "Network name can only be set with user networks"
    return None


def health_check_error(check: mesos_pb2.HealthCheck) -> str | None:
    if not check.HasField("type"):
        return "HealthCheck must specify 'type'"
    error = _kind_error(check, "health check")
    if error:
        return error
    for name in ("delay_seconds", "grace_period_seconds", "interval_seconds", "timeout_seconds"):
        if check.HasField(name) and not getattr(check, name) >= 0:
            return f"Expecting '{name}' to be non-negative"
    return None


def _kind_error(check: mesos_pb2.HealthCheck, what: str) -> str | None:
    if check.type == HealthCheck.COMMAND:
        if not check.HasField("command"):
            return f"Expecting 'command' to be set for COMMAND {what}"
        if check.command.value == "" and not check.command.arguments:
            return "Command " + what + " must contain 'shell command'"
        error = environment_error(check.command.environment)
        return f"Health check's `CommandInfo` is invalid: {error}" if error else None
    if check.type == HealthCheck.HTTP:
        if not check.HasField("http"):
            return f"Expecting 'http' to be set for HTTP {what}"
        if check.http.HasField("scheme") and check.http.scheme not in ("http", "https"):
            return f"Unsupported HTTP {what} scheme: '{check.http.scheme}'"
        if check.http.HasField("path") and not check.http.path.startswith("/"):
            return f"The path '{check.http.path}' of HTTP {what} must start with '/'"
        return None
    if check.type == HealthCheck.TCP:
        return None if check.HasField("tcp") else f"Expecting 'tcp' to be set for TCP {what}"
    return f"'{HealthCheck.Type.Name(check.type)}' is not a valid {what} type"


def check_error(check: mesos_pb2.CheckInfo) -> str | None:
    if not check.HasField("type"):
        return "CheckInfo must specify 'type'"
    if check.type == CheckInfo.COMMAND:
        if not check.HasField("command"):
            return "Expecting 'command' to be set for COMMAND check"
        if not check.command.command.HasField("value"):
            return "Command check must contain 'shell command'"
        error = environment_error(check.command.command.environment)
        if error:
            return f"Check's `CommandInfo` is invalid: {error}"
    elif check.type == CheckInfo.HTTP:
        if not check.HasField("http"):
            return "Expecting 'http' to be set for HTTP check"
        if check.http.HasField("path") and not check.http.path.startswith("/"):
            return f"The path '{check.http.path}' of HTTP check must start with '/'"
    elif check.type == CheckInfo.TCP:
        if not check.HasField("tcp"):
            return "Expecting 'tcp' to be set for TCP check"
    else:
        return f"'{CheckInfo.Type.Name(check.type)}' is not a valid check type"
    for name in ("delay_seconds", "interval_seconds", "timeout_seconds"):
        if check.HasField(name) and not getattr(check, name) >= 0:
            return f"Expecting '{name}' to be non-negative"
    return None
