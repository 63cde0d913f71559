from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.cost import Cost
from benchmarks.costs import COSTS
from benchmarks.run import ROOT, Results, conduct


@pytest.mark.parametrize("cost", COSTS.values(), ids=list(COSTS))
def test_every_cost_compares_something_of_ours_with_a_baseline_that_is_there(cost: Cost) -> None:
    assert cost.baseline in cost.contenders
    assert any(each.ours for each in cost.contenders.values())
    assert not cost.contenders[cost.baseline].ours


def test_a_contender_is_measured_in_its_own_process() -> None:
    (result,) = conduct([COSTS["resources"]], repetitions=1)
    assert result.why_not == {}
    assert (result.ratio("actors") or 0) > 0
    assert "| dict of floats |" in report.table([result])


def test_costs_are_listed_also_by_a_python_that_cannot_run_us() -> None:
    listed = "import sys; sys.modules['actors'] = sys.modules['mesos_proto'] = None; import benchmarks.costs"
    subprocess.run([sys.executable, "-c", listed], cwd=ROOT, check=True)


def results(ratio: float, *, is_rate: bool = True) -> Results:
    cost = Cost("c", "what", size=1, baseline="base", is_rate=is_rate)
    cost.contender("base")(lambda size: 1.0)
    cost.contender("ours", ours=True)(lambda size: 1.0)
    return Results(cost, {"base": [10.0, 1.0, 10.0], "ours": [10.0 * ratio, 1.0 * ratio, 10.0 * ratio]})


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(report, "BASELINE", tmp_path / "baseline.json")
    return tmp_path / "baseline.json"


def test_ratios_are_taken_within_a_repetition() -> None:
    assert results(2.0).ratio("ours") == 2.0


def test_a_ratio_may_fall_by_a_quarter_and_no_more(kept: Path) -> None:
    report.keep([results(4.0)])
    assert json.loads(kept.read_text()) == {"c": {"ours": 4.0}}
    assert report.falls([results(3.1)]) == []
    assert report.falls([results(2.9)]) == ["c: ours is at 2.90 of base, was 4.00"]


def test_where_less_is_better_a_ratio_falls_by_rising(kept: Path) -> None:
    report.keep([results(0.3, is_rate=False)])
    assert report.falls([results(0.39, is_rate=False)]) == []
    assert len(report.falls([results(0.41, is_rate=False)])) == 1


def test_what_cannot_be_measured_any_more_has_fallen(kept: Path) -> None:
    report.keep([results(4.0)])
    gone = results(4.0)
    gone.figures["ours"] = [None]
    gone.why_not["ours"] = "no module named x"
    assert report.falls([gone]) == ["c: ours could not be measured: no module named x"]


def test_keeping_some_costs_leaves_the_others(kept: Path) -> None:
    kept.write_text('{"other": {"x": 1.0}}')
    report.keep([results(2.0)])
    assert json.loads(kept.read_text()) == {"c": {"ours": 2.0}, "other": {"x": 1.0}}


def test_plots_and_a_table_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report.draw([results(2.0)], tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"results.md", "c.svg"}
