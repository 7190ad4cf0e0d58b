"""Numbers that survive JSON, which knows neither NaN nor infinity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeVar

Value = TypeVar("Value", bound=bool | int | float | str | None)
Number = float | Literal["NaN", "Infinity", "-Infinity"]
"""A float64 as it crosses: finite values as themselves, the other three by name."""


NOT_FINITE = frozenset(("NaN", "Infinity", "-Infinity"))
"""How numbers that are not finite are written, those of parameters too, which are kept as this text."""


def as_numbers(values: Sequence[Value]) -> tuple[Value | float, ...]:
    """Return the values of one parameter; where some are numbers, texts of numbers that are not finite are, too.

    Example:
        >>> as_numbers([0.1, "NaN", None]), as_numbers(["NaN", "adam"])
        ((0.1, nan, None), ('NaN', 'adam'))
    """
    if not any(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return tuple(values)
    return tuple(float(value) if isinstance(value, str) and value in NOT_FINITE else value for value in values)


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
