"""Health checks that the service makes itself: HTTP, HTTPS and TCP. (Those of the agents come with task statuses.)

InstanceChanged ─▶ Health ─▶ HealthChecker, one per app and configuration ─▶ probes
                                  └─▶ HealthReport, KillInstances ─▶ instances
"""

from actors.marathon.health.checker import HealthChecker
from actors.marathon.health.health import Health
from actors.marathon.health.probes import NetworkProbe, Probe, Target, target_of_port

__all__ = ["Health", "HealthChecker", "NetworkProbe", "Probe", "Target", "target_of_port"]
