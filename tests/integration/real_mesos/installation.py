"""Brings the published Mesos binary and what it needs onto this machine, once."""

import fcntl
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.integration.parts import CACHE, Unavailable, install_debian_packages, run

from . import stub_libraries

PACKAGE = "mesos.scheduler===1.11.0.linux-x86_64"
NEEDED = ("libapr1", "libaprutil1", "libsvn1", "libsasl2-modules", "libcurl4", "gcc", "g++", "binutils")
HERE = Path(__file__).resolve().parent
HOME = CACHE / "real-mesos-1.11.0"


def install() -> Path:
    """The folder with the installed Mesos. Installs it if need be; raises `Unavailable`."""
    if (HOME / "installed").exists():
        return HOME
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Unavailable(
            f"the published Mesos binary is for Linux on x86-64, this is {sys.platform} {platform.machine()}"
        )
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several test runs that begin together, one installs
        if not (HOME / "installed").exists():
            install_debian_packages(*NEEDED)
            library = _library()
            stub_libraries.build_all(library, HOME / "lib")
            program = ["g++", "-O1", "-o", str(HOME / "start-cluster"), str(HERE / "start_cluster.cpp"), "-ldl"]
            run(program, "compile the program that starts Mesos")
            (HOME / "installed").touch()
    return HOME


def _library() -> Path:
    library = HOME / "mesos.so"
    if library.exists():
        return library
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        # The version is of a kind that pip refuses to see from 24.1 on, hence an older pip beside the present one.
        # The package is a plain archive without a build script: pip downloads and unpacks it, then gives up on
        # building it. What it unpacked is all that is wanted.
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        old = Path(folder) / "pip"
        run([*pip, "install", "--no-deps", "--target", str(old), "pip<24.1"], "install an older pip to download with")
        environment = {**os.environ, "PYTHONPATH": str(old), "TMPDIR": folder}
        command = [*pip, "download", "--no-deps", "--no-clean", "--dest", folder, PACKAGE]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        found = next(Path(folder).rglob("_scheduler.so"), None)
        if found is None:
            raise Unavailable(f"pip could not download {PACKAGE}: {done.stderr.strip()[-500:]}")
        found.rename(library)
    return library
