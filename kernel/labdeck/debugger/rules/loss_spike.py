"""Losses that jump."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.rules.picking import Picker
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_SIGMA = 1.4826
"""Median absolute deviations in a standard deviation of the normal distribution."""


def middle(ordered: list[float]) -> float:
    """Return the median of numbers in order.

    Example:
        >>> middle([1.0, 2.0, 10.0]), middle([1.0, 2.0, 4.0, 10.0])
        (2.0, 3.0)
    """
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


@dataclass
class _Recent:
    """The latest losses, as they came and in order, and the median of the first ones."""

    came: deque[float] = field(default_factory=deque)
    ordered: list[float] = field(default_factory=list)
    start: float | None = None


@dataclass
class LossSpike(Rule):
    """The loss has jumped far above what it was.

    A spike throws away part of what was learned, and a training that survives one may not survive the next. It comes
    from a batch with broken samples or labels, from a learning rate at the edge of what is stable, from second moments
    of Adam that are out of date, or from an overflow in half precision.

    What helps: look at the batch of that step; clip gradients by norm; lower the learning rate or Adam's beta2 (0.95),
    warm up for longer; go back to a checkpoint before the spike and leave out the batches around it.

    Formula: loss > m + max(threshold · 1.4826 · MAD, min_rise · s), where m is the median of the last `window` losses,
    MAD the median of |loss - m| over them, and s the median magnitude of the loss at the beginning. Median and MAD stay
    where they are when spikes come, mean and deviation do not (F. Hampel, "The influence curve and its role in robust
    estimation", 1974). The second bound keeps grains of a loss near zero from counting.

    Attributes:
        threshold: Robust standard deviations above the median.
        window: Losses over which the median is taken.
        min_rise: Smallest jump, as a share of the loss at the beginning.
        warmup: Losses to see before the first judgement; at least 3.
        tensor_regex: Which losses to look at. Default: the collection `losses`.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = LossSpike(warmup=5)
        >>> losses = [2.0, 1.9, 1.8, 1.8, 1.7, 1.7, 9.0, 1.6]
        >>> [w.step for w in (window_of({"loss": x}, i) for i, x in enumerate(losses)) for _ in rule.judge(w)]
        [6]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "look at the batch of that step, clip gradients, or lower the learning rate"

    threshold: float = bounded(8.0, above=0)
    window: int = bounded(50, least=2)
    min_rise: float = bounded(0.1, least=0)
    warmup: int = bounded(20, least=0)
    tensor_regex: str | None = None
    _picker: Picker = field(init=False, repr=False)
    _recent: dict[str, _Recent] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Prepare what is looked at."""
        self.warmup = max(self.warmup, 3)
        self.window = max(self.window, self.warmup)
        self._picker = Picker(None, self.tensor_regex, "losses")

    def needs(self) -> tuple[Need, ...]:
        """Return the losses of training."""
        return self._picker.needs(modes=("TRAIN",))

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield the losses that jumped."""
        if window.mode != "TRAIN":
            return
        for name, value in self._picker.finite(window).items():
            recent = self._recent.setdefault(name, _Recent())
            if len(recent.came) >= self.warmup:
                yield from self._look(name, value, recent)
            self._keep(recent, value)

    def _look(self, name: str, value: float, recent: _Recent) -> Iterator[Finding]:
        median = middle(recent.ordered)
        if recent.start is None:
            recent.start = abs(median)
        if value <= median + self.min_rise * recent.start:
            return
        deviation = _SIGMA * middle(sorted(abs(each - median) for each in recent.came))
        limit = median + max(self.threshold * deviation, self.min_rise * recent.start)
        if value > limit:
            message = (
                f"{name} jumped to {value:.4g}, from a median of {median:.4g} over the last {len(recent.came)} steps"
            )
            yield Finding(message, name, value, limit)

    def _keep(self, recent: _Recent, value: float) -> None:
        recent.came.append(value)
        insort(recent.ordered, value)
        if len(recent.came) > self.window:
            del recent.ordered[bisect_left(recent.ordered, recent.came.popleft())]
