"""Sandboxes on the agents of a cluster, read through Mesos's own HTTP: for a service whose agents are elsewhere.

    master /tasks   which agent ran the task     master /slaves   where that agent answers
    agent /state    the executor's folder        agent /api/v1    READ_FILE: bytes and size

A container of a pod has its folder in that of the pod's executor, by the name that its status gives.

A task's place never changes, so it is asked for once.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp

from actors.marathon.messages import FrameworkStatus
from mesos_proto import agent_pb2

from .sandboxes import FILES, MAX_CHUNK, Chunk, SandboxNotFound

__all__ = ["AgentSandboxes"]

PROTOBUF = "application/x-protobuf"
TIMEOUT = aiohttp.ClientTimeout(total=20)
MAX_PLACES = 1000
"""Tasks whose places are kept in mind."""
BEYOND = 2**40
"""An offset past the end of every file: reading there tells the size alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sandbox lies: the agent's URL and its folder there."""

    agent: str
    folder: str


class AgentSandboxes:
    """`framework` says under which id we are known to which master."""

    def __init__(self, framework: Callable[[], Awaitable[FrameworkStatus]]) -> None:
        self._framework = framework
        self._places: dict[str, Place] = {}

    async def read(self, task_id: str, file: str, offset: int, length: int) -> Chunk:
        if file not in FILES:
            raise SandboxNotFound(f"only {' and '.join(FILES)} can be read, not {file!r}")
        try:
            async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
                place = self._places.get(task_id) or await self._find(session, task_id)
                path = f"{place.folder}/{file}"
                if offset < 0:
                    _, size = await self._part(session, place.agent, path, BEYOND, 0)
                    offset = max(0, size + offset)
                data, size = await self._part(session, place.agent, path, offset, min(length, MAX_CHUNK))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SandboxNotFound(f"{file} of task {task_id} cannot be read from its agent: {error!r}") from error
        return Chunk(data, min(offset, size), size)

    async def task_ids(self, prefix: str) -> tuple[str, ...]:
        try:
            async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
                framework = await self._known()
                query = {"framework_id": framework.framework_id or "", "limit": "10000", "order": "asc"}
                found = await _get(session, f"{framework.master}/tasks?{urlencode(query)}")
        except (aiohttp.ClientError, TimeoutError, SandboxNotFound):
            return ()
        return tuple(task["id"] for task in found["tasks"] if task["id"].startswith(prefix))

    async def _known(self) -> FrameworkStatus:
        framework = await self._framework()
        if framework.framework_id is None or framework.master is None:
            raise SandboxNotFound("sandboxes cannot be read before the service is registered with Mesos")
        return framework

    async def _find(self, session: aiohttp.ClientSession, task_id: str) -> Place:
        framework = await self._known()
        query = urlencode({"framework_id": framework.framework_id or "", "task_id": task_id})
        tasks = (await _get(session, f"{framework.master}/tasks?{query}"))["tasks"]
        if not tasks:
            raise SandboxNotFound(f"Mesos knows no task {task_id}, or has forgotten it")
        agents = (await _get(session, f"{framework.master}/slaves?slave_id={tasks[0]['slave_id']}"))["slaves"]
        agent = next((agent for agent in agents if agent["id"] == tasks[0]["slave_id"]), None)
        if agent is None:
            raise SandboxNotFound(f"the agent of task {task_id} is not registered with Mesos at present")
        # Several agents may share one address: each answers below its own name, as in slave(1)@10.0.0.1:5051.
        name, _, address = agent["pid"].rpartition("@")
        url = f"http://{address}/{name}"
        state = await _get(session, f"{url}/state")
        executor = tasks[0].get("executor_id") or task_id
        folder = next((e["directory"] for e in _executors(state) if e["id"] == executor), None)
        if folder is not None and (nested := _nested_container(tasks[0])):
            folder = f"{folder}/containers/{nested}"
        if folder is None:
            raise SandboxNotFound(f"the sandbox of task {task_id} is not there any more")
        if len(self._places) >= MAX_PLACES:
            self._places.pop(next(iter(self._places)))
        self._places[task_id] = Place(url, folder)
        return self._places[task_id]

    async def _part(
        self, session: aiohttp.ClientSession, agent: str, path: str, offset: int, length: int
    ) -> tuple[bytes, int]:
        read = agent_pb2.Call.ReadFile(path=path, offset=offset, length=length)
        call = agent_pb2.Call(type=agent_pb2.Call.READ_FILE, read_file=read)
        headers = {"Content-Type": PROTOBUF, "Accept": PROTOBUF}
        async with session.post(f"{agent}/api/v1", data=call.SerializeToString(), headers=headers) as answer:
            content = await answer.read()
            if answer.status != 200:
                raise SandboxNotFound(
                    f"the agent at {agent} answered {answer.status}: {content[:200].decode('utf-8', 'replace')}"
                )
            response = agent_pb2.Response.FromString(content)
        return response.read_file.data, response.read_file.size


async def _get(session: aiohttp.ClientSession, url: str) -> Mapping[str, Any]:
    async with session.get(url, raise_for_status=True) as answer:
        decoded: Mapping[str, Any] = json.loads(await answer.read())
        return decoded


def _nested_container(task: Mapping[str, Any]) -> str | None:
    """The name of its container inside of its executor's, if it has one there."""
    for status in task.get("statuses", ()):
        container = status.get("container_status", {}).get("container_id", {})
        if "parent" in container:
            return str(container["value"])
    return None


def _executors(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for framework in (*state.get("frameworks", ()), *state.get("completed_frameworks", ())):
        yield from framework.get("executors", ())
        yield from framework.get("completed_executors", ())
