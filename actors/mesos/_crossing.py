"""Mesos's ids cross to other systems as what they are, and not as mere texts (`actors.remote`)."""

from __future__ import annotations

from actors.remote import message
from mesos_proto import AgentID, ExecutorID, FrameworkID, OfferID, OperationID, TaskID

for _id in (AgentID, ExecutorID, FrameworkID, OfferID, OperationID, TaskID):
    message(f"mesos.{_id.__name__}")(_id)
