"""What a running system shows of itself: figures for Prometheus, spans for OpenTelemetry.

Both are instruments of a system, ``Settings(instrument=…)``; without one, nothing of this is on the way of a message.
"""

from .instruments import Instruments
from .metrics import Metrics
from .tracing import Tracing, TracingUnavailable

__all__ = ["Instruments", "Metrics", "Tracing", "TracingUnavailable"]
