"""A framework with an executor of its own: counts the primes below a limit, in parts.

python -m examples.primes                                   on an embedded Mesos, for the time of the run
python -m examples.primes --master http://127.0.0.1:5050    on yours, whose agents have this Python and this folder
"""

import argparse
import asyncio
import getpass
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from actors import ActorSystem
from actors.local_mesos import LocalMesos
from actors.mesos import FrameworkInfo, Mesos, ResourceOffers, StatusUpdate
from examples import executor
from mesos_proto import CommandInfo, ExecutorInfo, Offer, Resources, TaskInfo, TaskState

PROGRAM = str(Path(executor.__file__).resolve())
FOR_THE_EXECUTOR = Resources.parse("cpus:0.1;mem:64")
FOR_A_PART = Resources.parse("cpus:0.5;mem:32")


async def main(master: str | None, limit: int, parts: int) -> None:
    async with ActorSystem("primes") as system, AsyncExitStack() as stack:
        if master is None:
            master = (await stack.enter_async_context(await LocalMesos.start(system, port=0))).url
        info = FrameworkInfo(name="primes", user=getpass.getuser(), checkpoint=True)
        framework = await Mesos(system).register_framework(master, info)
        program = CommandInfo(sys.executable, arguments=[sys.executable, PROGRAM])
        counter = ExecutorInfo(
            executor_id="primes", framework_id=framework.id, command=program, resources=FOR_THE_EXECUTOR
        )
        bounds = [limit * part // parts for part in range(parts + 1)]
        waiting = [(f"part-{part + 1}", bounds[part], bounds[part + 1]) for part in range(parts)]
        found: dict[str, int] = {}
        async for event in framework.events:
            match event:
                case ResourceOffers(offers):
                    for offer in offers:
                        tasks, room = [], offer.resources
                        while waiting and room.contains(FOR_THE_EXECUTOR + FOR_A_PART):
                            room -= FOR_A_PART
                            tasks.append(task(*waiting.pop(), offer, counter))
                        await framework.driver.launch_tasks(tasks, [offer.id])
                case StatusUpdate(status):
                    await framework.driver.acknowledge(status)
                    if status.state is TaskState.TASK_FINISHED:
                        found[status.task_id] = int(status.data or b"0")
                    elif status.state.is_terminal:
                        sys.exit(f"{status.task_id}: {status.state.name} {status.message}")
                    if len(found) == parts:
                        break
        print(f"{sum(found.values())} primes below {limit}, counted in {parts} parts")
        await framework.shutdown()


def task(name: str, first: int, stop: int, offer: Offer, counter: ExecutorInfo) -> TaskInfo:
    return TaskInfo(
        name=name,
        task_id=name,
        agent_id=offer.agent_id,
        resources=FOR_A_PART,
        executor=counter,
        data=f"{first} {stop}".encode(),
    )


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--master")
    arguments.add_argument("--limit", type=int, default=100_000)
    arguments.add_argument("--parts", type=int, default=10)
    asyncio.run(main(**vars(arguments.parse_args())))
