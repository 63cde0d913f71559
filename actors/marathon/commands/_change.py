"""A definition from a file as the call of the API that makes it so, or that tells what doing so would change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import click

from ._client import Client, CommandFailed, Refused, WrongUsage, app_path, pod_path
from ._console import plural, say
from ._definition import called, is_group, is_pod, read_definition, unknown_fields, with_env, without_group_versions

__all__ = ["Change", "env_option", "read_changes"]


@dataclass(frozen=True, slots=True)
class Change:
    """One call: `title` says what of."""

    title: str
    method: str
    path: str
    body: Any
    query: Mapping[str, str]

    def send(self, client: Client, query: Mapping[str, str]) -> dict[str, Any]:
        return dict(client.call(self.method, self.path, self.body, {**self.query, **query}))

    def plan(self, client: Client) -> dict[str, Any]:
        """The service's dry run: ``{"steps", "graph", "changes"}``."""
        return self.send(client, {"dryRun": "true"})

    def if_version(self, version: str) -> Change:
        """The same, refused if the app is of another version by then."""
        if not self.path.startswith("/v2/apps/"):
            raise WrongUsage("--check-version is for one app; a group's apps have versions of their own")
        return replace(self, query={**self.query, "ifVersion": version})


@dataclass(frozen=True, slots=True)
class PodChange(Change):
    """A pod of a file: replaced, or created where there is none. Its path is that of the pod."""

    def send(self, client: Client, query: Mapping[str, str]) -> dict[str, Any]:
        try:
            return change_pod(client, "PUT", self.path, self.body, query)
        except Refused as refused:
            if refused.status != 404:
                raise
        return change_pod(client, "POST", "/v2/pods", self.body, query)


def change_pod(client: Client, method: str, path: str, body: Any, query: Mapping[str, str]) -> dict[str, Any]:
    """The deployment of a change of a pod. Raises `WrongUsage` for a dry run: the API has none, it would be done."""
    if "dryRun" in query:
        raise WrongUsage("the service makes no plans for pods", "'marathon deploy' and 'marathon destroy' change them")
    return client.deployment_of(method, path, body, query)


def read_changes(files: tuple[str, ...], env: Mapping[str, str]) -> list[Change]:
    """What the files define. All are read before the first is sent; fields that nobody knows are pointed out."""
    changes = []
    for file in files:
        definition, text = read_definition(file)
        name = called(file)
        for warning in unknown_fields(definition, text):
            say(f"warning: {name}:{warning}")
        changes.append(_change(name, with_env(definition, env)))
    return changes


def _change(name: str, definition: Any) -> Change:
    whole = {"partialUpdate": "false"}
    if isinstance(definition, list):
        return Change(plural(len(definition), "app"), "PUT", "/v2/apps", definition, whole)
    if not isinstance(definition, Mapping) or not isinstance(definition.get("id"), str):
        raise CommandFailed(
            f'{name} defines no app or group: it must be an object with an "id", or an array of such objects'
        )
    if is_group(definition):
        # The path is the root and the id in the body says which: that is how relative ids are read.
        return Change(f"group {definition['id']}", "PUT", "/v2/groups", without_group_versions(definition), {})
    if is_pod(definition):
        return PodChange(f"pod {definition['id']}", "PUT", pod_path(definition["id"]), definition, {})
    return Change(definition["id"], "PUT", app_path(definition["id"]), definition, whole)


def _pairs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    for pair in given:
        if "=" not in pair:
            raise click.BadParameter(f"'{pair}' is not KEY=VALUE")
    return {key: value for key, _, value in (pair.partition("=") for pair in given)}


env_option = click.option(
    "-e",
    "--env",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_pairs,
    help="Set in the environment of every app of the files; may be repeated.",
)
