"""The TaskInfo of one instance of an app on an offer. Pure; after Marathon's ``mesos/TaskBuilder.scala``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from actors.marathon.matching.container_builder import build_container, container_ports
from actors.marathon.matching.environment import enforcement_variable, task_environment
from actors.marathon.matching.offer_pool import Placement
from actors.marathon.model import App, Artifact, HealthCheck, SecretRef
from mesos_proto import mesos_pb2

__all__ = ["build_task", "fill_artifacts", "fill_environment"]


def build_task(
    app: App,
    offer: mesos_pb2.Offer,
    placement: Placement,
    task_id: str,
    env_prefix: str = "",
    *,
    enforce_role: bool = False,
) -> mesos_pb2.TaskInfo:
    """What Mesos is to run: name, command, resources, ports, checks and labels of one instance."""
    task = mesos_pb2.TaskInfo(name=".".join(reversed(app.id.strip("/").split("/"))))
    task.task_id.value = task_id
    task.agent_id.CopyFrom(offer.agent_id)
    task.resources.extend(placement.resources)
    given = task_environment(app, offer.hostname, task_id, placement.host_ports, env_prefix)
    _fill_command(task, app, given | enforcement_variable(enforce_role))
    if app.container is not None:
        task.container.CopyFrom(build_container(app, placement.host_ports))
    for key, value in app.labels.items():
        task.labels.labels.add(key=key, value=value)
    if app.task_kill_grace_period_seconds is not None:
        task.kill_policy.grace_period.nanoseconds = app.task_kill_grace_period_seconds * 1_000_000_000
    for check in app.health_checks:
        if check.run_by_agent:
            _fill_health_check(task.health_check, app, check, placement.host_ports)
            break  # a task has room for one
    _fill_discovery(task, app, placement.host_ports)
    return task


def _fill_command(task: mesos_pb2.TaskInfo, app: App, given: Mapping[str, str]) -> None:
    executor = app.executor.removeprefix("//cmd")
    command = task.executor.command if executor else task.command
    if executor:
        task.executor.executor_id.value = f"marathon-{task.task_id.value}"
        command.value = f"chmod ug+rx '{executor}' && exec '{executor}' {app.cmd or ' '.join(app.args)}"
    elif app.cmd is not None:
        command.value = app.cmd
        command.shell = True
    else:
        command.shell = False
        command.arguments.extend(app.args)
        if app.args and (app.container is None or not app.container.has_image):
            command.value = app.args[0]
    if app.user is not None:
        command.user = app.user
    fill_artifacts(command, app.fetch)
    fill_environment(command, {**given, **app.env}, {name: secret.source for name, secret in app.secrets.items()})


def fill_artifacts(command: mesos_pb2.CommandInfo, artifacts: Iterable[Artifact]) -> None:
    """Name to the agent what it is to fetch."""
    for artifact in artifacts:
        uri = command.uris.add(
            value=artifact.uri, extract=artifact.extract, executable=artifact.executable, cache=artifact.cache
        )
        if artifact.dest_path is not None:
            uri.output_file = artifact.dest_path


def fill_environment(
    command: mesos_pb2.CommandInfo, values: Mapping[str, str | SecretRef], secrets: Mapping[str, str]
) -> None:
    """Set the variables; `secrets` has the sources of those that are referred to."""
    for name, value in values.items():
        if isinstance(value, SecretRef):
            variable = command.environment.variables.add(name=name, type=mesos_pb2.Environment.Variable.SECRET)
            variable.secret.type = mesos_pb2.Secret.REFERENCE
            variable.secret.reference.name = secrets[value.secret]
        else:
            command.environment.variables.add(name=name, value=value)


def _fill_health_check(
    proto: mesos_pb2.HealthCheck, app: App, check: HealthCheck, host_ports: Sequence[int | None]
) -> None:
    proto.delay_seconds = check.delay_seconds
    proto.interval_seconds = check.interval_seconds
    proto.timeout_seconds = check.timeout_seconds
    proto.grace_period_seconds = check.grace_period_seconds
    proto.consecutive_failures = check.max_consecutive_failures
    if check.command is not None:
        proto.type = mesos_pb2.HealthCheck.COMMAND
        proto.command.value = check.command.value
        return
    port = check.port if check.port is not None else container_ports(app, host_ports)[check.port_index or 0]
    if check.protocol == "MESOS_TCP":
        proto.type = mesos_pb2.HealthCheck.TCP
        proto.tcp.port = port
    else:
        proto.type = mesos_pb2.HealthCheck.HTTP
        proto.http.port = port
        proto.http.scheme = "https" if check.protocol == "MESOS_HTTPS" else "http"
        proto.http.path = check.path or "/"


def _fill_discovery(task: mesos_pb2.TaskInfo, app: App, host_ports: Sequence[int | None]) -> None:
    task.discovery.visibility = mesos_pb2.DiscoveryInfo.FRAMEWORK
    task.discovery.name = task.name
    if app.host_networking:
        named = [(d.name, d.protocol, d.labels) for d in app.port_definitions or ()]
    else:
        named = [(m.name, m.protocol, m.labels) for m in app.port_mappings]
    for port, (name, protocols, labels) in zip(container_ports(app, host_ports), named, strict=True):
        for protocol in protocols.split(","):
            described = task.discovery.ports.ports.add(number=port, protocol=protocol)
            if name:
                described.name = name
            for key, value in labels.items():
                described.labels.labels.add(key=key, value=value)
