"""Graphics cards that have little to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.rules.sampled import CARDS, SampledRule, Spread, machine_needs, number_of
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need
from labdeck.findings.window import Window

_HIGH, _LOW = 95, 5


@dataclass
class LowGPUUtilization(SampledRule):
    """A graphics card has little to do, or now much and now nothing.

    A card that is rented by the hour and used to a tenth trains at a tenth of what is paid for. If it is used little
    all the time, the model or the batches are small for it; if its use jumps, it waits between bursts of work: for
    data, for the processor, for a checkpoint, for another card.

    What helps: larger batches; mixed precision; several small trainings side by side; more loader processes; writing
    checkpoints and metrics less often; fewer `.item()` and `.cpu()`, each of which waits for the card.

    Formula, over the latest `window` samples: the 95th percentile of the use is below threshold_p95; or it is above,
    and the 5th percentile is below threshold_p5. Judged for each card. The rule and its defaults are SageMaker's.

    Attributes:
        threshold_p95: Percent of use that a busy card exceeds at times.
        threshold_p5: Percent of use below which a busy card hardly ever falls.
        patience: Samples before the rule begins to look.
        window: Latest samples that count.
        scan_interval_us: How often it looks, in microseconds.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = LowGPUUtilization(patience=3)
        >>> for step in range(3):
        ...     _ = list(rule.judge(window_of({"system/gpu/0": 12.0}, step, "GLOBAL")))
        >>> [(found.value, found.threshold) for found in rule.conclude()]
        [(12.0, 70.0)]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = "use larger batches or mixed precision, and load data in more processes"

    threshold_p95: float = bounded(70.0, least=0)
    threshold_p5: float = bounded(10.0, least=0)
    patience: int = bounded(1000, least=0)
    window: int = bounded(500, least=1)
    _spreads: dict[str, Spread] = field(init=False, repr=False, default_factory=dict)
    _seen: int = field(init=False, repr=False, default=0)

    def needs(self) -> tuple[Need, ...]:
        """Return the use of the cards."""
        return machine_needs(CARDS)

    def take(self, window: Window) -> None:
        """Take in one sample."""
        self._seen += 1
        for name in window.select(regex=CARDS):
            if name not in self._spreads:
                self._spreads[name] = Spread(self.window)
            self._spreads[name].add(window.value(name))

    def look(self) -> Iterator[Finding]:
        """Yield the cards that are used little, or by fits and starts."""
        if self._seen < self.patience:
            return
        for name, spread in self._spreads.items():
            high, low = spread.percentile(_HIGH), spread.percentile(_LOW)
            card = number_of(name)
            if high < self.threshold_p95:
                yield Finding(
                    f"{card} is used to at most {high:.0f} % in 95 % of the samples", name, high, self.threshold_p95
                )
            elif high > self.threshold_p95 and low < self.threshold_p5:
                yield Finding(
                    f"the use of {card} jumps between {low:.0f} % and {high:.0f} %: it waits between bursts of work",
                    name,
                    low,
                    self.threshold_p5,
                )
