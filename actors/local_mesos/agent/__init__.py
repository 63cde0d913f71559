"""One agent of the embedded cluster: an actor that has tasks run and their statuses heard."""

from actors.local_mesos.agent._agent import Agent
from actors.local_mesos.agent._checkpoint import Checkpoint, FileCheckpoint, MemoryCheckpoint
from actors.local_mesos.agent._http_api import AgentApi
from actors.local_mesos.agent._messages import AgentSettings, EndTasks, WhenRegistered
from actors.local_mesos.agent._records import CheckpointBroken

__all__ = [
    "Agent",
    "AgentApi",
    "AgentSettings",
    "Checkpoint",
    "CheckpointBroken",
    "EndTasks",
    "FileCheckpoint",
    "MemoryCheckpoint",
    "WhenRegistered",
]
