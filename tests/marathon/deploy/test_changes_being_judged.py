"""Others are answered while the supervisor finds out what a change leads to: seconds, with a thousand apps."""

from __future__ import annotations

import asyncio
from typing import Any

from actors import Failure
from actors.marathon.messages import AppLocked, GetAppVersions, GetRoot

from .conftest import Service
from .definitions import app


async def test_who_reads_meanwhile_is_answered_at_once_with_what_is(service: Service) -> None:
    await service.put(app("/a", cmd="old"))
    await service.deployed()
    ask = service.marathon.supervisor.ask
    change = asyncio.create_task(service.put(app("/a", cmd="new"), app("/b")))
    await asyncio.sleep(0)  # it is asked for
    root, versions, deployments = await asyncio.gather(ask(GetRoot()), ask(GetAppVersions("/a")), service.deployments())
    assert not change.done()
    assert root.app("/a").cmd == "old"
    assert "/b" not in root.apps
    assert len(versions) == 1
    assert deployments == ()
    await change


async def test_whoever_has_got_the_answer_to_a_change_reads_all_of_it(service: Service) -> None:
    ask = service.marathon.supervisor.ask
    started = await service.put(app("/a"), app("/b"))
    root, deployments = await asyncio.gather(ask(GetRoot()), service.deployments())
    assert sorted(root.apps) == ["/a", "/b"]
    assert root.version == started.version
    assert [one.id for one in deployments] == [started.deployment_id]


async def test_a_change_that_comes_meanwhile_is_judged_by_what_the_first_one_makes(service: Service) -> None:
    first, other, locked = await asyncio.gather(
        service.put(app("/a")), service.put(app("/b")), service.put(app("/a", cmd="x")), return_exceptions=True
    )
    assert not isinstance(first, BaseException)
    assert not isinstance(other, BaseException)
    assert sorted(other.root.apps) == ["/a", "/b"]
    assert isinstance(locked, AppLocked)
    assert locked.deployment_ids == (first.deployment_id,)


async def test_a_change_that_was_being_judged_when_the_service_failed_is_carried_out_all_the_same(
    service: Service,
) -> None:
    changes: list[Any] = [asyncio.create_task(service.put(app(app_id))) for app_id in ("/a", "/b")]
    await asyncio.sleep(0)
    service.marathon.supervisor.tell(Failure(RuntimeError("as a bug would")))
    for change in changes:
        await change
    root = await service.marathon.supervisor.ask(GetRoot())
    assert sorted(root.apps) == ["/a", "/b"]
