"""Settings from files, environment and code."""

import ast
import inspect
import subprocess
import sys
import textwrap

import pytest

from actors import Settings, SettingsError
from actors.configuration import load_settings
from actors.configuration.sources import CODE_ONLY


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "settings.toml"
        path.write_text(textwrap.dedent(text))
        return path

    return write


def test_without_any_source_the_settings_are_the_defaults():
    assert load_settings(environment={}) == Settings()


def test_a_file_sets_what_it_names_and_leaves_the_rest(file):
    path = file("""
        [actors]
        stop_grace = 10
        log_dead_letters_during_shutdown = true

        [actors.phase_timeouts]
        service-stop = 30

        [another-program]
        colour = "blue"
    """)
    assert load_settings(path, {}) == Settings(
        stop_grace=10, log_dead_letters_during_shutdown=True, phase_timeouts={"service-stop": 30}
    )


def test_the_environment_overrides_the_file_and_code_overrides_both(file):
    path = file("[actors]\nthroughput = 1\nstash_capacity = 1\nstop_grace = 1\n")
    environment = {"ACTORS_STASH_CAPACITY": "2", "ACTORS_STOP_GRACE": "2", "HOME": "/root"}
    assert load_settings(path, environment, stop_grace=3.0) == Settings(throughput=1, stash_capacity=2, stop_grace=3.0)


def test_values_in_the_environment_are_written_as_in_toml():
    environment = {"ACTORS_LOG_DEAD_LETTERS_DURING_SHUTDOWN": "true", "ACTORS_PHASE_TIMEOUTS": "{service-stop = 9.5}"}
    settings = load_settings(environment=environment)
    assert settings.log_dead_letters_during_shutdown is True
    assert settings.phase_timeouts == {"service-stop": 9.5}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[actors]\nthruput = 3\n",
            r"settings\.toml, \[actors\]: unknown setting 'thruput'; did you mean 'throughput'",
        ),
        ("[actors]\nthroughput = 0\n", r"\[actors\]: throughput must be an integer of at least 1, not 0"),
        ("[actors]\nthroughput = '64'\n", r"throughput must be an integer"),
        ("[actors]\nchooser = 1\n", r"chooser is an object, which only code can give"),
        ("throughput = 3\n", r"throughput is in no table; put it below a line such as \[actors\]"),
        ("[actors\n", r"settings\.toml is not TOML: .*line 1"),
    ],
)
def test_what_a_file_may_not_say_is_an_error_that_names_it(file, text, says):
    with pytest.raises(SettingsError, match=says):
        load_settings(file(text), {})


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        ("ACTORS_STOP_GRASE", "1", r"the environment, ACTORS_STOP_GRASE: unknown setting .* did you mean 'stop_grace'"),
        ("ACTORS_STOP_GRACE", "soon", r"ACTORS_STOP_GRACE: stop_grace must be a number of seconds above 0, not 'soon'"),
        ("ACTORS_INSTRUMENT", "1", r"instrument is an object"),
    ],
)
def test_what_the_environment_may_not_say_is_an_error_that_names_it(variable, text, says):
    with pytest.raises(SettingsError, match=says):
        load_settings(environment={variable: text})


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml cannot be read: No such file"):
        load_settings(tmp_path / "none.toml", {})


def test_every_setting_is_plain_data_or_known_to_be_for_code_only():
    annotations = {name: str(kind) for name, kind in inspect.get_annotations(Settings).items()}
    plain = {"int", "float", "bool", "str", "Mapping", "None"}
    for name, annotation in annotations.items():
        words = {node.id for node in ast.walk(ast.parse(annotation)) if isinstance(node, ast.Name)}
        words -= {"DispatcherSpec"}  # a name in a file, or an object in code
        assert (words <= plain) == (name not in CODE_ONLY), name


def test_reading_settings_needs_only_the_standard_library():
    code = (
        "import sys; before = set(sys.modules); import actors.configuration;"
        "print([n for n in {m.partition('.')[0] for m in set(sys.modules) - before} - set(sys.stdlib_module_names)"
        " if n != 'actors'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
