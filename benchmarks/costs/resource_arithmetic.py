"""Whether a task fits into an offer, and what is left of it; counted in tasks.

The baseline does the same with a dictionary of floats and a set of ports: inexact, and blind to roles.
"""

from benchmarks.cost import Cost
from benchmarks.probes import cpu_seconds

COST = Cost("resources", "tasks taken out of offers", size=20_000, baseline="dict of floats")


@COST.contender("dict of floats")
def dictionary(size: int) -> float:
    offer = {"cpus": 8.0, "mem": 16384.0}
    ports = set(range(31000, 32001))
    task, task_ports = {"cpus": 0.1, "mem": 64.0}, {31005}
    start = cpu_seconds()
    for _ in range(size):
        if all(offer.get(name, 0.0) >= amount for name, amount in task.items()) and task_ports <= ports:
            left = {name: amount - task.get(name, 0.0) for name, amount in offer.items()}
            left_ports = ports - task_ports
    seconds = cpu_seconds() - start
    assert left["mem"] == 16320.0
    assert len(left_ports) == 1000
    return seconds


@COST.contender("actors", ours=True)
def actors(size: int) -> float:
    from mesos_proto import Resources

    offer = Resources.parse("cpus:8;mem:16384;ports:[31000-32000]")
    task = Resources.parse("cpus:0.1;mem:64;ports:[31005-31005]")
    start = cpu_seconds()
    for _ in range(size):
        if offer.contains(task):
            left = offer - task
    seconds = cpu_seconds() - start
    assert (left.cpus, left.mem, len(left.ports)) == (7.9, 16320.0, 1000)
    return seconds
