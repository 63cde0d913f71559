"""A framework: launches a command several times, and is done when all of them are.

python -m examples.framework                                   on an embedded Mesos, for the time of the run
python -m examples.framework --master http://127.0.0.1:5050    on yours; zk://HOST:2181/mesos will do as well
"""

import argparse
import asyncio
import getpass
from contextlib import AsyncExitStack

from actors import ActorSystem
from actors.local_mesos import LocalMesos
from actors.mesos import FrameworkInfo, Mesos, ResourceOffers, StatusUpdate
from mesos_proto import CommandInfo, Offer, Resources, TaskInfo

NEEDED = Resources.parse("cpus:0.1;mem:32")


async def main(master: str | None, command: str, instances: int) -> None:
    async with ActorSystem("example") as system, AsyncExitStack() as stack:
        if master is None:
            master = (await stack.enter_async_context(await LocalMesos.start(system, port=0))).url
        info = FrameworkInfo(name="example", user=getpass.getuser(), checkpoint=True)
        framework = await Mesos(system).register_framework(master, info)
        waiting, running = [f"run-{number}" for number in range(1, instances + 1)], set[str]()
        async for event in framework.events:
            match event:
                case ResourceOffers(offers):
                    for offer in offers:
                        tasks = [task(name, offer, command) for name in waiting[: room(offer)]]
                        del waiting[: len(tasks)]
                        running.update(each.task_id for each in tasks)
                        await framework.driver.launch_tasks(tasks, [offer.id])  # without tasks, this declines
                case StatusUpdate(status):
                    await framework.driver.acknowledge(status)
                    if status.state.is_terminal and status.task_id in running:
                        print(f"{status.task_id}: {status.state.name} {status.message or ''}".rstrip(), flush=True)
                        running.remove(status.task_id)
            if not waiting and not running:
                break
        await framework.shutdown()


def room(offer: Offer) -> int:
    """How many tasks fit into ``offer``."""
    return int(min(offer.resources.cpus / NEEDED.cpus, offer.resources.mem / NEEDED.mem))


def task(name: str, offer: Offer, command: str) -> TaskInfo:
    run = CommandInfo(value=command)
    return TaskInfo(name=name, task_id=name, agent_id=offer.agent_id, resources=NEEDED, command=run)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--master")
    arguments.add_argument("--command", default="echo hello")
    arguments.add_argument("--instances", type=int, default=5)
    asyncio.run(main(**vars(arguments.parse_args())))
