"""The real parts beside the fakes: where they are kept, and what happens when one cannot be had.

A test that needs one skips and says why; with ``CI=true`` it fails.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mesos-actors"


class Unavailable(Exception):
    """A real part cannot be had here; says what is missing."""


def real_or_skip(name: str, install: Callable[[], Path]) -> Path:
    """Where ``install`` has put ``name``; without it the test skips, or fails with ``CI=true``."""
    try:
        return install()
    except Unavailable as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"no {name}, and CI=true asks for it: {error}", pytrace=False)
        pytest.skip(f"no {name} here: {error}")


def install_debian_packages(*names: str) -> None:
    """Installs with apt what is missing of ``names``, which takes root. Raises `Unavailable`."""
    if shutil.which("dpkg") is None:
        raise Unavailable(f"these packages are installed with Debian's apt, which is not here: {' '.join(names)}")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # apt itself does not wait for another one
        missing = [name for name in names if subprocess.run(["dpkg", "-s", name], capture_output=True).returncode]
        if not missing:
            return
        if os.geteuid() != 0:
            raise Unavailable(f"not root, and these packages are missing: apt-get install {' '.join(missing)}")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update", "-qq"], "fetch Debian's package lists", environment)
        run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
            f"install {' '.join(missing)}",
            environment,
        )


def run(command: list[str], purpose: str, environment: dict[str, str] | None = None) -> str:
    """What ``command`` prints. Raises `Unavailable`: ``could not {purpose}``, with its last words."""
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise Unavailable(f"could not {purpose}: {done.stderr.strip()[-500:]}")
    return done.stdout
