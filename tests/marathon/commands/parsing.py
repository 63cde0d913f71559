"""What a command would be called with."""

from collections.abc import Sequence
from typing import Any

import click

from actors.marathon.commands import cli


def parsed(name: str, words: Sequence[str]) -> dict[str, Any]:
    """The arguments of the command, read below its group as a user's are.

    Not by itself: click keeps the help option that a command's first context had, and only the group knows of ``-h``.
    """
    group = click.Context(cli, info_name="marathon", **cli.context_settings)
    command = cli.get_command(group, name)
    assert command is not None
    return command.make_context(name, list(words), group).params
