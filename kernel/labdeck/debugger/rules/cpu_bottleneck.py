"""Graphics cards that wait for the processor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from labdeck.debugger.rules.bottleneck import Bottleneck
from labdeck.debugger.rules.sampled import CARDS, CPU, machine_needs, number_of
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need
from labdeck.findings.window import Window
from labdeck.wire.records import ParamValue


@dataclass
class CPUBottleneck(Bottleneck):
    """A graphics card stands idle while the processor is at its limit.

    Decoding pictures, augmentation, tokenising and collating happen on the processor. If that takes longer than the
    card needs for a batch, the card waits, and a faster card changes nothing.

    What helps: more loader processes as long as cores are free (`num_workers`); prepare the data once and store it
    prepared; augment on the card; a format that needs no decoding; fewer other programs on the machine.

    Formula: the share of samples with processor > cpu_threshold and card < gpu_threshold exceeds threshold. Judged for
    each card. The rule is SageMaker's; `patience` is 100 as its documentation has it, where its code had 1000.

    Attributes:
        threshold: Percent of the samples.
        gpu_threshold: A card that is used less, in percent, stands idle.
        cpu_threshold: A processor that is used more, in percent, is at its limit.
        patience: Samples before the rule begins to look.
        scan_interval_us: How often it looks, in microseconds.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = CPUBottleneck(patience=3)
        >>> sample = {"system/cpu": 98.0, "system/gpu/0": 4.0}
        >>> _ = [list(rule.judge(window_of(sample, step, "GLOBAL"))) for step in range(3)]
        >>> [found.value for found in rule.conclude()]
        [100.0]
    """

    severity: ClassVar = "warning"
    remedy: ClassVar[str] = (
        "give the data loader more processes, prepare the data beforehand, or do the preparation on the graphics card"
    )

    cpu_threshold: float = bounded(90.0, least=0)
    patience: int = bounded(100, least=0)

    def needs(self) -> tuple[Need, ...]:
        """Return the use of the processor and the cards."""
        return machine_needs(f"^{CPU}$", CARDS)

    def take(self, window: Window) -> None:
        """Take in one sample."""
        self.count(window, busy=window.value(CPU) > self.cpu_threshold)

    def look(self) -> Iterator[Finding]:
        """Yield the cards that wait for the processor."""
        for name, share in self.shares(self.patience):
            yield Finding(
                f"{number_of(name)} stood idle while the processor was at its limit in {share:.0f} % of the samples",
                name,
                share,
                self.threshold,
            )

    def report(self) -> dict[str, ParamValue]:
        """Return the percentage of the samples at which each card waited."""
        return {name: 100 * self._waiting[name] / seen for name, seen in self._seen.items()}
