"""An executor as a program: ``run_executor(Props(MyHandler))`` is all of its main."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Any

from actors.core import Actor, ActorSystem, Props, Terminated

from .actor import ExecutorActor
from .environment import ExecutorEnvironment

__all__ = ["run_executor"]


def run_executor(handler: Props[Any] | type[Actor[Any]], environment: ExecutorEnvironment | None = None) -> None:
    """Run until the agent, the handler or SIGTERM ends it. Logs to stderr, which the sandbox keeps.

    Raises `NotAnExecutor` when no agent started this process.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(_run(handler, environment or ExecutorEnvironment.read()))


async def _run(handler: Props[Any] | type[Actor[Any]], environment: ExecutorEnvironment) -> None:
    async with ActorSystem("executor") as system:
        shutdown = system.coordinated_shutdown
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, shutdown.begin, "SIGTERM")
        system.spawn(Props(_Program, Props(ExecutorActor, handler, environment)), "program")
        await system.when_terminated()


class _Program(Actor[Terminated]):
    """Ends the system with the executor."""

    def __init__(self, executor: Props[Any]) -> None:
        self.context.watch(self.context.spawn(executor, "executor"))

    def receive(self, message: Terminated) -> None:
        self.context.system.coordinated_shutdown.begin("the executor has ended")
