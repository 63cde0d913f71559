"""What an agent shows over HTTP, and what it does not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from actors.core import ActorSystem
from actors.http import serve
from actors.local_mesos import messages as m
from actors.local_mesos.agent import AgentApi
from actors.local_mesos.agent._files import PAGE, Files, NotThere
from mesos_proto import agent_pb2
from mesos_proto import mesos_pb2 as pb

from .conftest import Bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with ActorSystem("agent-test") as system:
        yield Bench(system)


class Client:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def get(self, path: str, /, **query: Any) -> tuple[int, str]:
        async with self._session.get(self._url + path, params=query) as response:
            return response.status, await response.text()

    async def post(self, path: str, call: bytes) -> tuple[int, bytes]:
        protobuf = "application/x-protobuf"
        headers = {"Content-Type": protobuf, "Accept": protobuf}
        async with self._session.post(self._url + path, data=call, headers=headers) as response:
            return response.status, await response.read()

    async def json(self, path: str, /, **query: Any) -> Any:
        status, text = await self.get(path, **query)
        assert status == 200, text
        return json.loads(text)


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[Client]:
    await bench.start()
    api = AgentApi(bench.runner, bench.system)
    api.agent = bench.agent
    server = await serve(api.application())
    async with aiohttp.ClientSession() as session:
        yield Client(session, server.url)
    await server.close()


async def test_state_shows_what_runs_and_what_ran_with_their_folders(bench: Bench, client: Client) -> None:
    bench.run("sleep 1", "past")
    await bench.until("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED")
    bench.run("sleep 1000", "present")
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    for path in ("/state", "/slave(1)/state"):
        state = await client.json(path)
        assert state["id"] == "S0"
        (framework,) = state["frameworks"]
        (executor,) = framework["executors"]
        assert executor["tasks"][0]["state"] == "TASK_RUNNING"
        assert executor["directory"].endswith(f"executors/present/runs/{executor['container']}")
        assert [one["id"] for one in framework["completed_executors"]] == ["past"]
        assert state["completed_frameworks"] == []


async def test_statistics_are_of_the_running_tasks(bench: Bench, client: Client) -> None:
    bench.run("sleep 1000", resources=[pb.Resource(name="mem", type=pb.Value.SCALAR, scalar=pb.Value.Scalar(value=64))])
    await bench.until("TASK_STARTING", "TASK_RUNNING")
    (one,) = await client.json("/monitor/statistics")
    assert one["executor_id"] == "t"
    assert one["statistics"]["mem_limit_bytes"] == 64 << 20
    bench.agent.tell(m.KillTask("F", "t"))
    await bench.until("TASK_KILLED")
    assert await client.json("/monitor/statistics") == []


@pytest.mark.parametrize(
    ("path", "query", "status", "text"),
    [
        ("/files/read", {}, 400, "Expecting 'path=value' in query.\n"),
        ("/files/read", {"path": "x", "offset": "two"}, 400, "Failed to parse offset: 'two' is not a number.\n"),
        ("/files/read", {"path": "x", "offset": -2}, 400, "Negative offset provided: -2.\n"),
        ("/files/browse", {"path": "/etc"}, 404, ""),
        ("/files/download", {"path": "/etc/passwd"}, 404, ""),
    ],
)
async def test_what_cannot_be_shown_is_refused_with_the_reason(
    client: Client, path: str, query: dict[str, Any], status: int, text: str
) -> None:
    assert await client.get(path, **query) == (status, text)


async def test_before_there_is_an_agent_it_says_so(bench: Bench) -> None:
    server = await serve(AgentApi(bench.runner, bench.system).application())
    async with aiohttp.ClientSession() as session:
        assert await Client(session, server.url).get("/state") == (503, "Agent has not finished recovery")
        assert (await Client(session, server.url).get("/health"))[0] == 200
    await server.close()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    sandbox = tmp_path / "slaves" / "run"
    sandbox.mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "slaves-of-others").mkdir()
    (tmp_path / "slaves-of-others" / "secret").write_text("secret")
    (sandbox / "stdout").write_bytes(b"0123456789")
    (sandbox / "escape").symlink_to(tmp_path / "secret")
    (sandbox / "inside").symlink_to(sandbox / "stdout")
    return Files(tmp_path / "slaves")


@pytest.mark.parametrize(
    "path",
    ["../secret", "run/../../secret", "run/escape", "../slaves-of-others/secret", "/etc/passwd", "", "a\0b", "."],
)
def test_nothing_outside_the_sandboxes_can_be_reached(files: Files, path: str) -> None:
    with pytest.raises(NotThere):
        files.resolve(path)


def test_a_sandbox_is_browsed_and_read_by_its_real_path_or_from_the_root(files: Files) -> None:
    for path in ("run", str(files.root / "run")):
        listing = files.browse(path)
        assert [Path(one["path"]).name for one in listing] == ["escape", "inside", "stdout"]
        assert (listing[2]["size"], listing[2]["mode"][0], listing[2]["nlink"]) == (10, "-", 1)
    assert files.read("run/inside", 3, 4) == {"data": "3456", "offset": 3}


def test_a_read_gives_the_size_for_offset_minus_one_and_a_page_at_most(files: Files) -> None:
    assert files.read("run/stdout", -1, -1) == {"data": "", "offset": 10}
    (files.root / "run" / "stdout").write_bytes(b"x" * (PAGE + 1))
    assert len(files.read("run/stdout", 0, -1)["data"]) == PAGE
    assert len(files.read("run/stdout", 0, 10 * PAGE)["data"]) == PAGE


def test_a_folder_is_not_read_nor_a_file_browsed(files: Files) -> None:
    with pytest.raises(NotThere):
        files.read("run", 0, 1)
    with pytest.raises(NotThere):
        files.browse("run/stdout")


@pytest.mark.real
async def test_a_real_task_s_output_is_read_where_its_environment_says_the_agent_is() -> None:
    from actors.local_mesos import LocalMesos

    async with ActorSystem("test") as system, aiohttp.ClientSession() as session:
        local = await LocalMesos.start(system, port=0, agents=1)
        slaves = await Client(session, local.url).json("/master/slaves")
        agent = Client(session, f"http://127.0.0.1:{slaves['slaves'][0]['port']}")
        framework = pb.FrameworkInfo(name="f", user="u", id=pb.FrameworkID(value="F"), checkpoint=True)
        command = pb.CommandInfo(value="echo $MESOS_AGENT_ENDPOINT; sleep 1000")
        task = pb.TaskInfo(name="t", task_id=pb.TaskID(value="t"), agent_id=pb.AgentID(value="S"), command=command)
        local.agents[0].tell(m.RunTask(framework, task))
        data = ""
        async with asyncio.timeout(90):
            while not data:
                frameworks = (await agent.json("/state"))["frameworks"]
                if frameworks and frameworks[0]["executors"]:
                    path = frameworks[0]["executors"][0]["directory"] + "/stdout"
                    status, text = await agent.get("/files/read", path=path, offset=0)
                    data = json.loads(text)["data"] if status == 200 else ""
        assert data == f"127.0.0.1:{slaves['slaves'][0]['port']}\n"
        assert await agent.get("/files/download", path=path) == (200, data)
        await local.stop()


@pytest.fixture
def sandboxes(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the agent shows."""
    monkeypatch.setattr(type(bench.runner), "sandbox_path", lambda _, name: str(tmp_path / name))
    (tmp_path / "slaves").mkdir()
    return tmp_path / "slaves"


