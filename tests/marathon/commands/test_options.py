"""What `marathon serve` and `up` do when nothing is said, and that what our messages advise exists."""

import re

import click
import pytest

from actors.marathon.messages import MAX_DEPLOYMENTS, TooManyDeployments

from .parsing import parsed

COMMANDS = pytest.mark.parametrize("command", [("serve", ["--master", "http://127.0.0.1:5050"]), ("up", [])])


@COMMANDS
def test_nobody_but_this_machine_reaches_it_unless_told_so(command: tuple[str, list[str]]) -> None:
    said = parsed(*command)
    assert said["host"] == "127.0.0.1"
    assert said.get("mesos_host", "127.0.0.1") == "127.0.0.1"
    assert parsed(command[0], [*command[1], "--host", "0.0.0.0"])["host"] == "0.0.0.0"


@COMMANDS
def test_deployments_go_by_the_graph_unless_barriers_are_asked_for(command: tuple[str, list[str]]) -> None:
    assert parsed(*command)["deployment_mode"] == "graph"
    assert parsed(command[0], [*command[1], "--deployment-mode", "steps"])["deployment_mode"] == "steps"


@COMMANDS
def test_launches_are_not_slowed_unless_a_rate_is_asked_for(command: tuple[str, list[str]]) -> None:
    assert parsed(*command)["launch_rate"] is None
    assert parsed(command[0], [*command[1], "--launch-rate", "0.5"])["launch_rate"] == 0.5
    with pytest.raises(click.BadParameter):
        parsed(command[0], [*command[1], "--launch-rate", "0"])


@COMMANDS
def test_the_limit_of_deployments_is_raised_by_the_option_that_the_refusal_names(
    command: tuple[str, list[str]],
) -> None:
    (option,) = re.findall(r"--[\w-]+", str(TooManyDeployments()))
    assert parsed(*command)["max_running_deployments"] == MAX_DEPLOYMENTS
    assert parsed(command[0], [*command[1], option, "500"])["max_running_deployments"] == 500
