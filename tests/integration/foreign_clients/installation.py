"""Installs avmesos and pymesos from PyPI, each into a virtual environment of its own, once."""

import fcntl
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.integration.parts import CACHE, Unavailable, run


def install_avmesos() -> Path:
    """The Python that has avmesos. Raises `Unavailable`."""
    return _installed("avmesos-0.4.2", lambda python: _pip(python, "install", "avmesos==0.4.2"))


def install_pymesos() -> Path:
    """The Python that has pymesos. Raises `Unavailable`."""
    return _installed("pymesos-0.3.15", _pymesos)


def _installed(name: str, fill: Callable[[Path], None]) -> Path:
    home = CACHE / f"{name}-python3.{sys.version_info.minor}"
    python = home / "bin" / "python"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several test runs that begin together, one installs
        if not (home / "installed").exists():
            run([sys.executable, "-m", "venv", str(home)], "make a virtual environment")
            fill(python)
            (home / "installed").touch()
    return python


def _pymesos(python: Path) -> None:
    _pip(python, "install", "pymesos==0.3.15", "--no-deps")
    _pip(python, "install", "six", "addict", "kazoo", "setuptools")
    try:
        _pip(python, "install", "http-parser==0.9.0")
    except Unavailable:
        # Its C code is for Python up to 3.10. It has the same in Python, which it takes where the C code is missing.
        with tempfile.TemporaryDirectory() as folder:
            _pip(python, "download", "--no-deps", "--no-binary", ":all:", "--dest", folder, "http-parser==0.9.0")
            (archive,) = Path(folder).glob("*.tar.gz")
            with tarfile.open(archive) as files:
                for member in files:
                    if member.name.endswith(".py") and "/http_parser/" in member.name:
                        member.name = f"http_parser/{Path(member.name).name}"
                        files.extract(member, _site_packages(python), filter="data")


def _site_packages(python: Path) -> Path:
    paths = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(run([str(python), "-c", paths], f"ask {python} for its packages").strip())


def _pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    run(command, f"run pip {' '.join(arguments)}")
