"""What counts as a metric's value and as a step."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from labdeck.errors import InvalidMetric

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEAST, _MOST = -(2**63), 2**63 - 1


def to_floats(metrics: Mapping[str, Any]) -> list[float]:
    """Return the values as floats, in the order of the mapping.

    Numbers, booleans, scalars and arrays of one element of numpy, torch and their like, and whatever else has a float
    value are taken; text and complex numbers are not.

    Raises:
        InvalidMetric: A value is no real number.

    Example:
        >>> to_floats({"loss": 0.5, "epoch": 3, "done": True})
        [0.5, 3.0, 1.0]
    """
    return [value if type(value) is float else _to_float(name, value) for name, value in metrics.items()]


def _to_float(name: object, value: Any) -> float:
    plain = value
    try:
        if hasattr(value, "item"):
            plain = value.item()  # numpy and torch: unlike float(), it neither drops an imaginary part nor warns
        if not isinstance(plain, (str, bytes, bytearray, complex)):
            return float(plain)
    except OverflowError:
        raise InvalidMetric(f"the value of metric {_short(name)} is beyond float64", "log its logarithm") from None
    except (TypeError, ValueError, RuntimeError):
        pass
    raise InvalidMetric(
        f"the value of metric {_short(name)} is no real number: {_short(value)} ({type(value).__name__})",
        "log a float, an int, or a tensor of one element",
    )


def to_step(step: object) -> int:
    """Return a step as an int; anything that is an integer to Python is taken.

    Raises:
        InvalidMetric: It is none.
    """
    try:
        return operator.index(step)  # type: ignore[arg-type]
    except (TypeError, RuntimeError):
        raise bad_step(step) from None


def bad_step(step: object) -> InvalidMetric:
    """Return the error that says what is wrong with a step."""
    if type(step) is int and not _LEAST <= step <= _MOST:
        return InvalidMetric(f"the step {_short(step)} is beyond int64", "count in larger units")
    return InvalidMetric(f"the step is no integer: {_short(step)} ({type(step).__name__})", "give an int")


def _short(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a broken repr must not hide what is wrong
        return "?"
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004
