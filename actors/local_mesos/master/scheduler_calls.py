"""The master's answer to each call of a subscribed framework."""

from __future__ import annotations

from collections.abc import Generator, Iterable

from actors.local_mesos.messages import FrameworkMessage, ShutdownExecutor
from mesos_proto import scheduler_pb2
from mesos_proto.roles import RoleError, validate_role

from . import agent_operations, frameworks, inverse_offers, launching, offers, reconciliation, tasks
from .cluster import Cluster, Framework
from .protocol import ACCEPTED, Answer, SchedulerCall, SchedulerCalls
from .validation import principal_mismatch

__all__ = ["answer", "answer_all"]

Call = scheduler_pb2.Call
SLICE = 32  # calls: less than two milliseconds


def answer(cluster: Cluster, request: SchedulerCall) -> Answer | Generator[None, None, Answer]:
    """Whose call is it, and may it be made now? Then it is done: 202 does not say with what success.

    What may take long is returned as steps, to be done one by one; the last returns the answer.
    """
    call = request.call
    framework = cluster.frameworks.get(call.framework_id.value)
    if framework is None:
        return Answer(400, "Framework cannot be found")
    if request.principal is not None and request.principal != framework.info.principal:
        return Answer(400, principal_mismatch(request.principal, framework.info.principal))
    if not framework.connected:
        return Answer(403, "Framework is not subscribed")
    if request.stream_id is None:
        return Answer(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header")
    if request.stream_id != framework.stream_id:
        return Answer(
            400,
            f"The stream ID '{request.stream_id}' included in this request didn't match the stream ID currently "
            f"associated with framework ID {framework.id}",
        )
    framework.counts.calls[call.type] += 1
    return _do(cluster, framework, call)


def answer_all(cluster: Cluster, request: SchedulerCalls) -> Generator[None, None, list[Answer]]:
    """Each in its turn, in steps."""
    answers: list[Answer] = []
    for call in request.calls:
        said = answer(cluster, call)
        answers.append(said if isinstance(said, Answer) else (yield from said))
        if not len(answers) % SLICE:
            yield
    return answers


def _do(cluster: Cluster, framework: Framework, call: scheduler_pb2.Call) -> Answer | Generator[None, None, Answer]:
    match call.type:
        case Call.ACCEPT:
            return launching.accept(cluster, framework, call.accept)
        case Call.DECLINE:
            cluster.metrics.count("master/messages_decline_offers")
            offers.decline(cluster, framework, _ids(call.decline.offer_ids), call.decline.filters)
        case Call.ACCEPT_INVERSE_OFFERS:
            taken = call.accept_inverse_offers
            inverse_offers.answer(cluster, framework, _ids(taken.inverse_offer_ids), taken.filters, accepted=True)
        case Call.DECLINE_INVERSE_OFFERS:
            refused = call.decline_inverse_offers
            inverse_offers.answer(cluster, framework, _ids(refused.inverse_offer_ids), refused.filters, accepted=False)
        case Call.REVIVE:
            _revive(cluster, framework, list(call.revive.roles))
        case Call.SUPPRESS:
            _suppress(cluster, framework, list(call.suppress.roles))
        case Call.KILL:
            tasks.kill(cluster, framework, call.kill)
        case Call.SHUTDOWN:
            agent = cluster.agents.get(call.shutdown.agent_id.value)
            if agent is not None and agent.connected:
                agent.ref.tell(ShutdownExecutor(framework.id, call.shutdown.executor_id.value))
        case Call.ACKNOWLEDGE:
            tasks.acknowledge(cluster, framework, call.acknowledge)
        case Call.ACKNOWLEDGE_OPERATION_STATUS:
            agent_operations.acknowledged(cluster, framework, call.acknowledge_operation_status)
        case Call.RECONCILE:
            reconciliation.reconcile(cluster, framework, call.reconcile)
        case Call.RECONCILE_OPERATIONS:
            reconciliation.reconcile_operations(cluster, framework, call.reconcile_operations)
        case Call.MESSAGE:
            _message(cluster, framework, call.message)
        case Call.REQUEST:
            cluster.metrics.count("master/messages_resource_request")
        case Call.TEARDOWN:
            cluster.metrics.count("master/messages_unregister_framework")
            frameworks.remove(cluster, framework)
        case Call.UPDATE_FRAMEWORK:
            return frameworks.update(cluster, framework, call.update_framework)
        case _:
            # Apache Mesos 1.11.0 dies of this one.
            return Answer(501, "501 Not Implemented.")
    return ACCEPTED


def _ids(offer_ids: Iterable[object]) -> list[str]:
    return [offer_id.value for offer_id in offer_ids]  # type: ignore[attr-defined]


def _revive(cluster: Cluster, framework: Framework, roles: list[str]) -> None:
    cluster.metrics.count("master/messages_revive_offers")
    if _are_its(cluster, framework, roles):
        cluster.allocator.revive(framework.id, roles)
        cluster.dirty.add_all(cluster.agents)


def _suppress(cluster: Cluster, framework: Framework, roles: list[str]) -> None:
    cluster.metrics.count("master/messages_suppress_offers")
    if _are_its(cluster, framework, roles):
        cluster.allocator.suppress(framework.id, roles)


def _are_its(cluster: Cluster, framework: Framework, roles: list[str]) -> bool:
    """One role that is not the framework's drops the call: it is answered 202 all the same."""
    for role in roles:
        try:
            validate_role(role)
        except RoleError as error:
            cluster.log.warning("dropped a call of framework %s: %s", framework.id, error)
            return False
        if role not in framework.roles:
            cluster.log.warning("dropped a call of framework %s: role '%s' is not one of its", framework.id, role)
            return False
    return True


def _message(cluster: Cluster, framework: Framework, call: scheduler_pb2.Call.Message) -> None:
    cluster.metrics.count("master/messages_framework_to_executor")
    agent = cluster.agents.get(call.agent_id.value)
    if agent is None or not agent.connected:
        cluster.metrics.count("master/invalid_framework_to_executor_messages")
        cluster.log.warning(
            "dropped a message of framework %s to executor %s: agent %s is not there",
            framework.id,
            call.executor_id.value,
            call.agent_id.value,
        )
        return
    cluster.metrics.count("master/valid_framework_to_executor_messages")
    agent.ref.tell(FrameworkMessage(framework.id, call.executor_id.value, call.data))
