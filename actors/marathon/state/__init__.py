"""What Marathon keeps in its journal, as pure translations: values ↔ events of streams.

==================  ===============================================================================================
stream              events
==================  ===============================================================================================
``root``            ``root-changed`` per version of the root group
``app/<id>``        ``app-set`` and ``app-removed``: the versions of one app
``group/<id>``      ``group-set`` and ``group-removed``: the versions of one group, without what is in it
``deployment/<id>`` ``deployment-started``, then ``deployment-ended``
``instance/<id>``   ``instance-set`` per change; the stream goes with the instance
``failure/<app>``   ``task-failed``: the last failure of an app
``framework``       ``framework-registered``: the framework id that Mesos gave
==================  ===============================================================================================
"""

from actors.marathon.state.deployment_record import DeploymentRecord
from actors.marathon.state.instance_record import (
    failure_from_payload,
    failure_payload,
    instance_from_payload,
    instance_payload,
)
from actors.marathon.state.root_history import RootHistory

__all__ = [
    "DeploymentRecord",
    "RootHistory",
    "failure_from_payload",
    "failure_payload",
    "instance_from_payload",
    "instance_payload",
]
