"""What the integration tests share: one ZooKeeper for all of them. Each works below a path of its own."""

from collections.abc import Iterator

import pytest

from tests.integration.real_zookeeper import RealZooKeeper, real_zookeeper_or_skip


@pytest.fixture(scope="session")
def zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealZooKeeper]:
    """Nobody may kill it."""
    real_zookeeper_or_skip()
    with RealZooKeeper(tmp_path_factory.mktemp("zookeeper")) as zookeeper:
        yield zookeeper
