"""Reductions of arrays, and the names under which smdebug keeps them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labdeck.compat.smdebug.exceptions import SMDebugValueError

REDUCTIONS_PREFIX = "smdebug/reductions/"

_COMPUTE: dict[str, Callable[[NDArray[Any]], Any]] = {
    "min": np.min,
    "max": np.max,
    "mean": np.mean,
    "median": np.median,
    "std": np.std,
    "variance": np.var,
    "sum": np.sum,
    "prod": np.prod,
    "l1": lambda values: np.abs(values).sum(),
    "l2": lambda values: np.sqrt(np.square(np.abs(values)).sum()),
}
_NEEDS_VALUES = {"min", "max", "mean", "median", "std", "variance"}


def get_numpy_reduction(reduction_name: str, numpy_data: Any, abs: bool = False) -> Any:  # noqa: A002 - as scripts say it
    """Return a reduction of an array, over all its elements: one number of numpy.

    Args:
        reduction_name: min, max, mean, median, std, variance (both over N), sum, prod, l1 (sum of absolute values) or
            l2 (root of the sum of squares), whatever the array's dimensions.
        numpy_data: The array; booleans count as 0 and 1. Floats are reduced in double precision.
        abs: Reduce the absolute values.

    Raises:
        SMDebugValueError: There is no such reduction, or it needs a value and the array has none.

    Example:
        >>> float(get_numpy_reduction("max", np.array([1.0, -3.0]), abs=True))
        3.0
    """
    if reduction_name not in _COMPUTE:
        raise SMDebugValueError(f"{reduction_name!r} is no reduction", f"write one of {', '.join(_COMPUTE)}")
    values = np.asarray(numpy_data).ravel()
    if values.dtype == np.bool_:
        values = values.astype(np.int64)
    elif values.dtype.kind == "f":
        values = values.astype(np.float64)
    elif values.dtype.kind not in "iuc":
        raise SMDebugValueError(f"{values.dtype} has no {reduction_name}", "only numbers have")
    if not values.size and reduction_name in _NEEDS_VALUES:
        raise SMDebugValueError(f"an array without elements has no {reduction_name}")
    with np.errstate(all="ignore"):  # infinities and NaN are results here
        return _COMPUTE[reduction_name](np.abs(values) if abs else values)


def get_reduction_tensor_name(tensorname: str, reduction_name: str, abs: bool) -> str:  # noqa: A002 - as scripts say it
    """Return the name under which smdebug keeps a reduction.

    Example:
        >>> get_reduction_tensor_name("fc.weight", "max", abs=True)
        'smdebug/reductions/abs_max/fc.weight'
    """
    return f"{REDUCTIONS_PREFIX}{'abs_' if abs else ''}{reduction_name}/{tensorname}"


def reverse_reduction_tensor_name(reduction_tensor_name: str) -> tuple[str, str, bool]:
    """Return tensor, reduction and whether it is of the absolute values; SMDebugValueError for another name.

    Example:
        >>> reverse_reduction_tensor_name("smdebug/reductions/abs_max/gradient/fc.weight")
        ('gradient/fc.weight', 'max', True)
    """
    reduction, slash, tensor = reduction_tensor_name.removeprefix(REDUCTIONS_PREFIX).partition("/")
    if not reduction_tensor_name.startswith(REDUCTIONS_PREFIX) or not (slash and tensor):
        raise SMDebugValueError(f"{reduction_tensor_name!r} names no reduction")
    return tensor, reduction.removeprefix("abs_"), reduction.startswith("abs_")
