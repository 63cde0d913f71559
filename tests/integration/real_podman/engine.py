"""Puts podman in place, configured for a machine that is perhaps a container itself, and gives it an image."""

import fcntl
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tests.integration.parts import CACHE, Unavailable, install_debian_packages, real_or_skip, run

IMAGE = "localhost/busybox:1"

NEEDED = ("podman", "runc", "busybox-static", "netavark", "aardvark-dns", "iptables")
CONFIGURATION = Path("/etc/containers")
COMMANDS = ("sh", "echo", "sleep", "cat", "env", "httpd", "wget", "touch", "ls", "kill", "true", "false")

# Neither systemd nor an overlay file system is to be counted on, and limits may only be lowered.
ENGINE = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
"""
STORAGE = """\
[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
"""


def real_podman_or_skip() -> Path:
    return real_or_skip("podman", install)


def install() -> Path:
    """Where the command is. Installs it if need be; raises `Unavailable`."""
    if os.geteuid() != 0:
        raise Unavailable("containers with networks and limits take root")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "podman.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several test runs that begin together, one installs
        install_debian_packages(*NEEDED)
        CONFIGURATION.mkdir(exist_ok=True)
        _write(CONFIGURATION / "containers.conf", ENGINE)
        _write(CONFIGURATION / "storage.conf", STORAGE)
        if subprocess.run(["podman", "image", "exists", IMAGE], capture_output=True).returncode:
            _import_image()
        said = run(["podman", "run", "--rm", "--network=host", IMAGE, "/bin/echo", "hello"], "run a container here")
        if said != "hello\n":
            raise Unavailable(f"a container that should say hello said {said!r}")
    return Path("/usr/bin/podman")


def podman(*arguments: str) -> str:
    """What it prints."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def _write(file: Path, text: str) -> None:
    """A configuration that somebody else made stays as it is."""
    if not file.exists():
        file.write_text(text)


def _import_image() -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "root.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add("/bin/busybox", "bin/busybox")
            for name in COMMANDS:
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        run(["podman", "import", "-q", str(archive), IMAGE], "import an image")
