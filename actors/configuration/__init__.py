"""Settings from a file, from the environment and from code, into one typed object.

`load_settings` is all that a program needs; the commands' ``--config FILE`` (`actors.configuration.commands`) is built
on it.
"""

from .sources import ENVIRONMENT_PREFIX, load_settings, read_tables, settings_from

__all__ = ["ENVIRONMENT_PREFIX", "load_settings", "read_tables", "settings_from"]
