"""``mesos-local`` as people run it: one line when it answers, clean ends, kill -9, and clear refusals."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

pytestmark = pytest.mark.real

JSON = {"Content-Type": "application/json", "Accept": "application/json"}
PATIENCE = 90.0


class Cluster:
    """A ``mesos-local`` process."""

    def __init__(self, process: asyncio.subprocess.Process, line: str) -> None:
        self.process = process
        self.line = line
        self.url = next(iter(re.findall(r"http://\S+", line)), "")

    @classmethod
    async def start(cls, work_dir: Path, *options: str) -> Cluster:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "actors.local_mesos.command", "--port", "0", "--agents", "1",
            "--work-dir", str(work_dir), *options, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        return cls(process, (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode())

    async def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), PATIENCE)


class Framework:
    """The few calls of the scheduler API that these tests need."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url + "/api/v1/scheduler"
        self._events: list[dict[str, Any]] = []
        self._more = asyncio.Event()
        self.id: dict[str, str] = {}

    async def subscribe(self, known: dict[str, str] | None = None) -> None:
        info: dict[str, Any] = {"user": "u", "name": "f", "roles": ["*"], "failover_timeout": 1000, "checkpoint": True}
        info["capabilities"] = [{"type": "MULTI_ROLE"}]
        call: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}
        if known:
            info["id"] = call["framework_id"] = known
        self._response = await self._session.post(self._url, json=call, headers=JSON)
        assert self._response.status == 200, await self._response.text()
        self._reading = asyncio.ensure_future(self._read())
        subscribed = await self.wait(lambda e: e["type"] == "SUBSCRIBED")
        self.id = subscribed["subscribed"]["framework_id"]

    async def _read(self) -> None:
        try:
            while True:
                length = int(await self._response.content.readline())
                self._events.append(json.loads(await self._response.content.readexactly(length)))
                self._more.set()
        except (aiohttp.ClientError, asyncio.IncompleteReadError, ValueError):
            return  # the master ended

    async def leave(self) -> None:
        self._reading.cancel()
        self._response.close()

    async def wait(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while True:
                while self._events:
                    event = self._events.pop(0)
                    if wanted(event):
                        return event
                self._more.clear()
                await self._more.wait()

    async def call(self, kind: str, body: dict[str, Any]) -> None:
        headers = {**JSON, "Mesos-Stream-Id": self._response.headers["Mesos-Stream-Id"]}
        call = {"framework_id": self.id, "type": kind, kind.lower(): body}
        async with self._session.post(self._url, json=call, headers=headers) as response:
            assert response.status == 202, await response.text()

    async def launch(self, command: str) -> None:
        offer = (await self.wait(lambda e: e["type"] == "OFFERS"))["offers"]["offers"][0]
        self.agent_id = offer["agent_id"]
        resources = [
            {"name": name, "type": "SCALAR", "scalar": {"value": value}, "allocation_info": {"role": "*"}}
            for name, value in (("cpus", 0.1), ("mem", 32))
        ]
        task = {"name": "t", "task_id": {"value": "t"}, "agent_id": self.agent_id, "resources": resources}
        operation = {"type": "LAUNCH", "launch": {"task_infos": [{**task, "command": {"value": command}}]}}
        await self.call("ACCEPT", {"offer_ids": [offer["id"]], "operations": [operation]})

    async def until(self, state: str) -> dict[str, Any]:
        while True:
            event = await self.wait(lambda e: e["type"] == "UPDATE")
            status: dict[str, Any] = event["update"]["status"]
            if "uuid" in status:
                await self.call("ACKNOWLEDGE", {key: status[key] for key in ("agent_id", "task_id", "uuid")})
            if status["state"] == state:
                return status


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
        yield session


def processes_of(folder: Path) -> list[int]:
    """Those that were started with that folder in their command line or environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                about = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in about:
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_ends_cleanly_with_its_tasks(
    tmp_path: Path, session: aiohttp.ClientSession, number: signal.Signals
) -> None:
    cluster = await Cluster.start(tmp_path)
    assert re.fullmatch(rf"mesos-local: http://127\.0\.0\.1:\d+ with 1 agent in {tmp_path}\n", cluster.line)
    framework = Framework(session, cluster.url)
    await framework.subscribe()
    await framework.launch("sleep 1000")
    await framework.until("TASK_RUNNING")
    assert await cluster.end(number) == 0
    await framework.leave()
    assert processes_of(tmp_path) == []
    assert cluster.process.stdout is not None and await cluster.process.stdout.read() == b""


async def test_after_kill_9_agents_frameworks_and_tasks_are_found_again(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    cluster = await Cluster.start(tmp_path)
    framework = Framework(session, cluster.url)
    await framework.subscribe()
    await framework.launch("echo once >> ../../../../../../../../count; sleep 1000")
    await framework.until("TASK_RUNNING")
    await cluster.end(signal.SIGKILL)
    await framework.leave()

    cluster = await Cluster.start(tmp_path)
    again = Framework(session, cluster.url)
    await again.subscribe(framework.id)
    await again.call("RECONCILE", {"tasks": [{"task_id": {"value": "t"}, "agent_id": framework.agent_id}]})
    status = await again.until("TASK_RUNNING")
    assert status["agent_id"] == framework.agent_id, "the agent has its old id"
    await again.call("KILL", {"task_id": {"value": "t"}})
    assert (await again.until("TASK_KILLED"))["message"] == "Command terminated with signal Terminated"
    assert await cluster.end(signal.SIGTERM) == 0
    await again.leave()
    assert [path.read_text() for path in tmp_path.rglob("count")] == ["once\n"]  # noqa: ASYNC240
    assert processes_of(tmp_path) == []


async def test_an_exit_status_of_the_time_without_a_service_is_told_by_the_next(
    tmp_path: Path, session: aiohttp.ClientSession
) -> None:
    cluster = await Cluster.start(tmp_path)
    framework = Framework(session, cluster.url)
    await framework.subscribe()
    await framework.launch(f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; exit 9")
    await framework.until("TASK_RUNNING")
    await cluster.end(signal.SIGKILL)
    await framework.leave()
    (tmp_path / "go").touch()
    await asyncio.sleep(0.5)
    cluster = await Cluster.start(tmp_path)
    again = Framework(session, cluster.url)
    await again.subscribe(framework.id)
    assert (await again.until("TASK_FAILED"))["message"] == "Command exited with status 9"
    await cluster.end(signal.SIGTERM)
    await again.leave()


async def test_keep_tasks_leaves_them_to_the_next_start(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    cluster = await Cluster.start(tmp_path, "--keep-tasks")
    framework = Framework(session, cluster.url)
    await framework.subscribe()
    await framework.launch("sleep 1000")
    await framework.until("TASK_RUNNING")
    assert await cluster.end(signal.SIGTERM) == 0
    await framework.leave()
    kept = processes_of(tmp_path)
    assert len(kept) >= 2, "runner and task"
    cluster = await Cluster.start(tmp_path)
    assert set(kept) < set(processes_of(tmp_path))
    await cluster.end(signal.SIGTERM)
    assert processes_of(tmp_path) == []


async def refused(*options: str, status: int = 1) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "actors.local_mesos.command", "--agents", "1", *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert (process.returncode, out) == (status, b"")
    assert err.count(b"\n") == 1, err.decode()
    return err.decode()


async def test_a_port_that_is_taken_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        error = await refused("--port", str(port), "--work-dir", str(tmp_path))
    assert f"port {port} on 127.0.0.1 is taken" in error and "--port" in error
    assert processes_of(tmp_path) == []


async def test_a_work_dir_in_use_is_named_with_its_holder_and_the_remedy(tmp_path: Path) -> None:
    cluster = await Cluster.start(tmp_path)
    error = await refused("--port", "0", "--work-dir", str(tmp_path))
    assert f"{tmp_path} is in use by process {cluster.process.pid}" in error and "--work-dir" in error
    assert await cluster.end(signal.SIGTERM) == 0


async def test_resources_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    error = await refused("--port", "0", "--work-dir", str(tmp_path), "--resources", "cpus=1", status=2)
    assert "--resources 'cpus=1'" in error


async def test_a_simulation_needs_no_folder(session: aiohttp.ClientSession) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "actors.local_mesos.command", "--port", "0", "--agents", "50", "--simulate", "runs=0.1",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    cluster = Cluster(process, (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode())
    assert re.fullmatch(r"mesos-local: http://\S+ with 50 agents\n", cluster.line)
    framework = Framework(session, cluster.url)
    await framework.subscribe()
    await framework.launch("anything")
    await framework.until("TASK_FINISHED")
    assert await cluster.end(signal.SIGTERM) == 0
    await framework.leave()
