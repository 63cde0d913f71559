"""Whether making an actor costs the same among 1,000,000 as among 1,000."""

from benchmarks.growth import growth

COST = growth("spawn-growth", "making an actor, among more and more", "spawn")
