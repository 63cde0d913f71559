"""What a master can be told. Times are seconds, and the defaults are Apache Mesos's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["MasterSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterSettings:
    """
    Args:
        hostname: the name under which the master and its offers' agents are announced.
        credentials: secret by principal; when there are any, frameworks must authenticate (HTTP Basic).
        allocation_interval: how often declined resources are offered anew.
        offer_timeout: an offer that is neither accepted nor declined is rescinded after it; None: never.
        agent_timeout: how long an agent may be away before it counts as unreachable (5 pings of 15 s).
        agent_reregister_timeout: how long the agents of an earlier run have to come back.
        heartbeat_interval: how often an event stream says that it is alive.
        stream_buffer_bytes: what may wait for a slow client before it is disconnected.
        min_allocatable_resources: agents with less of each than one alternative (``|``) names are not offered.
        max_completed_frameworks, max_completed_tasks_per_framework, max_unreachable_tasks_per_framework: how many
            ended ones are kept to be looked at.
        max_operator_event_stream_subscribers: one more, and the oldest is closed.
        work_dir: where the registry is, for those who read the flags.
    """

    hostname: str = "127.0.0.1"
    credentials: Mapping[str, str] = field(default_factory=dict)
    allocation_interval: float = 1.0
    offer_timeout: float | None = None
    agent_timeout: float = 75.0
    agent_reregister_timeout: float = 600.0
    heartbeat_interval: float = 15.0
    stream_buffer_bytes: int = 64 * 1024 * 1024
    min_allocatable_resources: str = "cpus:0.01|mem:32"
    max_completed_frameworks: int = 50
    max_completed_tasks_per_framework: int = 1000
    max_unreachable_tasks_per_framework: int = 1000
    max_operator_event_stream_subscribers: int = 1000
    work_dir: str = ""

    def flags(self) -> dict[str, str]:
        """The settings as Mesos's flags, for those who read them off a running master."""
        authenticate = str(bool(self.credentials)).lower()
        flags = {
            "agent_ping_timeout": _duration(self.agent_timeout / 5),
            "agent_reregister_timeout": _duration(self.agent_reregister_timeout),
            "allocation_interval": _duration(self.allocation_interval),
            "allocator": "hierarchical",
            "allocator_agent_recovery_factor": "0.8",
            "allocator_recovery_timeout": "10mins",
            "authenticate_agents": "false",
            "authenticate_frameworks": "false",
            "authenticate_http_frameworks": authenticate,
            "authenticate_http_readonly": "false",
            "authenticate_http_readwrite": "false",
            "authentication_v0_timeout": "15secs",
            "authenticators": "crammd5",
            "authorizers": "local",
            "filter_gpu_resources": "true",
            "framework_sorter": "drf",
            "help": "false",
            "hostname": self.hostname,
            "hostname_lookup": "true",
            "http_authenticators": "basic",
            "initialize_driver_logging": "true",
            "log_auto_initialize": "true",
            "logbufsecs": "0",
            "logging_level": "INFO",
            "max_agent_ping_timeouts": "5",
            "max_completed_frameworks": str(self.max_completed_frameworks),
            "max_completed_tasks_per_framework": str(self.max_completed_tasks_per_framework),
            "max_operator_event_stream_subscribers": str(self.max_operator_event_stream_subscribers),
            "max_unreachable_tasks_per_framework": str(self.max_unreachable_tasks_per_framework),
            "memory_profiling": "false",
            "min_allocatable_resources": self.min_allocatable_resources,
            "offer_constraints_re2_max_mem": "4KB",
            "offer_constraints_re2_max_program_size": "100",
            "port": "5050",
            "publish_per_framework_metrics": "true",
            "quiet": "false",
            "recovery_agent_removal_limit": "100%",
            "registry": "replicated_log",
            "registry_fetch_timeout": "1mins",
            "registry_gc_interval": "15mins",
            "registry_max_agent_age": "2weeks",
            "registry_max_agent_count": "102400",
            "registry_store_timeout": "20secs",
            "registry_strict": "false",
            "require_agent_domain": "false",
            "role_sorter": "drf",
            "root_submissions": "true",
            "version": "false",
            "webui_dir": "/usr/share/mesos/webui",
            "work_dir": self.work_dir,
            "zk_session_timeout": "10secs",
        }
        if self.offer_timeout is not None:
            flags["offer_timeout"] = _duration(self.offer_timeout)
        return flags


def _duration(seconds: float) -> str:
    """As Mesos writes durations: ``15secs``, ``10mins``."""
    for size, unit in ((604800, "weeks"), (86400, "days"), (3600, "hrs"), (60, "mins"), (1, "secs"), (0.001, "ms")):
        if seconds >= size and abs(seconds / size - round(seconds / size)) < 1e-9:
            return f"{round(seconds / size)}{unit}"
    return f"{seconds:g}secs"
