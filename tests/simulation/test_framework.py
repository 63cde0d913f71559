"""What somebody sees who simulates a framework of his own: with `simulate`, and with pytest."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors import sometimes
from actors.simulation import SimulatedMesos, Trouble, World, simulate
from actors.simulation.faults import FAULTS
from actors.simulation.trouble import OFFERED

PAGE = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text()
NAIVE, TEST = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TOLD = re.search(r"```console\n\$ (.*?)\n(.*?)```", PAGE, re.DOTALL)
LINE = "                await framework.driver.acknowledge(status)\n"
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nactors_virtual_time = true\n"

pytestmark = pytest.mark.real  # `simulate` has a loop of its own


def run_pytest(folder: Path, source: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text(INI)
    (folder / "test_migration.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_pytest_tells_what_the_page_says_and_the_command_in_it_plays_that_again(tmp_path: Path) -> None:
    assert TOLD is not None
    found = run_pytest(tmp_path, TEST, "-k", "test_the_migration_runs_once")
    assert found.returncode == 1
    assert TOLD[2] in found.stdout
    replay = re.search(r"replay: pytest (.*)", TOLD[2])
    assert replay is not None
    again = run_pytest(tmp_path, TEST, *replay[1].split())
    assert "(0 held before it)" in again.stdout
    assert TOLD[2].partition("\n")[2] in again.stdout


def test_a_failure_that_is_kept_is_found_whatever_seeds_draw_and_the_mended_framework_passes(tmp_path: Path) -> None:
    kept = re.search(r"```py\n@(simulation.*)\n```", PAGE)
    assert kept is not None
    decorator = kept[1].replace("seeds=200", "seeds=0")
    source = re.sub(r"@simulation\(.*\)", f"@{decorator}", TEST).replace("simulation\n", "simulation, Step\n", 1)
    assert '"the migration runs twice" did not hold' in run_pytest(tmp_path, source).stdout
    mended = source.replace(LINE, "").replace('write("task", None)\n', 'write("task", None)\n' + LINE)
    assert mended != source
    passed = run_pytest(tmp_path, mended)
    assert passed.returncode == 0, passed.stdout


def test_the_page_names_every_fault_that_can_be_asked_for() -> None:
    section = PAGE.partition("## What to ask for")[2].partition("\n\n`Trouble")[0]
    named = [name for row in section.splitlines() if row.startswith("| `") for name in re.findall(r"`(.*?)`", row)]
    assert sorted(named) == sorted(OFFERED)
    assert set(OFFERED) <= set(FAULTS)


async def quiet(
    world: World, *, strikes: Callable[[World, Trouble], Any], kinds: tuple[str, ...] = (), most: int = 0
) -> None:
    """A Mesos without a framework."""
    mesos = SimulatedMesos(world, agents_wanted=1)
    host = world.host("framework")
    await mesos.ready()
    strikes(world, Trouble(world, mesos, [host], kinds=kinds, most=most))
    await world.run(60)


def test_faults_that_are_not_needed_are_left_out_and_the_others_are_made_milder() -> None:
    def never_the_master(world: World, trouble: Trouble) -> None:
        world.never("the master is killed", lambda: world.counts["fault: kill -9"])

    story = partial(quiet, strikes=never_the_master, kinds=("kill master", "reset", "drift"), most=5)
    found = simulate(story)
    assert found.violation is not None
    assert [(step.kind, step.arguments) for step in found.steps] == [("kill master", (0, 0.5))]
    assert found.drawn > 1
    again = simulate(story, [found.seed or 0], replay=found.steps)
    assert [str(line) for line in again.trace] == [str(line) for line in found.trace]


def test_what_never_happened_over_all_seeds_is_named_and_counts_as_failed() -> None:
    def branches(world: World, trouble: Trouble) -> None:
        world.sometimes("the master dies", lambda: world.counts["fault: kill -9"])
        world.later(1.0, lambda: sometimes("it is one o'clock"))

    story = partial(quiet, strikes=branches)
    found = simulate(story, range(2), sometimes=["it is one o'clock", "reboot agent"])
    assert not found.held
    assert found.violation is None
    assert found.never == ("reboot agent", "the master dies")
    assert str(found).startswith('2 seeds held, but never happened: "reboot agent", "the master dies". A search')
    assert found.counts["branch: it is one o'clock"] == found.struck["branch: it is one o'clock"] == 2
    sometimes("it is one o'clock")
    assert found.counts["branch: it is one o'clock"] == 2


def test_a_story_by_script_strikes_when_it_says_so() -> None:
    def script(world: World, trouble: Trouble) -> None:
        world.at(5, "kill master")
        world.at(7, "reboot agent", 0, 3.0)
        world.at(9, lambda: world.violated("this is told", "of what was seen"))

    found = simulate(partial(quiet, strikes=script), [1])
    assert [line.what for line in found.trace if line.fault] == [
        "kill -9, back in 0.5 s",
        "the machine reboots, back in 3 s",
    ]
    assert "it needs no fault" in str(found)


def test_an_assertion_of_the_story_is_told_with_its_seed_and_another_error_has_a_note_of_it() -> None:
    async def wrong(world: World) -> None:
        await world.run(2)
        raise AssertionError("two and two are five")

    async def broken(world: World) -> None:
        raise KeyError("x")

    assert 'wrong: "an assertion" did not hold at 2.000 s, seed 3' in str(simulate(wrong, [3]))
    with pytest.raises(KeyError) as raised:
        simulate(broken, [3])
    assert raised.value.__notes__ == ["in a simulated world, seed 3, at 0.000 s"]


@pytest.mark.parametrize(
    ("strikes", "says"),
    [
        (lambda world, trouble: world.at(1, "lightning"), "there is no fault 'lightning'; there are: bad starts"),
        (lambda world, trouble: Trouble(world, trouble.mesos, [], kinds=["fill disk"]), "kinds: there is no fault"),
        (lambda world, trouble: Trouble(world, trouble.mesos, []), "has its Trouble already"),
    ],
)
def test_what_cannot_be_is_said(strikes: Callable[[World, Trouble], Any], says: str) -> None:
    with pytest.raises((ValueError, RuntimeError), match=says):
        simulate(partial(quiet, strikes=strikes), [1])


def test_a_fault_by_name_needs_something_that_it_befalls() -> None:
    async def story(world: World) -> None:
        world.at(1, "reset")

    with pytest.raises(RuntimeError, match="nobody said what that befalls"):
        simulate(story, [1])
