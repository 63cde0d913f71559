"""Where settings come from, and which of them counts.

    default  <  file, table [actors]  <  environment, ACTORS_STOP_GRACE=10  <  code, load_settings(stop_grace=10)

    [actors]                      # the fields of `actors.Settings`; times are seconds
    stop_grace = 10
    log_dead_letters = 0

    [actors.phase_timeouts]
    service-stop = 30

What no source may do is be misunderstood: a table, a name or a value that is not known is a `SettingsError`, which
names the source and the nearest known name.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from actors.core import Settings, SettingsError

__all__ = ["CODE_ONLY", "ENVIRONMENT_PREFIX", "load_settings", "nearest", "read_tables", "settings_from"]

ENVIRONMENT_PREFIX = "ACTORS_"

#: Settings that are objects, which only code can make.
CODE_ONLY = frozenset({"chooser", "guardian_strategy", "instrument"})

TABLE = "actors"


def load_settings(
    file: str | os.PathLike[str] | None = None, environment: Mapping[str, str] | None = None, **code: Any
) -> Settings:
    """The settings of a system, each from the last of these sources that names it.

    :param file: a TOML file, whose table ``[actors]`` is read; it may have tables for others.
    :param environment: `os.environ` when None. A value is written as in TOML (``10``, ``true``,
        ``{service-stop = 30}``).
    :param code: fields of `Settings`.
    :raises SettingsError: for a file that cannot be read, an unknown name, or a value that its rule forbids.
    """
    tables = {} if file is None else read_tables(file)
    return settings_from(tables.get(TABLE, {}), file, environment, **code)


def settings_from(
    table: Mapping[str, Any],
    file: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    **code: Any,
) -> Settings:
    """Like `load_settings`, with the table that was read already; `file` is for the words of errors."""
    where = f"{os.fspath(file)}, [{TABLE}]" if file is not None else f"[{TABLE}]"
    values: dict[str, Any] = {}
    names: dict[str, str] = {}
    for name, value in table.items():
        _check_name(name, where)
        values[name], names[name] = value, where
    for variable, text in sorted((os.environ if environment is None else environment).items()):
        if variable.startswith(ENVIRONMENT_PREFIX):
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            _check_name(name, f"the environment, {variable}")
            values[name], names[name] = _value(text), f"the environment, {variable}"
    for name in names:  # one at a time, so that the source of a bad value is named
        try:
            Settings.from_mapping({name: values[name]})
        except SettingsError as error:
            raise SettingsError(f"{names[name]}: {error}") from None
    return Settings.from_mapping(values | code)


def read_tables(file: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """The tables of a TOML file.

    :raises SettingsError: when it cannot be read, is not TOML, or has a value outside of any table.
    """
    path = os.fspath(file)
    try:
        found = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None
    for name, table in found.items():
        if not isinstance(table, dict):
            raise SettingsError(f"{path}: {name} is in no table; put it below a line such as [{TABLE}]")
    return found


def nearest(name: str, known: Collection[str]) -> str:
    """Words that point to the known name that `name` may stand for; empty when none is near."""
    near = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _check_name(name: str, where: str) -> None:
    known = {each.name for each in fields(Settings)} - CODE_ONLY
    if name in CODE_ONLY:
        raise SettingsError(f"{where}: {name} is an object, which only code can give: Settings({name}=…)")
    if name not in known:
        raise SettingsError(f"{where}: unknown setting {name!r}{nearest(name, known)}")


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
