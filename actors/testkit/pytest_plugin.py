"""The pytest plugin: async tests in virtual time, leak checks, and fixtures for actors.

In ``pyproject.toml``::

    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
    actors_virtual_time = true

Then each ``async def test_…`` runs on a `VirtualLoop` of its own (time jumps, the network is in memory, one seed
decides all that is drawn: ``--seed``), ``@pytest.mark.real`` puts one on the real loop, and every test fails that
leaves a task, a connection, a thread, a child process or an actor system behind, or an exception nobody looked at.
``@pytest.mark.seeds(200)`` runs a test with 200 seeds, each of which lets the actors of the fixture `system` run in
another order; the fixture `seed` tells which. The fixtures `probe` and `testkit` belong to that system.
Without that option a project's tests stay as they are; only the fixtures are there to be asked for.

Needs pytest-asyncio 1.4 or later.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, Literal

import pytest

from actors.core import ActorSystem
from actors.testkit.kit import TestKit, seeded_settings
from actors.testkit.leaks import LeakCheck
from actors.testkit.probe import TestProbe
from actors.testkit.virtual_loop import VirtualLoop

REAL = "real"

pytest.register_assert_rewrite("actors.testkit.scenarios")  # they are tests: their assertions tell as tests' do


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "actors_virtual_time", "run async tests in virtual time, with leak checks", type="bool", default=False
    )
    parser.getgroup("actors").addoption(
        "--seed",
        type=int,
        default=0,
        help="decides what is drawn in virtual time and, unless 0 (the default), which ready actor runs next",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "real: runs on the real event loop (real sockets, processes, time)")
    config.addinivalue_line("markers", "seeds(count): runs as often, each time with another seed and order of actors")
    if config.getini("actors_virtual_time"):
        config.pluginmanager.register(VirtualTime(), "actors-virtual-time")


class VirtualTime:
    """Registered when the project asked for virtual time."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_asyncio_loop_factories(
        self, config: pytest.Config, item: pytest.Item
    ) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
        if item.get_closest_marker(REAL):
            return {"real": asyncio.new_event_loop}
        seed = config.getoption("--seed")
        return {"virtual": partial(VirtualLoop, seed, order=_order(seed))}

    @pytest.fixture(autouse=True)
    def _no_leaks(self, request: pytest.FixtureRequest) -> None:
        """First to begin and last to end, so that it sees what the test's own fixtures leave."""
        if inspect.iscoroutinefunction(_function(request)):
            request.getfixturevalue("leak_check")


@pytest.fixture
async def leak_check(request: pytest.FixtureRequest) -> AsyncIterator[LeakCheck]:
    """Fails the test that leaves something behind. Its ``errors`` can be looked at, and cleared when they are meant."""
    loop = asyncio.get_running_loop()
    check = LeakCheck(loop)
    yield check
    if isinstance(loop, VirtualLoop) and loop.stuck:
        return  # the test failed for that; what it left tells nothing more
    await check.settle()
    found = check.leaks() + check.errors
    if found:
        pytest.fail("the test left something behind:\n" + "\n".join(f"  - {line}" for line in found), pytrace=False)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of this test: of ``--seed``, or one of those that ``@pytest.mark.seeds(count)`` runs it with."""
    chosen = getattr(request, "param", None)
    return int(request.config.getoption("--seed") if chosen is None else chosen)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker("seeds")
    if marker is None:
        return
    metafunc.fixturenames.append("seed")
    first = metafunc.config.getoption("--seed")
    metafunc.parametrize("seed", range(first, first + marker.args[0]), indirect=True, ids=lambda n: f"seed-{n}")


@pytest.fixture
async def system(seed: int) -> AsyncIterator[ActorSystem]:
    """An actor system named ``test``; its seed decides what is drawn and, unless it is 0, which actor runs next."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualLoop):
        loop.reseed(seed, _order(seed))
    async with ActorSystem("test", seeded_settings(seed)) as system:
        yield system


@pytest.fixture
def testkit(system: ActorSystem) -> TestKit:
    """The kit of the fixture `system`."""
    return TestKit(system)


@pytest.fixture
def probe(testkit: TestKit) -> TestProbe:
    """A probe in the fixture `system`."""
    return testkit.probe("probe")


def _order(seed: int) -> Literal["fifo", "actors"]:
    return "actors" if seed else "fifo"


def _function(request: pytest.FixtureRequest) -> Any:
    function = request.function
    hypothesis = getattr(function, "hypothesis", None)  # @given hides the async function
    return getattr(hypothesis, "inner_test", function)
