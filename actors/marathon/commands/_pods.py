"""Pods where a command takes an app or a pod: the service keeps both below one tree of ids, and shows them apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from ._client import Client, Refused, app_path, pod_path

__all__ = ["Figures", "all_pods", "containers", "either", "figures_of", "pod_of", "tasks_of"]

T = TypeVar("T")


def either(app: Callable[[], T], pod: Callable[[], T]) -> tuple[T, bool]:
    """What the service answers of the app, or else of the pod, and whether it is a pod.

    :raises Refused: when there is neither; it says so of the app.
    """
    try:
        return app(), False
    except Refused as refused:
        found = _found(pod) if refused.status == 404 else None
        if found is None:
            raise
        return found, True


def _found(get: Callable[[], T]) -> T | None:
    """What the service answers; None where it knows nothing of that name."""
    try:
        return get()
    except Refused as refused:
        if refused.status != 404:
            raise
        return None


def tasks_of(client: Client, run_spec: str) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The tasks of an app and None, or none and the status of a pod. Raises as `either`."""
    found, is_pod = either(lambda: client.get(app_path(run_spec, "tasks")), lambda: _status(client, run_spec))
    return ([], found) if is_pod else (found["tasks"], None)


def pod_of(client: Client, run_spec: str) -> dict[str, Any] | None:
    """The status of a pod; None when there is none of that id."""
    return _found(lambda: _status(client, run_spec))


def _status(client: Client, pod: str) -> dict[str, Any]:
    return dict(client.get(f"{pod_path(pod)}::status"))


def all_pods(client: Client) -> list[dict[str, Any]]:
    """The status of every pod, by id; none where the service knows no pods."""
    pods: list[dict[str, Any]] = _found(lambda: client.get("/v2/pods::status")) or []
    return sorted(pods, key=lambda pod: str(pod["id"]))


class Figures(NamedTuple):
    """How many instances of a pod there should be, how many run, and how many of these are well."""

    wanted: int
    running: int
    stable: int
    checked: bool
    """Whether anybody looks how they are."""


def figures_of(pod: Mapping[str, Any]) -> Figures:
    """From the status of a pod."""
    spec, states = pod["spec"], [instance["status"] for instance in pod["instances"]]
    stable = states.count("STABLE")
    checked = any("healthCheck" in each for each in spec["containers"])
    return Figures(spec.get("scaling", {}).get("instances", 1), stable + states.count("DEGRADED"), stable, checked)


def containers(pod: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each instance of a pod with each of its containers."""
    return ((instance, each) for instance in pod["instances"] for each in instance["containers"])
