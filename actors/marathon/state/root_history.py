"""The versions of the root group: what the journal holds of them, and each of them put together again. Pure.

    root (old) ─┐                           append to the streams root, app/<id>, group/<id> of what differs
    root (new) ─┴─▶ difference(old, new) ─▶                         │
                                                                    ▼ stored
                    record(new) ◀───────────────────────────────────┘

Apps and groups are entities with a stream each, so a change of one app in ten thousand writes one app. The last
`MAX_VERSIONS` versions of the root and of every app are kept; an app that was removed is kept as long as a root that
had it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from actors.marathon.model import App, Group, RootGroup, path_id, run_spec_of
from actors.persistence import Append, Event, Recovered

__all__ = ["MAX_VERSIONS", "RootHistory"]

MAX_VERSIONS = 50
"""Versions kept of the root group and of each app (Marathon's ``--zk_max_versions``)."""

COMPACT_AFTER = 2 * MAX_VERSIONS
"""Events in one stream after which a snapshot takes their place."""


@dataclass(slots=True)
class _Versions:
    """One entity's versions, oldest first: (version of the root that brought it, its record or None when removed)."""

    entries: list[tuple[str, Any]] = field(default_factory=list)
    seq: int = 0
    compacted: int = 0

    def add(self, version: str, value: Any) -> None:
        self.entries.append((version, value))
        del self.entries[:-MAX_VERSIONS]

    def at(self, version: str) -> Any:
        return next((value for since, value in reversed(self.entries) if since <= version), None)


class RootHistory:
    """The kept versions of the root group, its apps and its groups."""

    def __init__(self) -> None:
        self.current = RootGroup()
        self._roots = _Versions()
        self._streams: dict[str, _Versions] = {}
        self._grown: list[str] = []

    @property
    def versions(self) -> tuple[str, ...]:
        """The kept versions of the root, newest first."""
        return tuple(version for version, _ in reversed(self._roots.entries))

    def versions_with(self, group_id: str) -> tuple[str, ...]:
        """Those of them in which the group is."""
        if group_id == path_id.ROOT:
            return self.versions
        heads = self._streams.get(f"group/{group_id}")
        return () if heads is None else tuple(version for version in self.versions if heads.at(version) is not None)

    def root_at(self, version: str) -> RootGroup | None:
        """The root as it was at `version`; None when that is not kept."""
        if all(version != kept for kept, _ in self._roots.entries):
            return None
        return self._assembled(version)

    def app_versions(self, app_id: str) -> tuple[str, ...]:
        """The kept versions of an app, newest first."""
        return tuple(app.version or "" for app in self.kept(app_id))

    def app_at(self, app_id: str, version: str) -> App | None:
        return next((app for app in self.kept(app_id) if app.version == version), None)

    def kept(self, app_id: str) -> Iterator[App]:
        """The kept versions of an app themselves, newest first."""
        versions = self._streams.get(f"app/{app_id}")
        for _, app in reversed(versions.entries if versions else []):
            if app is not None:
                yield app

    # -- writing

    def difference(self, root: RootGroup) -> list[Append]:
        """What to append so that `root` is the current one after a restart."""
        version = root.version
        writes = [Append("root", (Event("root-changed", 1, {"version": version}),))]
        for stream, value in self._changed(root):
            kind = stream.partition("/")[0]
            if value is None:
                event = Event(f"{kind}-removed", 1, {"version": version})
            else:
                event = Event(f"{kind}-set", 1, {"version": version, kind: _payload(value)})
            writes.append(Append(stream, (event,)))
        return writes

    def record(self, root: RootGroup) -> None:
        """`root` is stored: it is the current one."""
        for stream, value in self._changed(root):
            versions = self._streams.setdefault(stream, _Versions())
            self._grow(stream, versions, root.version, value)
        self._grow("root", self._roots, root.version, None)
        self.current = root

    def _grow(self, stream: str, versions: _Versions, version: str, value: Any) -> None:
        versions.add(version, value)
        versions.seq += 1
        if versions.seq - versions.compacted >= COMPACT_AFTER:
            self._grown.append(stream)

    def _changed(self, root: RootGroup) -> Iterator[tuple[str, App | Group | None]]:
        before, after = self.current, root
        for app_id, app in after.apps.items():
            known = before.apps.get(app_id)
            if known is not app and known != app:
                yield f"app/{app_id}", app
        for group_id, group in after.groups.items():
            above = before.groups.get(group_id)
            if above is not group and (above is None or _head(above) != _head(group)):
                yield f"group/{group_id}", _head(group)
        for app_id in before.apps.keys() - after.apps.keys():
            yield f"app/{app_id}", None
        for group_id in before.groups.keys() - after.groups.keys():
            yield f"group/{group_id}", None

    # -- keeping the journal small

    def snapshots_due(self) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """(stream, event number, snapshot) of every stream that has grown by `COMPACT_AFTER` events."""
        while self._grown:
            stream = self._grown.pop()
            versions = self._roots if stream == "root" else self._streams.get(stream)
            if versions is None or versions.compacted == versions.seq:
                continue
            versions.compacted = versions.seq
            entries = [[version, None if value is None else _payload(value)] for version, value in versions.entries]
            yield stream, versions.seq, {"versions": entries}

    def forgotten(self) -> list[str]:
        """The streams of what was removed before the oldest kept root; they are forgotten here, delete them there."""
        oldest = self._roots.entries[0][0] if self._roots.entries else ""
        gone = [
            stream
            for stream, versions in self._streams.items()
            if versions.entries[-1][1] is None and versions.entries[-1][0] <= oldest
        ]
        for stream in gone:
            del self._streams[stream]
        return gone

    # -- reading

    def recover(self, stream: str, recovered: Recovered) -> None:
        """Take in what the journal holds of one stream (``root``, ``app/…``, ``group/…``)."""
        kind = stream.partition("/")[0]
        versions = self._roots if stream == "root" else self._streams.setdefault(stream, _Versions())
        versions.seq = recovered.seq
        if recovered.snapshot is not None:
            versions.compacted = recovered.snapshot.seq
            for version, payload in recovered.snapshot.payload["versions"]:
                versions.add(version, None if payload is None else _value(kind, payload))
        for stored in recovered.events:
            payload = stored.event.payload.get(kind)
            versions.add(stored.event.payload["version"], None if payload is None else _value(kind, payload))

    def recovered(self) -> None:
        """All streams are taken in: put the current root together."""
        if self._roots.entries:
            self.current = self._assembled(self._roots.entries[-1][0])

    def _assembled(self, version: str) -> RootGroup:
        apps: dict[str, dict[str, App]] = {}
        heads: dict[str, Group] = {path_id.ROOT: Group()}
        for versions in self._streams.values():
            value = versions.at(version)
            if isinstance(value, App):
                apps.setdefault(path_id.parent(value.id), {})[value.id] = value
            elif isinstance(value, Group):
                heads[value.id] = value
        below: dict[str, list[str]] = {}
        for group_id in heads:
            if group_id != path_id.ROOT:
                below.setdefault(path_id.parent(group_id), []).append(group_id)

        def build(group_id: str) -> Group:
            groups = {child: build(child) for child in below.get(group_id, ())}
            return replace(heads[group_id], apps=apps.get(group_id, {}), groups=groups)

        return RootGroup(replace(build(path_id.ROOT), version=version))


def _head(group: Group) -> Group:
    """The group without what is in it; the root's version is that of the root, kept apart."""
    return replace(group, apps={}, groups={}, version="" if group.id == path_id.ROOT else group.version)


def _payload(value: App | Group) -> Mapping[str, Any]:
    return value.to_wire()


def _value(kind: str, payload: Mapping[str, Any]) -> App | Group:
    return run_spec_of(payload) if kind == "app" else Group.from_wire(payload)
