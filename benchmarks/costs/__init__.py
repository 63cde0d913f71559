"""All costs, in the order in which they are told. A new one: write its module, add it here."""

from benchmarks.cost import Cost
from benchmarks.costs import (
    ask_between_actors,
    ask_from_outside,
    backlog,
    idle_memory,
    json_codec,
    makespan_chains,
    makespan_example,
    ping_pong,
    recordio_large,
    recordio_small,
    resource_arithmetic,
    ring,
    spawn_and_stop,
    tell,
)

COSTS: dict[str, Cost] = {
    module.COST.name: module.COST
    for module in (
        tell,
        ping_pong,
        ring,
        ask_between_actors,
        ask_from_outside,
        spawn_and_stop,
        idle_memory,
        backlog,
        recordio_small,
        recordio_large,
        json_codec,
        resource_arithmetic,
        makespan_example,
        makespan_chains,
    )
}
"""By name."""
