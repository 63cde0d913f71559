"""A raw client of one master: it sees statuses, headers and bytes as they come."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from mesos_proto import json_codec, master_pb2, scheduler_pb2

Json = dict[str, Any]
JSON = "application/json"
PROTOBUF = "application/x-protobuf"
SHOWN_HEADERS = ("Content-Type", "Allow", "Location", "WWW-Authenticate", "Content-Encoding")


_codec = threading.Lock()  # it learns a message's fields at first sight, which two threads must not do at once


def _as_protobuf(cls: Any, body: bytes) -> bytes:
    with _codec:
        encoded: bytes = json_codec.loads(cls, body).SerializePartialToString()
    return encoded


def _as_json(cls: Any, body: bytes) -> bytes:
    with _codec:
        return json_codec.dumps(cls.FromString(body))


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Master:
    """One of the two. ``agents`` are its agents' ids, S0 first."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._frameworks: list[Framework] = []
        found = self.operator({"type": "GET_AGENTS"}).json["get_agents"]["agents"]
        self.agents = sorted((each["agent_info"]["id"]["value"] for each in found), key=lambda name: name[-2:])

    def request(
        self, method: str, path: str, body: bytes | str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            shown = {name: value for name in SHOWN_HEADERS if (value := response.headers.get(name)) is not None}
            return Answer(response.status, shown, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.request("GET", path)

    def operator(self, call: Json, accept: str = JSON, binary: bool = False) -> Answer:
        """``binary``: the call is sent as protobuf. An answer in protobuf is shown as JSON."""
        body: bytes = json.dumps(call).encode()
        if binary:
            body = _as_protobuf(master_pb2.Call, body)
        headers = {"Content-Type": PROTOBUF if binary else JSON, "Accept": accept}
        answer = self.request("POST", "/api/v1", body, headers)
        if answer.headers.get("Content-Type") == PROTOBUF:
            shown = _as_json(master_pb2.Response, answer.body)
            return answer._replace(body=shown)
        return answer

    def framework(self, **fields: Any) -> Framework:
        """Subscribed, or refused: see its events. ``info`` fields besides user, name, roles and MULTI_ROLE."""
        framework = Framework(self, fields)
        self._frameworks.append(framework)
        return framework

    def close(self) -> None:
        """End every framework of the scenario."""
        for framework in self._frameworks:
            framework.teardown()
        self._frameworks.clear()

    def connect(self, timeout: float | None) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._host, self._port, timeout=timeout)


class Stream:
    """The events of one endless answer."""

    def __init__(self, master: Master, path: str, call: Json, accept: str = JSON) -> None:
        self.master = master
        self.events: list[Json] = []
        self.ended = threading.Event()
        self._more = threading.Condition()
        self._event = scheduler_pb2.Event if "scheduler" in path else master_pb2.Event
        self._accept = accept
        self._connection = master.connect(60)
        self._connection.request("POST", path, json.dumps(call), {"Content-Type": JSON, "Accept": accept})
        self.response = self._connection.getresponse()
        self.status = self.response.status
        self.refusal = b""
        if self.status == 200:
            threading.Thread(target=self._read, daemon=True).start()
        else:
            self.refusal = self.response.read()
            self.ended.set()

    def _read(self) -> None:
        try:
            while line := self.response.readline():
                record = self.response.read(int(line))
                if self._accept == PROTOBUF:
                    record = _as_json(self._event, record)
                with self._more:
                    self.events.append(json.loads(record))
                    self._more.notify_all()
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        with self._more:
            self.ended.set()
            self._more.notify_all()

    def wait(
        self, kind: str, timeout: float = 6.0, after: int = 0, where: Callable[[Json], bool] | None = None
    ) -> Json:
        """The first such event at or after that index; {} when there is none in time."""
        deadline = time.monotonic() + timeout
        index = after
        with self._more:
            while True:
                while index < len(self.events):
                    event = self.events[index]
                    if event["type"] == kind and (where is None or where(event)):
                        return event
                    index += 1
                left = deadline - time.monotonic()
                if left <= 0 or self.ended.is_set():
                    return {}
                self._more.wait(left)

    def told(self, *leave_out: str) -> list[Json]:
        return [event for event in list(self.events) if event["type"] not in ("HEARTBEAT", *leave_out)]

    def close(self) -> None:
        if self._connection.sock is not None:
            with contextlib.suppress(OSError):  # the reader lets go of it now, and not at the next heartbeat
                self._connection.sock.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class Framework(Stream):
    """A subscribed framework and its calls."""

    def __init__(self, master: Master, fields: Json) -> None:
        options = {name: fields.pop(name) for name in ("suppressed_roles", "offer_constraints") if name in fields}
        accept = fields.pop("accept", JSON)
        base = {"user": "root", "name": "both", "roles": ["*"], "capabilities": capabilities("MULTI_ROLE")}
        self.info = {name: value for name, value in {**base, **fields}.items() if value is not None}
        call = {"type": "SUBSCRIBE", "subscribe": {"framework_info": self.info, **options}}
        if "id" in self.info:
            call["framework_id"] = self.info["id"]
        self._answered: set[str] = set()
        super().__init__(master, "/api/v1/scheduler", call, accept)
        self.stream_id = self.response.headers.get("Mesos-Stream-Id", "")
        first = self._first()
        self.id = first.get("subscribed", {}).get("framework_id")

    def _first(self) -> Json:
        deadline = time.monotonic() + 5
        while not self.events and not self.ended.is_set() and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.events[0] if self.events else {}

    def call(self, kind: str, body: Json | None = None, *, binary: bool = False, **headers: str) -> Answer:
        call: Json = {"framework_id": self.id, "type": kind}
        if body is not None:
            call[kind.lower()] = body
        encoded: bytes = json.dumps(call).encode()
        if binary:
            encoded = _as_protobuf(scheduler_pb2.Call, encoded)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {
            "Content-Type": PROTOBUF if binary else JSON,
            "Accept": JSON,
            "Mesos-Stream-Id": self.stream_id,
            **named,
        }
        return self.master.request("POST", "/api/v1/scheduler", encoded, sent)

    def teardown(self) -> None:
        if self.id and not self.ended.is_set():
            self.call("TEARDOWN")
            self.ended.wait(3)
        self.close()

    def standing(self) -> list[Json]:
        """The offers that came and were neither answered nor rescinded, of S0 first."""
        found = {}
        for event in list(self.events):
            for offer in event.get("offers", {}).get("offers", ()):
                found[offer["id"]["value"]] = offer
            found.pop(event.get("rescind", {}).get("offer_id", {}).get("value"), None)
        left = [offer for name, offer in found.items() if name not in self._answered]
        return sorted(left, key=lambda offer: str(offer["agent_id"]["value"][-2:]))

    def offers(self, timeout: float = 6.0) -> list[Json]:
        """One offer of each agent, S0 first."""
        deadline = time.monotonic() + timeout
        while len(left := self.standing()) < len(self.master.agents) and time.monotonic() < deadline:
            time.sleep(0.02)
        return left

    def fresh_offer(self, timeout: float = 5.0) -> Json | None:
        """One of S0, when everything that ended has come back to it; None when there is none in time."""
        time.sleep(0.1)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            self.decline(*self.standing(), refuse=0)
            self.call("REVIVE")
            time.sleep(0.1)
            parts = [each for each in self.standing() if each["agent_id"]["value"] == self.master.agents[0]]
            if len(parts) == 1:
                return parts[0]
        return None

    def accept(self, offers: list[Json], *operations: Json, refuse: float = 1000) -> Answer:
        ids = [offer["id"] for offer in offers]
        body = {"offer_ids": ids, "operations": list(operations), "filters": {"refuse_seconds": refuse}}
        answer = self.call("ACCEPT", body)
        if answer.status == 202:
            self._answered.update(each["value"] for each in ids)
        return answer

    def decline(self, *offers: Json, refuse: float = 1000) -> Answer:
        ids = [offer["id"] for offer in offers]
        self._answered.update(each["value"] for each in ids)
        return self.call("DECLINE", {"offer_ids": ids, "filters": {"refuse_seconds": refuse}})

    def acknowledge(self, status: Json) -> None:
        if "uuid" in status:
            self.call("ACKNOWLEDGE", {name: status[name] for name in ("agent_id", "task_id", "uuid")})

    def statuses(self, task_id: str, until: str, timeout: float = 8.0, after: int = 0, ack: bool = True) -> list[Json]:
        """Of that task, up to that state; acknowledged as they come.

        Without TASK_KILLING: the command executor of the real cluster is a stand-in that does not say it.
        """
        seen: list[Json] = []
        deadline, index = time.monotonic() + timeout, after

        def of_task(event: Json) -> bool:
            return bool(event["update"]["status"]["task_id"]["value"] == task_id)

        while time.monotonic() < deadline:
            event = self.wait("UPDATE", deadline - time.monotonic(), index, of_task)
            if not event:
                break
            index = self.events.index(event, index) + 1
            status = event["update"]["status"]
            if status["state"] != "TASK_KILLING":
                seen.append(status)
            if ack:
                self.acknowledge(status)
            if status["state"] == until:
                break
        return seen


def capabilities(*names: str) -> list[Json]:
    return [{"type": name} for name in names]


def scalar(name: str, value: float, allocated: str | None = "*", /, **fields: Any) -> Json:
    resource = {"name": name, "type": "SCALAR", "scalar": {"value": value}, **fields}
    if allocated is not None:
        resource["allocation_info"] = {"role": allocated}
    return resource


def task(offer: Json, task_id: str, command: str = "sleep 1000", **fields: Any) -> Json:
    """0.1 cpus, 32 MB. A field that is None is left out."""
    role = offer.get("allocation_info", {}).get("role", "*")
    whole = {
        "name": task_id,
        "task_id": {"value": task_id},
        "agent_id": offer["agent_id"],
        "resources": [scalar("cpus", 0.1, role), scalar("mem", 32, role)],
        "command": {"value": command},
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not None}


def launch(*tasks: Json) -> Json:
    return {"type": "LAUNCH", "launch": {"task_infos": list(tasks)}}
