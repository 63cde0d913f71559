"""The few things that the tests of the client talk about."""

import asyncio
from typing import Any

from actors import ActorSystem
from actors.mesos import ConnectionSettings, Disconnected, Event, Framework, Mesos
from mesos_proto import FrameworkInfo, mesos_pb2
from tests.mesos.scripted_master import ScriptedMaster, Stream

INFO = FrameworkInfo(name="test", user="root", checkpoint=True)


async def registered(
    system: ActorSystem, master: ScriptedMaster, info: FrameworkInfo = INFO, **options: Any
) -> tuple[Framework, Stream]:
    """A framework that is subscribed as F1, its `Registered` event taken. It does not reconcile unless told to."""
    options.setdefault("reconciliation", None)
    registering = asyncio.ensure_future(Mesos(system).register_framework(master.url, info, **options))
    stream = await master.subscription("F1")
    framework = await registering
    await anext(framework.events)
    return framework, stream


async def next_event(framework: Framework, kind: type[Any]) -> Any:
    """The next event, which is of this kind."""
    event = await anext(framework.events)
    assert isinstance(event, kind), event
    return event


async def until(framework: Framework, kind: type[Any]) -> Any:
    """The next event of this kind; others before it are passed over."""
    while True:
        event: Event = await anext(framework.events)
        if isinstance(event, kind):
            return event


async def disconnected(framework: Framework) -> str:
    event: Disconnected = await next_event(framework, Disconnected)
    return event.reason


def status(task_id: str, state: str, uuid: bytes = b"", **fields: Any) -> mesos_pb2.TaskStatus:
    proto = mesos_pb2.TaskStatus(state=mesos_pb2.TaskState.Value(state), **fields)
    proto.task_id.value = task_id
    proto.agent_id.value = "A1"
    if uuid:
        proto.uuid = uuid
    return proto


def offer(offer_id: str, agent_id: str = "A1") -> mesos_pb2.Offer:
    proto = mesos_pb2.Offer(hostname="host")
    proto.id.value, proto.framework_id.value, proto.agent_id.value = offer_id, "F1", agent_id
    return proto


SMALL = ConnectionSettings(buffered_events=10)
