"""Keeping a few outliers from flattening everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LOW, HIGH = 5.0, 95.0
"""Percentiles of what is drawn that are always inside."""
WIDENED = 0.5
"""By how much of their distance the range goes beyond them, on either side."""
_MARGIN = 0.05


def clipped_range(values: Sequence[NDArray[np.float64]], *, log: bool = False) -> dict[str, Any]:
    """Return the range of an axis that leaves outliers outside, as plotly wants it.

    It goes from the 5th to the 95th percentile of all finite values, widened by half of their distance on either side,
    but no further than 5 % of the whole beyond the least and the greatest value. On a log scale all of this is reckoned
    with logarithms.

    Args:
        values: What is drawn: float64 arrays of any length.
        log: The axis is logarithmic; plotly then wants the exponents.

    Returns:
        `{"range": [low, high], "autorange": False}`, or nothing where there are no two different values.

    Example:
        >>> clipped_range([np.array([1.0, 2.0, 3.0, 4.0] * 10 + [1e9])])["range"]
        [0.775, 5.5]
    """
    every = np.concatenate([np.asarray(one, dtype=np.float64) for one in values] or [np.empty(0)])
    every = every[np.isfinite(every) & (every > 0)] if log else every[np.isfinite(every)]
    if log:
        every = np.log10(every)
    if not len(every) or every.min() == every.max():
        return {}
    low, high = (float(value) for value in np.percentile(every, [LOW, HIGH]))
    least, most = float(every.min()), float(every.max())
    # Nearly all values are one: the smallest range that shows that it is a line, and that something is beyond.
    span = high - low or max(abs(high), 1e-12) * 0.1
    low, high = low - span * WIDENED, high + span * WIDENED
    margin = (min(most, high) - max(least, low)) * _MARGIN
    return {"range": [max(low, least - margin), min(high, most + margin)], "autorange": False}
