"""The executor side: runs a framework's tasks on an agent, in a process that the agent starts.

A program whose main is ``run_executor(MyHandler)``, with a handler that takes `LaunchTask`, `KillTask` and
`ShutdownExecutor` and replies `UpdateTask`, is a whole executor; `ExecutorActor` is the same in a system of one's own.
"""

from .actor import ExecutorActor, NotSent
from .connection import ExecutorConnection
from .environment import ExecutorEnvironment, NotAnExecutor
from .events import (
    Disconnected,
    Error,
    Event,
    FrameworkMessage,
    KillTask,
    LaunchTask,
    LaunchTaskGroup,
    SendMessage,
    ShutdownExecutor,
    Subscribed,
    UpdateTask,
)
from .program import run_executor

__all__ = [
    "Disconnected",
    "Error",
    "Event",
    "ExecutorActor",
    "ExecutorConnection",
    "ExecutorEnvironment",
    "FrameworkMessage",
    "KillTask",
    "LaunchTask",
    "LaunchTaskGroup",
    "NotAnExecutor",
    "NotSent",
    "SendMessage",
    "ShutdownExecutor",
    "Subscribed",
    "UpdateTask",
    "run_executor",
]
