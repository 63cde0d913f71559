"""Service ports: every port an app leaves at 0 gets a number of its own in the cluster, for load balancers.

An app keeps its numbers across updates. New ones are the lowest that are free, so that the same definitions get the
same numbers in every replay.
"""

from collections.abc import Iterator

from .app import App
from .errors import ValidationFailed
from .group import RootGroup

FIRST, LAST = 10000, 20000


def assign_service_ports(before: RootGroup, after: RootGroup, first: int = FIRST, last: int = LAST) -> RootGroup:
    """`after` with every service port that is 0 filled in, within ``first..last``; `before` is what apps keep.

    Raises `ValidationFailed` when no number is left.
    """
    unassigned = [app for app in after.apps.values() if 0 in app.service_ports]
    if not unassigned:
        return after
    taken = {port for app in after.apps.values() for port in app.service_ports if port}
    # Numbers that others keep across this very update must not be given to somebody new.
    for app in unassigned:
        old = before.app(app.id)
        if old is not None:
            taken.update(old.service_ports)
    free = (port for port in range(first, last + 1) if port not in taken)
    return after.with_apps(*(_assigned(app, before.app(app.id), free, (first, last)) for app in unassigned))


def _assigned(app: App, old: App | None, free: Iterator[int], bounds: tuple[int, int]) -> App:
    fixed = set(app.service_ports)
    kept = iter([port for port in (old.service_ports if old is not None else ()) if port and port not in fixed])

    def number(wanted: int) -> int:
        if wanted:
            return wanted
        port = next(kept, None) or next(free, None)
        if port is None:
            raise ValidationFailed.at(
                "/portDefinitions", f"no service port is free in {bounds[0]}-{bounds[1]}: give one, or remove apps"
            )
        return port

    if app.host_networking:
        return app.replace(port_definitions=tuple(d.replace(port=number(d.port)) for d in app.port_definitions or ()))
    if app.container is None:
        return app
    mappings = tuple(m.replace(service_port=number(m.service_port)) for m in app.port_mappings)
    return app.replace(container=app.container.replace(port_mappings=mappings))