async def test_a_file_is_read_by_the_operator_call_in_bytes_with_its_size(sandboxes: Path, client: Client) -> None:
    file = sandboxes / "stdout"
    await asyncio.to_thread(file.write_bytes, b"\xffabcdef")

    async def read(**fields: Any) -> agent_pb2.Response.ReadFile:
        call = agent_pb2.Call(type=agent_pb2.Call.READ_FILE, read_file=agent_pb2.Call.ReadFile(**fields))
        status, body = await client.post("/slave(1)/api/v1", call.SerializeToString())
        assert status == 200, body
        return agent_pb2.Response.FromString(body).read_file

    part = await read(path=str(file), offset=0, length=3)
    assert (part.data, part.size) == (b"\xffab", 7)
    assert (await read(path=str(file), offset=5)).data == b"ef"
    assert (await read(path=str(file), offset=2**40, length=0)).size == 7


async def test_what_the_operator_call_may_not_read_is_not_there_and_other_calls_are_not_known(client: Client) -> None:
    outside = agent_pb2.Call(
        type=agent_pb2.Call.READ_FILE, read_file=agent_pb2.Call.ReadFile(path="/etc/passwd", offset=0)
    )
    assert (await client.post("/api/v1", outside.SerializeToString()))[0] == 404
    prune = agent_pb2.Call(type=agent_pb2.Call.PRUNE_IMAGES)
    assert (await client.post("/api/v1", prune.SerializeToString()))[0] == 501
    assert (await client.get("/api/v1"))[0] == 405
