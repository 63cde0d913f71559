"""Apps and roots in few words, for the tests of deployments."""

from __future__ import annotations

from typing import Any

from actors.marathon.model import App, Group, RootGroup, VersionInfo, moment_of, parse_app, version_of

V1 = "2026-01-01T00:00:00.001Z"
V2 = "2026-01-01T00:00:00.002Z"
V3 = "2026-01-01T00:00:00.003Z"


def app(app_id: str, version: str = V1, *, scaled: str | None = None, **fields: Any) -> App:
    """An app of `version`; `scaled`: its later version, which changed nothing but the instance count."""
    definition = {"id": app_id, "cmd": "serve", "cpus": 0.1, "mem": 32, **fields}
    info = VersionInfo(last_scaling_at=scaled or version, last_config_change_at=version)
    return parse_app(definition).replace(version=scaled or version, version_info=info)


def root(*apps: App, version: str = V1, groups: tuple[Group, ...] = ()) -> RootGroup:
    made = RootGroup().with_version(version)
    for group in groups:
        made = made.with_group(group)
    return made.with_apps(*apps)


def later(version: str, milliseconds: int = 1) -> str:
    from datetime import timedelta

    return version_of(moment_of(version) + timedelta(milliseconds=milliseconds))
