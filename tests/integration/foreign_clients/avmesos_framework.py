"""A framework with avmesos: runs one command, and prints the states of its task. ``python avmesos_framework.py URL``"""

import sys

from avmesos.client import MesosClient

TASK = {
    "name": "foreign",
    "task_id": {"value": "foreign"},
    "command": {"value": "echo hello", "shell": True},
    "resources": [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}},
    ],
}

# This client shows an event when the next one begins: offers that come soon push the updates on.
SOON = {"filters": {"refuse_seconds": 0.5}}


def main(master):
    client = MesosClient(mesos_urls=[master], frameworkName="avmesos", frameworkUser="root")
    waiting = [TASK]

    def offered(offers):
        for offer in offers:
            if waiting:
                agent = {"agent_id": {"value": offer.get_offer()["agent_id"]["value"]}}
                offer.accept([waiting.pop() | agent], SOON)
            else:
                offer.decline(SOON)

    def updated(update):
        state = update["status"]["state"]
        print(update["status"]["task_id"]["value"], state, flush=True)  # noqa: T201
        if state == "TASK_FINISHED":
            client.get_driver().tearDown()
            client.disconnect_framework()

    client.on(MesosClient.OFFERS, offered)
    client.on(MesosClient.UPDATE, updated)
    client.register()


main(sys.argv[1])
