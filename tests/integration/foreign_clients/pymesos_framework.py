"""A framework with pymesos: runs one command, and prints the states of its task. ``python pymesos_framework.py URL``"""

import sys

from pymesos import MesosSchedulerDriver, Scheduler


class OneTask(Scheduler):
    def __init__(self):
        self.waiting = ["foreign"]

    def resourceOffers(self, driver, offers):
        for offer in offers:
            if not self.waiting:
                driver.declineOffer(offer["id"], {"refuse_seconds": 60})
                continue
            task_id = {"value": self.waiting.pop()}
            resources = [
                {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}},
                {"name": "mem", "type": "SCALAR", "scalar": {"value": 32}},
            ]
            task = {"name": "foreign", "task_id": task_id, "agent_id": offer["agent_id"], "resources": resources}
            driver.launchTasks(offer["id"], [task | {"command": {"value": "echo hello", "shell": True}}])

    def statusUpdate(self, driver, update):
        print(update["task_id"]["value"], update["state"], flush=True)  # noqa: T201
        if update["state"] == "TASK_FINISHED":
            driver.stop()


driver = MesosSchedulerDriver(OneTask(), {"name": "pymesos", "user": "root"}, sys.argv[1].removeprefix("http://"))
driver.run()
