"""Where a noisy series is heading: a straight line through its recent past, kept up to date at a fixed cost."""

from __future__ import annotations

import math


class RunningSlope:
    """The least-squares line through a series whose older points count less and less.

    A point that is `d` steps old has the weight exp(-d / horizon).

    Args:
        horizon: Steps after which a point counts 1/e.

    Example:
        >>> line = RunningSlope(horizon=10)
        >>> for step in range(50):
        ...     line.add(step, 3.0 - 0.5 * step)
        >>> round(line.slope, 6), round(line.level, 6), round(line.fit, 6)
        (-0.5, -21.5, 1.0)
    """

    def __init__(self, horizon: float) -> None:
        self.horizon = horizon
        self.begin: int | None = None
        self._last = 0
        self._w = self._t = self._tt = self._y = self._ty = self._yy = 0.0

    def add(self, step: int, value: float) -> None:
        """Take in a point; steps only grow."""
        if self.begin is None:
            self.begin = self._last = step
        age = step - self._last
        self._last = step
        if age > 0:
            # the newest point stands at 0: all others move to the left, and fade
            self._tt += age * (age * self._w - 2 * self._t)
            self._t -= age * self._w
            self._ty -= age * self._y
            fade = math.exp(-age / self.horizon)
            self._w, self._t, self._tt = self._w * fade, self._t * fade, self._tt * fade
            self._y, self._ty, self._yy = self._y * fade, self._ty * fade, self._yy * fade
        self._w += 1.0
        self._y += value
        self._yy += value * value

    @property
    def span(self) -> int:
        """Steps between the first point and the latest."""
        return 0 if self.begin is None else self._last - self.begin

    @property
    def mean(self) -> float:
        """Weighted mean of the values; NaN without any."""
        return self._y / self._w if self._w else math.nan

    @property
    def _spread(self) -> float:
        return self._w * self._tt - self._t * self._t

    @property
    def slope(self) -> float:
        """Change a step; NaN before there are two points."""
        spread = self._spread
        if spread <= 1e-9 * max(self._w * self._tt, 1e-300):
            return math.nan
        return (self._w * self._ty - self._t * self._y) / spread

    @property
    def level(self) -> float:
        """The line's value at the latest step."""
        slope = self.slope
        return math.nan if math.isnan(slope) else (self._y - slope * self._t) / self._w

    @property
    def fit(self) -> float:
        """Share of the variance that the line explains, 0 … 1; NaN before there are two points."""
        slope = self.slope
        variance = self._w * self._yy - self._y * self._y
        if math.isnan(slope):
            return math.nan
        if variance <= 1e-12 * max(self._w * self._yy, 1e-300):
            return 0.0
        return min(1.0, slope * slope * self._spread / variance)
