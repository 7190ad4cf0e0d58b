"""What the rules over the machine share: how samples are spread, and when a rule looks at them."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

CARDS = r"^system/gpu/\d+$"
CPU, IO_WAIT = "system/cpu", "system/iowait"
_NO_CARD = "no GPU was found on this machine"


class Spread:
    """How shares of 0 to 100 % are spread, to the nearest percent: of all that were added, or of the latest ones.

    Args:
        window: How many of the latest count; None for all. Memory does not grow with what is added.

    Example:
        >>> spread = Spread(window=4)
        >>> for value in (90, 10, 20, 30, 40):
        ...     spread.add(value)
        >>> spread.percentile(50), spread.percentile(95), len(spread)
        (20.0, 40.0, 4)
    """

    def __init__(self, window: int | None = None) -> None:
        self._counts = np.zeros(101, np.int64)
        self._latest: deque[int] | None = None if window is None else deque(maxlen=max(window, 1))
        self._size = 0

    def __len__(self) -> int:
        """Return how many count."""
        return self._size

    def add(self, value: float) -> None:
        """Add a share; NaN is left out."""
        if math.isnan(value):
            return
        place = round(min(max(value, 0.0), 100.0))
        if self._latest is not None and len(self._latest) == self._latest.maxlen:
            self._counts[self._latest[0]] -= 1
            self._size -= 1
        if self._latest is not None:
            self._latest.append(place)
        self._counts[place] += 1
        self._size += 1

    def percentile(self, percent: float) -> float:
        """Return the least share that at least this percentage of the values does not exceed; NaN without values."""
        if not self._size:
            return math.nan
        rank = max(math.ceil(percent / 100 * self._size), 1)
        return float(np.searchsorted(np.cumsum(self._counts), rank))

    def cumulative(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Return for 0, 1 … 100 % the part of the values up to there, float64 (101,)."""
        return np.cumsum(self._counts) / max(self._size, 1)


@dataclass
class SampledRule(Rule):
    """A rule over samples of the machine: it takes each in, and looks at them now and then.

    What it found when it last looked holds until it looks again.

    Attributes:
        scan_interval_us: How often it looks, in microseconds; and once at the end.
    """

    scan_interval_us: int = field(default=60_000_000, kw_only=True)
    _next: float | None = field(init=False, repr=False, default=None)
    _standing: list[Finding] = field(init=False, repr=False, default_factory=list)

    @abstractmethod
    def take(self, window: Window) -> None:
        """Take in one sample."""

    @abstractmethod
    def look(self) -> Iterator[Finding]:
        """Yield what is wrong with the samples so far."""

    def judge(self, window: Window) -> Iterator[Finding]:
        """Take in a sample, and yield what was found when the rule last looked."""
        self.take(window)
        if self._next is None:
            self._next = window.time + self.scan_interval_us / 1e6
        elif window.time >= self._next:
            self._next = window.time + self.scan_interval_us / 1e6
            self._standing = list(self.look())
        return iter(self._standing)

    def conclude(self) -> Iterator[Finding]:
        """Look once more, and yield what was not found before."""
        known = {found.tensor for found in self._standing}
        return iter([found for found in self.look() if found.tensor not in known])


def machine_needs(*patterns: str) -> tuple[Need, ...]:
    """Return the needs of a rule over these scalars of the machine."""
    return tuple(
        Need(regex=pattern, modes=("GLOBAL",), otherwise=_NO_CARD if "gpu" in pattern else "") for pattern in patterns
    )


def known(window: Window, name: str) -> float | None:
    """Return a scalar of a step, None where it was not taken: a part that a step does not have is NaN in its row."""
    value = window.value(name) if window.has(name) else math.nan
    return value if math.isfinite(value) else None


def number_of(card: str) -> str:
    """Return what a graphics card is called in a sentence: "GPU 0"."""
    return f"GPU {card.rpartition('/')[2]}"
