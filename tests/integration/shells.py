"""Shells that Debian does not bring along: what completes the commands is tried in each."""

import shutil
from pathlib import Path

from .parts import Unavailable, install_debian_packages


def install(name: str) -> Path:
    """The binary of the shell. Raises `Unavailable`."""
    found = shutil.which(name)
    if found is None:
        install_debian_packages(name)
        found = shutil.which(name)
    if found is None:
        raise Unavailable(f"{name} is not there although its package is installed")
    return Path(found)


def install_all() -> None:
    for name in ("bash", "zsh", "fish"):
        install(name)
