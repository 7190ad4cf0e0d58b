"""Numbers that survive JSON, which knows neither NaN nor infinity."""

from __future__ import annotations

import math
from typing import Literal

Number = float | Literal["NaN", "Infinity", "-Infinity"]
"""A float64 as it crosses: finite values as themselves, the other three by name."""


def to_number(value: float) -> Number:
    """Return a float in the form that crosses the wire.

    Example:
        >>> to_number(0.5), to_number(float("nan")), to_number(float("-inf"))
        (0.5, 'NaN', '-Infinity')
    """
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def to_float(number: Number) -> float:
    """Return the float that a wire number stands for.

    Example:
        >>> to_float("Infinity")
        inf
    """
    return float(number)
