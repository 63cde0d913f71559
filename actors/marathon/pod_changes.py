"""Changes of pods, as those of apps in `changes`: pure functions for `messages.UpdateRoot`.

`changes.CreateApp` adds a pod as it adds an app.
"""

from __future__ import annotations

from dataclasses import dataclass

from actors.marathon.changes import settled
from actors.marathon.model import Pod, RootGroup, UnknownPod, ValidationFailed

__all__ = ["DeletePod", "PutPod"]


@dataclass(frozen=True, slots=True)
class PutPod:
    """Replace a pod's definition. Raises `UnknownPod` when there is none."""

    pod: Pod

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        there = root.app(self.pod.id)
        if there is None:
            raise UnknownPod(self.pod.id)
        if not isinstance(there, Pod):
            raise ValidationFailed.at("/id", "Applications and Pods may not have the same identifier.")
        return settled(root, root.with_app(self.pod), version)


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Remove a pod; its group stays."""

    pod_id: str

    def __call__(self, root: RootGroup, version: str) -> RootGroup:
        if root.pod(self.pod_id) is None:
            raise UnknownPod(self.pod_id)
        return settled(root, root.without_app(self.pod_id), version)
