"""All costs, in the order in which they are told. A new one: write its module, add it here."""

from benchmarks.cost import Cost
from benchmarks.costs import (
    ask_between_actors,
    ask_from_outside,
    backlog,
    client_launch,
    client_update,
    destroy_processes,
    embedded_tasks,
    event_stream,
    idle_memory,
    json_codec,
    launch_growth,
    launch_processes,
    launch_simulated,
    makespan_chains,
    makespan_example,
    many_offers,
    million_actors,
    ping_pong,
    recordio_large,
    recordio_small,
    resource_arithmetic,
    ring,
    spawn_and_stop,
    tell,
    tell_metered,
)

COSTS: dict[str, Cost] = {
    module.COST.name: module.COST
    for module in (
        tell,
        tell_metered,
        ping_pong,
        ring,
        ask_between_actors,
        ask_from_outside,
        spawn_and_stop,
        idle_memory,
        million_actors,
        backlog,
        recordio_small,
        recordio_large,
        json_codec,
        resource_arithmetic,
        client_launch,
        client_update,
        event_stream,
        many_offers,
        embedded_tasks,
        makespan_example,
        makespan_chains,
        launch_simulated,
        launch_processes,
        destroy_processes,
        launch_growth,
    )
}
"""By name."""
