"""Where the time of a whole training went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from labdeck.debugger.rules.sampled import known
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue

_PARTS = ("data", "forward", "backward", "optimizer", "update", "other")
_STEP = "timing/step"


@dataclass
class OverallFrameworkMetrics(Rule):
    """Sums up where the time of the whole training went; it never finds anything wrong.

    What it is for: how much of the time training and evaluation took, and within the steps waiting for data, forward
    pass, backward pass and optimizer. A backward pass of about twice the forward pass is usual; whatever else is large
    is the place to begin.

    What to do: read it in the report of the rule, or in the profiler report. The rule is SageMaker's.

    Formula: percent of the seconds of all steps, by mode; percent of the seconds of all steps, by part.

    Attributes:
        scan_interval_us: For scripts written for SageMaker, microseconds between two looks; it takes in every step.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = OverallFrameworkMetrics()
        >>> _ = list(rule.judge(window_of({"timing/step": 4.0, "timing/forward": 1.0, "timing/backward": 3.0})))
        >>> rule.report()["TRAIN"], rule.report()["backward"]
        (100.0, 75.0)
    """

    scan_interval_us: int = field(default=60_000_000, kw_only=True)
    _modes: dict[str, float] = field(init=False, repr=False, default_factory=dict)
    _parts: dict[str, float] = field(init=False, repr=False, default_factory=dict)

    def needs(self) -> tuple[Need, ...]:
        """Return what takes the time of steps."""
        return (Need(collection="timing", modes=("TRAIN", "EVAL", "PREDICT")),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Take in the times of one step."""
        seconds = known(window, _STEP)
        if seconds is not None:
            self._modes[window.mode] = self._modes.get(window.mode, 0.0) + seconds
            for part in _PARTS:
                took = known(window, f"timing/{part}")
                if took is not None:
                    self._parts[part] = self._parts.get(part, 0.0) + took
        return iter(())

    def report(self) -> dict[str, ParamValue]:
        """Return the percentage of the time by mode and by part."""
        total = sum(self._modes.values())
        if total <= 0:
            return {}
        return {name: 100 * seconds / total for name, seconds in (*self._modes.items(), *self._parts.items())}
