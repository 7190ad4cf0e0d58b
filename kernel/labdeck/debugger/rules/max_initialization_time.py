"""Trainings that take long to begin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.rules.sampled import known
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window

_BEGUN = "timing/initialization"


@dataclass
class MaxInitializationTime(Rule):
    """The first step does not come: the training takes too long to begin.

    Before the first step data is fetched and indexed, weights are loaded, graphs and kernels are compiled, processes of
    a distributed training wait for each other. A machine that is paid for does nothing of use meanwhile.

    What helps: interrupt it and read where it stands; copy data beforehand; keep caches of tokenised data and of
    compiled kernels; see whether all processes of a distributed training have started.

    Formula: minutes from the beginning of the watch to the first step of any mode exceed the threshold; found once,
    while it still waits. The rule and its default are SageMaker's.

    Attributes:
        threshold: Minutes.
        scan_interval_us: For scripts written for SageMaker, microseconds between two looks; it looks all the time.

    Example:
        >>> rule = MaxInitializationTime(threshold=20)
        >>> [found.value for idle in (600.0, 1260.0, 1300.0) for found in rule.wait(idle, steps=0)]
        [21.0]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "see what it waits for: data that is fetched, weights, compiling, or other processes"

    threshold: float = bounded(20.0, least=0)
    scan_interval_us: int = field(default=60_000_000, kw_only=True)
    _first: float | None = field(init=False, repr=False, default=None)
    _over: bool = field(init=False, repr=False, default=False)

    def needs(self) -> tuple[Need, ...]:
        """Return nothing: any step is the first one, and any sample of the machine tells the time."""
        return ()

    def judge(self, window: Window) -> Iterator[Finding]:
        """Yield, once, that the first step came too late, or has not come yet."""
        if self._over:
            return
        if window.mode == "GLOBAL" and window.select(collection="system"):
            self._first = window.time if self._first is None else self._first
            yield from self._found((window.time - self._first) / 60)
            return
        took = known(window, _BEGUN)
        yield from self._found((window.time - (self._first or window.time) if took is None else took) / 60)
        self._over = True

    def wait(self, idle: float, steps: int) -> Iterator[Finding]:
        """Yield, once, that the first step has not come yet."""
        if not self._over and steps == 0:
            yield from self._found(idle / 60)

    def _found(self, minutes: float) -> Iterator[Finding]:
        if minutes > self.threshold:
            self._over = True
            yield Finding(f"{minutes:.0f} minutes passed before the first step", "", minutes, self.threshold)
