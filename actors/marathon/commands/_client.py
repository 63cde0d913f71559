"""The commands' way to the service: plain HTTP from the standard library, and errors that say what to do."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import click

from ._console import EXIT_FAILED, EXIT_USAGE
from ._near import nearest

DEFAULT_URL = "http://127.0.0.1:8080"
TIMEOUT = 35.0
"""Seconds for one answer; the service itself gives up on its actors after 30."""
SILENCE = 40.0
"""Seconds without a line after which an event stream counts as broken; the service sends an empty one every 15."""


class CommandFailed(click.ClickException):
    """Ends the command with a message on stderr: what, why, and (`hint`) what to do next."""

    exit_code = EXIT_FAILED

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: Any = None) -> None:
        click.echo(f"error: {self.message}", err=True)
        if self.hint:
            click.echo(f"hint: {self.hint}", err=True)


class Unreachable(CommandFailed):
    """There is no answer, or it broke off."""


class WrongUsage(CommandFailed):
    """What was asked for makes no sense."""

    exit_code = EXIT_USAGE


class Refused(CommandFailed):
    """The service answered with an error. `status` is HTTP's, `body` the decoded JSON. `near` finds what may have been
    meant; it is asked only when the error is shown."""

    def __init__(
        self, status: int, body: Any, hint: str | None = None, near: Callable[[], str | None] = lambda: None
    ) -> None:
        super().__init__("\n".join(_lines(status, body)), hint)
        self.status, self.body, self._near = status, body, near

    def show(self, file: Any = None) -> None:
        if near := self._near():
            self.hint = f"did you mean '{near}'? {self.hint or ''}".rstrip()
        super().show(file)


def _lines(status: int, body: Any) -> Iterator[str]:
    if not isinstance(body, Mapping):
        yield f"the service answered {status}: {body}"
        return
    # Marathon names a deployment by its class.
    yield str(body.get("message", f"the service answered {status}")).replace("DeploymentPlan ", "Deployment ")
    details = body.get("details")
    if isinstance(details, str):
        yield f"  {details}"
    for detail in details if isinstance(details, list) else ():
        # The first of several errors of a wrong type is a code for programs.
        errors = [text for text in detail.get("errors", ()) if not text.startswith("error.")] or detail.get(
            "errors", ()
        )
        yield f"  {detail.get('path')}: {'; '.join(errors)}"
    for deployment in body.get("deployments", ()):
        yield f"  deployment {deployment.get('id')}"


class Client:
    """One service. Paths are those of Marathon's API; answers come decoded.

    Who asks is said by the URL (``https://USER:PASSWORD@HOST``), or by the file that MARATHON_CREDENTIALS names.
    """

    def __init__(self, url: str | None, timeout: float = TIMEOUT) -> None:
        parts = urlsplit((url or os.environ.get("MARATHON_URL") or DEFAULT_URL).rstrip("/"))
        self.url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # it is shown in errors
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise WrongUsage(f"'{self.url}' is no URL of a service", "give --url (or MARATHON_URL) as http://HOST:PORT")
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else _pair_of_file()
        self._who = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"} if pair else {}
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._base, self._timeout = parts.path, timeout

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, query=query)

    def call(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer. Raises `Refused` for an error it tells, `CommandFailed` when it cannot be reached."""
        connection = self._connection(self._timeout)
        try:
            return self._decoded(self._answer(connection, method, path, body, query, "application/json"))
        finally:
            connection.close()

    def deployment_of(self, method: str, path: str, body: Any, query: Mapping[str, Any]) -> dict[str, Any]:
        """A change of a pod as changes of apps are answered: Marathon tells its deployment in a header."""
        connection = self._connection(self._timeout)
        try:
            answer = self._answer(connection, method, path, body, query, "application/json")
            self._decoded(answer)
            return {"deploymentId": answer.headers["Marathon-Deployment-Id"]}
        finally:
            connection.close()

    def lines(self, path: str, query: Mapping[str, Any] | None = None) -> Lines:
        """An answer that does not end, line by line. Raises as `call` does; so do its lines when it breaks off."""
        connection = self._connection(SILENCE)
        try:
            answer = self._answer(connection, "GET", path, None, query, "text/event-stream")
            if answer.status >= 400:
                self._decoded(answer)
        except BaseException:
            connection.close()
            raise
        return Lines(self, connection, answer)

    def _connection(self, timeout: float) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=timeout)

    def _answer(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Any,
        query: Mapping[str, Any] | None,
        accept: str,
    ) -> http.client.HTTPResponse:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Accept": accept, **self._who, **({"Content-Type": "application/json"} if data else {})}
        target = self._base + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        try:
            connection.request(method, target, data, headers)
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise self.unreachable(error) from error

    def _decoded(self, answer: http.client.HTTPResponse) -> Any:
        try:
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise self.unreachable(error) from error
        try:
            decoded = json.loads(content) if content else None
        except ValueError:
            decoded = content.decode("utf-8", "replace")
        if answer.status >= 400:
            raise Refused(answer.status, decoded, _hint(answer.status, decoded), lambda: self._near(decoded))
        return decoded

    def _near(self, refusal: Any) -> str | None:
        """The id of an app or a pod that is like one that does not exist."""
        message = str(refusal.get("message", "")) if isinstance(refusal, Mapping) else ""
        missing = re.fullmatch(r"App '(.+)' does not exist", message)
        if missing is None:
            return None
        try:
            known = [each["id"] for each in [*self.get("/v2/apps")["apps"], *self.get("/v2/pods")]]
        except CommandFailed:
            return None
        return nearest(missing[1], known)

    def unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"no Marathon service answers at {self.url}: {error}",
            "start one with 'marathon up', or name another with --url or MARATHON_URL",
        )


