"""Steps that take far longer than the others."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.rules.picking import texts
from labdeck.debugger.rules.sampled import SampledRule, known
from labdeck.errors import UsageError
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need
from labdeck.findings.window import Window
from labdeck.wire.debugging import Mode
from labdeck.wire.records import ParamValue

_STEP = "timing/step"
_MODES: tuple[Mode, ...] = ("TRAIN", "EVAL")
_ENOUGH = 10
"""Steps before there is a deviation to speak of."""


@dataclass
class _Durations:
    """Mean and squared deviations so far (B. P. Welford, 1962), and what lay far out."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    outliers: int = 0
    longest: float = 0.0
    at: int = 0

    @property
    def deviation(self) -> float:
        return math.sqrt(self.squares / self.count) if self.count else 0.0

    def add(self, seconds: float) -> None:
        self.count += 1
        apart = seconds - self.mean
        self.mean += apart / self.count
        self.squares += apart * (seconds - self.mean)


@dataclass
class StepOutlier(SampledRule):
    """Some steps take far longer than the others.

    All steps do the same work, so one that takes ten times as long waited: for a checkpoint that is written, for an
    evaluation in between, for garbage collection, for a data file that is opened, for another program on the machine,
    or for a kernel that is compiled for a new shape.

    What helps: see at which steps it happens (every 100th: checkpoints or logs; every epoch: loader processes that are
    started anew); write checkpoints beside the training; pad to few shapes; move what is not training out of the loop.

    Formula: a step is an outlier if its seconds exceed mean + stddev * deviation of the steps of its mode before it, of
    which there must be ten; more than n_outliers of a mode are too many. The first step after one of another mode does
    not count: it may hold the time of what ended the epoch, and of loaders that start. The rule is SageMaker's;
    `stddev` is 5 as its documentation has it, where its code had 3.

    Attributes:
        stddev: Standard deviations.
        mode: "TRAIN", "EVAL", or None for both.
        n_outliers: How many are tolerated.
        scan_interval_us: How often it looks, in microseconds.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = StepOutlier(n_outliers=0)
        >>> for step, seconds in enumerate([0.1, 0.11] * 8 + [0.9]):
        ...     _ = list(rule.judge(window_of({"timing/step": seconds}, step)))
        >>> [found.value for found in rule.conclude()]
        [1.0]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "see what happens at these steps: checkpoints, logging, loader processes, new shapes"

    stddev: float = bounded(5.0, least=0)
    mode: Mode | None = None
    n_outliers: int = bounded(10, least=0)
    _latest: Mode | None = field(init=False, repr=False, default=None)
    _durations: dict[Mode, _Durations] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Check the mode."""
        wanted = texts(self.mode)
        if not set(wanted) <= set(_MODES):
            raise UsageError(f"StepOutlier knows no mode {self.mode!r}", "choose TRAIN or EVAL")

    def needs(self) -> tuple[Need, ...]:
        """Return how long steps take."""
        return (Need(regex=f"^{_STEP}$", modes=_MODES),)

    def take(self, window: Window) -> None:
        """Take in the time of one step."""
        if window.mode not in _MODES:
            return
        before, self._latest = self._latest, window.mode
        seconds = known(window, _STEP)
        if seconds is None or (self.mode and window.mode != self.mode) or before not in (None, window.mode):
            return
        past = self._durations.setdefault(window.mode, _Durations())
        if past.count >= _ENOUGH and seconds > past.mean + self.stddev * past.deviation:
            past.outliers += 1
            if seconds > past.longest:
                past.longest, past.at = seconds, window.step
        past.add(seconds)

    def look(self) -> Iterator[Finding]:
        """Yield the modes with too many outliers."""
        for mode, past in self._durations.items():
            if past.outliers > self.n_outliers:
                yield Finding(
                    f"{past.outliers} of {past.count} {mode} steps took far longer than the others: step {past.at} "
                    f"{past.longest:.3g} s, where {past.mean:.3g} s is usual",
                    _STEP if mode == "TRAIN" else f"{_STEP} ({mode})",
                    float(past.outliers),
                    float(self.n_outliers),
                )

    def report(self) -> dict[str, ParamValue]:
        """Return mean, deviation and outliers of each mode."""
        found: dict[str, ParamValue] = {}
        for mode, past in self._durations.items():
            found |= {
                f"{mode} steps": past.count,
                f"{mode} mean": past.mean,
                f"{mode} deviation": past.deviation,
                f"{mode} outliers": past.outliers,
            }
        return found
