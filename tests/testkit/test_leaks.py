"""Each test runs pytest on a small project of its own, as a user of the plugin would."""

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def project(pytester):
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nactors_virtual_time = true\n"
    )
    return pytester


def run(project, source, *arguments):
    project.makepyfile(source)
    plugins = ("-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:hypothesispytest")
    return project.runpytest_inprocess(*plugins, "-p", "actors.testkit.pytest_plugin", *arguments)


LEAKS = {
    "a task still runs": "asyncio.get_running_loop().kept = asyncio.create_task(asyncio.sleep(1e9))",
    "a server still listens": "await asyncio.start_server(print, '127.0.0.1', 7)",
    "a connection is still open": """
    server = await asyncio.start_server(lambda r, w: asyncio.sleep(0), '127.0.0.1', 7)
    asyncio.get_running_loop().kept = await asyncio.open_connection('127.0.0.1', 7)
    await asyncio.sleep(1)
    server.close()
""",
    "an actor system was not terminated": """
    from actors import ActorSystem
    asyncio.get_running_loop().kept = ActorSystem("forgotten")
""",
    "exception was never retrieved": """
    async def fail():
        raise ValueError("unseen")
    asyncio.create_task(fail())
    await asyncio.sleep(1)
""",
    "error in a callback": """
    def error_in_a_callback(): raise ValueError("error in a callback")
    asyncio.get_running_loop().call_soon(error_in_a_callback)
    await asyncio.sleep(1)
""",
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_fails_the_test_and_is_named(project, leak):
    result = run(project, f"import asyncio\nasync def test_it():\n    {LEAKS[leak].strip()}\n")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*{leak}*"])


REAL_LEAKS = {
    "a child process still runs": "subprocess.Popen(['sleep', '10'])",
    "a socket is still open": "asyncio.get_running_loop().kept = socket.socket()",
    "a thread still runs": "threading.Thread(target=time.sleep, args=(10,)).start()",
}


@pytest.mark.parametrize("leak", REAL_LEAKS)
def test_a_leak_on_the_real_loop_is_named_too(project, leak):
    result = run(
        project,
        f"""
import asyncio, pytest, socket, subprocess, threading, time
@pytest.mark.real
async def test_it():
    {REAL_LEAKS[leak]}
""",
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines([f"*{leak}*"])


def test_what_a_fixture_cleans_up_is_no_leak(project):
    result = run(
        project,
        """
import asyncio, contextlib, pytest
@pytest.fixture
async def ticking():
    task = asyncio.create_task(asyncio.sleep(1e9))
    yield task
    task.cancel()
async def test_it(ticking):
    pass
""",
    )
    result.assert_outcomes(passed=1)


def test_errors_that_a_test_means_can_be_cleared(project):
    result = run(
        project,
        """
import asyncio
async def test_it(leak_check):
    asyncio.get_running_loop().call_soon(lambda: 1 // 0)
    await asyncio.sleep(1)
    assert "ZeroDivisionError" in leak_check.errors[0]
    leak_check.errors.clear()
""",
    )
    result.assert_outcomes(passed=1)


def test_a_stuck_test_fails_with_what_waits_and_nothing_else(project):
    result = run(
        project, "import asyncio\nasync def test_it():\n    await asyncio.get_running_loop().create_future()\n"
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*NothingCanHappen: nothing can ever happen again*", "*test_it waits at*"])


def test_without_the_option_async_tests_stay_on_the_loop_they_had(pytester):
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")
    result = run(
        pytester,
        "import asyncio, actors.testkit as kit\n"
        "async def test_it():\n    assert not isinstance(asyncio.get_running_loop(), kit.VirtualLoop)\n",
    )
    result.assert_outcomes(passed=1)


def test_the_seed_of_the_command_line_decides_what_is_drawn(project):
    source = "import random\nasync def test_it():\n    print('number:', random.random())\n"
    drawn = [
        next(line for line in run(project, source, "-s", "--seed", seed).outlines if "number:" in line)
        for seed in ("1", "1", "2")
    ]
    assert drawn[0] == drawn[1] != drawn[2]
