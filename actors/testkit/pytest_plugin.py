"""The pytest plugin: async tests in virtual time, leak checks, and fixtures for actors.

In ``pyproject.toml``::

    [tool.pytest.ini_options]
    asyncio_mode = "auto"
    asyncio_default_fixture_loop_scope = "function"
    actors_virtual_time = true

Then each ``async def test_…`` runs on a `VirtualLoop` of its own (time jumps, the network is in memory, one seed
decides all that is drawn: ``--seed``), ``@pytest.mark.real`` puts one on the real loop, and every test fails that
leaves a task, a connection, a thread, a child process or an actor system behind, or an exception nobody looked at.
Without that option a project's tests stay as they are; only the fixtures are there to be asked for.

Needs pytest-asyncio 1.4 or later.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any

import pytest

from actors.testkit.leaks import LeakCheck
from actors.testkit.virtual_loop import VirtualLoop

REAL = "real"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "actors_virtual_time", "run async tests in virtual time, with leak checks", type="bool", default=False
    )
    parser.getgroup("actors").addoption(
        "--seed", type=int, default=0, help="the seed of what is drawn in virtual time (default: 0)"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "real: runs on the real event loop (real sockets, processes, time)")
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
        return {"virtual": partial(VirtualLoop, config.getoption("--seed"))}

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


def _function(request: pytest.FixtureRequest) -> Any:
    function = request.function
    hypothesis = getattr(function, "hypothesis", None)  # @given hides the async function
    return getattr(hypothesis, "inner_test", function)
