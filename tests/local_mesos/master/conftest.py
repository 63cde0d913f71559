"""A master over HTTP with scripted agents behind it, in virtual time."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from actors.core import Actor, ActorRef, ActorSystem, Props
from actors.local_mesos import messages as m
from actors.local_mesos.master import MasterServer, MasterSettings, start_master
from actors.local_mesos.master.registry import Registry
from mesos_proto import Resources, json_codec, mesos_pb2, recordio

Json = dict[str, Any]
JSON = {"Content-Type": "application/json", "Accept": "application/json"}
RESOURCES = "cpus:4;mem:4096;disk:10000;ports:[31000-31999]"


class ScriptedAgent(Actor[Any]):
    """Keeps what the master tells it; runs tasks at once unless told otherwise, and ends them when killed."""

    def __init__(self, bench: Bench, port: int, told: list[Any], resources: str, attributes: str) -> None:
        super().__init__()
        self.bench = bench
        self.told = told
        self.info = mesos_pb2.AgentInfo(hostname="127.0.0.1", port=port)
        self.info.resources.extend(Resources.parse(resources).to_protos())
        if attributes:
            name, _, text = attributes.partition(":")
            value = mesos_pb2.Value
            self.info.attributes.add(name=name, type=value.TEXT, text=value.Text(value=text))

    def pre_start(self) -> None:
        self.bench.master.ref.tell(m.RegisterAgent(self.info, self.ref), self.ref)

    def receive(self, message: Any) -> None:
        self.told.append(message)
        match message:
            case m.AgentRegistered(agent_id):
                self.info.id.value = agent_id
            case m.RunTask(framework, task) if self.bench.runs_tasks:
                self.update(framework.id.value, task.task_id.value, "TASK_RUNNING")
            case m.KillTask(framework_id, task_id):
                self.update(framework_id, task_id, "TASK_KILLED")
            case m.ApplyOperation(framework_id, operation, uuid) if self.bench.applies:
                status = mesos_pb2.OperationStatus(state=mesos_pb2.OPERATION_FINISHED)
                if operation.HasField("id"):
                    status.uuid.value = self.bench.new_uuid()
                told = m.UpdateOperationStatus(framework_id, self.info.id.value, uuid, status)
                self.bench.master.ref.tell(told, self.ref)
            case m.MasterChanged(master):
                master.tell(m.ReregisterAgent(self.info, self.ref), self.ref)
            case ("update", framework_id, task_id, state):
                self.update(framework_id, task_id, state)
            case ("reregister", master, tasks, frameworks):
                master.tell(m.ReregisterAgent(self.info, self.ref, frameworks, tasks), self.ref)

    def update(self, framework_id: str, task_id: str, state: str) -> None:
        status = mesos_pb2.TaskStatus(
            task_id=mesos_pb2.TaskID(value=task_id),
            agent_id=self.info.id,
            executor_id=mesos_pb2.ExecutorID(value=task_id),
            state=mesos_pb2.TaskState.Value(state),
            source=mesos_pb2.TaskStatus.SOURCE_EXECUTOR,
            uuid=self.bench.new_uuid(),
            timestamp=self.bench.system.clock.wall(),
        )
        self.bench.master.ref.tell(m.UpdateStatus(framework_id, status, status.state), self.ref)


class Stream:
    """The events of one subscription, as they come."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.events: list[Json] = []
        self.ended = False
        self._more = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        decoder = recordio.Decoder()
        try:
            async for chunk in self.response.content.iter_any():
                self.events += [json_codec.parse(record) for record in decoder.feed(chunk)]
                self._more.set()
        except aiohttp.ClientError:
            pass
        self.ended = True
        self._more.set()

    async def wait(self, kind: str, after: int = 0, where: Callable[[Json], bool] = lambda event: True) -> Json:
        """The first event of that type at or after that index; fails when the stream ends without it, or in a day."""
        async with asyncio.timeout(86400):
            for index in itertools.count(after):
                while index >= len(self.events):
                    assert not self.ended, f"the stream ended without {kind}: {self.types()}"
                    self._more.clear()
                    await self._more.wait()
                if self.events[index]["type"] == kind and where(self.events[index]):
                    return self.events[index]
        raise AssertionError

    async def end(self) -> None:
        while not self.ended:
            self._more.clear()
            await self._more.wait()

    def types(self) -> list[str]:
        return [event["type"] for event in self.events if event["type"] != "HEARTBEAT"]

    async def close(self) -> None:
        self._reading.cancel()
        self.response.close()
        await asyncio.gather(self._reading, return_exceptions=True)


