"""What is built with actors and used by many: routers, back-off, circuit breaker, retry, throttle, FSM, streams."""

from .actor_stream import (
    ActorStream,
    Completed,
    Overflow,
    ProducerStopped,
    StreamOverflow,
    StreamStopped,
    stream_of,
)
from .aggregator import Aggregator
from .backoff import Backoff
from .backoff_supervisor import BackoffSupervisor, CurrentChild, GetCurrentChild, GetRestartCount, Reset, RestartCount
from .circuit_breaker import BreakerState, CircuitBreaker, CircuitBreakerChanged, CircuitBreakerOpen
from .consistent_hashing import ConsistentHashable, ConsistentHashing, HashRing, stable_hash
from .first_answer import ScatterGatherFirst, TailChopping
from .fsm import FSM, Next, UnknownState, on_transition, when
from .fsm_messages import (
    CurrentState,
    StateTimeout,
    StopEvent,
    StopReason,
    SubscribeTransitions,
    Transition,
    UnsubscribeTransitions,
)
from .pipe import pipe_to
from .resizer import Resizer
from .retry import retry
from .router import NoRoutees, group, pool
from .router_messages import (
    AddRoutee,
    AdjustPoolSize,
    Broadcast,
    ConsistentHashableEnvelope,
    GetRoutees,
    RemoveRoutee,
    Routees,
    RouterManagementMessage,
)
from .routing_logic import BroadcastRouting, RandomRouting, RoundRobin, Route, RoutingLogic, SmallestMailbox
from .throttle import Rate, SetRate, Throttle, Throttler

__all__ = [
    "FSM",
    "ActorStream",
    "AddRoutee",
    "AdjustPoolSize",
    "Aggregator",
    "Backoff",
    "BackoffSupervisor",
    "BreakerState",
    "Broadcast",
    "BroadcastRouting",
    "CircuitBreaker",
    "CircuitBreakerChanged",
    "CircuitBreakerOpen",
    "Completed",
    "ConsistentHashable",
    "ConsistentHashableEnvelope",
    "ConsistentHashing",
    "CurrentChild",
    "CurrentState",
    "GetCurrentChild",
    "GetRestartCount",
    "GetRoutees",
    "HashRing",
    "Next",
    "NoRoutees",
    "Overflow",
    "ProducerStopped",
    "RandomRouting",
    "Rate",
    "RemoveRoutee",
    "Reset",
    "Resizer",
    "RestartCount",
    "RoundRobin",
    "Route",
    "Routees",
    "RouterManagementMessage",
    "RoutingLogic",
    "ScatterGatherFirst",
    "SetRate",
    "SmallestMailbox",
    "StateTimeout",
    "StopEvent",
    "StopReason",
    "StreamOverflow",
    "StreamStopped",
    "SubscribeTransitions",
    "TailChopping",
    "Throttle",
    "Throttler",
    "Transition",
    "UnknownState",
    "UnsubscribeTransitions",
    "group",
    "on_transition",
    "pipe_to",
    "pool",
    "retry",
    "stable_hash",
    "stream_of",
    "when",
]
