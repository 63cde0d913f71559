"""Which tests `make test` runs beside which: files side by side, those that drive whole services one after another.

Services and browsers keep a machine busy: two of these at once would only make each other's real time slow. They share
nothing else, as `tests.integration.ports` gives each its own. The rest runs in virtual time, which does not mind, or
waits for a process of its own; its longest file, of seeds, is shared out test by test.

Each worker collects the tests for itself, and the run ends at once when two found different names. So no name may tell
what the moment made: bytes, which are often packed with the time in them, are named by what they stand for.
"""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

ONE_AFTER_ANOTHER = ("tests/integration/", "tests/page/")
ONE_BY_ONE = "tests/simulation/test_scenarios.py"


class Files(LoadScopeScheduling):
    """A file's tests stay together, and so do all of the folders above; those of one file go wherever there is time."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        if file == ONE_BY_ONE:
            return nodeid
        return "whole services" if file.startswith(ONE_AFTER_ANOTHER) else file


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    return argname if isinstance(val, bytes | bytearray) and not val.isascii() else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files:
    return Files(config, log)
