"""Jobs start when the jobs they need have said they are done."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.batch import Done, Failed, parse, run_batch


async def played(system, local_mesos, capsys, jobs):
    results = await run_batch(system, parse(jobs), local_mesos.url)
    lines = [line.split(" s  ") for line in capsys.readouterr().out.splitlines()]
    return results, {what: float(at) for at, what in lines}


async def test_a_job_starts_when_all_it_needs_is_done_and_waits_for_nobody_else(system, local_mesos, capsys):
    jobs = {
        "report": {"run": "sleep 1", "needs": ["clean", "index"]},
        "clean": {"run": "sleep 2", "needs": ["fetch"]},
        "index": {"run": "sleep 5", "needs": ["fetch"]},
        "fetch": {"run": "sleep 3"},
        "other": {"run": "sleep 60"},
    }
    results, at = await played(system, local_mesos, capsys, jobs)
    assert results == {name: Done(name) for name in jobs}
    soon = 2.5  # seconds until Mesos has offered, launched and told
    assert at["fetch is done"] <= at["clean runs"] < at["fetch is done"] + soon
    assert at["fetch is done"] <= at["index runs"] < at["fetch is done"] + soon
    assert at["clean is done"] < at["index is done"] <= at["report runs"] < at["index is done"] + soon
    assert at["report is done"] < at["other is done"]


async def test_what_needs_a_job_that_failed_is_not_run_and_says_whom_it_needs(system, local_mesos, capsys):
    jobs = {
        "fetch": {"run": "exit 3"},
        "clean": {"run": "true", "needs": ["fetch"]},
        "report": {"run": "true", "needs": ["clean"]},
        "other": {"run": "true"},
    }
    results, at = await played(system, local_mesos, capsys, jobs)
    assert results["other"] == Done("other")
    assert results["fetch"] == Failed("fetch", "Command exited with status 3")
    assert results["clean"] == Failed("clean", "it needs fetch")
    assert results["report"] == Failed("report", "it needs clean")
    assert "clean runs" not in at


async def test_more_jobs_than_fit_wait_for_room(system, local_mesos, capsys):
    jobs = {f"job-{number}": {"run": "sleep 10"} for number in range(200)}
    results, _ = await played(system, local_mesos, capsys, jobs)
    assert len(results) == 200
    assert asyncio.get_running_loop().time() > 25  # 8 cpus: 80 at once


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ([], "a batch is an object of jobs by name, and has at least one"),
        ({"a": {"cmd": "x"}}, "a: run must be a command, as in {'run': 'echo hello'}, not {'cmd': 'x'}"),
        ({"a": {"run": "x", "needs": "b"}}, "a: needs must be a list of names of jobs, not 'b'"),
        ({"a": {"run": "x", "needs": ["b"]}}, "a: needs 'b', and there is no such job; there are a"),
        (
            {"a": {"run": "x", "needs": ["b"]}, "b": {"run": "x", "needs": ["a"]}},
            "these need each other in a circle: ",
        ),
    ],
)
def test_what_is_no_batch_is_refused(jobs, said):
    with pytest.raises(ValueError) as error:
        parse(jobs)
    assert str(error.value).startswith(said)


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef")), min_size=1))
def test_whatever_is_taken_can_be_done_in_some_order(needs):
    jobs = {name: {"run": "x", "needs": each} for name, each in needs.items()}
    try:
        parsed = parse(jobs)
    except ValueError:
        return
    done = set()
    while len(done) < len(parsed):
        ready = {name for name, job in parsed.items() if name not in done and done.issuperset(job.needs)}
        assert ready
        done |= ready
