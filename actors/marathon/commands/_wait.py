"""Changing something and waiting until it is so, with the deployment's graph in view.

listen to events ─▶ send the change ─▶ look at the deployment, take events, show ─▶ how did it end?
(before it is sent: nothing is missed)        └── again after a break, and each LOOK seconds ──┘
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias
from urllib.parse import quote

import click

from ._client import Client, CommandFailed, Refused, Unreachable, app_path
from ._console import EXIT_INTERRUPTED, EXIT_TIMED_OUT, EXIT_UNREACHED, Duration, plural, print_json, say
from ._events import BREAK, Feed
from ._graph import Graph
from ._plan import print_plan
from ._pods import Figures, figures_of, pod_of
from ._progress import Progress, View, view_on_terminal
from ._reasons import waiting_id, why_it_waits

__all__ = ["Waiting", "change", "watch", "with_waiting"]

TICK = 0.25
"""Seconds between two pictures."""
LOOK = 1.0
"""Seconds between two looks at the service beside its events: at the tasks, and at the deployment if all is quiet."""
ONE_BY_ONE = 5
"""Up to so many apps at work are asked for one by one; more by the list of all."""
EVENTS = ("deployment_node_changed", "deployment_success", "deployment_failed")


class Unreached(CommandFailed):
    """The deployment ended, but not where it was meant to."""

    exit_code = EXIT_UNREACHED


class TimedOut(CommandFailed):
    """The deployment goes on, and we do not wait for it any longer."""

    exit_code = EXIT_TIMED_OUT


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a command waits: `timeout` in seconds."""

    detach: bool = False
    timeout: float = 600.0
    force: bool = False
    as_json: bool = False
    quiet: bool = False
    dry_run: bool = False


