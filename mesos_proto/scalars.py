"""Scalars of resources as Mesos counts them: whole thousandths, so that 0.1 + 0.2 is 0.3.

Mesos rounds every scalar to three decimals, halves away from zero, and computes with the integers (its documents,
"Attributes and Resources", section "Fixed point").
"""

from __future__ import annotations

import math


def to_thousandths(value: float) -> int:
    """The nearest number of thousandths; halves go away from zero.

    Raises:
        ValueError: infinite, or not a number.
    """
    scaled = value * 1000.0
    if not math.isfinite(scaled):
        raise ValueError(f"{value} is no amount of a resource")
    whole = math.trunc(scaled)
    if abs(scaled - whole) >= 0.5:
        whole += 1 if scaled > 0 else -1
    return whole


def from_thousandths(thousandths: int) -> float:
    """The number that the protocol carries for them."""
    return thousandths / 1000


def scalar_text(value: float) -> str:
    """A number as Mesos prints it: up to 15 digits, none in vain."""
    return f"{value:.15g}"
