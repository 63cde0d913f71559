"""Commands are run at their times: cron's."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Props
from examples.commands import Commands
from examples.cron import Cron, parse_crontab


def times_of(text):
    return parse_crontab(f"{text} command")[0].times


def moment(text):
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("entry", "now", "then"),
    [
        ("* * * * *", "2026-01-01 00:00", "2026-01-01 00:01"),
        ("*/15 * * * *", "2026-01-01 00:50", "2026-01-01 01:00"),
        ("5,10-20/5 6 * * *", "2026-01-01 06:11", "2026-01-01 06:15"),
        ("30 6 * * mon-fri", "2026-01-02 07:00", "2026-01-05 06:30"),  # a Friday
        ("0 0 29 2 *", "2026-03-01 00:00", "2028-02-29 00:00"),
        ("0 12 13 * fri", "2026-01-01 00:00", "2026-01-02 12:00"),  # either the 13th or a Friday
        ("0 12 13 * *", "2026-01-01 00:00", "2026-01-13 12:00"),
        ("0 0 1 jan,JUL *", "2026-01-01 00:00", "2026-07-01 00:00"),
        ("0 0 * * 7", "2026-01-01 00:00", "2026-01-04 00:00"),  # 7 is Sunday, as 0 is
        ("59 23 31 12 *", "2026-12-31 23:59", "2027-12-31 23:59"),
    ],
)
def test_the_next_time_is_crons(entry, now, then):
    assert times_of(entry).after(moment(now)) == moment(then)


fields = [st.integers(low, high) for low, high in ((0, 59), (0, 23), (1, 28), (1, 12))]


@given(*fields, st.integers(0, 47_000_000).map(lambda minutes: moment("2000-01-01 00:00") + timedelta(minutes=minutes)))
def test_the_next_time_is_later_fits_and_nothing_before_it_does(minute, hour, day, month, now):
    then = times_of(f"{minute} {hour} {day} {month} *").after(now)
    assert (then.minute, then.hour, then.day, then.month) == (minute, hour, day, month)
    assert now < then <= now + timedelta(days=366)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("* * * * command", "line 1: five fields and a command are wanted: "),
        ("# a comment\n\n61 * * * * x", "line 3: minute: '61' is not within 0 to 59: "),
        ("* 5-3 * * * x", "line 1: hour: '5-3' is not within 0 to 23: "),
        ("* * * foo * x", "line 1: month: 'foo' is no number, range or step: "),
        ("*/0 * * * * x", "line 1: minute: '*/0' is not within 0 to 59: "),
        ("0 0 31 2 * x", "line 1: there is no such day: "),
        ("@every now x", "line 1: @every wants a number of seconds above 0, and a command: "),
    ],
)
def test_what_is_no_crontab_is_refused(text, said):
    with pytest.raises(ValueError) as error:
        parse_crontab(text)
    assert str(error.value).startswith(said)


@given(st.text())
def test_any_text_is_a_crontab_or_an_error(text):
    try:
        entries = parse_crontab(text)
    except ValueError:
        return
    assert all(entry.command for entry in entries)


async def test_commands_run_at_their_times(system, local_mesos, capsys):
    commands = system.spawn(Props(Commands, "cron", local_mesos.url))
    system.spawn(Props(Cron, parse_crontab("*/20 * * * * sleep 1000\n0 1 * * * exit 1"), commands))
    await asyncio.sleep(2 * 3600)
    lines = capsys.readouterr().out.splitlines()
    runs = [line for line in lines if line.endswith("line-1 runs")]
    assert len(runs) == 5
    assert {line[14:16] for line in runs} == {"00", "20", "40"}
    assert [line[11:16] for line in lines if "line-2 failed: Command exited with status 1" in line] == ["01:00"]
    await system.graceful_stop(commands)


async def test_a_run_that_is_due_while_the_one_before_still_goes_is_left_out_and_said(system, local_mesos, capsys):
    commands = system.spawn(Props(Commands, "cron", local_mesos.url))
    system.spawn(Props(Cron, parse_crontab("@every 10 sleep 25"), commands))
    await asyncio.sleep(125)
    said = [line[21:] for line in capsys.readouterr().out.splitlines()]
    assert said.count("line-1 is left out: the run before is still going") == 8
    assert said.count("line-1 runs") == 4
    await system.graceful_stop(commands)
