"""Whether an array of numpy holds NaN or infinity, at the cost of one pass through memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_finite(array: NDArray[Any]) -> bool:
    """Say whether all numbers of an array are finite; what is no floating point number is.

    Example:
        >>> is_finite(np.array([1e308, -1e308])), is_finite(np.array([0.0, np.nan])), is_finite(np.array(["a"]))
        (True, False, True)
    """
    if array.dtype.kind not in "fc" or not array.size:
        return True
    if array.dtype.kind == "f" and array.flags.c_contiguous:
        flat = array.reshape(-1)
        with np.errstate(all="ignore"):
            square = flat.dot(flat)
            if square - square == 0:  # of large numbers the square is infinite, so that it proves nothing
                return True
    return bool(np.isfinite(array).all())
