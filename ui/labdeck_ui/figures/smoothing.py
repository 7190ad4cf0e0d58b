"""Smoothing of metric curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd  # here, not in the function: plotly in another thread trips over a pandas that is half imported

if TYPE_CHECKING:
    from numpy.typing import NDArray


def smooth(values: NDArray[np.float64], weight: float) -> NDArray[np.float64]:
    """Return the debiased exponential moving average of a curve.

    With weight w, m[0] = 0 and m[t] = w·m[t-1] + (1-w)·x[t], the result is m[t] / (1 - w^t): the bias correction of
    Kingma and Ba, "Adam: a method for stochastic optimization" (2015), section 3, which makes the first point its own
    average. Values that are not finite take no part and stay gaps.

    Args:
        values: float64, shape (n,).
        weight: At least 0 (no smoothing) and below 1.

    Returns:
        float64, shape (n,); NaN wherever `values` is not finite.

    Raises:
        ValueError: The weight is outside [0, 1).

    Example:
        >>> smooth(np.array([1.0, 3.0]), 0.5).round(4).tolist()
        [1.0, 2.3333]
    """
    if not 0 <= weight < 1:
        raise ValueError(f"the smoothing weight is {weight}, not in [0, 1)")
    finite = np.isfinite(values)
    if weight == 0 or not finite.any():
        return np.where(finite, values, np.nan)
    # Scaled, because the weighted sums of values near 1e308 would overflow.
    scale = float(np.abs(values[finite]).max()) or 1.0
    scaled = pd.Series(np.where(finite, values, np.nan) / scale)
    averages = scaled.ewm(alpha=1 - weight, adjust=True, ignore_na=True).mean().to_numpy()
    return np.where(finite, averages * scale, np.nan)
