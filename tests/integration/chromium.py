"""Debian's Chromium, in which the page is tested."""

from pathlib import Path

from .parts import Unavailable, install_debian_packages

BINARY = Path("/usr/bin/chromium")

FLAGS = [  # as root, and without looking for its maker's servers at each start
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def install() -> Path:
    """Its binary. Raises `Unavailable`."""
    install_debian_packages("chromium", "fonts-dejavu-core")
    if not BINARY.exists():
        raise Unavailable(f"{BINARY} is not there although its package is installed")
    return BINARY
