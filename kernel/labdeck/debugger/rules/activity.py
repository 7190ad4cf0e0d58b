"""How often the units of a layer are active, over as many samples as it takes to tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST = 10_000
_FLAT, _MAPS = 2, 4


def by_unit(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which units were active on which samples, shape (samples, units).

    The first axis are the samples. With four axes or more the second ones are channels, and a channel is one unit,
    active where any of its places is; else every element is a unit. Without a batch it is one sample.

    Example:
        >>> by_unit(np.array([[[[True, False]], [[False, False]]]]))
        array([[ True, False]])
    """
    if active.ndim >= _MAPS:
        return np.asarray(active.reshape(*active.shape[:2], -1).any(axis=2))
    return active.reshape(1, -1) if active.ndim < _FLAT else active.reshape(len(active), -1)


@dataclass
class _Seen:
    """What was counted: the samples on which each unit was active, of the latest ones and of those before them."""

    counts: NDArray[np.int64]
    samples: int
    counts_before: NDArray[np.int64]
    samples_before: int = 0


class Activity:
    """Says which units of a layer are hardly ever active.

    One percent of 32 samples cannot be told: batches are added up until there are enough samples, 100 for one percent,
    and the oldest are forgotten again.

    Args:
        threshold: Percent of samples on which a unit must be active.
    """

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.enough = _MOST if threshold <= 0 else min(math.ceil(100 / threshold), _MOST)
        self._layers: dict[str, _Seen] = {}

    def idle_share(self, name: str, active: NDArray[Any]) -> float | None:
        """Take in a batch of a layer; return the percent of its units that are idle, None before that can be told."""
        units = by_unit(active)
        seen = self._layers.get(name)
        if seen is None or seen.counts.shape != units.shape[1:]:
            nothing = np.zeros(units.shape[1:], np.int64)
            seen = self._layers[name] = _Seen(nothing, 0, nothing)
        seen.counts = seen.counts + np.count_nonzero(units, axis=0)
        seen.samples += len(units)
        if not units.shape[1] or seen.samples + seen.samples_before < self.enough:
            return None
        counts, samples = seen.counts, seen.samples
        if samples < self.enough:
            counts, samples = counts + seen.counts_before, samples + seen.samples_before
        else:
            seen.counts_before, seen.samples_before = counts, samples
            seen.counts, seen.samples = np.zeros_like(counts), 0
        return 100.0 * float(np.mean(100.0 * counts < self.threshold * samples))