class Scheduler(Stream):
    """A subscribed framework."""

    def __init__(self, bench: Bench, response: aiohttp.ClientResponse) -> None:
        super().__init__(response)
        self.bench = bench
        self.stream_id = response.headers.get("Mesos-Stream-Id", "")
        self.id: Json = {}

    async def call(self, kind: str, body: Json | None = None, **headers: str) -> tuple[int, str]:
        call: Json = {"type": kind, "framework_id": self.id}
        if body is not None:
            call[kind.lower()] = body
        return await self.bench.post("/api/v1/scheduler", call, {"Mesos-Stream-Id": self.stream_id, **headers})

    async def offers(self, count: int = 1, after: int = 0) -> list[Json]:
        """At least so many, of the offers that came since."""
        index, found = after, []
        while len(found) < count:
            event = await self.wait("OFFERS", index)
            index = self.events.index(event, index) + 1
            found += event["offers"]["offers"]
        return found

    def task(self, offer: Json, task_id: str = "t", cpus: float = 1, mem: float = 128, **fields: Any) -> Json:
        role = offer.get("allocation_info", {}).get("role", "*")
        return {
            "name": task_id,
            "task_id": {"value": task_id},
            "agent_id": offer["agent_id"],
            "command": {"value": "sleep 1000"},
            "resources": [scalar("cpus", cpus, role), scalar("mem", mem, role)],
            **fields,
        }

    async def accept(self, offers: list[Json], *operations: Json, refuse_seconds: float = 5) -> None:
        body = {
            "offer_ids": [offer["id"] for offer in offers],
            "operations": list(operations),
            "filters": {"refuse_seconds": refuse_seconds},
        }
        assert await self.call("ACCEPT", body) == (202, "")

    async def launch(self, offer: Json, *tasks: Json, refuse_seconds: float = 5) -> None:
        await self.accept([offer], launch(*tasks), refuse_seconds=refuse_seconds)

    async def decline(self, *offers: Json, refuse_seconds: float = 5) -> None:
        body = {"offer_ids": [offer["id"] for offer in offers], "filters": {"refuse_seconds": refuse_seconds}}
        assert await self.call("DECLINE", body) == (202, "")

    async def status(self, state: str | None = None, after: int = 0, task_id: str | None = None) -> Json:
        """The first update since, with that state and of that task if they are named."""

        def wanted(event: Json) -> bool:
            status = event["update"]["status"]
            return state in (None, status["state"]) and task_id in (None, status["task_id"]["value"])

        event = await self.wait("UPDATE", after, wanted)
        status: Json = event["update"]["status"]
        return status

    async def acknowledge(self, status: Json) -> None:
        fields = {name: status[name] for name in ("agent_id", "task_id", "uuid")}
        assert await self.call("ACKNOWLEDGE", fields) == (202, "")


