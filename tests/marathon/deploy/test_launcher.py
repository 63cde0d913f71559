"""What the launcher holds back: it makes no more launches than can be stored soon."""

from __future__ import annotations

from actors import ActorSystem, Props
from actors.marathon.launcher import STORED_AHEAD, Launcher
from actors.marathon.offer_filling import MAX_LAUNCHES
from actors.marathon.protocol import InstancesRecovered, LaunchInstances, Provision, Provisioned
from actors.mesos import AcceptOffers, ResourceOffers
from actors.testkit import TestProbe
from mesos_proto import Offer, Resources, mesos_pb2

from .definitions import app

OFFERS = 2 * STORED_AHEAD + 1


def offer(number: int) -> Offer:
    resources = Resources.parse("cpus:100;mem:100000;disk:1000;ports:[31000-39999]").to_protos()
    proto = mesos_pb2.Offer(hostname=f"host-{number}", resources=resources)
    proto.id.value, proto.agent_id.value, proto.framework_id.value = f"offer-{number}", f"agent-{number}", "f"
    for resource in proto.resources:
        resource.allocation_info.role = "*"
    return Offer.from_proto(proto)


async def test_launches_wait_while_those_of_two_offers_are_being_stored() -> None:
    async with ActorSystem() as system:
        mesos, instances = TestProbe(system), TestProbe(system)
        launcher = system.spawn(Props(Launcher, mesos.ref))
        mesos.ignore(lambda message: not isinstance(message, AcceptOffers))
        instances.send(launcher, InstancesRecovered((), launcher))
        wanted = tuple(f"a.instance-{number}" for number in range(OFFERS * MAX_LAUNCHES))
        instances.send(launcher, LaunchInstances(app("/a", cpus=0.01, mem=1), wanted))
        mesos.send(launcher, ResourceOffers([offer(number) for number in range(OFFERS)]))

        waiting: list[Provision] = await instances.receive_n(STORED_AHEAD)
        for _ in range(OFFERS - STORED_AHEAD):
            await instances.expect_no_message(1.0)
            await mesos.expect_no_message(1.0)
            first = waiting.pop(0)
            accepted = frozenset(launch.instance_id for launch in first.launches)
            instances.send(launcher, Provisioned(first.batch, accepted))
            call = await mesos.expect_msg_class(AcceptOffers)
            assert len(call.operations[0].tasks) == len(accepted) == MAX_LAUNCHES
            waiting.append(await instances.expect_msg_class(Provision))  # the next offer's turn has come
        launched = {launch.instance_id for order in waiting for launch in order.launches}
        assert launched < set(wanted)
        assert len(launched) == STORED_AHEAD * MAX_LAUNCHES
