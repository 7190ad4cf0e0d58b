"""What the machine did over a whole training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from labdeck.debugger.rules.sampled import Spread
from labdeck.findings.rule import Finding, Need, Rule
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue

_MEASURES = r"^system/(cpu|iowait|memory|disk|network|gpu/\d+|gpu_memory/\d+)$"
PERCENTILES = (50, 90, 95, 99)


@dataclass
class OverallSystemUsage(Rule):
    """Sums up what the machine did over the whole training; it never finds anything wrong.

    What it is for: the least, the most and the percentiles of the use of processor, memory, disk, network, graphics
    cards and their memory tell whether the machine is too large or too small for the training.

    What to do: read them in the report of the rule, or in the profiler report. The rule is SageMaker's.

    Formula: percentiles to the nearest percent, over all samples.

    Attributes:
        scan_interval_us: For scripts written for SageMaker, microseconds between two looks; it takes in every sample.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = OverallSystemUsage()
        >>> for step, used in enumerate((10.0, 20.0, 90.0)):
        ...     _ = list(rule.judge(window_of({"system/cpu": used}, step, "GLOBAL")))
        >>> rule.report()["system/cpu p50"], rule.report()["system/cpu max"]
        (20.0, 90.0)
    """

    scan_interval_us: int = field(default=60_000_000, kw_only=True)
    _spreads: dict[str, Spread] = field(init=False, repr=False, default_factory=dict)

    def needs(self) -> tuple[Need, ...]:
        """Return what the machine does."""
        return (Need(collection="system", modes=("GLOBAL",)),)

    def judge(self, window: Window) -> Iterator[Finding]:
        """Take in one sample."""
        for name in window.select(regex=_MEASURES):
            self._spreads.setdefault(name, Spread()).add(window.value(name))
        return iter(())

    def report(self) -> dict[str, ParamValue]:
        """Return least, most and percentiles of each measure."""
        found: dict[str, ParamValue] = {}
        for name, spread in self._spreads.items():
            if len(spread):
                found[f"{name} min"] = spread.percentile(0)
                found[f"{name} max"] = spread.percentile(100)
                found |= {f"{name} p{percent}": spread.percentile(percent) for percent in PERCENTILES}
        return found
