"""Memory of graphics cards that fills up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.rules.sampled import SampledRule, known, machine_needs, number_of
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need
from labdeck.findings.window import Window

_MEMORY = r"^system/gpu_memory/\d+$"


@dataclass
class _Course:
    """The mean of the stretch that goes on, of the one before it, and by how much it rose."""

    total: float = 0.0
    count: int = 0
    before: float = math.nan
    rise: float = 0.0


@dataclass
class GPUMemoryIncrease(SampledRule):
    """The memory of a graphics card fills up in the course of the training.

    A training needs the same memory at each step. Where it grows, something is kept: losses gathered with their graph
    (`total += loss` in place of `loss.item()`), outputs in a list, hidden states without `detach`, caches of shapes
    that change. In the end the training dies of it, often after hours.

    What helps: `.item()` and `.detach()` for what outlives the step; `torch.no_grad()` in evaluations;
    `torch.cuda.memory._record_memory_history()` tells what was allocated where.

    Formula: the mean over `window` samples is more than `increase` percentage points above that over the `window`
    samples before. Judged for each card. The rule is SageMaker's; the defaults are those of its documentation, where
    its code had increase=5, patience=1000 and window=10.

    Attributes:
        increase: Percentage points of the card's memory.
        patience: Samples before the rule begins to look.
        window: Samples of a mean.
        scan_interval_us: How often it looks, in microseconds.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = GPUMemoryIncrease(patience=4, window=2)
        >>> for step, used in enumerate((10.0, 12.0, 30.0, 34.0)):
        ...     _ = list(rule.judge(window_of({"system/gpu_memory/0": used}, step, "GLOBAL")))
        >>> [found.value for found in rule.conclude()]
        [21.0]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "look for losses, outputs or hidden states that are kept with their graph: detach them"

    increase: float = bounded(10.0, least=0)
    patience: int = bounded(100, least=0)
    window: int = bounded(500, least=1)
    _courses: dict[str, _Course] = field(init=False, repr=False, default_factory=dict)
    _seen: int = field(init=False, repr=False, default=0)

    def needs(self) -> tuple[Need, ...]:
        """Return the use of the cards' memory."""
        return machine_needs(_MEMORY)

    def take(self, window: Window) -> None:
        """Take in one sample."""
        self._seen += 1
        for name in window.select(regex=_MEMORY):
            used = known(window, name)
            if used is None:
                continue
            course = self._courses.setdefault(name, _Course())
            course.total += used
            course.count += 1
            if course.count >= self.window:
                mean = course.total / course.count
                course.rise = mean - course.before
                course.before, course.total, course.count = mean, 0.0, 0

    def look(self) -> Iterator[Finding]:
        """Yield the cards whose memory fills up."""
        for name, course in self._courses.items():
            if self._seen >= self.patience and course.rise > self.increase:
                yield Finding(
                    f"the memory of {number_of(name)} in use rose by {course.rise:.1f} percentage points, to "
                    f"{course.before:.0f} %",
                    name,
                    course.rise,
                    self.increase,
                )
