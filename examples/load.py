"""The load generator of `examples.autoscaler`: sends jobs to the workers of a cluster, more to those with more room.

python -m examples.load --cluster FOLDER-OR-ZK                        5 jobs a second, then 30, then 2
python -m examples.load --cluster FOLDER-OR-ZK --profile 60x10,60x40  60 s of 10 a second, 60 s of 40

A job takes a worker 0.1 s, so one node gets 10 of them done in a second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from actors import Actor, ActorSystem, Props
from actors.cluster import AdaptiveLoadBalancing, Cluster, Receptionist, load_capacity, service_group
from actors.remote import Remote
from examples.places import address_towards, place_at
from examples.workers import WORKERS, Done, Job

PROFILE = "15x5,60x30,60x2"
SECONDS = 0.1  # that a job takes
DATA = 250_000  # bytes that a job brings along


@dataclass(frozen=True, slots=True)
class Send:
    """To itself: it is time for the next job."""


@dataclass(frozen=True, slots=True)
class GetSent:
    """Answered with `Sent`."""


@dataclass(frozen=True, slots=True)
class Sent:
    """``rate`` is of now, in jobs a second; None when the profile is over."""

    rate: float | None
    sent: int
    done: int


def parse_profile(text: str) -> list[tuple[float, float]]:
    """``60x10,30x0`` is 60 s of 10 jobs a second, then 30 s of none."""
    try:
        pairs = [part.split("x") for part in text.split(",")]
        return [(float(seconds), float(rate)) for seconds, rate in pairs]
    except ValueError:
        raise ValueError(f"a profile is SECONDSxRATE,SECONDSxRATE,… and not {text!r}") from None


class Load(Actor[Any]):
    def __init__(self, profile: list[tuple[float, float]]) -> None:
        self.profile = profile
        self.workers = self.context.spawn(service_group(WORKERS, AdaptiveLoadBalancing(load_capacity)), "workers")
        self.begun = self.context.system.clock.time()
        self.sent = self.done = 0
        self.wait_for_the_next()

    def receive(self, message: Any) -> None:
        match message:
            case Send():
                if self.rate():
                    self.sent += 1
                    self.workers.tell(Job(self.sent, SECONDS, bytes(DATA)), self.ref)
                self.wait_for_the_next()
            case Done():
                self.done += 1
            case GetSent():
                self.reply(Sent(self.rate(), self.sent, self.done))

    def wait_for_the_next(self) -> None:
        """Jobs come by chance, as many in the mean as `rate` says."""
        rate = self.rate()
        if rate is not None:
            seconds = self.context.system.random.expovariate(rate) if rate else 1.0
            self.context.timers.start_single("send", Send(), min(seconds, 1.0))

    def rate(self) -> float | None:
        passed = self.context.system.clock.time() - self.begun
        for seconds, rate in self.profile:
            if passed < seconds:
                return rate
            passed -= seconds
        return None


async def main(cluster: str, profile: str) -> None:
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(place_at(cluster))
        system = await stack.enter_async_context(ActorSystem("autoscale"))
        host = address_towards(cluster) if "://" in cluster else "127.0.0.1"
        await Remote.start(system, host, secret=os.environ.get("AUTOSCALER_SECRET"))
        await Cluster.join(system, place.coordinator)
        while not (await Receptionist(system).find(WORKERS)).refs:
            print("there is no worker yet", flush=True)
            await asyncio.sleep(1)
        load = system.spawn(Props(Load, parse_profile(profile)), "load")
        while (now := await load.ask(GetSent())).rate is not None:
            print(f"{now.rate:5.1f} jobs/s   {now.sent:6} sent   {now.done:6} done", flush=True)
            await asyncio.sleep(1)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--cluster", required=True, help="where the nodes meet: a folder, or zk://HOST:2181/PATH")
    arguments.add_argument("--profile", default=PROFILE)
    asyncio.run(main(**vars(arguments.parse_args())))
