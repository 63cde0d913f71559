"""What a user gets from `pip install`: a wheel, in an environment with nothing else in it."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.integration.ports import free_port
from tests.integration.service import Service, eventually

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = {"id": "one", "cmd": "sleep 100", "cpus": 0.1, "mem": 16}


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{command} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment in which only the wheel was installed, with what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT)
    (wheel,) = folder.glob("mesos_actors-*.whl")
    venv.create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-compile", wheel]
    installed = subprocess.run(install, capture_output=True, text=True)
    if installed.returncode:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the wheel's dependencies cannot be installed:\n{installed.stderr}")
        pytest.skip(f"the wheel's dependencies cannot be installed here:\n{installed.stderr}")
    return python


def test_it_has_its_commands_its_types_and_its_protocol(python: Path) -> None:
    assert "Usage: marathon" in run(python.parent / "marathon", "--help")
    assert "Usage: mesos-local" in run(python.parent / "mesos-local", "--help")
    code = (
        "import actors, mesos_proto, pathlib; print(*(pathlib.Path(p.__file__).parent for p in (actors, mesos_proto)))"
    )
    for package in run(python, "-P", "-c", code).split():
        assert (Path(package) / "py.typed").exists()
    assert (Path(package) / "proto/mesos/v1/mesos.proto").exists()


def test_marathon_up_runs_from_it(python: Path, tmp_path: Path) -> None:
    options = ("--port", str(free_port()), "--mesos-port", "0", "--work-dir", str(tmp_path / "state"))
    with Service("up", *options, python=python) as service:
        assert service.post("/v2/apps", SLEEPER).status == 201
        assert '<meta name="views"' in service.get("/ui/").text
        assert service.get("/ui/vendor/preact.js").status == service.get("/ui/views/apps.js").status == 200
        eventually("it runs", lambda: service.app("/one")["tasksRunning"] == 1)
    assert service.process.returncode == 0, service.words
