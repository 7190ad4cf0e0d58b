"""Points compared bit by bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labdeck.store.contract import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIECE = 1 << 20
"""Points compared at a time: a long series is not held in memory a second time."""


def rows(series: Series) -> NDArray[np.int64]:
    """Return the bits of each point, so that NaN equals NaN; all NaNs are one, and so are both zeros; shape (n, 3)."""
    values = np.where(np.isnan(series.values), np.nan, series.values) + 0.0
    columns = (series.steps, series.times.view(np.int64), values.view(np.int64))
    return np.ascontiguousarray(np.stack(columns, axis=1))


def cut(series: Series, places: slice | NDArray[np.int64]) -> Series:
    """Return the points at some places."""
    return Series(series.steps[places], series.times[places], series.values[places])


def same_beginning(a: Series, b: Series) -> bool:
    """Say whether one series is how the other begins.

    Example:
        >>> a = Series(np.arange(3), np.zeros(3), np.ones(3))
        >>> same_beginning(a, cut(a, slice(2))), same_beginning(cut(a, slice(1, None)), a)
        (True, False)
    """
    n = min(len(a), len(b))
    pieces = (slice(start, min(start + _PIECE, n)) for start in range(0, n, _PIECE))
    return all(np.array_equal(rows(cut(a, piece)), rows(cut(b, piece))) for piece in pieces)