class Bench:
    """``agents`` are told messages by agent, in the order in which they were started."""

    def __init__(self, system: ActorSystem) -> None:
        self.system = system
        self.master: MasterServer
        self.agents: list[ActorRef[Any]] = []
        self.told: list[list[Any]] = []
        self.runs_tasks = True
        self.applies = True
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        self._streams: list[Stream] = []
        self._numbers = itertools.count(1)

    def new_uuid(self) -> bytes:
        return uuid.UUID(int=next(self._numbers), version=4).bytes

    async def start(
        self, agents: int = 1, work_dir: Path | None = None, registry: Registry | None = None, **settings: Any
    ) -> None:
        self.master = await start_master(
            self.system, work_dir=work_dir, settings=MasterSettings(**settings), registry=registry
        )
        for _ in range(agents):
            await self.add_agent()

    async def add_agent(self, resources: str = RESOURCES, attributes: str = "") -> ActorRef[Any]:
        agent = self.spawn_agent(resources, attributes)
        await self.registered(len(self.agents) - 1)
        return agent

    def spawn_agent(self, resources: str = RESOURCES, attributes: str = "") -> ActorRef[Any]:
        told: list[Any] = []
        port = 5051 + len(self.agents)
        agent = self.system.spawn(Props(ScriptedAgent, self, port, told, resources, attributes))
        self.agents.append(agent)
        self.told.append(told)
        return agent

    async def registered(self, index: int) -> None:
        while not self.messages(m.AgentRegistered, index):
            await self.system.clock.sleep(0.001)

    def agent_id(self, index: int = 0) -> str:
        return next(each.agent_id for each in self.told[index] if isinstance(each, m.AgentRegistered))

    def messages(self, kind: type, agent: int = 0) -> list[Any]:
        return [each for each in self.told[agent] if isinstance(each, kind)]

    # -- HTTP

    async def request(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        url = URL(self.master.url + path, encoded="%" in path)
        async with self._session.request(method, url, **options) as response:
            return response.status, await response.text()

    async def post(self, path: str, body: Any, headers: Json | None = None) -> tuple[int, str]:
        return await self.request("POST", path, json=body, headers={**JSON, **(headers or {})})

    async def get(self, path: str) -> Any:
        status, text = await self.request("GET", path)
        assert status == 200, text
        return json_codec.parse(text.encode())

    async def operator(self, kind: str, body: Json | None = None) -> tuple[int, str]:
        return await self.post("/api/v1", {"type": kind, **({kind.lower(): body} if body is not None else {})})

    async def ask_operator(self, kind: str) -> Json:
        status, text = await self.operator(kind)
        assert status == 200, text
        answer: Json = json_codec.parse(text.encode()).get(kind.lower(), {})
        return answer

    async def open(self, path: str, body: Json, headers: Json | None = None) -> aiohttp.ClientResponse:
        return await self._session.post(
            self.master.url + path,
            json=body,
            headers={**JSON, **(headers or {})},
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def subscribe(self, suppressed: tuple[str, ...] = (), **info: Any) -> Scheduler:
        """A framework that understands everything it is not told otherwise about."""
        info = {"user": "root", "name": "test", "roles": ["*"], "capabilities": capabilities("MULTI_ROLE"), **info}
        call: Json = {"type": "SUBSCRIBE", "subscribe": {"framework_info": info, "suppressed_roles": list(suppressed)}}
        if "id" in info:
            call["framework_id"] = info["id"]
        scheduler = Scheduler(self, await self.open("/api/v1/scheduler", call))
        self._streams.append(scheduler)
        while not scheduler.events:
            await self.system.clock.sleep(0.001)
        scheduler.id = scheduler.events[0].get("subscribed", {}).get("framework_id", {})
        return scheduler

    async def watch(self) -> Stream:
        """The operator's event stream."""
        stream = Stream(await self.open("/api/v1", {"type": "SUBSCRIBE"}))
        self._streams.append(stream)
        await stream.wait("SUBSCRIBED")
        return stream

    async def sleep(self, seconds: float) -> None:
        await self.system.clock.sleep(seconds)

    async def close(self) -> None:
        for stream in self._streams:
            await stream.close()
        await self._session.close()
        await self.master.close()


def capabilities(*names: str) -> list[Json]:
    return [{"type": name} for name in names]


def scalar(name: str, value: float, role: str | None = None, **fields: Any) -> Json:
    resource = {"name": name, "type": "SCALAR", "scalar": {"value": value}, **fields}
    if role is not None:
        resource["allocation_info"] = {"role": role}
    return resource


def launch(*tasks: Json) -> Json:
    return {"type": "LAUNCH", "launch": {"task_infos": list(tasks)}}


def amounts(offer: Json) -> dict[str, float]:
    """The scalars of an offer."""
    found: dict[str, float] = {}
    for resource in offer["resources"]:
        if "scalar" in resource:
            found[resource["name"]] = found.get(resource["name"], 0) + resource["scalar"]["value"]
    return found


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with ActorSystem("test") as system:
        bench = Bench(system)
        yield bench
        await bench.close()