class Lines(Iterator[str]):
    """The lines of an answer, without their ends. `close` it where it is read; other threads may `interrupt` it."""

    def __init__(self, client: Client, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse):
        self._client, self._connection, self._answer = client, connection, answer
        self._socket = connection.sock

    def __next__(self) -> str:
        try:
            line = self._answer.readline()
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._client.unreachable(error) from error
        if not line:
            raise StopIteration
        return line.decode("utf-8", "replace").rstrip("\r\n")

    def interrupt(self) -> None:
        """End it: whoever waits for a line is told so."""
        if self._socket is not None:
            with suppress(OSError):  # the other end was faster
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


def _pair_of_file() -> str | None:
    """The first ``user:password`` of the file that MARATHON_CREDENTIALS names."""
    file = os.environ.get("MARATHON_CREDENTIALS")
    if not file:
        return None
    try:
        lines = Path(file).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"MARATHON_CREDENTIALS: {file} cannot be read: {error}") from error
    return next((line for line in lines if ":" in line and not line.lstrip().startswith("#")), None)


def _hint(status: int, body: Any) -> str | None:
    if status == 401:
        return "say who you are: write USER:PASSWORD into a file and name it in the variable MARATHON_CREDENTIALS"
    if status == 409 and isinstance(body, Mapping) and body.get("deployments"):
        return "wait for the deployment to end, or override it with --force"
    if status == 404 and not isinstance(body, Mapping):
        return "this may be no Marathon service; name yours with --url or MARATHON_URL"
    message = str(body.get("message", "")) if isinstance(body, Mapping) else ""
    if status == 404 and message.startswith("App "):
        return "'marathon apps' lists the apps and pods there are"
    if status == 404 and message.startswith("DeploymentPlan "):
        return "it has ended, or never was; 'marathon deployments' lists those that run"
    return None


def app_path(app_id: str, *rest: str) -> str:
    """The API's path of an app; its id may come with or without the leading slash."""
    return "/".join(["/v2/apps", quote(app_id.strip("/")), *map(quote, rest)])


def pod_path(pod_id: str) -> str:
    """The API's path of a pod."""
    return f"/v2/pods/{quote(pod_id.strip('/'))}"
