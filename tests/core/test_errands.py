"""pipe_to: what an actor has done beside its handlers."""

from __future__ import annotations

import asyncio
from typing import Any

from actors import ActorSystem, Failure, Props
from tests.core.actors_for_tests import Recorder, Worker, calm, do, worker


async def result_later(system: ActorSystem, result: Any, ended: list[str] | None = None) -> Any:
    try:
        await system.clock.sleep(1)
    except asyncio.CancelledError:
        if ended is not None:
            ended.append("cancelled")
        raise
    if isinstance(result, BaseException):
        raise result
    return result


async def test_a_result_comes_as_a_message_while_other_messages_are_handled(system: ActorSystem) -> None:
    diary: list[Any] = []
    ref = system.spawn(worker(diary))
    await do(ref, lambda actor: actor.context.pipe_to(result_later(system, "the result")))
    ref.tell("meanwhile")
    await system.clock.sleep(2)
    assert diary[2:] == ["meanwhile", "the result"]


async def test_an_error_comes_as_a_failure(system: ActorSystem) -> None:
    seen: list[Any] = []
    other = system.spawn(Props(Recorder, seen))
    error = ValueError("no")
    await do(system.spawn(Worker), lambda actor: actor.context.pipe_to(result_later(system, error), other))
    await system.clock.sleep(2)
    assert seen == [Failure(error)]


async def test_a_result_of_none_is_a_failure_with_words(system: ActorSystem) -> None:
    seen: list[Any] = []
    other = system.spawn(Props(Recorder, seen))
    await do(system.spawn(Worker), lambda actor: actor.context.pipe_to(result_later(system, None), other))
    await system.clock.sleep(2)
    assert "came out as None" in str(seen[0].error)


async def test_errands_are_cancelled_at_a_stop(system: ActorSystem) -> None:
    ended: list[str] = []
    ref = system.spawn(Worker)
    await do(ref, lambda actor: actor.context.pipe_to(result_later(system, "x", ended)))
    await calm(system)
    await system.graceful_stop(ref)
    await calm(system)
    assert ended == ["cancelled"]
    assert system.dead_letters.count == 0


async def test_errands_are_cancelled_at_a_restart_without_a_message_to_the_new_instance(system: ActorSystem) -> None:
    ended: list[str] = []
    diary: list[Any] = []
    ref = system.spawn(worker(diary))
    await do(ref, lambda actor: actor.context.pipe_to(result_later(system, "x", ended)))
    await calm(system)
    ref.tell(ValueError("boom"))
    await system.clock.sleep(5)
    assert ended == ["cancelled"]
    assert diary[-1] == "pre_start"
