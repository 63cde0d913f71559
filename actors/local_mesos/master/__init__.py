"""The master of the embedded Mesos: ``start_master`` gives one with its three HTTP APIs."""

from actors.local_mesos.master.master import Master
from actors.local_mesos.master.registry import RegistryError
from actors.local_mesos.master.server import MasterServer, start_master
from actors.local_mesos.master.settings import MasterSettings

__all__ = ["Master", "MasterServer", "MasterSettings", "RegistryError", "start_master"]
