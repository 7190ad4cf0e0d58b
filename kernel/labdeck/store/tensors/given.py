"""NaN that was measured, told from NaN that stands for what there is not at a step.

A row has a place for each scalar of its layout, and NaN where a step has none: the loss of a step without one. Where
the scalar itself is NaN its payload says so; arithmetic and storage take both for the same.
"""

from __future__ import annotations

import math
import struct

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
