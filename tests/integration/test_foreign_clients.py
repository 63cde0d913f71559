"""Clients that nobody here wrote take the embedded master for a Mesos."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration import foreign_clients
from tests.integration.embedded_mesos import EmbeddedMesos
from tests.integration.parts import real_or_skip

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def mesos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedMesos]:
    with EmbeddedMesos(tmp_path_factory.mktemp("mesos")) as mesos:
        yield mesos


@pytest.mark.parametrize(
    ("name", "install"),
    [("avmesos", foreign_clients.install_avmesos), ("pymesos", foreign_clients.install_pymesos)],
    ids=["avmesos", "pymesos"],
)
def test_a_foreign_client_launches_and_finishes_a_task(
    mesos: EmbeddedMesos, name: str, install: Callable[[], Path]
) -> None:
    python = real_or_skip(name, install)
    program = Path(foreign_clients.__file__).with_name(f"{name}_framework.py")
    done = subprocess.run([str(python), str(program), mesos.url], capture_output=True, text=True, timeout=60)
    states = [line.removeprefix("foreign ") for line in done.stdout.splitlines()]
    assert [state for state in states if state != "TASK_STARTING"] == ["TASK_RUNNING", "TASK_FINISHED"], done.stderr
