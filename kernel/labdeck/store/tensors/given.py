"""NaN that was measured, told from NaN that stands for what there is not at a step.

A row has a place for each scalar of its layout, and NaN where a step has none: the loss of a step without one. Where
the scalar itself is NaN its payload says so; arithmetic and storage take both for the same.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BITS = 0x7FF8_0000_4E61_4E21
_NAN: float = struct.unpack("<d", struct.pack("<Q", _BITS))[0]


def given(value: float) -> float:
    """Return a scalar as it is to be written into a row: a NaN is marked as measured.

    Example:
        >>> given(0.5), given(float("nan")), is_given(given(float("nan"))), is_given(float("nan"))
        (0.5, nan, True, False)
    """
    return _NAN if math.isnan(value) else value


def is_given(value: float) -> bool:
    """Say whether a scalar of a row was measured; of NaN without a mark that is not known, and False."""
    return not math.isnan(value) or struct.pack("<d", value) == struct.pack("<Q", _BITS)


def are_given(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which scalars of rows were measured, bool of the same shape.

    Example:
        >>> are_given(np.array([0.5, given(float("nan")), float("nan")])).tolist()
        [True, True, False]
    """
    bits = np.ascontiguousarray(values, np.float64).view(np.uint64)
    found: NDArray[np.bool_] = ~np.isnan(values) | (bits == _BITS)
    return found
