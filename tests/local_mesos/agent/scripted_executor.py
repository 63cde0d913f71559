"""An executor's side of ``/api/v1/executor``, one step at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType
from typing import Any

import aiohttp

from mesos_proto import executor_pb2, mesos_pb2, recordio

Call = executor_pb2.Call
Event = executor_pb2.Event
PROTOBUF = "application/x-protobuf"


class ScriptedExecutor:
    def __init__(self, url: str, framework_id: str = "F", executor_id: str = "E") -> None:
        self._url = url + "/api/v1/executor"
        self._framework_id = framework_id
        self._executor_id = executor_id
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        self._response: aiohttp.ClientResponse | None = None
        self._decoder = recordio.Decoder()
        self._events: deque[Event] = deque()

    async def __aenter__(self) -> ScriptedExecutor:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.leave()
        await self._session.close()

    def call(self, kind: Call.Type.ValueType, **fields: Any) -> Call:
        return Call(
            type=kind,
            framework_id=mesos_pb2.FrameworkID(value=self._framework_id),
            executor_id=mesos_pb2.ExecutorID(value=self._executor_id),
            **fields,
        )

    async def post(self, call: Call) -> tuple[int, str]:
        body = call.SerializeToString()
        async with self._session.post(self._url, data=body, headers={"Content-Type": PROTOBUF}) as response:
            return response.status, await response.text()

    async def subscribe(
        self, tasks: list[mesos_pb2.TaskInfo] | None = None, updates: list[mesos_pb2.TaskStatus] | None = None
    ) -> Event.Subscribed:
        self.leave()
        kept = Call.Subscribe(
            unacknowledged_tasks=tasks or [],
            unacknowledged_updates=[Call.Update(status=status) for status in updates or []],
        )
        body = self.call(Call.SUBSCRIBE, subscribe=kept).SerializeToString()
        headers = {"Content-Type": PROTOBUF, "Accept": PROTOBUF}
        self._response = await self._session.post(self._url, data=body, headers=headers)
        assert self._response.status == 200, await self._response.text()
        return (await self.next(Event.SUBSCRIBED)).subscribed

    async def next(self, kind: Event.Type.ValueType, within: float = 3600.0) -> Event:
        """The next event, which is of that kind."""
        async with asyncio.timeout(within):
            while not self._events:
                data = await self._read()
                assert data, "the agent ended the subscription"
                self._events += [Event.FromString(record) for record in self._decoder.feed(data)]
        event = self._events.popleft()
        assert event.type == kind, event
        return event

    async def ended(self) -> bool:
        """Nothing more comes, and the agent has ended the body."""
        return not self._events and not await self._read()

    async def _read(self) -> bytes:
        assert self._response is not None
        data: bytes = await self._response.content.readany()
        return data

    def leave(self) -> None:
        if self._response is not None:
            self._response.close()
        self._response, self._decoder, self._events = None, recordio.Decoder(), deque()

    def status(self, task_id: str, state: mesos_pb2.TaskState.ValueType, uuid: str = "") -> mesos_pb2.TaskStatus:
        """``uuid``: any short text; by default one for each state."""
        return mesos_pb2.TaskStatus(
            task_id=mesos_pb2.TaskID(value=task_id),
            state=state,
            source=mesos_pb2.TaskStatus.SOURCE_EXECUTOR,
            uuid=b"same-@" + b"@" + (uuid or f"{task_id}{state}").encode().ljust(9, b"."),
        )

    async def update(self, status: mesos_pb2.TaskStatus) -> None:
        assert await self.post(self.call(Call.UPDATE, update=Call.Update(status=status))) == (202, "")
        acknowledged = (await self.next(Event.ACKNOWLEDGED)).acknowledged
        assert (acknowledged.task_id, acknowledged.uuid) == (status.task_id, status.uuid)
