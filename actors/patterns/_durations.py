"""Checked arguments: seconds and numbers, refused with their name, the rule and the value."""

from __future__ import annotations

import math
from datetime import timedelta

__all__ = ["Seconds", "at_least", "fraction", "seconds_above_zero"]

#: A duration as users may write it.
Seconds = float | timedelta


def seconds_above_zero(name: str, value: Seconds) -> float:
    """`value` in seconds; a `ValueError` that names it unless it is a number above 0."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or math.isnan(seconds) or seconds <= 0:
        raise ValueError(f"{name} must be a number of seconds above 0, not {value!r}")
    return float(seconds)


def at_least(name: str, value: int, least: int) -> int:
    """`value`; a `ValueError` that names it unless it is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} must be an integer of at least {least}, not {value!r}")
    return value


def fraction(name: str, value: float) -> float:
    """`value`; a `ValueError` that names it unless it is from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a number from 0 to 1, not {value!r}")
    return value
