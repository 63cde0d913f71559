"""Whether a message to each actor costs the same among 1,000,000 as among 1,000."""

from benchmarks.growth import growth

COST = growth("tell-growth", "a message to each actor, among more and more", "tell")