def with_waiting(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a deploying command; it gets them as one argument, `waiting`."""
    options: tuple[Any, ...] = (
        click.option("--detach", is_flag=True, help="Print the deployment's id and do not wait for it."),
        click.option("--wait-timeout", type=Duration(), default="10m", show_default=True, help="How long to wait."),
        click.option("--force", is_flag=True, help="Cancel deployments that lock the app."),
        click.option("--json", "as_json", is_flag=True, help="Print as JSON how it ended."),
        click.option("-q", "--quiet", is_flag=True, help="Show no progress."),
        click.option("--dry-run", is_flag=True, help="Tell what it would do, and change nothing."),
    )

    @wraps(command)
    def waiting(wait_timeout: float, **arguments: Any) -> None:
        chosen = {name: arguments.pop(name) for name in ("detach", "force", "as_json", "quiet", "dry_run")}
        command(waiting=Waiting(timeout=wait_timeout, **chosen), **arguments)

    made: Callable[..., None] = waiting
    for option in reversed(options):
        made = option(made)
    return made


Send: TypeAlias = Callable[[dict[str, str]], Mapping[str, Any]]
"""Sends a change with this query. Answers ``{"deploymentId", "version"}``, or the plan of a dry run."""


def change(client: Client, title: str, send: Send, waiting: Waiting) -> None:
    """Send a change and wait until its deployment has ended; or tell its plan, if only that was asked for.

    Detached, its id goes to stdout. Ends the command with 3 when the deployment ended without reaching its goal, with 4
    after the time-out, with 130 on Ctrl-C.
    """
    if waiting.dry_run:
        plan = send({"dryRun": "true"})
        if waiting.as_json:
            print_json(plan)
        else:
            print_plan(title, plan)
        return
    force = {"force": "true"} if waiting.force else {}
    if not waiting.detach:
        with listening(client) as feed:
            began = time.monotonic()
            watch(client, feed, str(send(force)["deploymentId"]), title, waiting, began)
        return
    result = send(force)
    deployment_id = result["deploymentId"]
    if waiting.as_json:
        print_json({**result, "state": "running"})
    else:
        click.echo(deployment_id)
        if not waiting.quiet:
            say(f"{title} goes on; 'marathon deployments watch {deployment_id}' shows how far it is")


@contextmanager
def listening(client: Client) -> Iterator[Feed | None]:
    """The events of deployments; None where they cannot be had: then the service is asked again and again."""
    try:
        feed = Feed(client, EVENTS)
    except Refused as refused:
        if refused.status in (401, 403):
            raise
        yield None
        return
    try:
        yield feed
    finally:
        feed.close()


def watch(
    client: Client, feed: Feed | None, deployment_id: str, title: str, waiting: Waiting, began: float | None = None
) -> None:
    """Show a deployment until it has ended; the command ends as `change` says. `began`: of `time.monotonic`, or now."""
    progress = Progress(deployment_id, title, began=time.monotonic() if began is None else began)
    watcher = Watcher(client, feed, progress)
    state = "running"
    failure: CommandFailed | None = None
    try:
        with view_on_terminal(waiting.quiet or waiting.as_json) as view:
            ended = watcher.until_over(view, waiting.timeout)
        if not ended:
            failure = _timed_out(progress, waiting.timeout)
        else:
            problem = progress.outcome or (None if progress.outcome == "" else watcher.shortfall())
            state = "failed" if problem else "done"
            if problem:
                failure = Unreached(
                    f"deployment {deployment_id} has ended, but {problem}",
                    "'marathon ps' and 'marathon logs' tell what became of the tasks, 'marathon queue' what waits",
                )
    except KeyboardInterrupt:
        say(
            f"\ninterrupted: deployment {deployment_id} goes on\n"
            f"hint: 'marathon deployments watch {deployment_id}' resumes watching, "
            f"'marathon deployments revert {deployment_id}' undoes it, '… cancel …' leaves things as they are"
        )
        raise SystemExit(EXIT_INTERRUPTED) from None
    if waiting.as_json:
        print_json(_result(progress, state, failure))
    if failure is not None:
        raise failure
    if waiting.quiet or waiting.as_json:
        return
    if progress.outcome == "" and not progress.graph.nodes:
        say(f"done: {title} changed nothing: all of it is so already")
    else:
        say(f"done: {title} took {_span(progress.elapsed if progress.took is None else progress.took)}")


def _span(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _timed_out(progress: Progress, timeout: float) -> TimedOut:
    at_work = progress.graph.in_state("begun")
    known = [
        f"{node.id} has {progress.counts.get(node.id, 'no tasks yet')}"
        + (f", {progress.why[node.id]}" if node.id in progress.why else "")
        for node in at_work[:5]
    ]
    more = [f"and {plural(len(at_work) - 5, 'more app')}"] if len(at_work) > 5 else []
    return TimedOut(
        f"deployment {progress.id} has not ended within {timeout:g} seconds: "
        + ("; ".join([*known, *more]) or "it did not say what it waits for"),
        f"it goes on: 'marathon deployments watch {progress.id}' waits longer, '… revert …' undoes it",
    )


def _result(progress: Progress, state: str, failure: CommandFailed | None) -> dict[str, Any]:
    apps = [
        {"id": node.id, "action": node.action, "state": node.state, "waitsFor": list(node.waits_for)}
        for node in progress.graph.nodes.values()
    ]
    why = {} if failure is None else {"reason": failure.message}
    return {"deploymentId": progress.id, "state": state, **why, "apps": apps}


@dataclass
class Watcher:
    """Brings a `Progress` up to date until the deployment is over."""

    client: Client
    feed: Feed | None
    progress: Progress
    looked: float = 0.0
    missed: bool = False
    """Whether the events had a gap."""

    def until_over(self, view: View, timeout: float) -> bool:
        """False: it goes on after `timeout` seconds."""
        over = False
        while not over:
            over = self._look(self.feed is None)
            view.show(self.progress)
            if not over and self.progress.elapsed > timeout:
                return False
            over = self._listen() or over
        self._hear_the_end()
        view.show(self.progress)
        return True

    def _listen(self) -> bool:
        """Take events for one tick. Whether the deployment is over now."""
        if self.feed is None:
            time.sleep(TICK)
            return False
        for event in self.feed.take(TICK):
            if event is BREAK:
                self.looked, self.missed = 0.0, True
            else:
                self.progress.told(*event)
        return self.progress.outcome is not None

    def _hear_the_end(self) -> None:
        """An answer that the deployment is gone may overtake the event that says how it ended."""
        until = time.monotonic() + LOOK
        while self.feed and self.progress.outcome is None and not self.missed and time.monotonic() < until:
            self._listen()

    def _look(self, alone: bool) -> bool:
        """Ask the service when it is time to. Whether the deployment is gone."""
        if time.monotonic() - self.looked < (TICK if alone else LOOK):
            return False
        try:
            found = self._found()
            if found is None:
                return True
            self.progress.fetched(Graph.of(found["graph"], found.get("steps", ())))
            self._count()
            self.progress.notice = ""
        except Unreachable:
            # The service may be restarted: the deployment survives that, and so do we.
            self.progress.notice = f"no answer from {self.client.url}, trying again"
        self.looked = time.monotonic()
        return False

    def _found(self) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.client.get(f"/v2/deployments/{quote(self.progress.id)}")
        except Refused as refused:
            if refused.status != 404:
                raise
            return None
        return found

    def _count(self) -> None:
        at_work = [node.id for node in self.progress.graph.in_state("begun")]
        if not at_work:
            return
        ids: list[str] = at_work if len(at_work) <= ONE_BY_ONE else [""]
        apps = [app for each in ids for app in self.client.get("/v2/apps", **({"id": each} if each else {}))["apps"]]
        self.progress.counts |= {app["id"]: _counts(app) for app in apps}
        rest = set(at_work).difference(app["id"] for app in apps)
        for pod in (pod_of(self.client, each) for each in sorted(rest)[:ONE_BY_ONE]):
            if pod is not None:
                self.progress.counts[pod["id"]] = _counts_of_pod(figures_of(pod))
        self.progress.why = {
            waiting_id(item): why_it_waits(item)
            for item in self.client.get("/v2/queue")["queue"]
            if waiting_id(item) in at_work
        }

    def shortfall(self) -> str | None:
        """Of a deployment that is gone, and of whose end nothing was heard, the apps tell whether it was cancelled."""
        short = []
        for node in self.progress.graph.nodes.values():
            try:
                app = self.client.get(app_path(node.id))["app"]
            except Refused as refused:
                if refused.status != 404:
                    raise
                continue
            if not app["deployments"] and app["tasksRunning"] < app["instances"]:
                short.append(f"{node.id} has {app['tasksRunning']} of {app['instances']} instances running")
        return "; ".join(short) or None


def _counts(app: Mapping[str, Any]) -> str:
    healthy = f", {app['tasksHealthy']} healthy" if app.get("healthChecks") else ""
    return f"{app['tasksRunning']}/{app['instances']} running{healthy}"


def _counts_of_pod(pod: Figures) -> str:
    return f"{pod.running}/{pod.wanted} running" + (f", {pod.stable} healthy" if pod.checked else "")
