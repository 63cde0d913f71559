"""The service as its users have it: a process of its own, spoken to over HTTP."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

T = TypeVar("T")


PATIENCE = 90.0
"""Seconds of real time that a busy machine may take for what it would do at once."""


def eventually(what: str, look: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What ``look`` returns once it is true; fails, naming ``what``, after ``seconds`` of real time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what} (last seen: {found!r})")
        threading.Event().wait(0.1)
    return found


class Answer:
    """One HTTP answer: status, headers and the JSON body."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers = status, headers
        self.json: Any = json.loads(body) if body[:1] in (b"{", b"[", b'"') else None
        self.text = body.decode()


def request(method: str, url: str, body: Any = None, timeout: float = PATIENCE) -> Answer:
    data = None if body is None else json.dumps(body).encode()
    sent = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(sent, timeout=timeout) as got:
            return Answer(got.status, got.headers, got.read())
    except urllib.error.HTTPError as refused:
        return Answer(refused.code, refused.headers, refused.read())


class Service:
    """``marathon up`` or ``marathon serve`` (with its ``--port``) as a child process, once it answers.

    Both streams are kept in ``output``, for the words of a failure.
    """

    def __init__(self, *arguments: str, python: str | Path = sys.executable) -> None:
        self.output: list[str] = []
        self.process = subprocess.Popen(
            [python, "-P", "-m", "actors.marathon", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = f"http://127.0.0.1:{arguments[arguments.index('--port') + 1]}"
        try:
            eventually(f"{' '.join(arguments)} answers", self._answers)
        except AssertionError as error:
            error.add_note(self.words)
            self.kill()
            raise

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the service ended with {self.ended()}")
        try:
            return self.get("/ping").status == 200
        except (OSError, HTTPException):
            return False

    @property
    def words(self) -> str:
        return "".join(self.output)

    def get(self, path: str) -> Answer:
        return request("GET", self.url + path)

    def post(self, path: str, body: Any) -> Answer:
        return request("POST", self.url + path, body)

    def put(self, path: str, body: Any) -> Answer:
        return request("PUT", self.url + path, body)

    def delete(self, path: str) -> Answer:
        return request("DELETE", self.url + path)

    def app(self, app_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/v2/apps/{app_id}").json["app"]
        return found

    def all_healthy(self, app_id: str, count: int) -> bool:
        """Whether ``count`` instances run, all healthy, and no deployment of the app is left."""
        app = self.app(app_id)
        return bool(app["tasksRunning"] == app["tasksHealthy"] == count and not app["deployments"])

    def task_ids(self, app_id: str) -> set[str]:
        return {task["id"] for task in self.get(f"/v2/apps/{app_id}/tasks").json["tasks"]}

    def kill(self) -> None:
        """``kill -9``, as a machine that loses power would."""
        self.process.kill()
        self.ended()

    def stop(self) -> int:
        """SIGTERM, and the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Wait until it has ended, and all its words are there; the exit status."""
        status = self.process.wait(PATIENCE)
        self._reader.join(5)  # a task that lives on may have inherited the other end
        return status

    def __enter__(self) -> "Service":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.stop()
