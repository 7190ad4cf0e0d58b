"""Batches that are too small for the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from labdeck.debugger.rules.sampled import CARDS, CPU, SampledRule, Spread, machine_needs, number_of
from labdeck.findings.parameters import bounded
from labdeck.findings.rule import Finding, Need
from labdeck.findings.window import Window

_HIGH = 95


@dataclass
class BatchSize(SampledRule):
    """Processor, graphics card and its memory all have room: the batches could be larger.

    A graphics card works on a whole batch at once. With a small one it is done before the next one is sent, and most of
    its units stand idle; a step takes as long as it would with twice the batch.

    What helps: double the batch size until the memory of the card is about 90 % full or a step takes longer in
    proportion; raise the learning rate along with it (linearly for SGD, by the square root for Adam), and warm up.

    Formula: the 95th percentiles of processor, card and card memory over the latest `window` samples all lie below
    their thresholds. Judged for each card. The rule is SageMaker's; `patience` is 100 as its documentation has it,
    where its code had 1000.

    Attributes:
        cpu_threshold_p95: Of the processor's use, in percent.
        gpu_threshold_p95: Of the card's use.
        gpu_memory_threshold_p95: Of the card's memory.
        patience: Samples before the rule begins to look.
        window: Latest samples that count.
        scan_interval_us: How often it looks, in microseconds.

    Example:
        >>> from labdeck.findings.window import window_of
        >>> rule = BatchSize(patience=3)
        >>> idle = {"system/cpu": 20.0, "system/gpu/0": 30.0, "system/gpu_memory/0": 12.0}
        >>> _ = [list(rule.judge(window_of(idle, step, "GLOBAL"))) for step in range(3)]
        >>> [found.tensor for found in rule.conclude()]
        ['system/gpu/0']
    """

    severity: ClassVar = "info"
    remedy: ClassVar[str] = "use larger batches, or a smaller machine"

    cpu_threshold_p95: float = bounded(70.0, least=0)
    gpu_threshold_p95: float = bounded(70.0, least=0)
    gpu_memory_threshold_p95: float = bounded(70.0, least=0)
    patience: int = bounded(100, least=0)
    window: int = bounded(500, least=1)
    _spreads: dict[str, Spread] = field(init=False, repr=False, default_factory=dict)
    _seen: int = field(init=False, repr=False, default=0)

    def needs(self) -> tuple[Need, ...]:
        """Return the use of the processor, the cards and their memory."""
        return machine_needs(f"^{CPU}$", CARDS, r"^system/gpu_memory/\d+$")

    def take(self, window: Window) -> None:
        """Take in one sample."""
        self._seen += 1
        for name in window.select(regex=r"^system/(cpu$|gpu/|gpu_memory/)"):
            if name not in self._spreads:
                self._spreads[name] = Spread(self.window)
            self._spreads[name].add(window.value(name))

    def look(self) -> Iterator[Finding]:
        """Yield the cards for which the batches are too small."""
        cpu = self._spreads.get(CPU)
        if cpu is None or self._seen < self.patience or not cpu.percentile(_HIGH) < self.cpu_threshold_p95:
            return
        for name, spread in self._spreads.items():
            memory = self._spreads.get(name.replace("gpu", "gpu_memory", 1))
            if not name.startswith("system/gpu/") or memory is None:
                continue
            used, filled = spread.percentile(_HIGH), memory.percentile(_HIGH)
            if used < self.gpu_threshold_p95 and filled < self.gpu_memory_threshold_p95:
                yield Finding(
                    f"{number_of(name)} is used to at most {used:.0f} % and its memory to {filled:.0f} % in 95 % of "
                    f"the samples, the processor to {cpu.percentile(_HIGH):.0f} %: the batches could be larger",
                    name,
                    used,
                    self.gpu_threshold_p95,
                )
