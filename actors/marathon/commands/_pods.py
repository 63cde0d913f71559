"""Pods where a command takes an app or a pod: the service keeps both below one tree of ids, and shows them apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._client import Client, Refused, app_path, pod_path

__all__ = ["all_pods", "containers", "tasks_of"]


def tasks_of(client: Client, run_spec: str) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The tasks of an app and None, or none and the status of a pod.

    :raises Refused: when there is neither; it says so of the app.
    """
    try:
        return client.get(app_path(run_spec, "tasks"))["tasks"], None
    except Refused as refused:
        if refused.status != 404:
            raise
        try:
            return [], client.get(f"{pod_path(run_spec)}::status")
        except Refused as no_pod:
            if no_pod.status != 404:
                raise
        raise


def all_pods(client: Client) -> list[dict[str, Any]]:
    """The status of every pod, by id; none where the service knows no pods."""
    try:
        pods: list[dict[str, Any]] = client.get("/v2/pods::status")
    except Refused as refused:
        if refused.status != 404:
            raise
        return []
    return sorted(pods, key=lambda pod: str(pod["id"]))


def containers(pod: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each instance of a pod with each of its containers."""
    return ((instance, each) for instance in pod["instances"] for each in instance["containers"])
