"""What the shell completes: ids of apps, versions, deployments; silently nothing when the service does not answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from click.shell_completion import CompletionItem

__all__ = ["AppId", "AppVersion", "DeploymentId"]

PATIENCE = 0.2
"""Seconds for the service to answer in: who presses the tab key does not wait longer."""


def _answer(context: click.Context, path: str, **query: Any) -> Any:
    from ._client import Client, CommandFailed

    try:
        return Client(context.params.get("url"), timeout=PATIENCE).get(path, **query)
    except CommandFailed:
        return None


def _items(values: Iterable[str], begun: str) -> list[CompletionItem]:
    return [CompletionItem(value) for value in values if value.startswith(begun)]


class AppId(click.ParamType[str]):
    """The id of an app or a pod, with or without the leading slash."""

    name = "app"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = _answer(ctx, "/v2/apps", id=incomplete.lstrip("/"))
        pods = (_answer(ctx, "/v2/pods") or []) if found else []
        ids = sorted(each["id"] for each in [*found["apps"], *pods]) if found else []
        return _items(ids if incomplete.startswith("/") else [each[1:] for each in ids], incomplete)


class AppVersion(click.ParamType[str]):
    """A version of the app that the command names."""

    name = "version"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from ._client import app_path

        app = ctx.params.get("app")
        found = _answer(ctx, app_path(app, "versions")) if app else None
        return _items(found["versions"] if found else (), incomplete)


class DeploymentId(click.ParamType[str]):
    """The id of a deployment that runs."""

    name = "id"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found = _answer(ctx, "/v2/deployments")
        return _items((each["id"] for each in found or ()), incomplete)
