"""``--config FILE`` of commands."""

import click
import pytest
from click.testing import CliRunner

from actors.configuration.commands import config_option


@click.command()
@config_option("marathon")
@click.option("--port", default=8080)
@click.option("--work-dir", default="here")
@click.option("--keep-tasks", is_flag=True)
@click.option("-v", "--verbose", count=True)
def command(settings, port, work_dir, keep_tasks, verbose):
    click.echo(f"{settings.stop_grace:g} {port} {work_dir} {keep_tasks} {verbose}")


@pytest.fixture
def run(tmp_path):
    def run(text, *arguments, environment=None):
        path = tmp_path / "config.toml"
        if text is not None:
            path.write_text(text)
            arguments = ("--config", str(path), *arguments)
        return CliRunner().invoke(command, arguments, env=environment or {})

    return run


def test_without_a_file_all_is_as_the_options_say(run):
    assert run(None, "--port", "1").output == "3 1 here False 0\n"


def test_the_file_gives_options_and_settings_of_actors(run):
    text = '[actors]\nstop_grace = 9\n[marathon]\nport = 81\nwork-dir = "there"\nkeep-tasks = true\nverbose = 2\n'
    assert run(text).output == "9 81 there True 2\n"


def test_the_command_line_counts_more_than_the_file(run):
    assert run("[marathon]\nport = 81\nwork-dir = 'there'\n", "--port", "82").output == "3 82 there False 0\n"


def test_the_environment_sets_settings_of_actors_for_commands_too(run):
    assert run(None, environment={"ACTORS_STOP_GRACE": "7"}).output == "7 8080 here False 0\n"


def test_tables_of_other_commands_are_left_alone(run):
    assert run("[mesos-local]\nagents = 3\n").output == "3 8080 here False 0\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[marathon]\nwork_dir = 'x'\n", "[marathon]: unknown option 'work_dir'; did you mean 'work-dir'?"),
        ("[marathon]\nport = 'many'\n", "[marathon]: port: 'many' is not a valid integer"),
        ("[marthon]\nport = 1\n", "unknown table [marthon]; did you mean 'marathon'?"),
        ("[actors]\ndispatcher = 'threads'\n", "the actors of this command are made for the run queue, not 'threads'"),
        ("[actors]\ndispatcher = 'treads'\n", "there is no dispatcher 'treads'"),
        ("[actors]\nstopgrace = 1\n", "unknown setting 'stopgrace'; did you mean 'stop_grace'?"),
    ],
)
def test_what_is_not_known_is_a_wrong_usage_that_says_what_was_meant(run, text, says):
    done = run(text)
    assert done.exit_code == 2
    assert says in done.output
