"""A master that says what it is told to, in a process of its own, so that its cost is nobody's figure.

::

    client                                       python -m benchmarks.scripted_master launches|updates COUNT
        ◄── the port, on standard output
    POST SUBSCRIBE                          ──►
        ◄── SUBSCRIBED, then COUNT offers (50 to an event), or COUNT updates, as fast as the client reads
    POST ACCEPT | ACKNOWLEDGE | …           ──►  202, nothing is looked at
    GET /version                            ──►  as pymesos asks it

JSON for who sends JSON, else protobuf. A heartbeat every 0.2 s ends the wait of clients that show an event when the
next one begins.
"""

from __future__ import annotations

import contextlib
import json
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

OFFERS_IN_AN_EVENT = 50
FRAMEWORK_ID = {"value": "0d1b1c1e-0000-4000-8000-000000000000-0001"}


@contextlib.contextmanager
def running(script: str, count: int) -> Iterator[str]:
    """``127.0.0.1:PORT`` of such a master. Started by our own Python, whatever the caller's."""
    import os

    python = os.environ.get("BENCH_PYTHON", sys.executable)
    command = [python, "-m", "benchmarks.scripted_master", script, str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def _subscribed() -> Any:
    from mesos_proto import scheduler_pb2

    return scheduler_pb2.Event(
        type="SUBSCRIBED",
        subscribed={
            "framework_id": FRAMEWORK_ID,
            "heartbeat_interval_seconds": 15,
            "master_info": {"id": "m", "ip": 16777343, "port": 5050, "version": "1.11.0"},
        },
    )


def recorded(script: str, count: int) -> Iterator[Any]:
    """The events of a script, as messages: what follows SUBSCRIBED."""
    from mesos_proto import Resources, mesos_pb2, scheduler_pb2

    event = scheduler_pb2.Event
    if script == "launches":
        resources = Resources.parse("cpus:8;mem:16384;disk:100000;ports:[31000-32000]").allocated("*").to_protos()
        for first in range(0, count, OFFERS_IN_AN_EVENT):
            offers = [
                mesos_pb2.Offer(
                    id={"value": f"0d1b1c1e-0000-4000-8000-000000000000-O{number}"},
                    framework_id=FRAMEWORK_ID,
                    agent_id={"value": f"0d1b1c1e-0000-4000-8000-000000000000-S{number % 1000}"},
                    hostname=f"node-{number % 1000}.example.org",
                    resources=resources,
                    allocation_info={"role": "*"},
                )
                for number in range(first, min(count, first + OFFERS_IN_AN_EVENT))
            ]
            yield event(type="OFFERS", offers={"offers": offers})
    for number in range(count if script == "updates" else 0):
        status = mesos_pb2.TaskStatus(
            task_id={"value": f"task-{number}"},
            state="TASK_RUNNING",
            source="SOURCE_EXECUTOR",
            agent_id={"value": f"0d1b1c1e-0000-4000-8000-000000000000-S{number % 1000}"},
            executor_id={"value": f"task-{number}"},
            timestamp=1.7e9 + number,
            uuid=number.to_bytes(16, "big"),
            container_status={"container_id": {"value": f"0d1b1c1e-{number}"}},
        )
        yield event(type="UPDATE", update={"status": status})


class _Client(socketserver.StreamRequestHandler):
    """One connection."""

    server: _Master

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            while request := self.rfile.readline():
                self._answer(request)

    def _answer(self, request: bytes) -> None:
        headers = {}
        while (line := self.rfile.readline().strip()) and b":" in line:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get(b"content-length", 0)))
        as_json = headers.get(b"content-type", b"").startswith(b"application/json")
        if request.startswith(b"GET"):
            said = json.dumps({"version": "1.11.0"}).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
            self.wfile.write(b"Content-Length: %d\r\n\r\n%b" % (len(said), said))
        elif b'"SUBSCRIBE"' in body if as_json else body.startswith(b"\x10\x01"):
            self._subscribed(self.server.as_json if as_json else self.server.as_protobuf, as_json)
        else:
            self.wfile.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    def _subscribed(self, stream: list[bytes], as_json: bool) -> None:
        kind = b"application/json" if as_json else b"application/x-protobuf"
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nMesos-Stream-Id: s\r\n" % kind)
        self.wfile.write(b"Transfer-Encoding: chunked\r\n\r\n")
        heartbeat = b'20\n{"type":"HEARTBEAT"}' if as_json else b"2\n\x08\x08"
        for record in stream:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(record), record))
        while True:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(heartbeat), heartbeat))
            threading.Event().wait(0.2)


class _Master(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, script: str, count: int) -> None:
        from mesos_proto import json_codec, recordio

        events = [_subscribed(), *recorded(script, count)]
        self.as_json = [recordio.encode(json_codec.dumps(event)) for event in events]
        self.as_protobuf = [recordio.encode(event.SerializeToString()) for event in events]
        super().__init__(("127.0.0.1", 0), _Client)


if __name__ == "__main__":
    with _Master(sys.argv[1], int(sys.argv[2])) as master:
        print(master.server_address[1], flush=True)
        master.serve_forever()
