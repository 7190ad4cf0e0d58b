"""What is known of a metric without reading its points, kept up to date as points arrive."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from labdeck.wire.numbers import to_number
from labdeck.wire.records import MetricSummary

if TYPE_CHECKING:
    from labdeck.store.contract import Series, SeriesKey

SPARK_POINTS = 24
"""Most values of a sparkline."""


class RunningSummary:
    """The summary of one series, fed in pieces; the result does not depend on how the series is cut.

    Mean and deviation are combined piece by piece after Chan, Golub and LeVeque (1979), "Updating formulae and a
    pairwise algorithm for computing sample variances". The deviation is that of the population (divisor n).
    """

    def __init__(self) -> None:
        self.count = 0
        self._finite = 0
        self._mean = 0.0
        self._m2 = 0.0
        self._first = self._last = math.nan
        self._min, self._max = math.inf, -math.inf
        self._min_step = self._max_step = self._last_step = 0
        self._last_time = 0.0
        self._spark: list[float] = []
        self._stride = 1

    def add(self, series: Series) -> None:
        """Take in the next points of the series."""
        n = len(series)
        if n == 0:
            return
        if self.count == 0:
            self._first = float(series.values[0])
            self._min_step = self._max_step = int(series.steps[0])
        self._add_spark(series.values)
        self._add_moments(series)
        self.count += n
        self._last = float(series.values[-1])
        self._last_step = int(series.steps[-1])
        self._last_time = float(series.times[-1])

    def _add_moments(self, series: Series) -> None:
        finite = np.isfinite(series.values)
        values = series.values if finite.all() else series.values[finite]
        steps = series.steps if finite.all() else series.steps[finite]
        n = len(values)
        if n == 0:
            return
        low, high = int(values.argmin()), int(values.argmax())
        if values[low] < self._min:
            self._min, self._min_step = float(values[low]), int(steps[low])
        if values[high] > self._max:
            self._max, self._max_step = float(values[high]), int(steps[high])
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            m2 = float(np.square(values - mean).sum())
            delta = mean - self._mean
            total = self._finite + n
            self._m2 += m2 + delta * delta * self._finite * n / total
            self._mean += delta * n / total
        self._finite = total

    def _add_spark(self, values: np.ndarray) -> None:
        offset = -self.count % self._stride
        self._spark.extend(values[offset :: self._stride].tolist())
        while len(self._spark) >= SPARK_POINTS:
            self._spark = self._spark[::2]
            self._stride *= 2

    def record(self, key: SeriesKey) -> MetricSummary:
        """Return the summary as it is now."""
        some = self._finite > 0
        variance = self._m2 / self._finite if some else math.nan
        spark = list(self._spark)
        if self.count and (self.count - 1) % self._stride:
            spark.append(self._last)
        return MetricSummary(
            name=key.name,
            component=key.component,
            count=self.count,
            first=to_number(self._first),
            last=to_number(self._last),
            min=to_number(self._min if some else math.nan),
            max=to_number(self._max if some else math.nan),
            mean=to_number(self._mean if some else math.nan),
            std=to_number(math.sqrt(variance) if variance >= 0 else math.nan),
            min_step=self._min_step,
            max_step=self._max_step,
            last_step=self._last_step,
            last_time=self._last_time,
            spark=tuple(to_number(value) for value in spark),
        )
