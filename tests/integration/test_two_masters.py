"""A real master and the embedded one are asked the same, several hundred times, and must say the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.embedded_mesos import EmbeddedMesos
from tests.integration.real_mesos.cluster import RealMesos, real_mesos_or_skip
from tests.integration.two_masters.run import SCENARIOS, compare
from tests.integration.two_masters.scenarios import (  # noqa: F401 - they enter themselves
    agents_and_counts,
    connections_and_lifetimes,
    http_and_streams,
    older_endpoints,
    operator_calls,
    roles_and_updates,
    roles_quota_and_lifetimes,
    scheduler_calls,
    tasks_and_events,
    the_end_of_agents,  # last: it takes one away
)

RESOURCES = "cpus:4;mem:4096;disk:10240;ports:[31000-31999]"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    real_mesos_or_skip()
    folder: Path = tmp_path_factory.mktemp("two-masters")
    with (
        RealMesos(folder / "real", agents=2, resources=RESOURCES) as real,
        EmbeddedMesos(folder / "embedded", agents=2, resources=RESOURCES) as embedded,
    ):
        yield real.url, embedded.url


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_embedded_master_answers_as_the_real_one(urls: tuple[str, str], name: str) -> None:
    compared, found = compare(name, *urls)
    assert compared, "nothing was seen"
    assert not found, f"{len(found)} differences:\n" + "\n".join(found)[:20_000]
