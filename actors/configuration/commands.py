"""``--config FILE`` for a command: one file for the options of commands and for the settings of actors.

    [actors]                # see `actors.configuration`
    stop_grace = 10

    [marathon]              # the command's options, by their long names
    port = 8081
    work-dir = "/var/lib/marathon"

What the command line says counts more than the file. Tables of other commands are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from actors.core import Settings, SettingsError

from .sources import nearest, read_tables, settings_from

__all__ = ["config_option"]

F = TypeVar("F", bound=Callable[..., Any])

TABLES = ("actors", "marathon", "mesos-local")


def config_option(table: str) -> Callable[[F], F]:
    """The option; the command gets the actors' `Settings` as its argument `settings`, with the file or without it.

    :param table: of the file, where the command's options are.
    """

    def read(context: click.Context, option: click.Parameter, file: Path | None) -> Settings:
        try:
            tables = {} if file is None else read_tables(file)
            for name in tables:
                if name not in TABLES:
                    raise SettingsError(
                        f"{file}: unknown table [{name}]{nearest(name, TABLES)}"
                        f" (there are {', '.join(f'[{each}]' for each in TABLES)})"
                    )
            if table in tables:
                context.default_map = _defaults(context, tables[table], f"{file}, [{table}]")
            settings = settings_from(tables.get("actors", {}), file)
            found = settings.dispatcher
            if found not in ("default", "run_queue"):
                raise SettingsError(f"dispatcher: the actors of this command are made for the run queue, not {found!r}")
            return settings
        except SettingsError as error:
            raise click.UsageError(str(error), context) from None

    return click.option(
        "--config",
        "settings",
        metavar="FILE",
        type=click.Path(dir_okay=False, path_type=Path),
        is_eager=True,  # the other options take their defaults from it
        callback=read,
        help=f"A TOML file with these options below [{table}], and settings of actors below [actors].",
    )


def _defaults(context: click.Context, values: dict[str, Any], where: str) -> dict[str, Any]:
    known = {
        max(option.opts, key=len).removeprefix("--"): option
        for option in context.command.params
        if isinstance(option, click.Option) and option.name != "settings"
    }
    defaults: dict[str, Any] = {}
    for name, value in values.items():
        option = known.get(name)
        if option is None or option.name is None:
            raise SettingsError(f"{where}: unknown option {name!r}{nearest(name, known)}")
        try:
            option.type_cast_value(context, value)
        except click.BadParameter as error:
            raise SettingsError(f"{where}: {name}: {error.message}") from None
        defaults[option.name] = value
    return defaults
