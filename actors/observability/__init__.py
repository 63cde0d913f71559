"""What a running system shows of itself: figures for Prometheus, spans for OpenTelemetry, correlated logs, rates.

All are instruments of a system, ``Settings(instrument=…)``; without one, nothing of this is on the way of a message.
"""

from .correlation import Correlation, CorrelationFilter, correlated, correlation
from .instruments import Instruments
from .metrics import Metrics
from .rates import Rates
from .tracing import Tracing, TracingUnavailable

__all__ = [
    "Correlation",
    "CorrelationFilter",
    "Instruments",
    "Metrics",
    "Rates",
    "Tracing",
    "TracingUnavailable",
    "correlated",
    "correlation",
]
