"""The master of the embedded Mesos: ``start_master`` gives one with its three HTTP APIs."""

from actors.local_mesos.master.candidate import Candidate
from actors.local_mesos.master.election import Election
from actors.local_mesos.master.master import Master
from actors.local_mesos.master.registry import MemoryRegistry, RegistryError, SqliteRegistry
from actors.local_mesos.master.server import MasterServer, start_master
from actors.local_mesos.master.settings import MasterSettings

__all__ = [
    "Candidate",
    "Election",
    "Master",
    "MasterServer",
    "MasterSettings",
    "MemoryRegistry",
    "RegistryError",
    "SqliteRegistry",
    "start_master",
]
