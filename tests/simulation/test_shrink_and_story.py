"""What a person sees of a failing run."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from actors.simulation.coverage import SOMETIMES, lines
from actors.simulation.plan import Plan, Step
from actors.simulation.play import Played
from actors.simulation.scenarios import SCENARIOS
from actors.simulation.search import Failure, Found
from actors.simulation.shrink import shrink
from actors.simulation.story import story
from actors.simulation.world import Line, Violation


def test_only_the_steps_that_matter_are_left() -> None:
    plan = SCENARIOS["crashes"].plan(3)
    culprits = {plan.steps[1], plan.steps[-1]}

    def fails(tried: Plan) -> bool:
        return culprits <= set(tried.steps)

    assert [plan.steps[index] for index in shrink(plan, fails)] == [plan.steps[1], plan.steps[-1]]


def test_shrinking_stops_when_its_runs_are_used_up() -> None:
    plan = SCENARIOS["crashes"].plan(3)
    runs = []

    def fails(tried: Plan) -> bool:
        runs.append(tried)
        return False

    assert shrink(plan, fails, runs=4) == list(range(len(plan.steps)))
    assert len(runs) <= 4


def test_a_story_names_what_failed_the_steps_and_the_command_that_replays_it() -> None:
    instance = "db.instance-d600ffe0-e6a4-11f0-ae12-935b875e976f"
    plan = Plan(61, 60.0, (Step("kill service", 0.5, (0, 1.0), "launch", 3),))
    trace = [Line(1.0, "disk", f"stored: instance/{instance}"), Line(2.0, "marathon", "kill -9", fault=True)]
    trace += [Line(3.0 + n, "agent1", f"{instance}._app.1 runs") for n in range(30)]
    violation = Violation("no task is launched twice", 40.0, f"{instance}._app.1 was launched before")
    told = story("crashes", plan, Played(61, violation, trace), [4], 9)
    assert '"no task is launched twice" did not hold at 40.000 s' in told
    assert "9 steps shrunk to 1, 1 of them faults" in told
    assert "step 4: 0.500 s after launch no. 3: kill service 0, 1.0" in told
    assert "✂ kill -9" in told
    assert "db#1 runs" in told
    assert "stored: instance" not in told
    assert told.endswith("replay: python -m actors.simulation --scenario crashes --seed 61 --keep 4")


def test_what_happened_is_kept_as_lines_of_json_with_the_runs_at_their_head() -> None:
    failure = Failure("crashes", 61, "no task is launched twice", "it was")
    found = Found(3, [failure], Counter({"promised": 7}), Counter({"promised": 2}), 7200.0)
    head, *kinds = map(json.loads, lines(found).splitlines())
    assert head == {"runs": 3, "virtual_hours": 2.0, "failures": ["crashes 61: no task is launched twice"]}
    assert [each["kind"] for each in kinds] == list(SOMETIMES)
    assert {"kind": "promised", "times": 7, "in_runs": 2} in kinds


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_plan_is_decided_by_its_seed(scenario: str) -> None:
    assert SCENARIOS[scenario].plan(7) == SCENARIOS[scenario].plan(7)
    assert SCENARIOS[scenario].plan(7) != SCENARIOS[scenario].plan(8)
