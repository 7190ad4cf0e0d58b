"""Learning rates that are too high or too low."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite, log10
from statistics import median
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from labdeck.debugger.rules.picking import Picker, is_bias
from labdeck.debugger.rules.slope import RunningSlope
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue

_UPDATES, _LOSSES, _RATES = Picker("updates"), Picker("losses"), Picker("learning_rates")
_SURELY, _FALLEN = 10, 0.2


@dataclass
class LearningRate(Rule):
    """The learning rate is too high or too low for this model.

    The learning rate itself says little, because it means something else for every optimizer, layer and batch size.
    What it does can be measured: how far one step moves the weights, compared with how large they are. About a
    thousandth is healthy (A. Karpathy, course notes of CS231n, "Ratio of weights:updates"). Well above that, steps
    overshoot: the loss goes up and down, or grows. Far below, the training would need ages.

    What helps: change the learning rate by factors of ten, then of three; warm up for some hundred steps; search for
    the largest rate at which the loss still falls and take a third of it (L. Smith, "Cyclical learning rates for
    training neural networks", 2015).

    Formula: u = |w(t) - w(t-1)|₂ / |w(t-1)|₂ for each weight, its median over the weights, and of that the geometric
    mean over the last steps, one that is d steps old having the weight exp(-d / horizon). f is the share by which the
    loss falls: from its median over the older half of the last `horizon` losses to that over the newer half, medians
    because too high a rate often begins with a burst. A loss below `learnt` times the first one counts as falling; of
    several losses, each of which is followed by itself, f is that of the one that falls most. Too high: u > high and
    f < min_fall; but once a loss is a fifth below the first one, and not twice as high as at its lowest, it takes u >
    10 · high, because the loss may have come to its floor, where the noise of the gradient makes steps of a hundredth
    even with a good rate. Too low: u has never
    been above low, f < min_fall, and the learning rate is not rising (as it does during warm-up). That u must never
    have been above keeps schedules that end near zero from being blamed. Biases are left out; they often begin at zero.
    The defaults are ten times and a hundredth of the healthy thousandth.

    Attributes:
        high: Largest ratio that is not blamed for a loss that does not fall.
        low: Smallest ratio that is not blamed.
        min_fall: Share of the loss that must be lost from the one half to the other.
        horizon: Steps, and losses, that count; nothing is judged before there were so many.
        learnt: Share of the first loss below which the loss need not fall any more.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule, inside = LearningRate(horizon=20), {"update/w": ("updates",)}
        >>> steps = [{"update/w": 0.4, "loss": 2.0 + step % 2} for step in range(30)]
        >>> windows = [window_of(values, step, collections=inside) for step, values in enumerate(steps)]
        >>> [found.message for window in windows for found in rule.judge(window)][0]
        'the learning rate is too high: a step moves the weights by 0.4 of their size, and the loss does not fall'
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "change the learning rate by a factor of ten, until steps move weights by about 0.001 of their size"
    )

    high: float = bounded(0.01, above=0)
    low: float = bounded(1e-5, least=0)
    min_fall: float = bounded(0.01, least=0, most=1)
    horizon: int = bounded(100, least=2)
    learnt: float = bounded(0.05, least=0, most=1)
    _ratio: RunningSlope = field(init=False, repr=False)
    _losses: dict[str, deque[float]] = field(init=False, repr=False, default_factory=dict)
    _rate: tuple[float, float] = field(init=False, repr=False, default=(np.nan, np.nan))
    _largest: float = field(init=False, repr=False, default=0.0)
    _names: tuple[str, ...] = field(init=False, repr=False, default=())
    _weights: NDArray[np.bool_] = field(init=False, repr=False, default_factory=lambda: np.empty(0, np.bool_))
    _lowest: dict[str, float] = field(init=False, repr=False, default_factory=dict)
    _firsts: dict[str, float] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self._ratio = RunningSlope(self.horizon)

    def needs(self) -> tuple[Need, ...]:
        """Return update ratios, losses and learning rates of training."""
        return (
            *_UPDATES.needs(modes=("TRAIN",)),
            *_LOSSES.needs(modes=("TRAIN",)),
            *_RATES.needs(modes=("TRAIN",), optional=True),
        )

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield that the steps are too large or too small."""
        if window.mode != "TRAIN":
            return
        self._take(window)
        known = max(map(len, self._losses.values()), default=0)
        if self._ratio.span < self.horizon or known < self.horizon:
            return
        ratio = self._size()
        self._largest = max(self._largest, ratio)
        if (self.low <= self._largest and ratio <= self.high) or self._any_falls():
            return
        moves = f"a step moves the weights by {ratio:.2g} of their size, and the loss does not fall"
        if ratio > self.high:
            if ratio <= _SURELY * self.high and any(map(self._has_fallen, self._losses)):
                return
            yield Finding(f"the learning rate is too high: {moves}", "lr", ratio, self.high)
        elif self._largest < self.low and not self._rate[1] > self._rate[0]:
            yield Finding(f"the learning rate is too low: {moves}", "lr", ratio, self.low)

    def _take(self, window: Window) -> None:
        names, values = _UPDATES.read(window, "value")
        if names is not self._names:
            self._names = names
            flags = (not is_bias(window, name.removeprefix("update/")) for name in names)
            self._weights = np.fromiter(flags, np.bool_, len(names))
        kept = values[self._weights & (values > 0) & (values < np.inf)]
        if len(kept):
            kept.sort()
            self._ratio.add(window.step, log10((kept[len(kept) // 2] + kept[(len(kept) - 1) // 2]) / 2))
        for name, loss in _LOSSES.finite(window).items():
            self._losses.setdefault(name, deque(maxlen=self.horizon)).append(loss)
            self._firsts.setdefault(name, loss)
        _, rates = _RATES.read(window, "value")
        if len(rates):
            self._rate = self._rate[1], float(rates[0])

    def _size(self) -> float:
        return float(10.0**self._ratio.mean)

    def _any_falls(self) -> bool:
        falling = [name for name in self._losses if self._falls(name)]  # each of them is looked at
        return bool(falling)

    def _falls(self, name: str) -> bool:
        losses = list(self._losses[name])
        half = len(losses) // 2
        before, now = median(losses[:half]), median(losses[half:])
        self._lowest[name] = min(now, self._lowest.get(name, now))
        return before - now >= self.min_fall * abs(before) or abs(now) < self.learnt * abs(self._firsts[name])

    def _has_fallen(self, name: str) -> bool:
        losses, first = list(self._losses[name]), self._firsts[name]
        now, lowest = median(losses[len(losses) // 2 :]), self._lowest[name]
        return first - now >= _FALLEN * abs(first) and now - lowest <= abs(lowest)

    def report(self) -> dict[str, ParamValue]:
        """Return how far steps move the weights."""
        return {"update ratio": self._size()} if isfinite(self._ratio.mean) else {}
