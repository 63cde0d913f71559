"""Installs the real parts that the integration tests run beside the fakes: ``python -m tests.integration.install``.

What cannot be had here is named, with what it takes, and its tests skip; with ``CI=true`` that is a failure.
"""

import os
import sys
from collections.abc import Callable

from . import chromium, foreign_clients, real_mesos, real_podman, real_zookeeper, shells
from .parts import Unavailable

PARTS: dict[str, Callable[[], object]] = {
    "Apache Mesos 1.11.0": real_mesos.install,
    "Apache ZooKeeper": real_zookeeper.install,
    "podman": real_podman.install,
    "Chromium": chromium.install,
    "zsh and fish": shells.install_all,
    "avmesos": foreign_clients.install_avmesos,
    "pymesos": foreign_clients.install_pymesos,
}


def main() -> int:
    missing = 0
    for name, put_in_place in PARTS.items():
        try:
            put_in_place()
        except Unavailable as reason:
            missing += 1
            sys.stderr.write(f"{name} cannot be installed here, its tests will be skipped: {reason}\n")
    return 1 if missing and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
